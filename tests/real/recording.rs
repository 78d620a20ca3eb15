//! Runs are recorded: by default, where they are told to be, or not; what is kept, also when everything is killed; `pooltop runs`.
//! It does not know the form of a journal beyond its being lines of JSON.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::processes::{wait_until, wait_until_none};
use crate::common::run::{Finished, Run};
use crate::common::{GONE_WITHIN, PATIENCE};

/// A place for the records of several runs.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn pooltop(&self, args: &[&str]) -> Run {
        Run::pooltop(args.iter().copied()).env("XDG_STATE_HOME", self.0.path().to_str().expect("a readable path"))
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("pooltop/runs")
    }

    /// The folder of the only run there is.
    fn only(&self) -> PathBuf {
        let runs: Vec<PathBuf> =
            self.folder().read_dir().expect("a folder of runs").map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    /// `pooltop runs`, an object a run.
    fn listed(&self) -> Vec<Value> {
        let list = self.pooltop(&["runs", "--format", "json"]).finish().expect_code(0).out();
        list.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
    }
}

fn events(journal: &Path) -> Vec<Value> {
    let text = fs::read_to_string(journal).expect("a journal");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("whole lines")).collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn every_run_is_recorded_and_listed_the_newest_first() {
    let home = Home::new();
    home.pooltop(&["run", "--progress", "json", "--", "sh", "-c", "exit $0", ":::", "0", "3"]).finish().expect_code(1);
    let told = home.pooltop(&["demo", "pool-of-four", "--speed", "100", "--progress", "plain"]).finish().expect_code(0);
    for silent in [&["--no-record"][..], &["--record", "/dev/null/no"]] {
        let args = [&["run", "--progress", "none"], silent, &["--", "true", ":::", "1"]].concat();
        home.pooltop(&args).finish();
    }
    home.pooltop(&["run", "--progress", "none", "--", "true", ":::", "1"]).env("POOLTOP_NO_RECORD", "1").finish();
    let runs = home.listed();
    let outcomes: Vec<_> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["done", "failed"]);
    assert_eq!((&runs[1]["done"], &runs[1]["failed"], &runs[1]["total"]), (&1.into(), &1.into(), &2.into()));
    assert_eq!(runs[1]["command"].as_array().unwrap().len(), 11);
    assert_eq!(runs[0]["scenario"], "pool-of-four");
    let id = runs[0]["id"].as_str().unwrap();
    assert!(told.err().contains(&format!("recorded   as {id}: pooltop replay latest")), "{}", told.err());
    let ids = home.pooltop(&["runs", "--format", "ids"]).finish().out();
    assert_eq!(ids.lines().next(), Some(id));
    let table = home.pooltop(&["runs"]).finish().expect_code(0).out();
    assert!(table.lines().nth(2).unwrap().contains("1 failed"), "{table}");
}

#[test]
fn what_happened_is_in_the_journal_and_what_was_printed_beside_it() {
    let home = Home::new();
    let script = "seq 200000; echo short >&2";
    let run =
        home.pooltop(&["run", "--progress", "json", "--", "sh", "-c", script, ":::", "1"]).finish().expect_code(0);
    let recorded = events(&home.only().join("journal.jsonl"));
    let told: Vec<Value> = run.out().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for name in ["run_started", "tasks_added", "tasks_dispatched", "task_started", "attempt_ended", "run_ended"] {
        let names = |events: &[Value]| named(events, name).len();
        assert_eq!((names(&recorded), names(&told)), (1, 1), "{name}");
    }
    let output = &named(&recorded, "attempt_ended")[0]["output"];
    assert_eq!(output["stdout"]["spooled"]["bytes"], 1_288_895, "{output}");
    let kept = fs::read(home.only().join("output/0.1.out")).expect("what it printed");
    assert!(kept.starts_with(b"1\n2\n3\n") && kept.ends_with(b"199999\n200000\n"));
    let text = String::from_utf8_lossy(&kept);
    assert!(kept.len() < 1_100_000 && text.contains("of 1288895 bytes are not kept here]"));
}

