//! What surrounds the program: who started it and with what ignored, who reads what it prints, and who holds its descriptors.
//! It does not know the program's insides; it makes the surroundings and looks at what happens.

use std::io::Read as _;
use std::os::fd::OwnedFd;

use nix::sys::signal::Signal;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::common::gate::Gate;
use crate::common::processes::{self, Process, children_of, is_alive, send_signal, wait_for_some, wait_until};
use crate::common::processes::{tagged, wait_until_none};
use crate::common::run::{Run, Running};
use crate::common::{GONE_WITHIN, PATIENCE, POOLTOP};

fn ignoring(signal: &str, args: &[&str]) -> Run {
    let ignore = format!("--ignore-signal={signal}");
    let args = [&[ignore.as_str(), POOLTOP][..], args].concat();
    Run::program("/usr/bin/env", args)
}

/// The copy of a worker's end of its socket, as if a process it was about to start held it.
fn socket_of(worker: i32) -> OwnedFd {
    let pid = rustix::process::Pid::from_raw(worker).expect("a PID");
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).expect("the worker is there");
    let is_socket = |fd: &i32| {
        std::fs::read_link(format!("/proc/{worker}/fd/{fd}"))
            .is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    let fd = (3..64).find(is_socket).expect("the worker has a socket");
    pidfd_getfd(pidfd, fd, PidfdGetfdFlags::empty()).expect("a child's descriptor can be copied")
}

fn the_worker(run: &Running) -> i32 {
    let worker = |process: &Process| process.name.starts_with("pooltop") && !process.is_zombie();
    wait_for_some(|| children_of(run.pid()).into_iter().find(worker), "a worker", PATIENCE).pid
}

/// The commands of that name that run.
fn commands(run: &Running, name: &str) -> Vec<Process> {
    tagged(run.tag()).into_iter().filter(|process| process.name == name).collect()
}

/// Tasks that wait at a gate: the run is over no sooner than the test wants it to be, however slow the machine.
struct Gated {
    gate: Gate,
    _folder: tempfile::TempDir,
}

impl Gated {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { gate: Gate::at(folder.path().join("gate")), _folder: folder }
    }

    /// The arguments for so many tasks that wait, after these.
    fn args<'a>(&'a self, args: &[&'a str], tasks: usize) -> Vec<&'a str> {
        let command = ["--", "sh", "-c", "read _ < \"$0\"", self.gate.name(), "{}", ":::"];
        [&["run"][..], args, &command, &["a task", "another", "a third"][..tasks]].concat()
    }

    /// Starts it, and waits until so many of its tasks run.
    #[track_caller]
    fn started(&self, args: &[&str], tasks: usize, running: usize) -> Running {
        let run = Run::pooltop(self.args(args, tasks)).start();
        wait_until(|| commands(&run, "sh").len() == running, "the tasks run", PATIENCE);
        run
    }
}

#[test]
fn an_ignored_sigchld_hides_no_end() {
    let run = ignoring("CHLD", &["run", "-j2", "--progress", "plain", "--", "sh", "-c", "exit {}", ":::", "0", "3"])
        .finish()
        .expect_code(1);
    assert!(run.err().contains("1 of 2 done, 1 failed") && run.err().contains("exit 3"), "{}", run.err());
}

#[test]
fn nohup_means_no_hang_up() {
    let gated = Gated::new();
    let run = ignoring("HUP", &gated.args(&["-j1", "--progress", "plain"], 3)).start();
    run.wait_for_errors(|errors| errors.contains("worker 1 started"), "the worker is up");
    run.signal(Signal::SIGHUP);
    gated.gate.open();
    let finished = run.finish().expect_code(0);
    assert!(!finished.err().contains("draining"), "{}", finished.err());
}

#[test]
fn children_the_program_did_not_start_are_left_alone() {
    let script = "sleep 600 & exec \"$0\" run -j1 --recycle-after 1 --progress none -- echo ::: 1 2 3 4";
    let run = Run::program("/bin/sh", ["-c", &format!("({script}) 2>&1 | cat"), POOLTOP]).start();
    run.wait_for_output(|out| out == "1\n2\n3\n4\n", "the run is through");
    let alive = wait_for_some(|| commands(&run, "sleep").pop(), "the shell's own child still sleeps", PATIENCE);
    assert!(is_alive(alive.pid));
    send_signal(alive.pid, Signal::SIGKILL);
    run.finish().expect_code(0);
}

/// Fills a pipe nobody reads, and waits until the program is stuck in it.
fn stuck(args: &[&str]) -> (Running, std::io::PipeReader) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let run = Run::pooltop(args.iter().copied()).output(writer).start();
    let pid = run.pid();
    let blocked = move || {
        let wchan = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/wchan")).unwrap_or_default();
        wchan.contains("pipe_write")
    };
    wait_until(blocked, "the program waits for its reader", PATIENCE);
    (run, reader)
}

#[test]
fn a_reader_that_does_not_read_cannot_keep_the_program_from_ending() {
    let (run, _reader) = stuck(&[
        "run",
        "-j2",
        "--progress",
        "none",
        "--shell",
        "--",
        // The last one is still at it when the signal comes, however late.
        "head -c 200000 /dev/zero; sleep {}",
        ":::",
        "0.01",
        "0.02",
        "600",
    ]);
    let before = processes::tagged(run.tag()).len();
    assert!(before >= 1);
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn a_reader_that_is_late_gets_everything() {
    let inputs = ["1"; 100];
    let args =
        [&["run", "-j4", "--progress", "none", "--shell", "--", "head -c 60000 /dev/zero #", ":::"][..], &inputs];
    let (run, mut reader) = stuck(&args.concat());
    // The run is over when its workers are gone; what they printed is not yet.
    wait_until(|| children_of(run.pid()).iter().all(Process::is_zombie), "the workers have left", PATIENCE);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).expect("the pipe is read");
    assert_eq!(bytes.len(), 100 * 60_000);
    run.finish().expect_code(0);
}

