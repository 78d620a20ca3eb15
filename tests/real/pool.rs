//! The pool on real children: what dies is noticed, what it held is done again or named, and nothing is left behind.
//! It does not know the pool's insides: it starts the program, sends signals, and looks at the process table.

use nix::sys::signal::Signal;

use crate::common::gate::Gate;
use crate::common::processes::{
    self, Tag, children_of, is_alive, send_signal, wait_for_some, wait_until, wait_until_none,
};
use crate::common::run::{Run, Running};
use crate::common::{GONE_WITHIN, PATIENCE, numbers};

/// Ignores TERM and leaves processes behind in every way there is: another session, a double fork, the background.
const NASTY: &str = "trap '' TERM; setsid sleep 600 & ( ( setsid sleep 600 & ) & ); sleep 600 & exec sleep 600";

/// The workers that are there: children of the parent that run this very program.
fn workers(run: &Running) -> Vec<i32> {
    let worker = |process: &processes::Process| process.name.starts_with("pooltop") && !process.is_zombie();
    children_of(run.pid()).into_iter().filter(worker).map(|process| process.pid).collect()
}

/// All processes below that one.
fn below(pid: i32) -> Vec<i32> {
    let children = children_of(pid).into_iter().map(|child| child.pid);
    children.flat_map(|child| std::iter::once(child).chain(below(child)).collect::<Vec<i32>>()).collect()
}

fn sleepers(tag: &Tag) -> usize {
    processes::tagged(tag).iter().filter(|process| process.name == "sleep").count()
}

fn nasty(jobs: &str) -> Running {
    Run::pooltop(["run", jobs, "--grace", "300ms", "--progress", "plain", "--shell", "--", NASTY, "#"])
        .input("1\n2\n3\n4\n5\n6\n7\n8\n")
        .start()
}

#[test]
fn killed_workers_lose_no_task_and_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::at(folder.path().join("gate"));
    let script = "read _ < \"$0\"; echo did {}";
    let run = Run::pooltop(["run", "-j4", "--progress", "plain", "--", "sh", "-c", script, gate.name()])
        .input(numbers(1..=24))
        .start();
    gate.admit(1);
    run.wait_for_errors(|errors| errors.contains("done"), "the first task is done");
    let at_work = || workers(&run).into_iter().filter(|&worker| children_of(worker).len() == 1).collect::<Vec<i32>>();
    wait_until(|| at_work().len() == 4, "all hold a task", PATIENCE);
    let killed: Vec<i32> = at_work().into_iter().take(2).collect();
    for pid in &killed {
        assert!(send_signal(*pid, Signal::SIGKILL));
    }
    gate.open();
    let finished = run.finish().expect_code(0);
    let (out, err) = (finished.out(), finished.err());
    for n in 1..=24 {
        assert_eq!(out.lines().filter(|line| *line == format!("did {n}")).count(), 1, "task {n}\n{out}\n{err}");
    }
    for pid in killed {
        assert!(err.contains(&format!("(PID {pid}) killed by SIGKILL")), "{err}");
    }
    assert!(err.contains("killed by SIGKILL while holding it, attempt 1 of 3; attempt 2 follows"), "{err}");
    assert!(err.contains("24 of 24 done, 2 workers lost"), "{err}");
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn nothing_is_left_when_the_parent_is_killed() {
    let run = nasty("-j4");
    wait_until(|| sleepers(run.tag()) >= 16, "all tasks have left their processes", PATIENCE);
    assert!(send_signal(run.pid(), Signal::SIGKILL));
    wait_until_none(run.tag(), GONE_WITHIN);
}

#[test]
fn nothing_is_left_when_workers_and_then_the_parent_are_killed() {
    let run = nasty("-j4");
    wait_until(|| sleepers(run.tag()) >= 16, "all tasks have left their processes", PATIENCE);
    let killed: Vec<i32> = workers(&run).into_iter().take(2).collect();
    // What they started must be gone as well before the parent is: it ends that, and nobody else would.
    let theirs: Vec<i32> = killed.iter().flat_map(|&pid| below(pid)).chain(killed.iter().copied()).collect();
    for pid in &killed {
        assert!(send_signal(*pid, Signal::SIGKILL));
    }
    wait_until(
        || theirs.iter().all(|&pid| !is_alive(pid)),
        "the killed workers and all of theirs are gone",
        GONE_WITHIN,
    );
    assert!(send_signal(run.pid(), Signal::SIGKILL));
    wait_until_none(run.tag(), GONE_WITHIN);
}

#[test]
fn a_stopped_worker_still_cleans_up_when_the_parent_is_killed() {
    let run = nasty("-j2");
    wait_until(|| sleepers(run.tag()) >= 8, "all tasks have left their processes", PATIENCE);
    for pid in workers(&run) {
        assert!(send_signal(pid, Signal::SIGSTOP));
    }
    assert!(send_signal(run.pid(), Signal::SIGKILL));
    wait_until_none(run.tag(), GONE_WITHIN);
}

