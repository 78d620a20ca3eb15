//! Programs as hostile as people write them: commands that do not want to end, in whatever process they run, values of every
//! kind, threads without number. What must hold whatever a scenario says.
//! It does not know the program's insides; it plays scenarios of its own and looks at events and processes.

mod commands;
mod endings;
mod values;

use std::io::Write as _;

use crate::common::run::{Run, Running};

/// A scenario on its way, and the file it is in.
struct Playing {
    run: Running,
    _file: tempfile::NamedTempFile,
}

/// Starts a scenario of the test's own; at twenty times its speed, with JSON lines on standard output.
#[track_caller]
fn play(scenario: &str) -> Playing {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(scenario.as_bytes()).expect("the scenario is written");
    let path = file.path().to_str().expect("a plain path").to_owned();
    let run = Run::pooltop(["play", &path, "--progress", "json", "--speed", "20"]).start();
    Playing { run, _file: file }
}

/// These words as a step that runs them.
fn run_step(words: &[&str]) -> String {
    format!("{{ run = {} }}", serde_json::to_string(words).expect("words are JSON"))
}

/// A shell's line as a step.
fn shell_step(line: &str) -> String {
    run_step(&["sh", "-c", line])
}
