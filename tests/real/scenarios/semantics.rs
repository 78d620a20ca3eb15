//! What CPython's pools and objects do, point by point, and what pooltop does where CPython hangs.
//! It does not know how; each test is a small scenario of its own.

use super::play::{Played, text};

fn failed(played: &Played) -> Vec<(String, String)> {
    let ends = played.attempts().into_iter().filter(|one| one.outcome != "done");
    ends.map(|one| (one.task, one.outcome)).collect()
}

#[test]
fn terminate_drops_what_waits_and_ends_what_runs() {
    let played = text(
        r#"
        [pool]
        size = 2
        [queue.begun]
        [function.nap]
        steps = [{ put = "begun", value = 1 }, { sleep = "6000s" }]
        [parent]
        steps = [
            { repeat = 5, steps = [{ apply_async = "nap" }] },
            { repeat = 2, steps = [{ get = "begun", into = "one" }] },
            { terminate = "pool" },
            { join = "pool" },
            { print = "the pool is gone" },
        ]
        "#,
    );
    // What the program itself did not want any more is no work left.
    played.assert_code(0);
    assert_eq!(played.lines(), ["the pool is gone"]);
    assert_eq!(played.all("task_dropped").count(), 3, "{}", played.story());
    assert_eq!(failed(&played).len(), 2, "{}", played.story());
}

#[test]
fn a_failing_item_ends_the_rest_of_its_chunk_only() {
    let played = text(
        r#"
        [pool]
        size = 2
        [function.check]
        params = ["n"]
        steps = [
            { print = "item {n}" },
            { when = "n == 1", steps = [{ fail = "{n} is one" }] },
            { return = "n" },
        ]
        [parent]
        steps = [{ map = "check", over = "range(9)", chunk = 3, into = "list", otherwise = [{ print = "map: {error}" }] }]
        "#,
    );
    // The first chunk is 0, 1, 2 and breaks off at 1; the others are whole.
    let mut lines = played.lines();
    let map = lines.iter().position(|line| line.starts_with("map: ")).expect("the map fails");
    assert!(lines.remove(map).contains("1 is one"));
    lines.sort();
    assert_eq!(lines, [0, 1, 3, 4, 5, 6, 7, 8].map(|n| format!("item {n}")));
    assert_eq!(failed(&played).len(), 1);
    played.assert_code(1);
}

#[test]
fn a_map_lists_its_input_and_calls_back_once() {
    let played = text(
        r#"
        [pool]
        size = 3
        [function.square]
        params = ["n"]
        steps = [{ return = "n * n" }]
        [parent]
        steps = [
            { map_async = "square", over = "range(7)", chunk = 2, into = "handle", value = "list", callback = [{ print = "{list}" }] },
            { close = "pool" },
            { join = "pool" },
        ]
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["[0, 1, 4, 9, 16, 25, 36]"]);
    assert_eq!(played.attempts().len(), 4, "chunks of two");
}

#[test]
fn recycling_counts_chunks() {
    let played = text(
        r#"
        recycle_after = 1
        [pool]
        size = 1
        [function.square]
        params = ["n"]
        steps = [{ return = "n * n" }]
        [parent]
        steps = [{ map = "square", over = "range(6)", chunk = 3, into = "list" }, { print = "{list}" }]
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["[0, 1, 4, 9, 16, 25]"]);
    let attempts = played.attempts();
    assert_eq!(attempts.len(), 2);
    assert_ne!(attempts[0].pid, attempts[1].pid, "a worker does one chunk of three items");
}

#[test]
fn a_queue_keeps_each_producers_order() {
    let played = text(
        r#"
        [queue.q]
        capacity = 2
        [function.produce]
        params = ["base"]
        steps = [{ repeat = 20, counter = "i", steps = [{ put = "q", value = "base + i" }] }]
        [function.consume]
        steps = [
            { set = "seen", to = "[]" },
            { repeat = 60, steps = [{ get = "q", into = "item" }, { set = "seen", to = "seen + [item]" }] },
            { return = "seen" },
        ]
        [parent]
        steps = [
            { start = "consume", into = "consumer" },
            { for = "base", of = "[100, 200, 300]", steps = [{ start = "produce", args = ["base"], into = "p" }] },
            { join = "consumer" },
        ]
        "#,
    );
    played.assert_code(0);
    let (_, seen) = played.results().into_iter().find(|(who, _)| who == "consume").expect("what was consumed");
    let seen: Vec<i64> = seen["list"].as_array().unwrap().iter().map(|item| item["int"].as_i64().unwrap()).collect();
    for base in [100, 200, 300] {
        let of_one: Vec<i64> = seen.iter().copied().filter(|item| item / 100 == base / 100).collect();
        assert_eq!(of_one, (base..base + 20).collect::<Vec<_>>());
    }
}

#[test]
fn a_plain_semaphore_may_exceed_its_start_a_bounded_one_may_not() {
    let played = text(
        r#"
        [semaphore.plain]
        value = 1
        [semaphore.bounded]
        value = 1
        bounded = true
        [parent]
        steps = [
            { release = "plain" },
            { acquire = "plain" },
            { acquire = "plain" },
            { print = "two permits" },
            { release = "bounded", otherwise = [{ print = "refused: {error}" }] },
        ]
        "#,
    );
    played.assert_code(0);
    let lines = played.lines();
    assert_eq!(lines[0], "two permits");
    assert!(lines[1].starts_with("refused: ") && lines[1].contains("bounded"), "{lines:?}");
}