#[test]
fn a_dead_workers_socket_that_somebody_holds_hides_no_death() {
    let gated = Gated::new();
    let run = gated.started(&["-j1", "--progress", "plain"], 1, 1);
    let worker = the_worker(&run);
    let held = socket_of(worker);
    assert!(send_signal(worker, Signal::SIGKILL));
    run.wait_for_errors(|errors| errors.contains("attempt 2 follows"), "the death is noticed");
    run.signal(Signal::SIGINT);
    run.finish().expect_code(4);
    drop(held);
}

#[test]
fn garbage_is_the_end_of_whoever_talks_it_and_of_nobody_else() {
    let gated = Gated::new();
    let run = gated.started(&["-j1", "--progress", "plain"], 3, 1);
    let worker = the_worker(&run);
    let garbage = b"\xff\xff\xff\xffgarbage";
    nix::unistd::write(socket_of(worker), garbage).expect("the socket takes it");
    run.wait_for_errors(
        |errors| errors.contains("killed: it cannot be understood: a frame claims 4294967295 bytes"),
        "the garbage is noticed",
    );
    gated.gate.open();
    let finished = run.finish().expect_code(0);
    assert!(finished.err().contains("3 of 3 done"), "{}", finished.err());
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn a_lie_is_the_end_of_whoever_tells_it() {
    let gated = Gated::new();
    let run = gated.started(&["-j1", "--progress", "plain"], 2, 1);
    let worker = the_worker(&run);
    let lie = pooltop::wire::Report::Returned { tasks: vec![pooltop::task::TaskId(1)] };
    let frame = pooltop::wire::encode(&pooltop::wire::FromWorker::Reports(vec![lie])).expect("it is short");
    nix::unistd::write(socket_of(worker), &frame).expect("the socket takes it");
    run.wait_for_errors(|errors| errors.contains("killed: it claims what cannot be"), "the lie is noticed");
    gated.gate.open();
    let finished = run.finish().expect_code(0);
    assert!(finished.err().contains("2 of 2 done"), "{}", finished.err());
}

#[test]
fn control_z_freezes_program_and_tasks_and_what_follows_goes_on() {
    let gated = Gated::new();
    let run = gated.started(&["-j2", "--progress", "plain"], 2, 2);
    run.signal(Signal::SIGTSTP);
    let state = |pid: i32| Process::read(pid).map_or('?', |process| process.state);
    wait_until(|| state(run.pid()) == 'T', "the program is stopped", PATIENCE);
    let frozen = || commands(&run, "sh").iter().filter(|task| task.state == 'T').count() == 2;
    wait_until(frozen, "the tasks are frozen", PATIENCE);
    run.signal(Signal::SIGCONT);
    gated.gate.open();
    run.finish().expect_code(0);
}

#[test]
fn a_worker_that_was_stopped_and_goes_on_gets_tasks_again() {
    // With samples, as JSON has them: the kernel's word that it is stopped must not outlive the stop.
    let gated = Gated::new();
    let run = gated.started(&["-j1", "--progress", "json"], 3, 1);
    let worker = the_worker(&run);
    assert!(send_signal(worker, Signal::SIGSTOP));
    run.wait_for_output(|out| out.contains("\"stopped\":true"), "a sample says so");
    assert!(send_signal(worker, Signal::SIGCONT));
    gated.gate.open();
    run.finish().expect_code(0);
}

#[test]
fn what_was_told_to_stop_is_not_done_whatever_it_says() {
    let command = "trap 'exit 0' TERM; sleep 600 & wait";
    let run = Run::pooltop(["run", "-j1", "--timeout", "200ms", "--progress", "plain", "--shell", "--", command, "#"])
        .input("a\n")
        .finish()
        .expect_code(1);
    assert!(run.err().contains("timed out after 0.2 s"), "{}", run.err());
}

#[test]
fn tasks_get_a_broken_pipe_as_their_user_has_it() {
    let command = "yes 2>&1 | head -n 1; umask; grep SigIgn /proc/self/status";
    let run = Run::program(
        "/bin/sh",
        ["-c", "umask 027; exec \"$0\" run --progress none --shell -- \"$1\" '#' ::: x", POOLTOP, command],
    )
    .finish()
    .expect_code(0);
    let out = run.out();
    let ignored = out.strip_prefix("y\n0027\nSigIgn:\t").unwrap_or_else(|| panic!("{out}")).trim();
    let ignored = u64::from_str_radix(ignored, 16).expect("a set of signals");
    assert_eq!(ignored >> (Signal::SIGPIPE as i32 - 1) & 1, 0, "{out}");
}

#[test]
fn a_pool_in_a_task_of_a_pool_is_a_task_like_another() {
    let inner = "\"$POOLTOP_BINARY\" run -j2 --progress none -k -- echo {} ::: a b; exit $?";
    let run = Run::pooltop(["run", "-j2", "-k", "--progress", "none", "--shell", "--", inner, "#"])
        .env("POOLTOP_BINARY", POOLTOP)
        .input("1\n2\n3\n")
        .finish()
        .expect_code(0);
    assert_eq!(run.out(), "1 a\n1 b\n2 a\n2 b\n3 a\n3 b\n", "{}", run.err());
    wait_until_none(&run.tag, GONE_WITHIN);
}
