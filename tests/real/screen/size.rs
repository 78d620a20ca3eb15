//! Another size of the pool by keys: the header's numbers, the process table, and that draining costs no task.
//! It does not know how workers are started.

use crate::common::pty::Pty;
use crate::common::{PATIENCE, keys};

use super::stage::{Stage, header, quit, wait_for_header, wait_for_workers, workers};

fn set_size(pty: &Pty, size: u32) {
    pty.send(format!("{size}{}", keys::ENTER));
}

/// The first tasks wait for "first", the others for "go".
fn two_gates(size: u32, first: u32, others: u32) -> Stage {
    let held = |name: &str, gate: &str, count: u32| {
        let shell = format!("until test -e $STAGE/{gate}; do sleep 0.05; done; echo did >> $STAGE/did");
        format!("[[task]]\nrepeat = {count}\nname = \"{name} {{n}}\"\nshell = \"{shell}\"\n")
    };
    let tasks = held("early", "first", first) + &held("late", "go", others);
    Stage::new(&format!("[pool]\nsize = {size}\n{tasks}"))
}

#[test]
fn plus_starts_workers_and_minus_drains_them() {
    let stage = two_gates(4, 6, 6);
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "workers 4");
    pty.send("+=");
    wait_for_header(&pty, "workers 6");
    wait_for_workers(&pty, 6);
    wait_for_header(&pty, "in flight 6");

    pty.send("--_");
    wait_for_header(&pty, "workers 6 -> 3 (3 draining)");
    let draining = |screen: &vt100::Screen| workers(screen).iter().filter(|row| row.state == "draining").count() == 3;
    pty.wait_for(draining, "three rows that drain", PATIENCE);
    wait_for_workers(&pty, 6);

    stage.open("first");
    wait_for_header(&pty, "workers 3");
    wait_for_workers(&pty, 3);
    stage.wait_for_lines("did", 6);
    wait_for_header(&pty, "done 6/12");
    stage.open("go");
    wait_for_header(&pty, "done 12/12");
    assert!(!pty.look(|seen| header(seen.screen())).contains("failed"));
    // Each ran once: no drained worker's task was done again.
    stage.wait_for_lines("did", 12);
    quit(pty, &stage, 0);
    assert_eq!(std::fs::read_to_string(stage.path("did")).expect("they ran").lines().count(), 12);
}

#[test]
fn a_number_and_enter_set_the_size_and_none_is_a_paused_pool() {
    let stage = Stage::held(3, 8);
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "workers 3");
    // Escape and a digit right behind it would be Alt and that digit.
    pty.send("1");
    pty.wait_for_text("Enter take");
    pty.send(keys::ESCAPE);
    pty.wait_until_gone("Enter take");
    set_size(&pty, 5);
    wait_for_header(&pty, "workers 5");
    wait_for_workers(&pty, 5);
    // Idle ones would not drain but leave.
    wait_for_header(&pty, "in flight 5");

    set_size(&pty, 0);
    wait_for_header(&pty, "workers 5 -> 0 (5 draining)");
    stage.open("go");
    wait_for_header(&pty, "workers 0");
    wait_for_workers(&pty, 0);
    wait_for_header(&pty, "done 5/8");
    wait_for_header(&pty, "queue 3");
    pty.wait_for_text("no worker is wanted: press + to add one");

    set_size(&pty, 2);
    wait_for_header(&pty, "done 8/8");
    quit(pty, &stage, 0);
}
