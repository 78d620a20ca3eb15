//! Without a screen: lines, JSON, order, exit codes, and what happens when nobody reads.
//! It does not know how they are made; it reads what is printed.

use nix::sys::signal::Signal;

use crate::common::gate::Gate;
use crate::common::numbers;
use crate::common::processes::wait_until_none;
use crate::common::run::{Finished, Run};

/// The example of the README: every seventh of 200 fails.
fn every_seventh_fails(progress: &str) -> Finished {
    let command = ["run", "-j4", "--progress", progress, "--", "sh", "-c", "sleep 0.01; exit $(({} % 7 == 0))"];
    Run::pooltop(command).input(numbers(1..=200)).finish().expect_code(1)
}

#[test]
fn plain_names_every_failure() {
    let run = every_seventh_fails("plain");
    let err = run.err();
    let failed: Vec<&str> = err.lines().filter(|line| line.contains(" FAILED ")).collect();
    assert_eq!(failed.len(), 28, "{err}");
    for n in (7..=200).step_by(7) {
        let name = format!("exit $(({n} % 7 == 0))");
        assert!(failed.iter().any(|line| line.contains(&name) && line.contains("exit 1, attempt 1")), "{n}\n{err}");
    }
    assert!(err.contains("172 of 200 done, 28 failed"), "{err}");
    assert!(!run.stderr.contains(&0x1b) && run.stdout.is_empty());
}

