//! The scenarios that the tutorials do not have: workers elsewhere, a shared link, losses, resizing, failures.
//! It does not know the throughput; it looks at the shares that were given out.

use std::collections::HashMap;

use super::order::assert_last_goes_to_whoever_is_free;
use super::play::{demo, demo_with};

#[test]
fn workers_elsewhere_name_their_host() {
    let played = demo("workers-elsewhere");
    played.assert_code(0);
    let host = nix::unistd::gethostname().unwrap().to_string_lossy().into_owned();
    let named = played.all("worker_ready").filter(|event| !event["host"].is_null());
    let hosts: Vec<_> = named.map(|event| event["host"].as_str().unwrap()).collect();
    assert!(hosts.iter().all(|named| *named == host), "{hosts:?}");
    // Everybody but the thread that runs the parent's program.
    assert_eq!(hosts.len() + 1, played.all("worker_ready").count(), "{hosts:?}");
    assert_eq!((played.all("worker_spawned").count(), played.attempts().len()), (5, 5));
    assert_last_goes_to_whoever_is_free(&played, "task 4");
    assert!(played.lines().iter().any(|line| line.contains(&format!("on {host}"))));
}

#[test]
fn a_link_is_shared_evenly_and_never_exceeded() {
    let played = demo_with("shared-link", &["--speed", "10", "--seed", "1"]);
    played.assert_code(0);
    let mut shares: HashMap<u64, u64> = HashMap::new();
    let mut most = 0;
    let mut by_size: HashMap<usize, Vec<u64>> = HashMap::new();
    for event in &played.events {
        let task = event["task"].as_u64().unwrap_or_default();
        match event["event"].as_str().unwrap() {
            "link_shared" => {
                shares.insert(task, event["bytes_per_s"].as_u64().unwrap());
            }
            "attempt_ended" => {
                shares.remove(&task);
            }
            "call_made" if event["call"]["leave_link"].is_object() => {
                shares.remove(&task);
            }
            // Between two shares of one change the sum is of no moment; a settled state is one in which something else happens.
            _ => {
                let used: u64 = shares.values().sum();
                most = most.max(used);
                by_size.entry(shares.len()).or_default().push(used);
            }
        }
    }
    // Shares are in scenario time, as the scenario's own figures are.
    let link = 40_000_000;
    assert!(most <= link + link / 100, "{most}");
    assert!(most >= link - link / 100, "the link is never full: {most}");
    // One worker uses a quarter of it.
    let alone = by_size[&1].iter().max().unwrap();
    assert!(*alone <= 10_500_000, "{alone}");
    assert_eq!(played.attempts().len(), 150);
}

#[test]
fn every_task_ends_once_whoever_dies() {
    let played = demo_with("chaos", &["--speed", "4"]);
    assert!([0, 1].contains(&played.code), "{}", played.story());
    let lost: Vec<_> = played.all("attempt_lost").collect();
    assert!(!lost.is_empty(), "nobody was killed");
    for loss in &lost {
        let how = loss["failure"]["worker_lost"]["how"].as_str().unwrap();
        assert!(how.contains("PID") && how.contains("SIGKILL"), "{how}");
    }
    let mut ends: HashMap<String, usize> = HashMap::new();
    for one in played.attempts().iter().filter(|one| one.outcome == "done") {
        *ends.entry(one.task.clone()).or_default() += 1;
    }
    let failed = played.all("task_failed").count();
    assert!(ends.values().all(|&count| count == 1), "{ends:?}");
    assert_eq!(ends.len() + failed, 40);
}

#[test]
fn growth_is_at_once_and_a_shrink_drains() {
    let played = demo_with("resize-tour", &["--speed", "5", "--seed", "1"]);
    played.assert_code(0);
    let sizes: Vec<_> = played.all("target_set").map(|event| event["workers"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [2, 8, 3]);
    assert_eq!(played.attempts().len(), 60, "no task is begun twice");
    assert!(played.attempts().iter().all(|one| one.outcome == "done"));
    let grown = played.place("the growth", |event| event["event"] == "target_set" && event["workers"] == 8);
    // What follows from a command bears its time.
    let at_once = |place: usize, name: &str| {
        let of_its_time = |event: &&serde_json::Value| event["at_us"] == played.events[place]["at_us"];
        played.events[place..].iter().take_while(of_its_time).filter(|event| event["event"] == name).count()
    };
    assert_eq!(at_once(grown, "worker_starting"), 6, "growth waits for something\n{}", played.story());
    let shrunk = played.place("the shrink", |event| event["event"] == "target_set" && event["workers"] == 3);
    // Whoever has not said hello by then has nothing to finish.
    let (drain, leave) = (at_once(shrunk, "worker_draining"), at_once(shrunk, "worker_dismissed"));
    assert!(played.all("worker_draining").all(|event| event["why"] == "retired"), "{}", played.story());
    assert!(drain <= 5 && drain + leave >= 5, "{drain} {leave}\n{}", played.story());
    assert!(played.most_at_once() <= 8);
    played.assert_nobody_idles();
}

#[test]
fn flaky_downloads_are_tried_again_and_named_when_they_fail() {
    let played = demo_with("flaky-downloads", &["--speed", "20", "--timeout", "500ms", "--backoff", "20ms"]);
    let failed = played.all("task_failed").count();
    assert_eq!(played.code, i32::from(failed > 0), "{}", played.story());
    let requeued = played.all("task_requeued").count();
    assert!(requeued > 0, "nothing was tried again");
    let timed_out = played.attempts().iter().filter(|one| one.outcome.contains("timed_out")).count();
    assert!(timed_out > 0, "nothing timed out");
    assert_eq!(played.names().len(), 30);
}
