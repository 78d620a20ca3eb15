//! What the tests on real processes share: a terminal, a runner without a terminal, and a look at the process table.
//! It does not know what is tested. Everything in here waits for conditions, never for a time to pass.

pub mod gate;
pub mod keys;
pub mod processes;
pub mod pty;
pub mod run;
pub mod ssh;
pub mod terminal;

use std::process::Command;
use std::time::Duration;

use processes::Tag;

/// How long something may take that should take milliseconds. Only a failing test ever waits as long; a machine that
/// compiles at the same time is slow at times.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// What nothing may outlive. The promise is two seconds on a machine that has time; one that has none would break it
/// without a fault of ours, and what is really left behind is there for ten minutes.
pub const GONE_WITHIN: Duration = Duration::from_secs(20);

/// The program under test.
pub const POOLTOP: &str = env!("CARGO_BIN_EXE_pooltop");

/// What a child inherits from the tests' own environment. Anything else (`NO_COLOR`, `CI`, `POOLTOP_JOBS`) would make a
/// test depend on the machine.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// What a program is started through, each becoming the next under the same PID. The session and its terminal come from
/// `setsid`; `env` undoes ignored signals: whoever runs the tests in the background ignores SIGINT, and that is inherited.
const SETSID: &str = "/usr/bin/setsid";
const ENV: &str = "/usr/bin/env";

/// Whether the program has its controlling terminal as standard input when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    Ours,
    NewInTerminal,
}

/// A command with a clean, tagged environment and default signals; its program is the first argument to be added.
#[expect(clippy::disallowed_methods, reason = "the one place where the tests on real processes start one")]
fn command(session: Session, tag: &Tag, environment: &[(String, String)]) -> Command {
    let mut command = match session {
        Session::Ours => Command::new(ENV),
        Session::NewInTerminal => Command::new(SETSID),
    };
    if session == Session::NewInTerminal {
        command.args(["--ctty", ENV]);
    }
    command.arg("--default-signal").env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.env("LANG", "C.UTF-8").env(processes::TAG_VARIABLE, tag.as_str());
    command.env("XDG_STATE_HOME", tag.state_home());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// Waits until a process started by [`command`] has become its program, so that no signal meets the wrong one.
#[track_caller]
fn wait_for_exec(pid: i32) {
    let started = || {
        // A zombie has no arguments: a program that ended at once was started nevertheless.
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut arguments = arguments.split(|byte| *byte == 0);
        let is_launcher = |argument: &[u8]| [SETSID.as_bytes(), ENV.as_bytes()].contains(&argument);
        !arguments.next().is_some_and(is_launcher) && !arguments.any(|argument| argument == pty::OTHER_INPUT.as_bytes())
    };
    processes::wait_until(started, "the launcher becomes the program", PATIENCE);
}

/// Those numbers, a line each: the input of a run.
pub fn numbers(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.fold(String::new(), |lines, number| lines + &format!("{number}\n"))
}
