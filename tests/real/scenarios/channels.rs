//! Queues and pipes: who waits, who is woken, how it ends, and what is said when it cannot.
//! It does not know how objects are kept.

use super::play::{Played, demo};

fn got(played: &Played, event: &str, call: &str) -> usize {
    played.all(event).filter(|event| event["call"][call].is_object()).count()
}

#[test]
fn what_is_put_is_gotten_in_order() {
    let played = demo("queue-download-analyse");
    played.assert_code(0);
    assert_eq!(played.lines(), ["written", "[11, 22, 33, 44]"]);
}

#[test]
fn a_consumer_that_stops_at_an_empty_queue_stops_too_early() {
    let played = demo("queue-stops-early");
    played.assert_code(0);
    let stopped = played.lines_of("analyse").concat();
    assert!(stopped.starts_with("stopped at an empty queue with [") && !stopped.contains("44"), "{stopped}");
    let note = played.all("story_told").any(|event| event["text"].as_str().unwrap().contains("took that for the end"));
    assert!(note, "{}", played.story());
}

#[test]
fn a_full_queue_blocks_put_and_an_empty_one_get() {
    let played = demo("queue-bounded");
    played.assert_code(1);
    let blocked = played.blocked();
    assert!(blocked.contains(&("producer".to_owned(), "put".to_owned())), "{blocked:?}");
    assert!(blocked.contains(&("consumer".to_owned(), "get".to_owned())), "{blocked:?}");
    // In order, whatever waited.
    let consumed: Vec<String> = played.lines_of("consumer");
    assert_eq!(consumed, ["got 0", "got 1", "got 2", "got 3", "got 4", "got 5"]);
    // Those that would not wait have failed with the reason; nothing else has.
    let failed: Vec<_> = played.attempts().into_iter().filter(|one| one.outcome != "done").collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].task == "get_nowait on empty" && failed[0].outcome.contains("empty"), "{failed:?}");
    assert!(failed[1].task == "put_nowait on full" && failed[1].outcome.contains("full"), "{failed:?}");
    assert!(played.verdict().is_none());
}

#[test]
fn recv_waits_for_the_message_and_then_for_the_end() {
    let played = demo("pipe-greeting");
    played.assert_code(0);
    let lines = played.lines();
    let place =
        |part: &str| lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {lines:?}"));
    assert!(place("sends") < place("received: hello, child"));
    assert!(place("received: hello, child") < place("received: hello, parent"));
    let last = lines.last().unwrap();
    assert!(last.starts_with("child:") && last.contains("end of file"), "{lines:?}");
    let blocked = played.blocked();
    assert_eq!(blocked.iter().filter(|(who, verb)| who == "child" && verb == "recv").count(), 2, "{blocked:?}");
}

#[test]
fn a_sentinel_ends_the_consumer() {
    let played = demo("producer-consumer");
    played.assert_code(0);
    let consumed = played.lines_of("consumer");
    assert_eq!(consumed, ["consumed 0", "consumed 1", "consumed 2", "consumed 3", "consumed 4"]);
    assert_eq!(played.lines().last().unwrap(), "both have ended");
    assert_eq!(got(&played, "call_made", "put"), 6, "five items and the sentinel");
}

#[test]
fn without_a_sentinel_there_is_a_verdict_and_no_hang() {
    let played = demo("producer-consumer-no-sentinel");
    played.assert_code(1);
    assert_eq!(played.lines_of("consumer").len(), 5);
    let verdict = played.verdict().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    for part in ["consumer", "get", "q"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    assert_verdict_within_a_second(&played);
}

#[test]
fn the_receiver_reads_to_the_end() {
    let played = demo("pipe-sender-receiver");
    played.assert_code(0);
    let lines = played.lines_of("receiver");
    assert_eq!(lines[..3], ["received Hello", "received World", "received Bye"]);
    assert!(lines[3].contains("end of file") && lines.len() == 4, "{lines:?}");
}

#[test]
fn a_kept_end_is_named_with_its_holder() {
    let played = demo("pipe-kept-end");
    played.assert_code(1);
    assert_eq!(played.lines_of("receiver").len(), 3, "no end of file");
    let verdict = played.verdict().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    for part in ["receiver", "recv", "p", "parent"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    assert_verdict_within_a_second(&played);
}

/// From the last thing that changed to the sentence.
#[track_caller]
fn assert_verdict_within_a_second(played: &Played) {
    let at = played.place("a verdict", |event| event["event"] == "verdict_reached");
    let time_us = |place: usize| played.events[place]["at_us"].as_u64().expect("a time");
    let quiet = ["ticked", "sampled", "wires_counted", "verdict_reached"];
    let is_loud = |event: &serde_json::Value| !quiet.contains(&event["event"].as_str().unwrap_or_default());
    let last = played.events[..at].iter().rposition(is_loud).expect("something before the verdict");
    assert!(time_us(at) < time_us(last) + 1_000_000, "{}", played.story());
}
