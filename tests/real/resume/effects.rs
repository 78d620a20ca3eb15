//! Commands that write down their beginning and end: every effect is there once, or the task was named.
//! It does not know how a run is recorded; it kills it when the journal has so many lines, or at a system call.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::stage::{Killed, Stage, kill};
use crate::common::numbers;
use crate::common::run::Run;

/// Writes down that a task began and ended.
const LEDGER: &str = "echo start $1 >> \"$0\"; sleep 0.0$(($1 % 4)); echo end $1 >> \"$0\"";

const TASKS: u32 = 12;

fn ledger_run(stage: &Stage) -> Run {
    let ledger = stage.text("ledger");
    stage.recorded("run", &["-j3", "--", "sh", "-c", LEDGER, &ledger, "{}"]).input(numbers(1..=TASKS))
}

/// How often each task began and ended, by the ledger.
fn ledger(stage: &Stage) -> BTreeMap<u32, (u32, u32)> {
    let mut all: BTreeMap<u32, (u32, u32)> = (1..=TASKS).map(|task| (task, (0, 0))).collect();
    for line in fs::read_to_string(stage.at("ledger")).unwrap_or_default().lines() {
        let (what, task) = line.split_once(' ').expect("two words");
        let entry = all.get_mut(&task.parse().expect("a number")).expect("a task there was");
        *(if what == "start" { &mut entry.0 } else { &mut entry.1 }) += 1;
    }
    all
}

/// The tasks that were named as in doubt, by what they are about: done again, and taken for failed.
fn in_doubt(stage: &Stage) -> (Vec<u32>, Vec<u32>) {
    let (mut again, mut failed, mut in_flight) = (Vec::new(), Vec::new(), Vec::new());
    // Tasks are numbered from 0 in the order of the inputs, which count from 1.
    let number = |task: &Value| u32::try_from(task.as_u64().expect("a task's number")).expect("few") + 1;
    for event in stage.events() {
        match event["event"].as_str().expect("a name") {
            "tasks_dispatched" => in_flight.extend(event["tasks"].as_array().expect("a list").iter().map(number)),
            "tasks_returned" => {
                let back: Vec<u32> = event["tasks"].as_array().expect("a list").iter().map(number).collect();
                in_flight.retain(|task| !back.contains(task));
            }
            "attempt_ended" | "attempt_lost" => {
                let ended = number(&event["task"]);
                in_flight.retain(|task| *task != ended);
            }
            "run_resumed" => {
                let rerun: Vec<u32> =
                    event["resumed"]["rerun"].as_array().expect("a list").iter().map(number).collect();
                failed.extend(in_flight.drain(..).filter(|task| !rerun.contains(task)));
                again.extend(rerun);
            }
            _ => {}
        }
    }
    (again, failed)
}

/// How often a task's worker died under it, as the parent has told: such a task is tried again.
fn lost(stage: &Stage, task: u32) -> u32 {
    let is_it = |event: &&Value| event["event"] == "attempt_lost" && event["task"] == task - 1;
    u32::try_from(stage.events().iter().filter(is_it).count()).expect("few")
}

/// Kills a run when its journal has so many lines, goes on with it, and looks at the ledger: each task's effect is there once, or
/// the task was named.
fn killed_at(line: usize, whom: Killed, policy: &str) {
    let stage = Stage::new();
    let run = ledger_run(&stage).start();
    stage.wait_for_lines(&run, line);
    kill(run, whom);
    look_at(&stage, &format!("at line {line}, {whom:?}, {policy}"), policy);
}

