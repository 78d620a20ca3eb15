//! Runs that are killed in their middle and gone on with: what was done stays done, what may have been done is named or done
//! again, nothing is lost. The oracle is a ledger that every task appends to, or the copied tree itself.
//! It does not know how a run is recorded; it counts the journal's lines, and reads them as JSON.
//!
//! The whole sweep over all kill points: `cargo test --test real resume -- --ignored`

#[path = "../copy_engine/compare.rs"]
mod compare;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::gate::Gate;
use crate::common::processes::{self, wait_until};
use crate::common::run::{Finished, Run, Running};
use crate::common::{PATIENCE, numbers};

/// A folder with a journal in it.
struct Stage(tempfile::TempDir);

impl Stage {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().expect("a readable path").to_owned()
    }

    fn lines(&self) -> usize {
        fs::read(self.at("journal")).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
    }

    /// The journal's whole lines but the first.
    fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.at("journal")).expect("a journal");
        text.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event["event"] == name).count()
    }

    /// What comes behind the name of the command, on this journal.
    fn recorded(&self, command: &str, args: &[&str]) -> Run {
        let journal = self.text("journal");
        let head = [command, "--record", &journal, "--progress", "plain"];
        Run::pooltop(head.into_iter().chain(args.iter().copied()).collect::<Vec<_>>()).dir(self.0.path())
    }

    fn resume(&self, args: &[&str]) -> Run {
        let journal = self.text("journal");
        let head = ["resume", &journal, "--progress", "plain"];
        Run::pooltop(head.into_iter().chain(args.iter().copied()).collect::<Vec<_>>())
    }

    /// Waits until the journal has so many lines, or the run has ended.
    fn wait_for_lines(&self, run: &Running, lines: usize) {
        let is_there = || self.lines() >= lines || !processes::is_alive(run.pid());
        wait_until(is_there, "the journal grows", PATIENCE);
    }

    /// Waits until so many of these have happened.
    fn wait_for(&self, event: &str, count: usize) {
        wait_until(|| self.at("journal").exists() && self.count(event) >= count, event, PATIENCE);
    }
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    Parent,
    /// And then its workers, before they can clean up.
    ParentThenWorkers,
    /// And then the parent, before it can tell.
    WorkersThenParent,
}

/// Kills, and waits for the end of all that can end.
fn kill(run: Running, whom: Killed) -> Finished {
    let workers: Vec<i32> = processes::children_of(run.pid()).iter().map(|child| child.pid).collect();
    let kill_workers = || workers.iter().for_each(|pid| _ = processes::send_signal(*pid, Signal::SIGKILL));
    if whom == Killed::WorkersThenParent {
        kill_workers();
    }
    // It may have ended by itself meanwhile.
    processes::send_signal(run.pid(), Signal::SIGKILL);
    if whom == Killed::ParentThenWorkers {
        kill_workers();
    }
    run.finish()
}

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

#[test]
fn a_live_run_is_not_gone_on_with_and_a_finished_one_has_nothing_left() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    let run = stage.recorded("run", &["-j1", "--", "sh", "-c", "read _ < \"$0\"", gate.name(), ":::", "1"]).start();
    stage.wait_for("tasks_dispatched", 1);
    let refused = stage.resume(&[]).finish().expect_code(2);
    let expected = format!("it still goes on (PID {})", run.pid());
    assert!(refused.err().contains(&expected), "{}", refused.err());
    gate.open();
    run.finish().expect_code(0);
    let (lines, nothing) = (stage.lines(), stage.resume(&[]).finish().expect_code(0));
    assert!(nothing.err().contains("nothing is left to do"), "{}", nothing.err());
    assert_eq!(stage.lines(), lines);
}

#[test]
fn what_failed_is_done_again_alone_where_that_is_wanted() {
    let stage = Stage::new();
    let script = "echo $1 >> ran; test -e \"$0$1\"";
    let args =
        ["-j1", "--halt", "soon,fail=2", "--", "sh", "-c", script, "allow", "{}", ":::", "1", "2", "3", "4", "5"];
    stage.recorded("run", &args).finish().expect_code(1);
    fs::write(stage.at("allow1"), "").expect("a file");
    let ran = || fs::read_to_string(stage.at("ran")).expect("a list");
    let begun: Vec<String> = ran().lines().map(str::to_owned).collect();
    assert!(begun.starts_with(&["1".to_owned(), "2".to_owned()]) && begun.len() < 5, "{begun:?}");
    let failed_only = stage.resume(&["--failed-only", "--halt", "never"]).finish().expect_code(1);
    let expected: String = begun.iter().chain(&begun).fold(String::new(), |text, task| text + task + "\n");
    assert_eq!(ran(), expected, "{}", failed_only.err());
    for task in 2..=5 {
        fs::write(stage.at(&format!("allow{task}")), "").expect("a file");
    }
    stage.resume(&["--halt", "never"]).finish().expect_code(0);
    assert!(ran().contains("5\n") && ran().matches("1\n").count() == 2, "{}", ran());
}

