//! Single processes: started, joined, stopped, and nothing shared.
//! It does not know how a process is started.

use super::play::{demo, demo_with, number_in};

#[test]
fn two_loops_go_on_until_they_are_stopped() {
    let played = demo_with("two-loops", &["--speed", "20", "--seed", "1"]);
    played.assert_code(4);
    assert_eq!(played.pids().len(), 2);
    for name in ["ping", "pong"] {
        let lines = played.lines_of(name);
        assert!(lines.len() > 1, "{name}: {lines:?}");
        assert!(played.pids().contains(&number_in(&lines[0])));
    }
    // Nothing is left: the run's last event says so, and the harness looks at the process table.
    assert_eq!(played.events.last().unwrap()["event"], "run_ended");
}

#[test]
fn the_parent_prints_after_the_child_it_joins() {
    let played = demo("hello-process");
    played.assert_code(0);
    assert_eq!(played.lines(), ["hello from the child", "hello from the parent"]);
    assert_eq!(played.pids().len(), 1);
}

#[test]
fn a_child_knows_its_argument_and_its_parent() {
    let played = demo("run-child");
    played.assert_code(0);
    let child = *played.pids().first().unwrap();
    let parent = played.parent();
    let lines = [
        format!("parent process {parent}"),
        format!("run child process test ({child}), child of {parent}"),
        "child process ended".to_owned(),
    ];
    assert_eq!(played.lines(), lines);
}

#[test]
fn each_process_changes_its_own_copy() {
    let played = demo("processes-do-not-share");
    played.assert_code(0);
    let lines = played.lines();
    assert!(lines[0].ends_with("counter is 10") && lines[3].ends_with("counter is still 10"), "{lines:?}");
    assert!(played.lines_of("adds 1")[0].ends_with("counter is 11"), "{lines:?}");
    assert!(played.lines_of("adds 2")[0].ends_with("counter is 12"), "{lines:?}");
}
