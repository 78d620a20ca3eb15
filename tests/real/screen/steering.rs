//! Keys that do something to one task, one worker or the run: stop, kill, signal, retry, replace, drain.
//! It does not know how the pool obeys; it reads what the tasks did and what the screen says of it.

use crate::common::processes::{is_alive, wait_until};
use crate::common::pty::Pty;
use crate::common::{GONE_WITHIN, PATIENCE, keys};

use super::stage::{
    Stage, assert_rows_are_processes, commands, expect_end, quit, wait_for_header, wait_for_row, wait_for_texts,
    wait_for_worker_at, wait_for_workers, workers,
};

/// Tells of TERM and USR1, and ends only when it is opened; well, though a signal may have struck its last `sleep`.
const TALKATIVE: &str = r#"
[pool]
size = 2
[[task]]
name = "talks"
shell = "trap 'echo got TERM; exit 3' TERM; trap 'echo got USR1' USR1; echo > $STAGE/ready; until test -e $STAGE/go; do sleep 0.05; done; exit 0"
[[task]]
name = "deaf"
shell = "trap '' TERM; echo $$ > $STAGE/deaf; until test -e $STAGE/go; do sleep 0.05; done"
"#;

/// The first worker's task is selected, and known to listen.
fn talkative(stage: &Stage) -> Pty {
    let pty = stage.play(&["--grace", "600s"]).start();
    stage.wait_for("ready");
    stage.wait_for_lines("deaf", 1);
    // That they listen is one thing, that the screen knows them to run another: before, it refuses to send them signals.
    wait_for_row(&pty, &["talks", "running"]);
    wait_for_row(&pty, &["deaf", "running"]);
    pty
}

/// To the task of that name, by the list of tasks, and into its detail.
fn open_detail(pty: &Pty, name: &str) {
    pty.send(format!("/{}{name}{}", keys::ctrl('u'), keys::ENTER));
    wait_for_row(pty, &["Tasks", &format!("/ {name}")]);
    pty.send(format!("n{}", keys::ENTER));
    wait_for_row(pty, &["Detail", "task "]);
}

#[test]
fn x_stops_with_term_and_capital_x_kills() {
    let stage = Stage::new(TALKATIVE);
    let pty = talkative(&stage);
    open_detail(&pty, "talks");
    pty.send("x");
    wait_for_texts(&pty, &["got TERM", "failed 1"]);
    wait_for_row(&pty, &["talks", "failed", "stopped"]);

    let deaf = std::fs::read_to_string(stage.path("deaf")).expect("the other task has written its PID");
    let deaf = deaf.trim().parse().expect("a PID");
    quit_after_kill(pty, &stage, deaf);
}

/// TERM does not move it, KILL does, though its grace period would be long.
fn quit_after_kill(pty: Pty, stage: &Stage, deaf: i32) {
    open_detail(&pty, "deaf");
    pty.send("x");
    wait_for_row(&pty, &["deaf", "stopping"]);
    assert!(is_alive(deaf));
    pty.send("X");
    wait_for_row(&pty, &["deaf", "failed", "stopped"]);
    wait_until(|| !is_alive(deaf), "the task is gone", GONE_WITHIN);
    pty.wait_for_text("failed 2");
    quit(pty, stage, 1);
}

#[test]
fn the_menu_sends_a_signal_to_the_command() {
    let stage = Stage::new(TALKATIVE);
    let pty = talkative(&stage);
    open_detail(&pty, "talks");
    pty.send("s");
    wait_for_texts(&pty, &["Signal to task 1", "SIGUSR1"]);
    pty.send(format!("jj{}jk{}", keys::DOWN, keys::DOWN));
    pty.send(keys::ENTER);
    pty.wait_until_gone("Signal to task 1");
    pty.wait_for_text("got USR1");
    stage.open("go");
    pty.wait_for_text("done 2/2");
    quit(pty, &stage, 0);
}

#[test]
fn r_runs_a_failed_task_again() {
    let stage = Stage::new(
        "[pool]\nsize = 1\n[[task]]\nname = \"first fails\"\nshell = \"test -e $STAGE/go\"\n[[task]]\nname = \"holds\"\n\
         shell = \"until test -e $STAGE/end; do sleep 0.05; done\"\n",
    );
    let pty = stage.play(&[]).start();
    wait_for_row(&pty, &["first fails", "failed", "exit 1"]);
    pty.wait_for_text("failed 1");
    stage.open("go");
    open_detail(&pty, "first");
    pty.send("r");
    wait_for_row(&pty, &["first fails", "waiting"]);
    stage.open("end");
    wait_for_row(&pty, &["first fails", "done"]);
    pty.wait_for_text("done 2/2");
    pty.wait_until_gone("failed 1");
    quit(pty, &stage, 0);
}

#[test]
fn capital_r_puts_another_worker_into_the_place_of_one() {
    let stage = Stage::new(
        "[pool]\nsize = 2\n[[task]]\nrepeat = 6\nname = \"held {n}\"\nshell = \"until test -e $STAGE/{}; do sleep 0.05; done\"\n",
    );
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "in flight 2");
    assert_rows_are_processes(&pty, 2);
    let (replaced, seat) = wait_for_worker_at(&pty, "held 2");
    let (kept, _) = wait_for_worker_at(&pty, "held 1");
    pty.send("j".repeat(seat) + "R");
    wait_for_row(&pty, &["draining", "held 2"]);
    stage.open("2");
    let another = |screen: &vt100::Screen| {
        let now: Vec<i32> = workers(screen).iter().map(|row| row.pid).collect();
        now.len() == 2 && now.contains(&kept) && !now.contains(&replaced)
    };
    pty.wait_for(another, "another process in the place of the second", PATIENCE);
    wait_until(|| !is_alive(replaced), "the former worker is gone", PATIENCE);
    wait_for_header(&pty, "workers 2");
    wait_for_workers(&pty, 2);
    assert_rows_are_processes(&pty, 2);
    for name in ["1", "3", "4", "5", "6"] {
        stage.open(name);
    }
    pty.wait_for_text("done 6/6");
    quit(pty, &stage, 0);
}

#[test]
fn d_finishes_what_runs_and_starts_nothing() {
    let stage = Stage::held(2, 5);
    let mut pty = stage.play(&["--on-end", "close"]).start();
    wait_for_header(&pty, "in flight 2");
    pty.send("d");
    pty.wait_for_text(" DRAINING ");
    // In flight does not mean begun; what a worker holds is begun all the same.
    wait_until(|| commands(&pty, "sh").len() >= 2, "both tasks go on", PATIENCE);
    stage.open("go");
    expect_end(&mut pty, &stage, 4);
    assert!(pty.text().contains("2 of 5 done, 3 not begun"), "{}", pty.text());
}
