//! What is not gone on with, and why; and what is, where that is wanted, for instance by an answer on the terminal.
//! It does not know how a run is recorded.

use std::fs;

use nix::sys::signal::Signal;

use super::stage::{Killed, Stage, kill};
use crate::common::gate::Gate;
use crate::common::pty::Setup;
use crate::common::run::Run;
use crate::common::{PATIENCE, processes};

#[test]
fn a_live_run_is_not_gone_on_with_and_a_finished_one_has_nothing_left() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    let run = stage.recorded("run", &["-j1", "--", "sh", "-c", "read _ < \"$0\"", gate.name(), ":::", "1"]).start();
    stage.wait_for("tasks_dispatched", 1);
    let refused = stage.resume(&[]).finish().expect_code(2);
    let expected = format!("it still goes on (PID {})", run.pid());
    assert!(refused.err().contains(&expected), "{}", refused.err());
    gate.open();
    run.finish().expect_code(0);
    let (lines, nothing) = (stage.lines(), stage.resume(&[]).finish().expect_code(0));
    assert!(nothing.err().contains("nothing is left to do"), "{}", nothing.err());
    assert_eq!(stage.lines(), lines);
}

#[test]
fn what_failed_is_done_again_alone_where_that_is_wanted() {
    let stage = Stage::new();
    let script = "echo $1 >> ran; test -e \"$0$1\"";
    let args =
        ["-j1", "--halt", "soon,fail=2", "--", "sh", "-c", script, "allow", "{}", ":::", "1", "2", "3", "4", "5"];
    stage.recorded("run", &args).finish().expect_code(1);
    fs::write(stage.at("allow1"), "").expect("a file");
    let ran = || fs::read_to_string(stage.at("ran")).expect("a list");
    let begun: Vec<String> = ran().lines().map(str::to_owned).collect();
    assert!(begun.starts_with(&["1".to_owned(), "2".to_owned()]) && begun.len() < 5, "{begun:?}");
    let failed_only = stage.resume(&["--failed-only", "--halt", "never"]).finish().expect_code(1);
    let expected: String = begun.iter().chain(&begun).fold(String::new(), |text, task| text + task + "\n");
    assert_eq!(ran(), expected, "{}", failed_only.err());
    for task in 2..=5 {
        fs::write(stage.at(&format!("allow{task}")), "").expect("a file");
    }
    stage.resume(&["--halt", "never"]).finish().expect_code(0);
    assert!(ran().contains("5\n") && ran().matches("1\n").count() == 2, "{}", ran());
}

#[test]
fn a_list_that_changed_is_refused_by_its_first_difference() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    fs::write(stage.at("list"), "one\ntwo\nthree\n").expect("a list");
    let script = ["-j1", "-a", "list", "--", "sh", "-c", "read _ < \"$0\"; echo {} >> ran", gate.name()];
    let run = stage.recorded("run", &script).start();
    stage.wait_for("source_closed", 1);
    kill(run, Killed::Parent);
    let refused = |list: &str| {
        fs::write(stage.at("list"), list).expect("a list");
        stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(2).err()
    };
    let err = refused("one\nzwei\nthree\n");
    assert!(err.contains("input 2 was `two`, now it is `zwei`; resume needs the list the run began with"), "{err}");
    assert!(refused("one\n").contains("input 2 was `two`, now the list ends before it"));
    assert!(refused("one\ntwo\nthree\nfour\n").contains("there were 3 inputs, now `four` follows them"));
    fs::write(stage.at("list"), "one\ntwo\nthree\n").expect("a list");
    gate.open();
    stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "one\ntwo\nthree\n");
}

