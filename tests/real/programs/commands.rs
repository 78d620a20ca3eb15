//! Commands that functions run: what they find when they start, what they leave behind, and who may end it.
//! It does not know how a command is started.

use nix::sys::signal::Signal;

use super::{play, run_step, shell_step};
use crate::common::gate::Gate;
use crate::common::processes::{is_alive, send_signal, tagged, wait_for_some, wait_until, wait_until_none};
use crate::common::run::Run;
use crate::common::{GONE_WITHIN, PATIENCE, POOLTOP};
use crate::scenarios::play::text;

/// Has a child in a session of its own, and neither heeds what asks it to end.
const STUBBORN: &str = "trap '' TERM INT HUP; echo up; setsid sh -c \"trap '' TERM INT HUP; sleep 600; sleep 601\"";

/// Leaves processes in sessions of their own, and goes on.
const DAEMONS: &str = "(setsid sh -c 'setsid sleep 600 & setsid sleep 601' &); echo up; sleep 602";

/// A scenario that runs the line: in the program's own steps, in a thread of its, in a function or a task in the parent, in
/// a process of its own, in the pool.
fn everywhere(line: &str) -> [String; 6] {
    let step = shell_step(line);
    let function = format!("[function.f]\nsteps = [{step}]\n");
    [
        format!("[parent]\nsteps = [{step}]"),
        format!("[parent]\nsteps = [{{ thread = \"T\", steps = [{step}] }}]"),
        format!("strategy = \"sequential\"\n{function}[[task]]\ncall = \"f\""),
        format!("strategy = \"sequential\"\n[[task]]\nshell = {}", serde_json::to_string(line).expect("JSON")),
        format!("{function}[parent]\nsteps = [{{ start = \"f\" }}]"),
        format!("[pool]\nsize = 1\n{function}[[task]]\ncall = \"f\""),
    ]
}

#[test]
fn no_command_outlives_a_parent_that_is_killed_wherever_it_ran() {
    for line in [STUBBORN, DAEMONS] {
        for scenario in everywhere(line) {
            let playing = play(&scenario);
            let sleeps = || tagged(playing.run.tag()).iter().any(|process| process.name == "sleep");
            wait_until(sleeps, "the command sleeps", PATIENCE);
            playing.run.signal(Signal::SIGKILL);
            wait_until_none(playing.run.tag(), GONE_WITHIN);
        }
    }
}

#[test]
fn no_command_outlives_a_second_signal_wherever_it_ran() {
    for scenario in everywhere(STUBBORN) {
        let playing = play(&format!("grace = \"600s\"\n{scenario}"));
        let sleeps = || tagged(playing.run.tag()).iter().any(|process| process.name == "sleep");
        wait_until(sleeps, "the command sleeps", PATIENCE);
        playing.run.signal(Signal::SIGTERM);
        playing.run.wait_for_output(|out| out.contains("\"stopping\""), "it stops");
        playing.run.signal(Signal::SIGTERM);
        let finished = playing.run.finish().expect_code(4);
        wait_until_none(&finished.tag, GONE_WITHIN);
    }
}

#[test]
fn a_command_finds_the_same_in_the_parent_as_in_a_worker() {
    let steps = [
        run_step(&["grep", "^SigBlk:", "/proc/self/status"]),
        shell_step("ulimit -n; ulimit -Hn; umask; readlink /proc/self/fd/0; ls /proc/self/fd"),
    ]
    .join(", ");
    let play = |scenario: String| {
        let played = text(&scenario);
        played.assert_code(0);
        played.lines()
    };
    let function = format!("[function.f]\nsteps = [{steps}]\n");
    let in_worker = play(format!("{function}[parent]\nsteps = [{{ start = \"f\" }}]"));
    assert_eq!(in_worker[0], "SigBlk:\t0000000000000000");
    assert_eq!(play(format!("[parent]\nsteps = [{steps}]")), in_worker);
    assert_eq!(play(format!("strategy = \"sequential\"\n{function}[[task]]\ncall = \"f\"")), in_worker);
}

#[test]
fn a_command_that_cannot_be_run_is_named_with_the_reason_wherever_it_is() {
    for steps in [
        "[parent]\nsteps = [{ run = [\"/no/such\", \"x\"] }]",
        "[function.f]\nsteps = [{ run = [\"/no/such\", \"x\"] }]\n[parent]\nsteps = [{ start = \"f\" }]",
    ] {
        let played = text(steps);
        played.assert_code(1);
        assert!(played.story().contains("run: cannot run /no/such: no such file or directory"), "{}", played.story());
    }
}

#[test]
fn what_a_command_leaves_behind_ends_while_the_program_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::at(folder.path().join("gate"));
    let steps = [shell_step("setsid sleep 600 & echo left"), run_step(&["cat", gate.name()])].join(", ");
    for scenario in [
        format!("[parent]\nsteps = [{steps}]"),
        format!("[function.f]\nsteps = [{steps}]\n[parent]\nsteps = [{{ start = \"f\" }}]"),
    ] {
        let playing = play(&scenario);
        let now = |name: &str| tagged(playing.run.tag()).iter().any(|process| process.name == name);
        wait_until(|| now("cat"), "the next command runs", PATIENCE);
        wait_until(|| !now("sleep"), "what the first one left is gone", PATIENCE);
        assert!(now("cat"), "the next command runs on");
        playing.run.signal(Signal::SIGTERM);
        playing.run.finish().expect_code(4);
    }
}

#[test]
fn a_commands_end_leaves_what_another_threads_command_has_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = |name: &str| {
        let path = folder.path().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        path.to_str().expect("a plain path").to_owned()
    };
    let (up, question, answer) = (fifo("up"), fifo("question"), fifo("answer"));
    // The one command waits for its own daemon, while another thread's commands come and go.
    let daemon = format!("echo up > {up}; read -r word < {question}; echo $word > {answer}");
    let waits = shell_step(&format!("(setsid sh -c '{daemon}' &); cat {answer}"));
    let others =
        [run_step(&["cat", &up]), run_step(&["true"]), shell_step(&format!("echo alive > {question}"))].join(", ");
    let played = text(&format!(
        "[function.f]\nsteps = [{{ thread = \"A\", steps = [{waits}] }}, {others}]\n[parent]\nsteps = [{{ start = \"f\" }}]"
    ));
    played.assert_code(0);
    assert!(played.lines().contains(&"alive".to_owned()), "{}", played.story());
}

#[test]
fn a_program_that_runs_commands_leaves_its_inherited_children_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scenario.toml");
    let steps = [shell_step("setsid sleep 601 &"), run_step(&["true"])].join(", ");
    std::fs::write(&file, format!("[parent]\nsteps = [{steps}, {steps}]")).expect("the scenario is written");
    let script = format!("sleep 600 & exec \"$0\" play {} --progress none", file.display());
    let run = Run::program("/bin/sh", ["-c", &format!("({script}) 2>&1 | cat; echo over"), POOLTOP]).start();
    let sleeping = || tagged(run.tag()).into_iter().find(|process| process.command_line == "sleep 600");
    let sleeper = wait_for_some(sleeping, "the shell's own child sleeps", PATIENCE);
    let is_ours = || tagged(run.tag()).iter().any(|process| process.name.starts_with("pooltop"));
    wait_until(is_ours, "the program runs", PATIENCE);
    wait_until(|| !is_ours(), "the program has ended", PATIENCE);
    assert!(is_alive(sleeper.pid));
    send_signal(sleeper.pid, Signal::SIGKILL);
    run.finish().expect_code(0);
}
