//! What a run is started with.
//! It does not know what is made of it.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crossbeam_channel::Sender;
use thiserror::Error;

use super::publish::Recorder;
use super::signals::HangUp;
use crate::command::Command;
use crate::event::{Elapsed, Resumed, Start};
use crate::model::State;
use crate::task::{Program, RawText, TaskId};

/// What a run is started with.
pub struct Settings {
    /// The run's first event.
    pub start: Start,
    /// How many workers at first.
    pub target: u32,
    /// When the run began, by the clock on the wall: microseconds since 1970. Workers tell by it what the run has copied.
    pub began_unix_us: i64,
    /// What the scenario asks for, and when.
    pub timed: Vec<Timed>,
    /// An existing folder for output that is too long to travel; whoever made it removes it.
    pub spool: RawText,
    /// How much of a command's stream is kept.
    pub output_bytes_max: u64,
    /// What the end of the terminal means.
    pub hang_up: HangUp,
    /// Whether CPU and memory are measured.
    pub samples: Samples,
    /// What functions do, if the scenario has some.
    pub program: Option<Arc<Program>>,
    /// How pool workers are started, if not as children of this process.
    pub launcher: Option<Launcher>,
    /// Serves the other end of a socket as a worker does, on the calling thread, until it is closed. The parent's own
    /// tasks go this way; the pool itself knows no workers' code.
    pub serve: ServeInParent,
    /// Rung at USR1: somebody wants to know what runs.
    pub asked: Option<Sender<()>>,
    /// Gets every event, and says through the mailbox ([`crate::command::Recorded`]) what is safe. What must not be done twice
    /// is not begun before its beginning is.
    pub recorder: Option<Recorder>,
    /// A run that is gone on with. What it was started with is in there: `start` and `target` mean nothing then, and of
    /// `timed` what was done already is left out.
    pub resumed: Option<Box<ResumedRun>>,
    /// Whose file lock the workers' processes are to hold as long as they live, and nobody else below this one. Those behind a
    /// launcher do not.
    pub lock: Option<Arc<OwnedFd>>,
}

impl Settings {
    /// The state a run begins with. What a run that goes on is started with takes the place of what a new one would be.
    pub(super) fn take_state(&mut self) -> State {
        let Some(run) = &mut self.resumed else { return State::new() };
        let state = std::mem::take(&mut run.state);
        let Resumed { pid, cpus, target, policy, .. } = &run.resumed;
        if let Some(former) = state.start.as_deref() {
            self.start = Start { pid: *pid, cpus: *cpus, policy: policy.clone(), ..former.clone() };
        }
        self.target = *target;
        state
    }
}

/// See [`Settings::resumed`].
pub struct ResumedRun {
    /// What the run had come to.
    pub state: State,
    /// How it goes on.
    pub resumed: Resumed,
    /// Tasks that wait and are not wanted this time.
    pub dropped: Vec<TaskId>,
}

/// See [`Settings::serve`].
pub type ServeInParent = Arc<dyn Fn(OwnedFd) + Send + Sync>;

/// How workers are started elsewhere: an argument vector, in front of the program that serves over standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    argv: Vec<RawText>,
    program: RawText,
}

/// Why an argument vector is no launcher.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadLauncher {
    /// It has no words.
    #[error("a launcher needs at least one word, the program to start")]
    Empty,
    /// A shell at the other end would take it for something else than a word.
    #[error(
        "the program {0:?} cannot be named through a launcher: a shell at the other end may read it, so it must be of \
         letters, digits and /._+-=:,@% alone"
    )]
    NotPlain(String),
}

impl Launcher {
    /// `argv` is for instance `ssh host`; `program` is what pooltop is called there.
    ///
    /// # Errors
    /// When there are no words, or when the program's name is none that survives a shell: ssh joins the words by spaces and
    /// has the shell of the other machine read them.
    pub fn new(argv: Vec<RawText>, program: RawText) -> Result<Self, BadLauncher> {
        if argv.is_empty() {
            return Err(BadLauncher::Empty);
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._+-=:,@%".contains(byte);
        if program.0.is_empty() || !program.0.iter().all(plain) {
            return Err(BadLauncher::NotPlain(program.lossy().into_owned()));
        }
        Ok(Self { argv, program })
    }

    /// The words before the program.
    pub fn argv(&self) -> &[RawText] {
        &self.argv
    }

    /// What pooltop is called at the other end.
    pub fn program(&self) -> &RawText {
        &self.program
    }
}

impl fmt::Display for Launcher {
    /// As one would type it, more or less.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.argv.iter().map(RawText::lossy).collect();
        f.write_str(&words.join(" "))
    }
}

/// Whether CPU and memory are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Once a second, of workers that have something to do.
    Wanted,
    /// Never.
    NotWanted,
}

/// Something the scenario asks for at a time of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// On the scenario's own clock, which a pause of its own does not stop.
    pub at: Elapsed,
    /// What.
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_passes_a_shell_that_nobody_asked_for() {
        let launcher = |program: &str| Launcher::new(vec!["a name; with & all".into()], program.into());
        for plain in ["pooltop", "/opt/pooltop-0.1/bin/pooltop", "C:=,@%+_.-"] {
            assert!(launcher(plain).is_ok(), "{plain}");
        }
        for odd in
            ["", "pool top", "a;b", "$HOME/pooltop", "~/pooltop", "a\nb", "(deleted)", "p\u{f6}l", "'p'", "a*", "a\\b"]
        {
            assert_eq!(launcher(odd), Err(BadLauncher::NotPlain(odd.to_owned())), "{odd}");
        }
        assert_eq!(Launcher::new(Vec::new(), "pooltop".into()), Err(BadLauncher::Empty));
    }
}
