//! What a pool's methods do: apply, apply_async, map, close, join, callbacks.
//! It does not know how results travel.

use super::order::assert_last_goes_to_whoever_is_free;
use super::play::{demo, demo_with, number_in};

const SQUARES: &str = "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]";

#[test]
fn three_at_most_and_they_serve_all_ten() {
    let played = demo("pool-of-three");
    played.assert_code(0);
    let attempts = played.attempts();
    assert_eq!((attempts.len(), played.pids().len()), (10, 3));
    assert!(attempts.iter().all(|one| played.pids().contains(&one.pid)), "{attempts:?}");
    // Where processes start slowly two do most of the work; but whoever is there does some.
    assert!(played.most_at_once() <= 3, "{attempts:?}");
    played.assert_nobody_idles();
    let lines = played.lines();
    assert_eq!((lines[0].as_str(), lines.last().unwrap().as_str()), ("start", "end"));
    assert_eq!(lines.iter().filter(|line| line.contains("took")).count(), 10);
}

#[test]
fn a_pool_beats_a_process_for_each_tiny_task() {
    let played = demo("pool-vs-processes");
    played.assert_code(0);
    assert_eq!(played.pids().len(), 104, "four of the pool and a hundred");
    let lines = played.lines_of("parent");
    assert!(lines[0].starts_with("pool of 4: 100 tasks in"), "{lines:?}");
    assert!(lines[1].starts_with("a process each: 100 tasks in"), "{lines:?}");
    assert!(lines[2].contains("times as fast"), "{lines:?}");
    let (pool, own): (Vec<_>, Vec<_>) = played.attempts().into_iter().partition(|one| one.task.starts_with("add"));
    assert_eq!((pool.len(), own.len()), (100, 100));
}

#[test]
fn tiny_tasks_run_on_four_processes() {
    let played = demo("tiny-tasks");
    played.assert_code(0);
    assert_eq!((played.attempts().len(), played.pids().len()), (100, 4));
}

#[test]
fn apply_waits_for_its_own_result() {
    let played = demo("apply-sync");
    played.assert_code(0);
    assert_eq!(played.most_at_once(), 1);
    let attempts = played.attempts();
    let total = attempts.last().unwrap().to_us - attempts[0].handed_us;
    assert!(total >= 10_000_000 / u64::from(super::play::SPEED), "{total} us");
    let last = played.lines().pop().unwrap();
    assert!(last.starts_with(SQUARES), "{last}");
}

#[test]
fn apply_async_fills_the_pool() {
    let played = demo("apply-async");
    played.assert_code(0);
    assert_eq!((played.attempts().len(), played.pids().len()), (10, 4));
    played.assert_nobody_idles();
    let lines = played.lines();
    assert!(lines[1].starts_with(SQUARES), "{lines:?}");
    // All are handed over before the first is done.
    let handed = played.place("handed over", |event| {
        event["text"].as_str().is_some_and(|text| text.starts_with("ten calls are handed over"))
    });
    let submits = played.events[..handed].iter().filter(|event| event["call"]["submit"].is_object()).count();
    assert_eq!(submits, 10);
}

#[test]
fn close_comes_before_join_and_nothing_after_close() {
    let played = demo("async-close-join");
    played.assert_code(0);
    let lines = played.lines();
    assert!(lines[0].starts_with("join before close: ") && lines[0].len() > 30, "{lines:?}");
    assert!(lines[1].starts_with("submit after close: ") && lines[1].contains("closed"), "{lines:?}");
    assert_eq!(lines[2..], [SQUARES, "the parent is done"]);
    assert_eq!(played.attempts().len(), 10);
}

#[test]
fn tasks_end_with_a_parent_that_does_not_wait() {
    // Slowly enough that the ten are not done when the parent ends, also where it ends late.
    let speed = 4;
    let played = demo_with("parent-exits-early", &["--speed", &speed.to_string(), "--seed", "1"]);
    played.assert_code(4);
    assert_eq!(played.lines(), ["the parent ends"]);
    assert_eq!(played.all("pool_terminated").next().unwrap()["why"], "parent_ended");
    let end = played.place("the end of the pool", |event| event["event"] == "pool_terminated");
    assert!(!played.events[end..].iter().any(|event| event["event"] == "tasks_dispatched"), "{}", played.story());
    // Four run, unless a process started late or a task was over before the parent was.
    let attempts = played.attempts();
    assert_eq!(attempts.len() + played.all("task_dropped").count(), 10);
    let (done, stopped): (Vec<_>, Vec<_>) = attempts.into_iter().partition(|one| one.outcome == "done");
    assert!(stopped.len() <= 4, "{stopped:?}");
    assert!(done.iter().all(|one| one.to_us - one.handed_us >= 2_000_000 / speed), "{done:?}");
    played.assert_nobody_idles();
}

#[test]
fn a_callback_runs_in_the_parent() {
    let played = demo("callback");
    played.assert_code(0);
    let lines = played.lines();
    let child = *played.pids().iter().find(|&&pid| pid == number_in(&lines[1])).expect("the task's PID is a worker's");
    assert_ne!(child, played.parent());
    assert_eq!(lines[2], format!("callback in process {}: the result is 25", played.parent()));
}

#[test]
fn a_callback_that_fails_is_told_and_hangs_nobody() {
    let played = demo("callback-fails");
    played.assert_code(1);
    assert_eq!(played.lines(), ["join has returned all the same"]);
    let told = played.all("task_noted").any(|event| {
        let text = event["note"]["text"].as_str().unwrap();
        text.contains("callback") && text.contains("cannot use 25")
    });
    assert!(told, "{}", played.story());
}

#[test]
fn map_sends_chunks_and_keeps_the_order() {
    let played = demo("pool-map");
    played.assert_code(0);
    let workers = played.all("target_set").next().unwrap()["workers"].as_u64().unwrap();
    assert_eq!(workers, std::thread::available_parallelism().unwrap().get() as u64);
    let chunk = 10_u64.div_ceil(4 * workers);
    assert_eq!(played.attempts().len() as u64, 10_u64.div_ceil(chunk));
    assert_eq!(played.lines().last().unwrap(), SQUARES);
}

#[test]
fn the_fifth_task_starts_where_the_first_one_ended() {
    let played = demo("pool-of-four");
    played.assert_code(0);
    assert_eq!((played.attempts().len(), played.pids().len()), (5, 4));
    assert_last_goes_to_whoever_is_free(&played, "task 4");
}
