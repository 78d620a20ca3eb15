//! Every way out: afterwards the terminal is as it was found, no process is left, and the code says how it went.
//! It does not know how the program ends itself; it pulls every lever there is.

use std::fs::{File, read_to_string};
use std::io::Write as _;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::processes::{self, Process, is_alive, send_signal, wait_until, wait_until_none};
use crate::common::pty::Pty;
use crate::common::{GONE_WITHIN, PATIENCE, keys};
use pooltop::clock::Clock;

use super::stage::{Stage, commands, expect_end, wait_for_header, wait_until_over};

/// Ignores TERM and leaves a process behind in another session.
const NASTY: &str = "[pool]\nsize = 2\n[[task]]\nrepeat = 3\nname = \"nasty {n}\"\n\
    shell = \"trap '' TERM; setsid sleep 600 & sleep 600; sleep 600\"\n";

/// A clock tick of the kernel's accounts, by which it counts processor time: a hundredth of a second on all of Linux.
const TICKS_A_SECOND: u64 = 100;

/// Two tasks that will not end by themselves.
fn nasty(stage: &Stage, grace: &str) -> Pty {
    let pty = stage.play(&["--grace", grace]).start();
    wait_for_header(&pty, "in flight 2");
    wait_until(|| commands(&pty, "sleep").len() == 4, "both tasks have their processes", PATIENCE);
    pty
}

#[track_caller]
fn assert_summary(pty: &Pty, word: &str) {
    let text = pty.text();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!((3..=5).contains(&lines.len()) && lines[0].contains(word), "{text}");
}

#[test]
fn q_asks_and_then_stops_what_runs() {
    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "200ms");
    pty.send("q");
    pty.wait_for_text("Quit?");
    // Enter means no where something would be lost.
    pty.send(keys::ENTER);
    pty.wait_until_gone("Quit?");
    pty.wait_for_text(" RUNNING ");
    pty.send("qy");
    expect_end(&mut pty, &stage, 4);
    assert_summary(&pty, "interrupted with work left");
}

#[test]
fn control_c_stops_and_once_more_kills() {
    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "200ms");
    pty.send(keys::ctrl('c'));
    expect_end(&mut pty, &stage, 4);
    assert_summary(&pty, "interrupted with work left");

    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "600s");
    pty.send(keys::ctrl('c'));
    pty.wait_for_text(" STOPPING ");
    pty.send(keys::ctrl('c'));
    expect_end(&mut pty, &stage, 4);
    assert_summary(&pty, "interrupted with work left");
}

#[test]
fn signals_stop_the_run_and_give_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let stage = Stage::new(NASTY);
        let mut pty = nasty(&stage, "200ms");
        pty.signal(signal);
        expect_end(&mut pty, &stage, 4);
        assert_summary(&pty, "interrupted with work left");
    }
}

#[test]
fn the_second_signal_kills_at_once() {
    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "600s");
    pty.signal(Signal::SIGTERM);
    pty.wait_for_text(" STOPPING ");
    pty.signal(Signal::SIGTERM);
    expect_end(&mut pty, &stage, 4);
}

#[test]
fn the_end_of_the_run_closes_the_screen_when_told() {
    let stage = Stage::held(2, 4);
    let mut pty = stage.play(&["--on-end", "close"]).start();
    wait_for_header(&pty, "in flight 2");
    assert!(pty.look(|seen| seen.modes().alternate_screen) && pty.is_raw());
    stage.open("go");
    expect_end(&mut pty, &stage, 0);
    assert_summary(&pty, ": done in");
    assert!(pty.text().contains("4 of 4 done"), "{}", pty.text());
}

#[test]
fn nothing_is_left_when_the_program_is_killed() {
    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "600s");
    pty.signal(Signal::SIGKILL);
    pty.exit_status(PATIENCE);
    wait_until_none(pty.tag(), GONE_WITHIN);
}

#[test]
fn every_seventh_fails_and_keys_work_though_standard_input_is_the_list() {
    let stage = Stage::new("");
    let list = stage.path("list");
    let mut numbers = File::create(&list).expect("a list");
    for number in 1..=200 {
        writeln!(numbers, "{number}").expect("a list is written");
    }
    let command = "until test -e $STAGE/go; do sleep 0.05; done; exit $(({} % 7 == 0))";
    let setup = stage.pooltop(&["run", "-j4", "--", "sh", "-c", command]);
    let mut pty = setup.input(File::open(&list).expect("the list")).start();
    wait_for_header(&pty, "in flight 4");
    pty.send("+");
    wait_for_header(&pty, "workers 5");
    pty.wait_for_text("/200");
    stage.open("go");
    expect_end(&mut pty, &stage, 1);
    assert_summary(&pty, "done, with failures");
    let text = pty.text();
    for part in ["172 of 200 done, 28 failed", "(exit 1)", "and 25 more"] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
}

