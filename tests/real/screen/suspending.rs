//! Ctrl-Z and going on: the terminal is the shell's meanwhile, the tasks stand still, and their time does, too.
//! It does not know a shell; the test sends CONT as `fg` would.

use std::time::Duration;

use nix::sys::signal::Signal;
use pooltop::clock::Clock;

use crate::common::processes::{Process, is_alive, wait_until};
use crate::common::pty::Pty;
use crate::common::terminal::Modes;
use crate::common::{PATIENCE, keys};

use super::stage::{Stage, commands, count_in_state, quit, wait_for_header};

/// More than a slow machine needs for what the test does before and after the suspension.
const TIMEOUT: Duration = Duration::from_secs(8);

#[track_caller]
fn wait_until_suspended(pty: &Pty) {
    let stopped = || Process::read(pty.pid()).is_some_and(|process| process.state == 'T');
    wait_until(stopped, "the program is stopped", PATIENCE);
    // It has written all of it, but the terminal may have read only part.
    pty.wait_for_seen(|seen| seen.modes() == Modes::default(), "the terminal as it was found", PATIENCE);
    pty.assert_as_found();
    wait_until(|| count_in_state(pty, "sh", 'T') == 2, "the commands are stopped", PATIENCE);
}

#[track_caller]
fn wait_until_back(pty: &Pty) {
    pty.wait_for_seen(|seen| seen.modes().alternate_screen && seen.modes().mouse, "the other screen", PATIENCE);
    wait_for_header(pty, "in flight 2");
    pty.wait_for_text("╭ Workers");
    assert!(pty.is_raw());
    wait_until(|| count_in_state(pty, "sh", 'T') == 0, "the commands go on", PATIENCE);
}

#[test]
fn control_z_gives_the_terminal_back_and_stops_the_tasks() {
    let (stage, gate) = Stage::gated(2, 2);
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "in flight 2");
    wait_until(|| commands(&pty, "sh").len() == 2, "both commands run", PATIENCE);
    for _ in 0..2 {
        pty.send(keys::ctrl('z'));
        wait_until_suspended(&pty);
        pty.signal(Signal::SIGCONT);
        wait_until_back(&pty);
        pty.wait_for_text(" RUNNING ");
    }
    gate.open();
    pty.wait_for_text("done 2/2");
    quit(pty, &stage, 0);
}

#[test]
fn a_timeout_does_not_run_while_suspended() {
    let (stage, gate) = Stage::gated(2, 2);
    let pty = stage.play(&["--timeout", "8s"]).start();
    let clock = Clock::start();
    wait_for_header(&pty, "in flight 2");
    wait_until(|| commands(&pty, "sh").len() == 2, "both commands run", PATIENCE);
    let tasks = commands(&pty, "sh");
    pty.send(keys::ctrl('z'));
    wait_until_suspended(&pty);
    // There is nothing to see of a time that does not run, but that it has passed.
    wait_until(|| clock.elapsed() > TIMEOUT, "more time than the tasks have", PATIENCE);
    pty.signal(Signal::SIGCONT);
    wait_until_back(&pty);
    assert!(tasks.iter().all(|task| is_alive(task.pid)));
    gate.open();
    pty.wait_for_text("done 2/2");
    quit(pty, &stage, 0);
}