#[test]
fn term_ends_everything_within_the_grace_period() {
    let run = nasty("-j4");
    wait_until(|| sleepers(run.tag()) >= 16, "all tasks have left their processes", PATIENCE);
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    assert!(finished.err().contains("4 interrupted, 4 not begun"), "{}", finished.err());
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn the_second_signal_is_immediate() {
    let run = Run::pooltop(["run", "-j2", "--grace", "600s", "--progress", "plain", "--shell", "--", NASTY, "#"])
        .input("1\n2\n3\n")
        .start();
    wait_until(|| sleepers(run.tag()) >= 8, "all tasks have left their processes", PATIENCE);
    run.signal(Signal::SIGTERM);
    run.wait_for_errors(|errors| errors.contains("stopping"), "the run is stopping");
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    let run = Run::pooltop(["run", "-j1", "--progress", "none", "--shell", "--", "setsid sleep 600 & echo started {}"])
        .input("1\n2\n3\n")
        .finish()
        .expect_code(0);
    assert_eq!(run.out(), "started 1\nstarted 2\nstarted 3\n");
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn a_silent_worker_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::at(folder.path().join("gate"));
    let command = ["--", "sh", "-c", "read _ < \"$0\"", gate.name(), "{}", ":::", "a"];
    let run = Run::pooltop([&["run", "-j2", "--progress", "plain"][..], &command].concat()).start();
    let _ = run.wait_for_errors(|errors| errors.contains("worker 2 started"), "the workers are up");
    let task = || processes::tagged(run.tag()).into_iter().find(|process| process.name == "sh");
    let task = wait_for_some(task, "the task runs", PATIENCE);
    assert!(send_signal(task.parent, Signal::SIGSTOP));
    run.wait_for_errors(|errors| errors.contains("has been silent for "), "its silence is told");
    assert!(send_signal(task.parent, Signal::SIGCONT));
    gate.open();
    run.finish().expect_code(0);
}

#[test]
fn a_crash_loop_is_stopped_with_a_reason() {
    // Every task kills the worker that holds it.
    let run = Run::pooltop(["run", "-j2", "--progress", "plain", "--shell", "--", "kill -9 $PPID; sleep 1", "#"])
        .input("1\n2\n3\n4\n5\n6\n7\n8\n")
        .finish()
        .expect_code(1);
    let err = run.err();
    assert!(err.contains("could not be kept alive; the last one: worker"), "{err}");
    assert!(err.contains("killed by SIGKILL"), "{err}");
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn a_pool_larger_than_the_limit_of_open_files_degrades_and_says_so() {
    let command = "ulimit -n 64; exec \"$0\" run -j60 --progress plain -- sleep 0.02";
    let inputs: String = (0..100).map(|_| "\n0\n").collect();
    let run = Run::program("/bin/sh", ["-c", command, crate::common::POOLTOP]).input(inputs).finish().expect_code(0);
    assert!(run.err().contains("64 open files"), "{}", run.err());
    assert!(run.err().contains("ulimit -n"), "{}", run.err());
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn tasks_get_the_limits_and_signals_their_user_has() {
    let command = "ulimit -n 256; exec \"$0\" run -j1 --progress none --shell -- 'ulimit -n; grep SigBlk /proc/self/status; ls -l /proc/self/fd/0' '#' ::: x";
    let run = Run::program("/bin/sh", ["-c", command, crate::common::POOLTOP]).finish().expect_code(0);
    let out = run.out();
    assert!(out.starts_with("256\n"), "{out}");
    assert!(out.contains("SigBlk:\t0000000000000000"), "{out}");
    assert!(out.contains("/dev/null"), "{out}");
}

#[test]
fn a_flood_of_output_is_kept_whole_and_costs_no_memory() {
    let bytes = 64 << 20;
    let run = Run::pooltop(["run", "-j1", "--progress", "none", "--", "head", "-c", &bytes.to_string(), "/dev/zero"])
        .input("")
        .start();
    let finished = run.finish();
    // No input, no task: an empty list is no error.
    assert_eq!(finished.code(), 0, "{}", finished.err());
    let run = Run::pooltop([
        "run",
        "-j1",
        "--progress",
        "none",
        "--",
        "head",
        "-c",
        &bytes.to_string(),
        "{}",
        ":::",
        "/dev/zero",
    ])
    .finish()
    .expect_code(0);
    assert_eq!(run.stdout.len(), bytes);
}

#[test]
fn recycled_workers_do_no_more_than_they_may() {
    let run =
        Run::pooltop(["run", "-j2", "--recycle-after", "3", "--progress", "none", "--shell", "--", "echo $PPID", "#"])
            .input(numbers(1..=12))
            .finish()
            .expect_code(0);
    let out = run.out();
    let mut pids: Vec<&str> = out.lines().collect();
    assert_eq!(pids.len(), 12);
    pids.sort_unstable();
    let most = pids.chunk_by(|a, b| a == b).map(<[&str]>::len).max();
    assert!(most <= Some(3), "{out}");
}

#[test]
fn a_task_that_takes_too_long_is_ended_and_says_so() {
    let run = Run::pooltop([
        "run",
        "-j2",
        "--timeout",
        "300ms",
        "--grace",
        "200ms",
        "--progress",
        "plain",
        "--shell",
        "--",
        NASTY,
        "#",
        ":::",
        "a",
    ])
    .finish()
    .expect_code(1);
    assert!(run.err().contains("timed out after 0.3 s"), "{}", run.err());
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn a_failing_task_is_tried_again_as_often_as_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo x >> $0; test $(wc -l < $0) -ge 3";
    let run = Run::pooltop([
        "run",
        "-j1",
        "--retries",
        "4",
        "--progress",
        "plain",
        "--",
        "sh",
        "-c",
        script,
        "{}",
        ":::",
        "tries",
    ])
    .dir(folder.path())
    .finish()
    .expect_code(0);
    assert_eq!(std::fs::read_to_string(folder.path().join("tries")).expect("it ran"), "x\nx\nx\n");
    assert!(run.err().contains("attempt 3 follows"), "{}", run.err());
}
