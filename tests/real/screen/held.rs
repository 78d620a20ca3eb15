//! Pausing: the pool with Space, one task with `p`. What runs is really stopped, its workers never are.
//! It does not know how a command is stopped; the process table tells.

use crate::common::PATIENCE;
use crate::common::gate::Gate;
use crate::common::processes::{Process, wait_until};
use crate::common::pty::Pty;

use super::stage::{
    Stage, commands, count_in_state, quit, wait_for_header, wait_for_row, wait_for_worker_at, worker_processes, workers,
};

/// Two commands with a child each, so that it shows whether the whole group is stopped.
fn stage() -> (Stage, Gate) {
    let shell = "sh -c 'read _ < $STAGE/gate; true' held; true";
    let stage =
        Stage::new(&format!("[pool]\nsize = 2\n[[task]]\nrepeat = 3\nname = \"held {{n}}\"\nshell = \"{shell}\"\n"));
    let gate = stage.gate();
    (stage, gate)
}

/// Asleep, each of the four waits: the inner ones at the gate, the outer ones for them. A shell that is stopped while it
/// starts another is not shown as stopped.
#[track_caller]
fn wait_until_all_wait(pty: &Pty) {
    let all = || commands(pty, "sh").len() == 4 && count_in_state(pty, "sh", 'S') == 4;
    wait_until(all, "two commands with a child each", PATIENCE);
}

#[track_caller]
fn wait_until_stopped(pty: &Pty, shells: usize) {
    let what = format!("{shells} shells are stopped");
    wait_until(|| count_in_state(pty, "sh", 'T') == shells, &what, PATIENCE);
}

#[track_caller]
fn assert_workers_are_not_stopped(pty: &Pty) {
    for pid in worker_processes(pty) {
        assert!(Process::read(pid).is_some_and(|process| process.state != 'T'), "worker {pid} is stopped");
    }
}

#[test]
fn space_stops_the_commands_and_lets_them_go_on() {
    let (stage, gate) = stage();
    let pty = stage.play(&[]).start();
    wait_until_all_wait(&pty);
    wait_for_header(&pty, "workers 2");
    pty.send(" ");
    pty.wait_for_text(" PAUSED ");
    wait_until_stopped(&pty, 4);
    assert_workers_are_not_stopped(&pty);
    pty.wait_for(|screen| workers(screen).iter().all(|row| row.state == "paused"), "paused rows", PATIENCE);

    // Nothing goes on while it is paused, though nothing holds the tasks any more.
    gate.open();
    pty.send("+");
    wait_for_header(&pty, "workers 3");
    assert_eq!(count_in_state(&pty, "sh", 'T'), 4);
    pty.wait_for_text("done 0/3");

    pty.send(" ");
    pty.wait_for_text("done 3/3");
    quit(pty, &stage, 0);
}

#[test]
fn p_stops_one_task_alone() {
    let (stage, gate) = stage();
    let pty = stage.play(&[]).start();
    wait_until_all_wait(&pty);
    // Only a task that is known to run can be paused; its worker has it before that is told.
    wait_for_row(&pty, &["held 1", "running"]);
    wait_for_row(&pty, &["held 2", "running"]);
    let (_, seat) = wait_for_worker_at(&pty, "held 2");
    pty.send("j".repeat(seat) + "p");
    wait_for_row(&pty, &["held 2", "paused"]);
    wait_until_stopped(&pty, 2);
    assert_workers_are_not_stopped(&pty);
    wait_for_row(&pty, &["held 1", "running"]);
    pty.wait_for_text(" RUNNING ");

    gate.open();
    pty.wait_for_text("done 2/3");
    wait_until_stopped(&pty, 2);
    pty.send("p");
    pty.wait_for_text("done 3/3");
    quit(pty, &stage, 0);
}
