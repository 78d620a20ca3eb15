//! Queues and pipes: who waits, who is woken, how it ends, and what is said when it cannot.
//! It does not know how objects are kept.

use std::collections::HashMap;

use super::play::{Played, demo, demo_with};

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
    let played = demo_with("queue-stops-early", &["--speed", "4", "--seed", "1"]);
    played.assert_code(0);
    let stopped = played.lines_of("analyse").concat();
    // Whatever came before its last look it has; what came after that look it has not.
    let looked_us = played.calls_of("analyse", "is_empty").last().expect("it looks").made_us;
    let puts = played.calls_of("download", "put");
    let before = puts.iter().filter(|put| put.made_us <= looked_us).count();
    let list = |count: usize| format!("stopped at an empty queue with {:?}", &[11, 22, 33, 44][..count]);
    // A number that came at that very moment came before it or after it.
    let not_after = puts.iter().filter(|put| put.made_us < looked_us).count();
    assert!((not_after..=before).any(|count| stopped == list(count)), "{stopped}\n{}", played.story());
    let note = played.all("story_told").any(|event| event["text"].as_str().unwrap().contains("took that for the end"));
    assert!(note, "{}", played.story());
}

#[test]
fn a_full_queue_blocks_put_and_an_empty_one_get() {
    let played = demo("queue-bounded");
    played.assert_code(1);
    assert_waits_at_the_limits(&played, 3);
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

/// Panics unless there are never more than so many in the only queue, and nobody waits but to put when it is full or to get when it
/// is empty. Who is quicker than whom nobody knows, so nobody has to wait.
#[track_caller]
fn assert_waits_at_the_limits(played: &Played, capacity: usize) {
    let mut depth = 0_usize;
    let mut asked = HashMap::new();
    for event in &played.events {
        let (task, call) = (event["task"].as_u64(), &event["call"]);
        match event["event"].as_str().unwrap_or_default() {
            "call_made" if call["put"].is_object() => drop(asked.insert(task, "put")),
            "call_made" if call["get"].is_object() => drop(asked.insert(task, "get")),
            "call_made" => drop(asked.remove(&task)),
            "call_blocked" if asked.get(&task) == Some(&"put") => assert_eq!(depth, capacity, "{}", played.story()),
            "call_blocked" if asked.get(&task) == Some(&"get") => assert_eq!(depth, 0, "{}", played.story()),
            "call_answered" => match (asked.get(&task), event["reply"].as_str()) {
                (Some(&"put"), Some("done")) => depth += 1,
                (Some(&"get"), None) => depth -= 1,
                _ => {}
            },
            _ => {}
        }
        assert!(depth <= capacity, "{}", played.story());
    }
    played.assert_calls_wait_or_go_on();
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
    // Each time it waits for the parent, unless it comes when that is done.
    let (sent, closed) = (played.calls_of("parent", "send"), played.calls_of("parent", "close_end"));
    let received = played.calls_of("child", "recv");
    assert_eq!((sent.len(), closed.len(), received.len()), (1, 2, 2), "{}", played.story());
    for (call, cause) in received.iter().zip([&sent[0], &closed[1]]) {
        assert!(call.answered_us >= Some(cause.made_us), "{call:?} {cause:?}");
        assert!(call.blocked == (call.made_us < cause.made_us), "{call:?} {cause:?}");
    }
    played.assert_calls_wait_or_go_on();
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
    assert_verdict_is_soon(&played);
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
    assert_verdict_is_soon(&played);
}

/// From the last thing that changed to the sentence.
#[track_caller]
fn assert_verdict_is_soon(played: &Played) {
    let at = played.place("a verdict", |event| event["event"] == "verdict_reached");
    let time_us = |place: usize| played.events[place]["at_us"].as_u64().expect("a time");
    let quiet = ["ticked", "sampled", "wires_counted", "verdict_reached"];
    let is_loud = |event: &serde_json::Value| !quiet.contains(&event["event"].as_str().unwrap_or_default());
    let last = played.events[..at].iter().rposition(is_loud).expect("something before the verdict");
    // The promise is a second, on a machine that has time.
    assert!(time_us(at) < time_us(last) + 10_000_000, "{}", played.story());
}
