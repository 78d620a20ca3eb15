//! Semaphores and events.
//! It does not know how waiters are kept.

use std::collections::BTreeSet;

use super::play::{demo, demo_with};

#[test]
fn never_more_than_four_guests_sit() {
    // Slowly enough that four have come before the first one leaves, unless starting processes takes very long.
    let played = demo_with("semaphore-guests", &["--speed", "4", "--seed", "1"]);
    played.assert_code(0);
    let (mut inside, mut most, mut came) = (BTreeSet::new(), 0, 0);
    for event in &played.events {
        let task = event["task"].as_u64();
        match event["event"].as_str().unwrap() {
            // The permit is taken with the answer to acquire, and given back with the call of release.
            "call_answered" if event["reply"] == "done" && asked(&played, task, event) == "acquire" => {
                assert!(inside.insert(task));
                came += 1;
            }
            "call_made" if event["call"]["release"].is_object() => assert!(inside.remove(&task)),
            "call_blocked" => assert_eq!(inside.len(), 4, "waits before a free seat\n{}", played.story()),
            _ => {}
        }
        most = most.max(inside.len());
    }
    assert!(most <= 4 && came == 10, "{most} {came}\n{}", played.story());
    assert_eq!(played.pids().len(), 10);
    played.assert_calls_wait_or_go_on();
}

/// The call that this answer answers.
fn asked(played: &super::play::Played, task: Option<u64>, answer: &serde_json::Value) -> String {
    let until = played.events.iter().position(|event| std::ptr::eq(event, answer)).expect("it is one of them");
    let calls = played.events[..until].iter().rev();
    let is_its = |event: &&serde_json::Value| event["event"] == "call_made" && event["task"].as_u64() == task;
    let call = calls.into_iter().find(is_its).and_then(|event| event["call"].as_object()?.keys().next().cloned());
    call.unwrap_or_default()
}

#[test]
fn a_flag_is_passed_only_while_it_is_set() {
    let played = demo("event-flag");
    played.assert_code(0);
    let lines = played.lines();
    let parent: Vec<_> = played.lines_of("parent");
    assert_eq!(parent[..3], ["at first: False", "after set: True", "after clear: False"]);
    let place = |text: &str| lines.iter().position(|line| line == text).unwrap_or_else(|| panic!("{text}: {lines:?}"));
    assert!(place("the second waiter still waits") < place("second waiter passes"));
    assert!(place("first waiter waits") < place("first waiter passes"));
    // Who comes before the flag is set waits for it; a process that starts late finds it set.
    let sets = played.calls_of("parent", "set_event");
    for (waiter, set) in ["first waiter", "second waiter"].into_iter().zip(&sets) {
        let [wait] = &played.calls_of(waiter, "wait_event")[..] else { panic!("{waiter} waits once") };
        assert!(wait.answered_us >= Some(set.made_us), "{wait:?} {set:?}");
        assert!(wait.blocked == (wait.made_us < set.made_us), "{wait:?} {set:?}");
    }
    played.assert_calls_wait_or_go_on();
}

#[test]
fn the_parents_line_comes_after_the_set() {
    let played = demo("event-result");
    played.assert_code(0);
    let set = played.place("set", |event| event["call"]["set_event"].is_object());
    let line = played.place("the line", |event| event["text"] == "parent: the event is set");
    assert!(set < line);
    assert_eq!(played.lines().last().unwrap(), "parent: 100");
    assert!(
        played.results().iter().any(|(who, value)| who == "compute" && value["int"] == 100),
        "{:?}",
        played.results()
    );
}