#[test]
fn json_is_one_event_a_line_and_adds_up() {
    let run = every_seventh_fails("json");
    let out = run.out();
    let events: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(events[0]["event"], "run_started");
    assert_eq!(events.last().expect("events")["event"], "run_ended");
    assert_eq!((count("attempt_ended"), count("task_failed")), (200, 28));
    let times: Vec<u64> = events.iter().map(|event| event["at_us"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted());
    assert!(run.stderr.is_empty(), "{}", run.err());
}

#[test]
fn output_comes_whole_and_in_order_when_told() {
    let script = "echo {}a; sleep 0.0$((RANDOM % 9)); echo {}b";
    let run = Run::pooltop(["run", "-j8", "-k", "--progress", "none", "--", "bash", "-c", script])
        .input(numbers(1..=60))
        .finish()
        .expect_code(0);
    let expected = (1..=60).fold(String::new(), |text, n| text + &format!("{n}a\n{n}b\n"));
    assert_eq!(run.out(), expected);
    assert!(run.stderr.is_empty(), "{}", run.err());
}

#[test]
fn both_streams_stay_apart() {
    let run =
        Run::pooltop(["run", "--progress", "none", "--shell", "--", "echo to-out {}; echo to-err {} >&2", ":::", "1"])
            .finish()
            .expect_code(0);
    assert_eq!((run.out().as_str(), run.err().as_str()), ("to-out 1\n", "to-err 1\n"));
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let command = "yes | head -n 100000 | \"$0\" run -j2 --progress none -- echo | head -n 3; echo ${PIPESTATUS[2]}";
    let run = Run::program("/bin/bash", ["-c", command, crate::common::POOLTOP]).finish().expect_code(0);
    assert_eq!(run.out(), "y\ny\ny\n141\n");
    assert!(run.stderr.is_empty(), "{}", run.err());
    wait_until_none(&run.tag, crate::common::PATIENCE);
}

#[test]
fn usr1_tells_what_runs_and_hup_drains() {
    // All but the first wait for the test, so that something is left to drain however late the signals come.
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::at(folder.path().join("gate"));
    let script = "test {} = 1 || read _ < \"$0\"";
    let run = Run::pooltop(["run", "-j2", "--progress", "plain", "--", "sh", "-c", script, gate.name()])
        .input(numbers(1..=9))
        .start();
    run.wait_for_errors(|errors| errors.contains("done"), "the first task is done");
    run.signal(Signal::SIGUSR1);
    run.wait_for_errors(|errors| errors.contains(" in flight, "), "the answer to USR1");
    run.signal(Signal::SIGHUP);
    run.wait_for_errors(|errors| errors.contains("draining"), "the answer to HUP");
    gate.open();
    let finished = run.finish().expect_code(4);
    let err = finished.err();
    assert!(err.contains("draining") && !err.contains("interrupted   "), "{err}");
    assert!(err.contains("not begun"), "{err}");
}

#[test]
fn halt_follows_gnu_parallels_words() {
    // The first two fail; short tasks that a worker already holds may follow them, and must not be counted in.
    let soon = Run::pooltop([
        "run",
        "-j1",
        "--halt",
        "soon,fail=2",
        "--progress",
        "plain",
        "--",
        "sh",
        "-c",
        "exit $(({} < 3))",
    ])
    .input(numbers(1..=20))
    .finish()
    .expect_code(1);
    assert!(soon.err().contains("2 failed"), "{}", soon.err());
    assert!(soon.err().contains("not begun"), "{}", soon.err());
    let success = Run::pooltop(["run", "-j1", "--halt", "now,success=1", "--progress", "none", "--", "true"])
        .input(numbers(1..=5));
    success.finish().expect_code(0);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let run =
        Run::pooltop(["run", "--progress", "plain", "--", "no-such-program-here", ":::", "x"]).finish().expect_code(1);
    assert!(run.err().contains("cannot run no-such-program-here: no such file or directory"), "{}", run.err());
}

#[test]
fn mistakes_end_with_2_and_a_hint() {
    for (args, hint) in [
        (&["run", "--halt", "x", "--", "true"][..], "soon,fail=3"),
        (&["run", "true", ":::", "a", ":::", "b"], "twice"),
        (&["copy", "/nonexistent-source", "/tmp"], "nonexistent-source"),
        (&["play", "/nonexistent.toml"], "nonexistent.toml"),
        (&["demo", "no-such-demo"], "pooltop demo --list"),
        (&["run", "-a", "/nonexistent-list", "true"], "nonexistent-list"),
        (&["--progress", "tui"], "terminal"),
    ] {
        let run = Run::pooltop(args.iter().copied()).finish().expect_code(2);
        assert!(run.err().contains(hint), "{args:?}: {}", run.err());
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn demos_are_listed_where_nobody_can_choose() {
    let table = Run::pooltop(["demo"]).finish().expect_code(0);
    assert!(table.out().lines().any(|line| line.starts_with("pool-of-four  ")), "{}", table.out());
    assert_eq!(table.out(), Run::pooltop(["demo", "--list"]).finish().expect_code(0).out());
    let names = Run::pooltop(["demo", "--list", "--format", "names"]).finish().expect_code(0);
    assert!(names.out().lines().any(|line| line == "pool-of-four"), "{}", names.out());
    assert_eq!(names.out().lines().count(), table.out().lines().count());
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let hostile = "\x1b]0;owned\x07\u{202e}";
    let run = Run::pooltop(["run", "--progress", "plain", "--", "false", ":::", hostile]).finish().expect_code(1);
    assert!(run.err().contains("FAILED"));
    assert!(!run.err().contains(['\x1b', '\x07', '\u{202e}']), "{:?}", run.err());
}

#[test]
fn inputs_that_are_not_utf8_reach_the_command_as_they_are() {
    let run = Run::pooltop(["run", "-0", "-k", "--progress", "none", "--", "printf", "%s|"])
        .input(b"a\xffb\0c d\0".to_vec())
        .finish();
    assert_eq!(run.expect_code(0).stdout, b"a\xffb|c d|");
}

#[test]
fn a_run_of_which_nothing_is_to_be_told_ends_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tiny.toml");
    std::fs::write(&file, "[[task]]\nrepeat = 1000\nnothing = true\n").expect("a file");
    let run = Run::pooltop(["play".as_ref(), file.as_os_str(), "--progress".as_ref(), "none".as_ref()])
        .finish()
        .expect_code(0);
    assert!(run.stdout.is_empty() && run.stderr.is_empty(), "{}", run.err());
}