/// Goes on with what is there of a run.
fn look_at(stage: &Stage, told: &str, policy: &str) {
    if stage.lines() < 2 {
        // Nothing was recorded, so nothing may have begun, and somebody has to be told.
        assert!(!stage.at("ledger").exists(), "{told}: begun unrecorded");
        if stage.at("journal").exists() {
            let refused = stage.resume(&[]).finish().expect_code(2);
            assert!(refused.err().contains("start it anew"), "{told}: {}", refused.err());
        }
        return;
    }
    let finished = stage.resume(&["--in-doubt", policy]).input(numbers(1..=TASKS)).finish();
    let (again, failed) = in_doubt(stage);
    let err = finished.err();
    for (task, (starts, ends)) in ledger(stage) {
        let lost = lost(stage, task);
        if failed.contains(&task) {
            assert!(starts <= 1 + lost, "{told}: {task} began {starts} times and was taken for failed\n{err}");
            assert!(
                err.contains(&format!("{task}): cut off with the run")) || err.contains("may have been done"),
                "{told}\n{err}"
            );
        } else if again.contains(&task) {
            assert!((1..=2 + lost).contains(&starts) && ends >= 1, "{told}: {task}: {starts} {ends}\n{err}");
        } else {
            assert!((1..=1 + lost).contains(&starts) && (1..=1 + lost).contains(&ends), "{told}: {task}\n{err}");
        }
    }
    assert_eq!(finished.code(), i32::from(!failed.is_empty()), "{told}\n{err}");
    let expected = if policy == "rerun" { failed.is_empty() } else { again.is_empty() };
    assert!(expected, "{told}: {again:?} {failed:?}");
    // What is taken for failed stays so, and nothing else is left.
    let before = ledger(stage);
    let code = i32::from(!failed.is_empty());
    stage.resume(&["--in-doubt", "fail"]).finish().expect_code(code);
    assert_eq!(ledger(stage), before, "{told}: a finished run was begun again");
}

#[test]
fn killed_at_some_points_every_effect_is_there_once_or_named() {
    for (line, policy) in [(2, "fail"), (6, "rerun"), (12, "fail"), (18, "rerun"), (27, "fail"), (38, "rerun")] {
        killed_at(line, Killed::Parent, policy);
    }
}

#[test]
fn killed_with_its_workers_too() {
    killed_at(15, Killed::ParentThenWorkers, "rerun");
    killed_at(22, Killed::WorkersThenParent, "fail");
}

#[test]
#[ignore = "the whole sweep: some minutes"]
fn killed_at_every_point() {
    for line in 1..=60 {
        for whom in [Killed::Parent, Killed::ParentThenWorkers, Killed::WorkersThenParent] {
            for policy in ["fail", "rerun"] {
                killed_at(line, whom, policy);
            }
        }
    }
}

/// The kill comes at a system call of the recorder, not when somebody has seen a line.
#[test]
#[ignore = "needs strace, and that it may be used"]
fn killed_at_every_sync_of_the_journal() {
    for sync in 1..=30 {
        let stage = Stage::new();
        let (journal, ledger_file) = (stage.text("journal"), stage.text("ledger"));
        let inject = format!("inject=fdatasync,fsync:signal=KILL:when={sync}");
        let strace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &inject];
        let pooltop = [crate::common::POOLTOP, "run", "--record", &journal, "--progress", "none", "-j3"];
        let command = ["--", "sh", "-c", LEDGER, &ledger_file, "{}"];
        let args: Vec<&str> = strace.into_iter().chain(pooltop).chain(command).collect();
        Run::program("/usr/bin/strace", args).input(numbers(1..=TASKS)).finish();
        look_at(&stage, &format!("at sync {sync}"), if sync % 2 == 0 { "rerun" } else { "fail" });
    }
}

#[test]
fn a_run_killed_again_and_again_is_done_in_the_end() {
    let stage = Stage::new();
    let run = ledger_run(&stage).start();
    stage.wait_for_lines(&run, 12);
    kill(run, Killed::Parent);
    for _ in 0..3 {
        let lines = stage.lines();
        let run = stage.resume(&["--in-doubt", "rerun"]).input(numbers(1..=TASKS)).start();
        stage.wait_for_lines(&run, lines + 7);
        kill(run, Killed::Parent);
    }
    let last = stage.resume(&["--in-doubt", "rerun"]).input(numbers(1..=TASKS)).finish().expect_code(0);
    let (again, failed) = in_doubt(&stage);
    assert!(failed.is_empty());
    for (task, (starts, ends)) in ledger(&stage) {
        let named = u32::try_from(again.iter().filter(|named| **named == task).count()).expect("few");
        assert!(ends >= 1 && starts <= 1 + named, "{task}: {starts} {ends}, named {named} times\n{}", last.err());
    }
}