#[test]
fn an_event_wakes_all_its_waiters_and_stays_set() {
    let played = text(
        r#"
        [event.go]
        [function.wait]
        steps = [{ wait_event = "go" }, { print = "{process}" }]
        [parent]
        steps = [
            { repeat = 3, counter = "i", steps = [{ start = "wait", name = "waiter {i}", into = "p" }] },
            { sleep = "2s" },
            { set_event = "go" },
            { start = "wait", name = "late", into = "p" },
            { join = "p" },
        ]
        "#,
    );
    played.assert_code(0);
    let mut lines = played.lines();
    lines.sort();
    assert_eq!(lines, ["late", "waiter 0", "waiter 1", "waiter 2"]);
}

#[test]
fn a_get_with_a_timeout_gives_up() {
    let played = text(
        r#"
        [queue.q]
        [parent]
        steps = [
            { get = "q", into = "m", timeout = "2s", otherwise = [{ print = "gave up: {error}" }] },
            { put = "q", value = 1 },
            { get = "q", into = "m", timeout = "2s" },
            { print = "{m}" },
        ]
        "#,
    );
    played.assert_code(0);
    let lines = played.lines();
    assert!(lines[0].starts_with("gave up: ") && lines[0].contains("empty"), "{lines:?}");
    assert_eq!(lines[1], "1");
    assert!(played.verdict().is_none(), "patience is no deadlock");
}

#[test]
fn a_worker_killed_while_idle_is_replaced() {
    let played = text(
        r#"
        [pool]
        size = 1
        [function.work]
        steps = [{ return = "42" }]
        [parent]
        steps = [{ apply = "work", into = "r" }, { sleep = "40s" }, { apply = "work", into = "r" }, { print = "{r}" }]
        [[at]]
        time = "20s"
        kill = "any"
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["42"]);
    assert_eq!(played.pids().len(), 2, "{}", played.story());
}

#[test]
fn a_task_that_ends_its_process_is_named_and_the_rest_goes_on() {
    let played = text(
        r#"
        [pool]
        size = 2
        [function.leave]
        steps = [{ exit = 3 }]
        [function.work]
        steps = [{ return = "1" }]
        [parent]
        steps = [
            { apply_async = "leave", into = "left" },
            { repeat = 5, steps = [{ apply = "work", into = "r" }] },
            { result = "left", into = "r", otherwise = [{ print = "lost: {error}" }] },
            { print = "done" },
        ]
        "#,
    );
    played.assert_code(1);
    let lines = played.lines();
    assert!(lines[0].starts_with("lost: ") && lines[0].contains("exited with status 3"), "{lines:?}");
    assert_eq!(lines[1], "done");
}

#[test]
fn a_process_of_its_own_ends_with_its_status() {
    let played = text(
        r#"
        [function.leave]
        steps = [{ exit = 3 }]
        [function.die]
        steps = [{ kill_self = "KILL" }]
        [parent]
        steps = [
            { start = "leave", into = "a" },
            { start = "die", into = "b" },
            { join = "a" },
            { join = "b" },
            { print = "both are gone" },
        ]
        "#,
    );
    played.assert_code(1);
    assert_eq!(played.lines(), ["both are gone"]);
    let failed = failed(&played);
    let how = |who: &str| failed.iter().find(|(name, _)| name == who).map(|(_, how)| how.clone()).unwrap_or_default();
    assert!(how("leave").contains("\"exit\"") && how("leave").contains('3'), "{failed:?}");
    assert!(how("die").contains("\"signal\"") && how("die").contains('9'), "{failed:?}");
}

#[test]
fn an_initializer_that_fails_is_given_up_with_its_reason() {
    let played = text(
        r#"
        [pool]
        size = 1
        initializer = "prepare"
        [function.prepare]
        steps = [{ fail = "no database" }]
        [function.work]
        steps = [{ return = "1" }]
        [parent]
        steps = [{ apply = "work", into = "r" }]
        "#,
    );
    played.assert_code(1);
    assert_eq!(played.all("crash_loop_stopped").count(), 1, "{}", played.story());
    let words = played.all("worker_exited").any(|event| {
        event["last_words"].as_str().is_some_and(|words| words.contains("initializer") && words.contains("no database"))
    });
    assert!(words, "{}", played.story());
    assert!(played.all("worker_spawned").count() < 10, "it was tried for ever");
}

#[test]
fn whoever_dies_gives_back_what_it_held() {
    let played = text(
        r#"
        [semaphore.door]
        value = 1
        [queue.q]
        [function.hold]
        steps = [{ acquire = "door" }, { put = "q", value = 1 }, { kill_self = "KILL" }]
        [function.enter]
        steps = [{ acquire = "door" }, { print = "inside" }, { release = "door" }]
        [parent]
        steps = [
            { start = "hold", into = "a" },
            { get = "q", into = "m" },
            { start = "enter", into = "b" },
            { join = "a" },
            { join = "b" },
        ]
        "#,
    );
    played.assert_code(1);
    assert_eq!(played.lines(), ["inside"]);
    assert!(played.verdict().is_none(), "{}", played.story());
}

#[test]
fn an_item_for_a_getter_that_died_goes_to_the_next() {
    let played = text(
        r#"
        [queue.q]
        [function.get]
        steps = [{ get = "q", into = "m" }, { print = "{process} got {m}" }]
        [parent]
        steps = [
            { start = "get", name = "first", into = "a" },
            { sleep = "10s" },
            { start = "get", name = "second", into = "b" },
            { sleep = "20s" },
            { put = "q", value = 7 },
            { join = "b" },
        ]
        [[at]]
        time = "20s"
        kill = 1
        "#,
    );
    let lines = played.lines();
    assert!(lines == ["second got 7"] || lines == ["first got 7"], "{lines:?}\n{}", played.story());
}