#[test]
fn a_list_that_changed_is_refused_by_its_first_difference() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    fs::write(stage.at("list"), "one\ntwo\nthree\n").expect("a list");
    let script = ["-j1", "-a", "list", "--", "sh", "-c", "read _ < \"$0\"; echo {} >> ran", gate.name()];
    let run = stage.recorded("run", &script).start();
    stage.wait_for("source_closed", 1);
    kill(run, Killed::Parent);
    let refused = |list: &str| {
        fs::write(stage.at("list"), list).expect("a list");
        stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(2).err()
    };
    let err = refused("one\nzwei\nthree\n");
    assert!(err.contains("input 2 was `two`, now it is `zwei`; resume needs the list the run began with"), "{err}");
    assert!(refused("one\n").contains("input 2 was `two`, now the list ends before it"));
    assert!(refused("one\ntwo\nthree\nfour\n").contains("there were 3 inputs, now `four` follows them"));
    fs::write(stage.at("list"), "one\ntwo\nthree\n").expect("a list");
    gate.open();
    stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "one\ntwo\nthree\n");
}

#[test]
fn a_list_that_was_not_read_to_its_end_is_asked_for_again() {
    let stage = Stage::new();
    // Somebody who has more to say holds the pipe open.
    let script = "(echo one; read _ < gate) | exec \"$0\" \"$@\"";
    let gate = Gate::at(stage.at("gate"));
    let journal = stage.text("journal");
    let words = ["run", "--record", &journal, "--progress", "plain", "-j1", "--", "sh", "-c", "echo {} >> ran"];
    let args: Vec<&str> = ["-c", script, crate::common::POOLTOP].into_iter().chain(words).collect();
    let run = Run::program("/bin/bash", args).dir(stage.0.path()).start();
    stage.wait_for("attempt_ended", 1);
    let start = stage.events().into_iter().find(|event| event["event"] == "run_started").expect("a start");
    let pid = i32::try_from(start["pid"].as_i64().expect("a PID")).expect("small");
    assert!(processes::send_signal(pid, Signal::SIGKILL));
    gate.open();
    run.finish();
    let other = stage.resume(&[]).input("zwei\n").finish().expect_code(2).err();
    assert!(other.contains("it had read 1 input and not its list to the end"), "{other}");
    assert!(other.contains("input 1 was `one`, now it is `zwei`"), "{other}");
    stage.resume(&[]).input("one\ntwo\n").finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "one\ntwo\n");
}

#[test]
fn a_scenario_that_changed_is_refused_and_one_that_did_not_is_gone_on_with() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    let text =
        "title = \"t\"\n[[task]]\nname = \"n\"\nrun = [\"sh\", \"-c\", \"read _ < gate; echo x >> ran\"]\nrepeat = 3\n";
    fs::write(stage.at("s.toml"), text).expect("a scenario");
    let run = stage.recorded("play", &["-j1", "s.toml"]).start();
    stage.wait_for("tasks_dispatched", 1);
    gate.admit(1);
    stage.wait_for("attempt_ended", 1);
    kill(run, Killed::Parent);
    gate.open();
    fs::write(stage.at("s.toml"), format!("{text}# more\n")).expect("a scenario");
    let refused = stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(2).err();
    assert!(refused.contains("scenario s.toml changed, hash "), "{refused}");
    fs::write(stage.at("s.toml"), text).expect("a scenario");
    stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "x\nx\nx\n");
}

#[test]
fn a_program_with_variables_of_its_own_is_not_gone_on_with() {
    let stage = Stage::new();
    let run = stage.recorded("demo", &["pool-map"]).start();
    stage.wait_for("tasks_dispatched", 1);
    kill(run, Killed::Parent);
    let refused = stage.resume(&[]).finish().expect_code(2).err();
    assert!(refused.contains("its parent's program cannot be gone on with"), "{refused}");
}

/// Everything in a folder that is a file, with what tells one copy from another.
fn copies(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let meta = fs::symlink_metadata(&path).expect("it is there");
            if meta.is_dir() {
                waiting.push(path);
            } else {
                all.insert(path, (meta.ino(), meta.ctime(), meta.ctime_nsec()));
            }
        }
    }
    all
}

fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(pooltop::worker::copy::is_leftover)
}

/// Enough that a copy is not over before it is killed.
fn large_tree(at: &Path) {
    for folder in 0..60 {
        let folder = at.join(format!("f{}/sub{folder}", folder % 7));
        fs::create_dir_all(&folder).expect("a folder");
        for file in 0..60 {
            fs::write(folder.join(format!("file{file}")), vec![b'x'; 500 + file * 7]).expect("a file");
        }
        fs::hard_link(folder.join("file1"), folder.join("second-name")).expect("a link");
        std::os::unix::fs::symlink("file2", folder.join("symlink")).expect("a link");
    }
    for large in 0..8 {
        fs::write(at.join(format!("large{large}")), vec![b'0' + large; 3 << 20]).expect("a file");
    }
}

