//! Workers through a launcher: a pool whose workers are somewhere else, for real where an ssh server can be had on this machine.
//! It does not know how they are started; it writes scenarios, looks at the process table, and breaks connections.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::common::processes::{self, Process, children_of, is_alive, send_signal, tagged, wait_for_some};
use crate::common::processes::{wait_until, wait_until_none};
use crate::common::run::{Run, Running};
use crate::common::ssh::Ssh;
use crate::common::{GONE_WITHIN, PATIENCE, POOLTOP};

/// Ignores TERM and leaves processes behind in every way there is: another session, a double fork, the background.
const NASTY: &str = "trap '' TERM; setsid sleep 600 & ( ( setsid sleep 600 & ) & ); sleep 600 & exec sleep 600";

/// A launcher that stays while its worker is there.
const STAYS: [&str; 4] = ["sh", "-c", r#""$@"; exit"#, "launcher"];

/// One that becomes the worker.
const BECOMES: [&str; 4] = ["sh", "-c", r#"exec "$@""#, "launcher"];

/// A folder with a scenario in it.
struct Stage {
    folder: TempDir,
}

impl Stage {
    /// A pool of that size behind that launcher, and more of the file: at least a task.
    fn new<W: AsRef<str>>(size: u32, launcher: &[W], rest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let words = launcher.iter().fold(String::new(), |mut words, word| {
            write!(words, "{}, ", quoted(word.as_ref())).expect("a string takes all");
            words
        });
        let text = format!("[pool]\nsize = {size}\nlauncher = [{words}]\n{rest}");
        std::fs::write(folder.path().join("scenario.toml"), text).expect("a scenario is written");
        Self { folder }
    }

    /// So many tasks of that shell command.
    fn shell<W: AsRef<str>>(size: u32, launcher: &[W], repeat: u32, command: &str) -> Self {
        Self::new(size, launcher, &format!("[[task]]\nrepeat = {repeat}\nshell = {}\n", quoted(command)))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn play(&self, progress: &str) -> Run {
        let words = ["play".into(), self.path("scenario.toml").into_os_string(), "--progress".into(), progress.into()];
        let words: [OsString; 4] = words;
        // Where tasks look for what the test puts there, if they run on this machine.
        Run::pooltop(words).env("STAGE", &self.folder.path().to_string_lossy())
    }
}

/// As TOML has it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The run's workers, wherever in its tree they are.
fn workers(tag: &processes::Tag) -> Vec<Process> {
    let is_worker = |process: &Process| process.command_line.ends_with("worker --stdio") && process.name != "sh";
    tagged(tag).into_iter().filter(is_worker).collect()
}

/// What tasks left asleep. A shell that somebody logs into may sleep a moment as well, for reasons of its own.
fn sleepers(tag: &processes::Tag) -> usize {
    tagged(tag).iter().filter(|process| process.command_line == "sleep 600").count()
}

/// Workers end their tasks in any order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The machine as its workers see it.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the machine has a name");
    name.trim().to_owned()
}

/// The first of them stays until it is killed, in its second attempt it is done at once.
const ONCE_STUCK: &str = "mkdir $STAGE/begun && sleep 600; echo did {}";

#[test]
fn tasks_run_where_the_launcher_leads() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path().canonicalize().expect("it is there");
    let folder = folder.to_str().expect("a plain path");
    let show = "echo $MARK in $PWD; ls -l /proc/self/fd | grep -c socket:; readlink /proc/self/fd/0; echo host $(cat /proc/sys/kernel/hostname)";
    let launcher = ["env", "-C", folder, "MARK=a  name; with $everything", "NAME WITH SPACES=1"];
    let stage = Stage::shell(2, &launcher, 3, show);
    let run = stage.play("plain").finish().expect_code(0);
    let expected = format!("a name; with $everything in {folder}\n0\n/dev/null\nhost {}\n", host());
    assert_eq!(run.out(), expected.repeat(3), "{}", run.err());
    assert!(run.err().contains(&format!(" on {}\n", host())), "{}", run.err());
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn words_of_a_launcher_stay_words() {
    let script = r#"cd "$1" && shift && MARK="$1" && shift && export MARK && exec "$@""#;
    let elsewhere = tempfile::Builder::new().prefix("with spaces ").tempdir().expect("a folder");
    let folder = elsewhere.path().to_str().expect("a plain path");
    let stage = Stage::shell(1, &["sh", "-c", script, "launcher", folder, "*"], 1, "echo \"$MARK\" in \"$PWD\"");
    let run = stage.play("none").finish().expect_code(0);
    assert_eq!(run.out(), format!("* in {folder}\n"));
}

#[test]
fn tasks_get_the_limits_their_user_has_in_a_session_without_a_terminal() {
    let command = "ulimit -n; grep SigBlk /proc/self/status; cut -d ' ' -f 6 /proc/self/stat; echo $PPID";
    let stage = Stage::shell(1, &BECOMES, 1, command);
    let start = "ulimit -n 256; exec \"$0\" play --progress none \"$1\"";
    let file = stage.path("scenario.toml").into_os_string();
    let words: [OsString; 4] = ["-c".into(), start.into(), POOLTOP.into(), file];
    let run = Run::program("/bin/sh", words).finish().expect_code(0);
    let out = run.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[..2], ["256", "SigBlk:\t0000000000000000"], "{out}");
    // The launcher, which became the worker, leads the session; a new session has no terminal.
    assert_eq!(lines[2], lines[3], "{out}");
}

#[test]
fn what_a_launcher_prints_first_is_skipped() {
    let welcome = "for n in 1 2 3 4 5 6 7 8 9 10; do echo \"welcome, line $n\"; done; ";
    let script = format!("{welcome} head -c 5120 /dev/zero | tr '\\0' x; exec \"$@\"");
    let stage = Stage::shell(2, &["sh", "-c", &script, "launcher"], 4, "echo did {}");
    let run = stage.play("none").finish().expect_code(0);
    assert_eq!(sorted(&run.out()), ["did 1", "did 2", "did 3", "did 4"]);
}

#[test]
fn whoever_only_prints_is_no_worker() {
    let stage = Stage::shell(1, &["sh", "-c", "yes welcome"], 1, "echo never");
    let run = stage.play("plain").finish().expect_code(1);
    let err = run.err();
    assert!(err.contains("no worker's greeting within the first 64 KiB of what it printed"), "{err}");
    assert!(err.contains("no more workers are started: 5 could not be kept alive"), "{err}");
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn a_launcher_that_dies_at_once_is_given_up_with_its_last_words() {
    let stage = Stage::shell(1, &["sh", "-c", "echo no way to that machine >&2; exit 3"], 2, "echo never");
    let run = stage.play("plain").finish().expect_code(1);
    let err = run.err();
    let told = "no more workers are started: 5 could not be kept alive; the last one: worker 1 (PID ";
    assert!(
        err.contains(told) && err.contains(" exited with status 3; its last words: no way to that machine"),
        "{err}"
    );
    assert!(run.stdout.is_empty());
    wait_until_none(&run.tag, GONE_WITHIN);
}

#[test]
fn a_launcher_that_is_not_there_is_named() {
    let stage = Stage::shell(2, &["/nonexistent/launcher", "host"], 1, "echo never");
    let run = stage.play("plain").finish().expect_code(1);
    let err = run.err();
    assert!(err.contains("cannot start the launcher /nonexistent/launcher: No such file or directory"), "{err}");
    assert!(err.contains("no more workers are started"), "{err}");
}

#[test]
fn a_program_that_a_shell_could_misread_is_refused() {
    let rest = "program = \"pooltop; rm -rf x\"\n[[task]]\nnothing = true\n";
    let run = Stage::new(1, &["ssh", "host"], rest).play("plain").finish().expect_code(2);
    assert!(run.err().contains("\"pooltop; rm -rf x\" cannot be named through a launcher"), "{}", run.err());
}

#[test]
fn a_launcher_that_dies_in_the_middle_costs_an_attempt_and_no_task() {
    let stage = Stage::shell(1, &STAYS, 2, ONCE_STUCK);
    let run = stage.play("plain").start();
    wait_until(|| sleepers(run.tag()) == 1, "the first task is stuck", PATIENCE);
    let [worker] = &workers(run.tag())[..] else { panic!("one worker") };
    let launcher = children_of(run.pid()).into_iter().find(|process| process.name == "sh").expect("the launcher");
    assert_eq!(worker.parent, launcher.pid);
    assert!(send_signal(launcher.pid, Signal::SIGKILL));
    let finished = run.finish().expect_code(0);
    let (out, err) = (finished.out(), finished.err());
    let lost =
        format!("(PID {} on {}) lost: launcher killed by SIGKILL while holding it, attempt 1 of 3", worker.pid, host());
    assert!(err.contains(&lost) && err.contains("attempt 2 follows"), "{err}");
    assert!(err.contains("2 of 2 done, 1 workers lost"), "{err}");
    assert_eq!(sorted(&out), ["did 1", "did 2"]);
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn a_worker_that_dies_takes_its_launcher_along() {
    let stage = Stage::shell(1, &STAYS, 2, ONCE_STUCK);
    let run = stage.play("plain").start();
    wait_until(|| sleepers(run.tag()) == 1, "the first task is stuck", PATIENCE);
    assert!(send_signal(workers(run.tag())[0].pid, Signal::SIGKILL));
    let finished = run.finish().expect_code(0);
    assert!(finished.err().contains("2 of 2 done, 1 workers lost"), "{}", finished.err());
    wait_until_none(&finished.tag, GONE_WITHIN);
}

fn nasty<W: AsRef<str>>(launcher: &[W]) -> (Stage, Running) {
    let stage = Stage::shell(2, launcher, 4, NASTY);
    let run = stage.play("plain").start();
    wait_until(|| sleepers(run.tag()) >= 8, "all tasks have left their processes", PATIENCE);
    (stage, run)
}

#[test]
fn nothing_is_left_elsewhere_when_the_parent_is_killed() {
    for launcher in [STAYS, BECOMES] {
        let (_stage, run) = nasty(&launcher);
        assert!(send_signal(run.pid(), Signal::SIGKILL));
        wait_until_none(run.tag(), GONE_WITHIN);
    }
}

#[test]
fn a_launcher_that_never_listens_ends_with_the_parent() {
    let stage = Stage::shell(2, &["sh", "-c", "trap '' TERM HUP; exec sleep 600"], 1, "echo never");
    let run = stage.play("plain").start();
    wait_until(|| sleepers(run.tag()) == 2, "the launchers sleep", PATIENCE);
    assert!(send_signal(run.pid(), Signal::SIGKILL));
    wait_until_none(run.tag(), GONE_WITHIN);
}

#[test]
fn a_run_that_is_stopped_stops_elsewhere_too() {
    let stage = Stage::shell(2, &STAYS, 4, NASTY);
    let run = stage.play("plain").env("POOLTOP_GRACE", "300ms").start();
    wait_until(|| sleepers(run.tag()) >= 8, "all tasks have left their processes", PATIENCE);
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    assert!(finished.err().contains("2 interrupted, 2 not begun"), "{}", finished.err());
    wait_until_none(&finished.tag, GONE_WITHIN);
}

#[test]
fn output_that_is_too_long_to_travel_is_cut_and_says_so() {
    let stage = Stage::shell(1, &BECOMES, 1, "head -c 100000 /dev/zero; head -c 66000 /dev/zero >&2");
    let run = stage.play("plain").finish().expect_code(0);
    assert_eq!(run.stdout.len(), 64 << 10);
    assert_eq!(run.err().matches('\0').count(), 64 << 10);
    let told = format!("output cut: {} bytes were not brought back from {}", 100_000 + 66_000 - (128 << 10), host());
    assert!(run.err().contains(&told), "{}", run.err().replace('\0', ""));
}

#[test]
fn processes_of_another_machine_are_not_measured_on_this_one() {
    let stage = Stage::shell(1, &BECOMES, 1, "sleep 2.2");
    let run = stage.play("json").finish().expect_code(0);
    let out = run.out();
    assert!(out.contains("\"event\":\"ticked\""), "{out}");
    let sampled = out.lines().filter(|line| line.contains("\"event\":\"sampled\""));
    for line in sampled {
        assert!(line.contains("\"samples\":[]"), "{line}");
    }
}

/// What `worker_ready` said: the machines and the workers' processes on them.
fn ready(out: &str) -> Vec<(String, i32)> {
    let events = out.lines().filter(|line| line.contains("\"event\":\"worker_ready\""));
    let events = events.map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let number = |event: &serde_json::Value| i32::try_from(event["pid"].as_i64().expect("a PID")).expect("a PID");
    events.map(|event| (event["host"].as_str().expect("a host").to_owned(), number(&event))).collect()
}

#[test]
fn a_pool_over_ssh_does_its_work_on_the_other_side() {
    let ssh = Ssh::start();
    let gate = tempfile::tempdir().expect("a folder");
    let open = gate.path().join("open");
    let command = format!("until test -e {}; do sleep 0.05; done; echo did {{}} as $PPID", open.display());
    let stage = Stage::shell(2, &ssh.launcher(), 5, &command);
    let run = stage.play("json").start();
    let out = run.wait_for_output(|out| ready(out).len() == 2, "both workers said hello");
    let there = ready(&out);
    for (host_told, pid) in &there {
        assert_eq!(*host_told, host());
        let process = Process::read(*pid).expect("the process that was told of");
        assert!(process.command_line.ends_with("worker --stdio"), "{process}");
        assert!(!children_of(run.pid()).iter().any(|child| child.pid == *pid), "{process}");
    }
    std::fs::write(&open, "").expect("the gate is opened");
    let finished = run.finish().expect_code(0);
    let ended = finished.out().lines().filter(|line| line.contains("\"attempt_ended\"")).count();
    assert_eq!(ended, 5, "{}", finished.out());
    wait_until(|| there.iter().all(|(_, pid)| !is_alive(*pid)), "the workers are gone", GONE_WITHIN);
    wait_until(|| ssh.sessions().is_empty(), "the sessions are over", GONE_WITHIN);
}

#[test]
fn what_is_printed_over_ssh_comes_back() {
    let ssh = Ssh::start();
    let stage = Stage::shell(3, &ssh.launcher(), 5, "echo out {}; echo err {} >&2; test -n \"$SSH_CONNECTION\"");
    let run = stage.play("none").finish().expect_code(0);
    for (stream, text) in [("out", run.out()), ("err", run.err())] {
        assert_eq!(sorted(&text), (1..=5).map(|n| format!("{stream} {n}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_lost_connection_is_noticed_and_its_task_done_again() {
    let ssh = Ssh::start();
    let gate = tempfile::tempdir().expect("a folder");
    let command = ONCE_STUCK.replace("$STAGE", &gate.path().to_string_lossy());
    let stage = Stage::shell(1, &ssh.launcher(), 2, &command);
    let run = stage.play("plain").start();
    let stuck = || tagged(ssh.tag()).into_iter().find(|process| process.command_line == "sleep 600");
    let sleeper = wait_for_some(stuck, "the first task is stuck", PATIENCE);
    let [session] = &ssh.sessions()[..] else { panic!("one session") };
    assert!(send_signal(session.pid, Signal::SIGKILL));
    let finished = run.finish().expect_code(0);
    let (out, err) = (finished.out(), finished.err());
    assert_eq!(sorted(&out), ["did 1", "did 2"], "{err}");
    assert!(err.contains(&format!(" on {}) lost: launcher exited with status 255", host())), "{err}");
    assert!(err.contains("attempt 2 follows") && err.contains("2 of 2 done, 1 workers lost"), "{err}");
    wait_until(|| !is_alive(sleeper.pid), "what ran there is gone", GONE_WITHIN);
}

#[test]
fn nothing_is_left_on_the_other_side_when_the_parent_is_killed() {
    let ssh = Ssh::start();
    let stage = Stage::shell(2, &ssh.launcher(), 2, NASTY);
    let run = stage.play("plain").start();
    wait_until(|| sleepers(ssh.tag()) >= 8, "all tasks have left their processes", PATIENCE);
    assert!(send_signal(run.pid(), Signal::SIGKILL));
    wait_until_none(run.tag(), GONE_WITHIN);
    wait_until(|| sleepers(ssh.tag()) == 0 && workers(ssh.tag()).is_empty(), "nothing is left there", GONE_WITHIN);
}

#[test]
fn an_ssh_that_cannot_log_in_says_why() {
    let ssh = Ssh::start();
    let mut launcher = ssh.launcher();
    let key = launcher.iter().position(|word| word == "-i").expect("a key is named") + 1;
    "/nonexistent/key".clone_into(&mut launcher[key]);
    let run = Stage::shell(2, &launcher, 1, "echo never").play("plain").finish().expect_code(1);
    let err = run.err();
    assert!(err.contains("no more workers are started") && err.contains("Permission denied (publickey"), "{err}");
}
