//! Threads inside one process.
//! It does not know how many updates a race loses: that is the point of a race.

use std::collections::BTreeSet;

use super::play::{Played, demo, number_in};

fn thread_names(played: &Played) -> BTreeSet<String> {
    played.all("thread_started").map(|event| event["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn one_process_two_threads() {
    let played = demo("thread-loop");
    played.assert_code(0);
    assert!(played.pids().is_empty());
    assert_eq!(thread_names(&played), BTreeSet::from(["LoopThread".to_owned()]));
    let lines = played.lines();
    assert!(lines[0].starts_with("thread MainThread is running"), "{lines:?}");
    assert!(lines[1].starts_with("thread LoopThread is running"), "{lines:?}");
    assert_eq!((number_in(&lines[0]), number_in(&lines[1])), (played.parent(), played.parent()));
    let counts: Vec<&str> = lines.iter().filter_map(|line| line.split(">>> ").nth(1)).collect();
    assert_eq!(counts, ["1", "2", "3", "4", "5"]);
    assert_eq!(lines.last().unwrap(), "thread MainThread ended");
}

#[test]
fn a_lock_keeps_the_balance() {
    let played = demo("balance-race");
    played.assert_code(0);
    let numbers = |who: &str| -> Vec<i64> {
        let (_, value) = played.results().into_iter().find(|(name, _)| name == who).expect("a result");
        value["list"].as_array().unwrap().iter().map(|number| number["int"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers("with a lock"), [0, 0]);
    // A wrong balance comes of lost updates, and of nothing else.
    let unlocked = numbers("without a lock");
    assert!(unlocked[1] > 0 || unlocked[0] == 0, "{unlocked:?}");
    assert!(unlocked[1] < 400_000, "{unlocked:?}");
}

#[test]
fn each_thread_sees_its_own_value() {
    let played = demo("thread-local");
    played.assert_code(0);
    let mut lines = played.lines();
    assert_eq!(lines.pop().unwrap(), "in MainThread it is still nobody");
    lines.sort();
    assert_eq!(lines, ["hello, Alice (in Thread-A)", "hello, Bob (in Thread-B)"]);
}