/// The processor time the program itself has used, in clock ticks.
fn ticks_used(pid: i32) -> Option<u64> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[test]
fn a_terminal_that_is_gone_ends_the_run_without_spinning() {
    let stage = Stage::new(NASTY);
    let mut pty = nasty(&stage, "600s");
    let pid = pty.pid();
    let before = ticks_used(pid).expect("it runs");
    let clock = Clock::start();
    pty.hang_up();
    // The last look before its end: from the zombie the figures are to be had, too.
    let mut used = before;
    wait_until(
        || {
            used = ticks_used(pid).unwrap_or(used).max(used);
            Process::read(pid).is_none_or(|process| process.is_zombie())
        },
        "the program's end",
        PATIENCE,
    );
    let took = clock.elapsed();
    pty.exit_status(PATIENCE);
    wait_until_none(pty.tag(), GONE_WITHIN);
    println!("ended {took:?} after the terminal, {} ticks used", used - before);
    // Far from the grace period; about a second where the machine has time.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(used - before < TICKS_A_SECOND / 2, "{} ticks of processor time in {took:?}", used - before);
    stage.assert_tidy();
}

#[test]
fn a_stalled_terminal_stalls_neither_the_work_nor_the_end() {
    let did = "echo did >> $STAGE/did";
    let stage = Stage::new(&format!(
        "[pool]\nsize = 2\n[[task]]\nrepeat = 2\nname = \"held {{n}}\"\n\
         shell = \"until test -e $STAGE/go; do sleep 0.05; done; {did}\"\n[[task]]\nrepeat = 400\nshell = \"{did}\"\n\
         [[task]]\nrepeat = 9\nshell = \"sleep 600\"\n"
    ));
    let mut pty = stage.play(&["--grace", "200ms"]).start();
    wait_for_header(&pty, "in flight 2");
    pty.stall();
    // As much as makes it draw more than any terminal keeps for later.
    for _ in 0..40 {
        pty.send("zz?");
        pty.send(keys::ESCAPE);
    }
    stage.open("go");
    stage.wait_for_lines("did", 402);
    wait_until(|| commands(&pty, "sleep").len() >= 2, "the last tasks run", PATIENCE);
    let clock = Clock::start();
    pty.signal(Signal::SIGTERM);
    let status = pty.exit_status(PATIENCE);
    println!("ended {:?} after TERM on a stalled terminal", clock.elapsed());
    assert_eq!(status.code(), Some(4));
    wait_until_none(pty.tag(), GONE_WITHIN);
    // What the terminal had not taken is lost, but its line discipline is as it was.
    assert!(!pty.is_raw());
}

#[test]
fn a_stopped_reader_may_come_back() {
    let stage = Stage::held(2, 4);
    let mut pty = stage.play(&["--on-end", "close"]).start();
    wait_for_header(&pty, "in flight 2");
    pty.stall();
    pty.send("+");
    processes::wait_until(|| super::stage::worker_processes(&pty).len() == 3, "keys are taken", PATIENCE);
    pty.go_on();
    wait_for_header(&pty, "workers 3");
    stage.open("go");
    expect_end(&mut pty, &stage, 0);
}

#[test]
fn a_worker_that_is_killed_leaves_the_screen_alone() {
    let stage = Stage::held(2, 4);
    let mut pty = stage.play(&["--on-end", "close"]).start();
    wait_for_header(&pty, "in flight 2");
    let victim = super::stage::worker_processes(&pty)[0];
    assert!(send_signal(victim, Signal::SIGKILL));
    pty.wait_for_text("killed by SIGKILL");
    stage.open("go");
    expect_end(&mut pty, &stage, 0);
    assert!(pty.text().contains("4 of 4 done, 1 workers lost"), "{}", pty.text());
}

/// Two who hold what the other wants.
const STUCK: &str = "[semaphore.a]\nvalue = 1\n[semaphore.b]\nvalue = 1\n\
    [function.f]\nsteps = [{ acquire = \"a\" }, { sleep = \"200ms\" }, { acquire = \"b\" }]\n\
    [function.g]\nsteps = [{ acquire = \"b\" }, { sleep = \"200ms\" }, { acquire = \"a\" }]\n\
    [parent]\nsteps = [{ start = \"f\", name = \"one\" }, { start = \"g\", name = \"other\" }]\n";

#[test]
fn a_stuck_run_that_is_ended_stays_to_be_looked_at() {
    let stage = Stage::new(STUCK);
    let mut pty = stage.play(&[]).start();
    pty.wait_for_text("Nothing can go on");
    pty.send("T");
    wait_until_over(&pty);
    // A front end that does not leave when it should is ended after a second: this one need not.
    let clock = Clock::start();
    let is_there = || is_alive(pty.pid());
    wait_until(|| clock.elapsed() > Duration::from_secs(2) || !is_there(), "two seconds", PATIENCE);
    assert!(is_there(), "it left by itself\n{}", pty.text());
    pty.send("q");
    expect_end(&mut pty, &stage, 4);
    assert_summary(&pty, "interrupted with work left");
}