/// Kills a copy when so many of its tasks have ended, goes on, and compares.
fn copy_killed_after(tasks: usize, whom: Killed) {
    let stage = Stage::new();
    large_tree(&stage.at("src"));
    let run = stage.recorded("copy", &["-j2", "src", "dst"]).start();
    wait_until(
        || {
            let text = fs::read(stage.at("journal")).unwrap_or_default();
            text.split(|byte| *byte == b'\n').filter(|line| line.windows(13).any(|it| it == b"attempt_ended")).count()
                >= tasks
        },
        "so many tasks have ended",
        PATIENCE,
    );
    kill(run, whom);
    assert_eq!(stage.count("run_ended"), 0, "it was over before it was killed");
    // As much as had its name; leftovers are renamed by nobody.
    let before: BTreeMap<_, _> = copies(&stage.at("dst")).into_iter().filter(|(path, _)| !is_leftover(path)).collect();
    let foreign = stage.at("dst/.pooltop-notes");
    fs::write(&foreign, "mine").expect("a file");
    let finished = stage.resume(&[]).finish().expect_code(0);
    fs::remove_file(&foreign).expect("nobody else's");
    let after = copies(&stage.at("dst"));
    let left: Vec<_> = after.keys().filter(|path| is_leftover(path)).collect();
    assert!(left.is_empty(), "unfinished copies are left: {left:?}\n{}", finished.err());
    // A hard link to a file changes when it was changed, not which file it is.
    let changed: Vec<_> = before.iter().filter(|(path, was)| after.get(*path).map(|is| is.0) != Some(was.0)).collect();
    assert!(changed.is_empty(), "copied again: {changed:?}\n{}", finished.err());
    let linked = |path: &Path| path.ends_with("file1") || path.ends_with("second-name");
    assert!(before.iter().all(|(path, was)| linked(path) || after[path] == *was), "touched again");
    assert!(!before.is_empty());
    // The file of ours in it has moved the folder's time.
    let times = fs::metadata(stage.at("src")).and_then(|src| Ok(fs::FileTimes::new().set_modified(src.modified()?)));
    fs::File::open(stage.at("dst")).and_then(|dst| dst.set_times(times?)).expect("a time is set");
    compare::assert_same(&stage.at("src"), &stage.at("dst"));
}

#[test]
fn a_copy_that_was_killed_is_whole_in_the_end_and_nothing_is_copied_twice() {
    copy_killed_after(20, Killed::Parent);
    copy_killed_after(90, Killed::ParentThenWorkers);
}

#[test]
#[ignore = "the whole sweep: some minutes"]
fn a_copy_killed_at_many_points() {
    for tasks in (1..250).step_by(15) {
        for whom in [Killed::Parent, Killed::ParentThenWorkers, Killed::WorkersThenParent] {
            copy_killed_after(tasks, whom);
        }
    }
}

#[test]
fn a_copy_that_failed_in_part_is_completed_and_its_folders_are_finished_again() {
    let stage = Stage::new();
    fs::create_dir_all(stage.at("src/sub")).expect("a folder");
    fs::write(stage.at("src/sub/file"), "new").expect("a file");
    fs::create_dir_all(stage.at("dst/src/sub/file")).expect("a folder in the way");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(stage.at("src/sub"))
        .and_then(|folder| folder.set_times(fs::FileTimes::new().set_modified(time)))
        .expect("a time is set");
    stage.recorded("copy", &["src", "dst"]).finish().expect_code(1);
    fs::remove_dir(stage.at("dst/src/sub/file")).expect("out of the way");
    stage.resume(&[]).finish().expect_code(0);
    compare::assert_same(&stage.at("src"), &stage.at("dst/src"));
}

#[test]
fn a_demos_tree_is_made_again_where_it_was_and_goes_with_the_run() {
    let stage = Stage::new();
    let run = stage.recorded("demo", &["default", "--speed", "3"]).start();
    stage.wait_for("attempt_ended", 6);
    kill(run, Killed::Parent);
    let header: Value = fs::read_to_string(stage.at("journal"))
        .ok()
        .and_then(|text| serde_json::from_str(text.lines().next()?).ok())
        .expect("a header");
    let made = PathBuf::from(header["made"][0].as_str().expect("a path"));
    assert!(made.exists(), "a killed run leaves it");
    fs::remove_dir_all(&made).expect("it goes");
    let finished = stage.resume(&["--speed", "1000"]).finish();
    assert!(!made.exists(), "it went with the run");
    let err = finished.err();
    assert!(!err.contains("FAILED  ") || !err.contains("open folder"), "{err}");
    assert_eq!(stage.count("run_ended"), 1, "{err}");
}