#[test]
fn a_list_that_was_not_read_to_its_end_is_asked_for_again() {
    let stage = Stage::new();
    // Somebody who has more to say holds the pipe open.
    let script = "(echo one; read _ < gate) | exec \"$0\" \"$@\"";
    let gate = Gate::at(stage.at("gate"));
    let journal = stage.text("journal");
    let words = ["run", "--record", &journal, "--progress", "plain", "-j1", "--", "sh", "-c", "echo {} >> ran"];
    let args: Vec<&str> = ["-c", script, crate::common::POOLTOP].into_iter().chain(words).collect();
    let run = Run::program("/bin/bash", args).dir(stage.path()).start();
    stage.wait_for("attempt_ended", 1);
    let start = stage.events().into_iter().find(|event| event["event"] == "run_started").expect("a start");
    let pid = i32::try_from(start["pid"].as_i64().expect("a PID")).expect("small");
    assert!(processes::send_signal(pid, Signal::SIGKILL));
    gate.open();
    run.finish();
    let other = stage.resume(&[]).input("zwei\n").finish().expect_code(2).err();
    assert!(other.contains("it had read 1 input and not its list to the end"), "{other}");
    assert!(other.contains("input 1 was `one`, now it is `zwei`"), "{other}");
    stage.resume(&[]).input("one\ntwo\n").finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "one\ntwo\n");
}

#[test]
fn a_scenario_that_changed_is_refused_and_one_that_did_not_is_gone_on_with() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    let text =
        "title = \"t\"\n[[task]]\nname = \"n\"\nrun = [\"sh\", \"-c\", \"read _ < gate; echo x >> ran\"]\nrepeat = 3\n";
    fs::write(stage.at("s.toml"), text).expect("a scenario");
    let run = stage.recorded("play", &["-j1", "s.toml"]).start();
    stage.wait_for("tasks_dispatched", 1);
    gate.admit(1);
    stage.wait_for("attempt_ended", 1);
    kill(run, Killed::Parent);
    gate.open();
    fs::write(stage.at("s.toml"), format!("{text}# more\n")).expect("a scenario");
    let refused = stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(2).err();
    assert!(refused.contains("scenario s.toml changed, hash "), "{refused}");
    fs::write(stage.at("s.toml"), text).expect("a scenario");
    stage.resume(&["--in-doubt", "rerun"]).finish().expect_code(0);
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "x\nx\nx\n");
}

#[test]
fn a_program_with_variables_of_its_own_is_not_gone_on_with() {
    let stage = Stage::new();
    let run = stage.recorded("demo", &["pool-map"]).start();
    stage.wait_for("tasks_dispatched", 1);
    kill(run, Killed::Parent);
    let refused = stage.resume(&[]).finish().expect_code(2).err();
    assert!(refused.contains("its parent's program cannot be gone on with"), "{refused}");
}

#[test]
fn on_a_terminal_somebody_decides_about_each() {
    let stage = Stage::new();
    let gate = Gate::at(stage.at("gate"));
    let script = "read _ < \"$0\"; echo {} >> ran";
    let args = ["-j2", "--", "sh", "-c", script, gate.name(), ":::", "one", "two"];
    let run = stage.recorded("run", &args).start();
    stage.wait_for("task_started", 2);
    kill(run, Killed::Parent);
    gate.open();
    let resume = || Setup::pooltop(["resume", &stage.text("journal"), "--progress", "plain"]).size(200, 30).start();

    let lines = stage.lines();
    let mut nobody = resume();
    nobody.wait_for_text("2 tasks were cut off with the run and may have been done:");
    nobody.wait_for_text("[o]ne by one:");
    nobody.send("\u{4}");
    assert_eq!(nobody.exit_status(PATIENCE).code(), Some(4));
    assert_eq!(stage.lines(), lines, "who does not answer wants nothing");

    let mut somebody = resume();
    somebody.wait_for_text("[o]ne by one:");
    somebody.send("o\n");
    somebody.wait_for_text("again? [y]es, [n]o:");
    somebody.send("y\n");
    somebody.wait_for(
        |screen| screen.contents().matches("again? [y]es, [n]o:").count() == 2,
        "the second question",
        PATIENCE,
    );
    somebody.send("n\n");
    assert_eq!(somebody.exit_status(PATIENCE).code(), Some(1));
    assert_eq!(fs::read_to_string(stage.at("ran")).expect("a list"), "one\n");
}
