//! What a run is started with.
//! It does not know what is made of it.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::signals::HangUp;
use crate::command::Command;
use crate::event::{Elapsed, Start};
use crate::task::{Program, RawText};

/// What a run is started with.
pub struct Settings {
    /// The run's first event.
    pub start: Start,
    /// How many workers at first.
    pub target: u32,
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
}

/// See [`Settings::serve`].
pub type ServeInParent = Arc<dyn Fn(std::os::fd::OwnedFd) + Send + Sync>;

/// How workers are started elsewhere: an argument vector, in front of the program that serves over standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    /// For instance `ssh host`.
    pub argv: Vec<RawText>,
    /// What pooltop is called there.
    pub program: RawText,
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
    /// On the active clock.
    pub at: Elapsed,
    /// What.
    pub command: Command,
}
