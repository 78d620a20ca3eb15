//! Downloads by three strategies, and folders that are copied.
//! It does not know the times; it compares them.

use super::order::assert_last_goes_to_whoever_is_free;
use super::play::{SPEED, demo, number_in};

/// What the tasks of `downloads-sequential` are to take, in microseconds at the speed of the test.
fn planned_us(played: &super::play::Played) -> u64 {
    let specs = played.all("tasks_added").flat_map(|event| event["tasks"].as_array().into_iter().flatten());
    let planned = specs.filter_map(|spec| spec["work"]["download"]["duration_ms"].as_u64());
    planned.map(|ms| ms * 1000 / u64::from(SPEED)).sum()
}

#[test]
fn one_after_the_other_in_the_parent_takes_the_sum() {
    let played = demo("downloads-sequential");
    played.assert_code(0);
    assert_eq!(played.names(), ["Python从入门到住院.pdf", "Peking Hot.avi"]);
    assert!(played.pids().is_empty(), "a process was started\n{}", played.story());
    let attempts = played.attempts();
    assert!(attempts.iter().all(|one| one.pid == played.parent() && one.outcome == "done"), "{attempts:?}");
    assert_eq!((attempts.len(), played.most_at_once()), (2, 1));
    let total = attempts[1].to_us - attempts[0].handed_us;
    assert!(total >= planned_us(&played) && planned_us(&played) > 0, "{total} us");
}

#[test]
fn a_process_each_takes_as_long_as_the_longer_one() {
    let played = demo("downloads-process-each");
    played.assert_code(0);
    let attempts = played.attempts();
    assert_eq!(attempts.len(), 2);
    assert_eq!(played.pids().len(), 2);
    assert_ne!(attempts[0].pid, attempts[1].pid);
    // Both run at the same time: neither start waits for anything, and join is what comes after both.
    let is_started = |event: &&serde_json::Value| event["event"] == "worker_starting" && event["role"]["own"].is_u64();
    let starts: Vec<_> = played.all("worker_starting").filter(is_started).map(|event| &event["at_us"]).collect();
    let is_own = |event: &&serde_json::Value| event["tasks"][0]["place"] == "own";
    let added: Vec<_> = played.all("tasks_added").filter(is_own).map(|event| &event["at_us"]).collect();
    assert_eq!((starts.len(), &starts), (2, &added), "{}", played.story());
    let verbs: Vec<String> = played.calls().into_iter().map(|call| call.verb).collect();
    assert_eq!(verbs, ["submit", "submit", "join", "join"]);
    played.assert_calls_wait_or_go_on();
    let lines = played.lines();
    assert_eq!(number_in(&lines[0]), played.parent(), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("both together took"), "{lines:?}");
}

#[test]
fn a_pool_gives_the_fifth_to_whoever_is_free_first() {
    let played = demo("downloads-pool");
    played.assert_code(0);
    assert_eq!((played.attempts().len(), played.pids().len()), (5, 4));
    assert_last_goes_to_whoever_is_free(&played, "故宫全景图.tiff");
    let first = &played.lines()[0];
    assert!(first.contains("CPUs") && first.contains("4 processes"), "{first}");
}

#[test]
fn a_folder_is_copied_byte_for_byte_by_as_many_workers_as_cpus() {
    let played = demo("folder-copy");
    played.assert_code(0);
    let cpus = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(played.all("target_set").next().unwrap()["workers"].as_u64(), Some(cpus));
    // Every copy is compared with its source before it gets its name (`verify`), so an end without failure is the proof.
    let files: u64 = played.all("attempt_ended").map(|event| event["tally"]["files"].as_u64().unwrap()).sum();
    assert_eq!(files, 400);
    assert!(played.all("attempt_ended").all(|event| event["outcome"] == "done"));
}

#[test]
fn progress_is_counted_from_messages_and_ends_at_a_hundred() {
    let played = demo("folder-copy-progress");
    played.assert_code(0);
    let lines = played.lines_of("parent");
    let shares: Vec<f64> = lines.iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(shares.len(), 60);
    assert!(shares.is_sorted() && lines[59].starts_with("100.00 %"), "{lines:?}");
    // A message for each file, and never a percentage before its message.
    let put = |event: &&serde_json::Value| event["call"]["put"].is_object();
    assert_eq!(played.all("call_made").filter(put).count(), 60);
    assert!(played.all("attempt_ended").all(|event| event["outcome"] == "done"), "{}", played.story());
}