#[test]
fn a_run_that_is_under_way_is_listed_so_and_one_that_was_killed_is_kept() {
    let home = Home::new();
    let script = "yes | head -c 300000; echo $0 > begun; exec sleep 1000";
    let run = home.pooltop(&["run", "--progress", "none", "-j1", "--", "sh", "-c", script, ":::", "1", "2"]);
    let place = tempfile::tempdir().expect("a folder");
    let running = run.dir(place.path()).start();
    wait_until(|| place.path().join("begun").exists(), "a task has begun", PATIENCE);
    let journal = home.only().join("journal.jsonl");
    // What began was written before it began.
    assert_eq!(named(&events(&journal), "tasks_dispatched").len(), 1);
    assert_eq!(home.listed()[0]["outcome"], "running");
    running.signal(Signal::SIGKILL);
    let killed = running.finish().expect_code(137);
    wait_until_none(&killed.tag, GONE_WITHIN);
    let listed = &home.listed()[0];
    assert_eq!((&listed["outcome"], &listed["done"], &listed["total"]), (&"cut_off".into(), &0.into(), &2.into()));
    assert!(home.only().join("output/0.1.out").metadata().expect("its output").len() >= 300_000);
    let table = home.pooltop(&["runs"]).finish().out();
    assert!(table.contains("cut off 0/2 (resumable)"), "{table}");
}

#[test]
fn a_record_that_cannot_be_made_is_refused_if_it_was_asked_for_and_said_if_not() {
    let home = Home::new();
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("precious"), "mine").expect("a file");
    let touch = ["--progress", "plain", "--", "touch", ":::", "made"];
    let try_it = |record: &str| {
        let args = [&["run", "--record", record], &touch[..]].concat();
        home.pooltop(&args).dir(place.path()).finish()
    };
    for (record, reason) in [("precious", "exists"), ("no/such/folder", "No such file"), ("/proc/x", "No such file")] {
        let refused = try_it(record).expect_code(3);
        assert!(refused.err().starts_with("error: ") && refused.err().contains(reason), "{}", refused.err());
        assert!(!place.path().join("made").exists(), "nothing was started");
    }
    assert_eq!(fs::read(place.path().join("precious")).expect("it is there"), b"mine");
    let unrecorded = |finished: Finished| {
        let finished = finished.expect_code(0);
        assert!(finished.err().contains("warning: the run is not recorded"), "{}", finished.err());
        assert!(place.path().join("made").exists());
    };
    let run = || Run::pooltop([&["run"][..], &touch].concat()).dir(place.path());
    unrecorded(run().env("XDG_STATE_HOME", "/proc/nowhere").finish());
    unrecorded(run().env("XDG_STATE_HOME", "").env("HOME", "").finish());
}

#[test]
fn when_the_journal_cannot_grow_no_task_begins_any_more_and_the_exit_code_is_3() {
    let home = Home::new();
    let place = tempfile::tempdir().expect("a folder");
    // Files of up to 64 KiB: the journal is longer after some of the tasks.
    let script =
        "trap '' XFSZ; ulimit -f 64; exec \"$0\" run --progress plain -j1 -- sh -c 'echo $0 >> ledger' ::: $(seq 200)";
    let run = Run::program("/bin/bash", ["-c", script, crate::common::POOLTOP])
        .env("XDG_STATE_HOME", home.0.path().to_str().expect("a readable path"));
    let finished = run.dir(place.path()).finish().expect_code(3);
    let told = finished.err();
    assert!(told.contains("write the journal") && told.contains("File too large"), "{told}");
    let ledger = fs::read_to_string(place.path().join("ledger")).expect("some tasks were done");
    let done = ledger.lines().count();
    assert!(done < 200, "it went on without a record");
    // Whatever was done is known to have been begun.
    let text = fs::read_to_string(home.only().join("journal.jsonl")).expect("a journal");
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let begun = lines.filter_map(|event| {
        Some(event.get("tasks")?.as_array()?.len()).filter(|_| event["event"] == "tasks_dispatched")
    });
    let begun: usize = begun.sum();
    assert!(begun >= done, "{begun} were begun and {done} done");
}

#[test]
fn a_damaged_or_empty_folder_is_listed_as_what_it_is() {
    let home = Home::new();
    home.pooltop(&["run", "--progress", "none", "--", "true", ":::", "1"]).finish().expect_code(0);
    let journal = home.only().join("journal.jsonl");
    let mut bytes = fs::read(&journal).expect("a journal");
    let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).expect("lines").0 + 20;
    bytes[third] ^= 1;
    bytes.push(b'\n');
    fs::write(&journal, bytes).expect("it can be written");
    fs::create_dir(home.folder().join("20200101-000000-0000")).expect("a folder");
    let runs = home.listed();
    assert_eq!((&runs[0]["outcome"], &runs[0]["damaged_at"]), (&"damaged".into(), &3.into()));
    assert_eq!(runs[1]["outcome"], "no_journal");
    let table = home.pooltop(&["runs"]).finish().out();
    assert!(table.contains("damaged at line 3") && table.contains("no journal"), "{table}");
}
