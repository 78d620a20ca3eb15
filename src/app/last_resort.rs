//! Ends the program when its front end cannot: a terminal or pipe that nobody reads blocks whoever writes to it for ever.
//! It does not know which front end it is.

use std::path::PathBuf;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::EXIT_INTERRUPTED;
use crate::clock::Clock;
use crate::pool::{Finished, Told};

/// How long a front end may take to leave once the run is over and somebody wants the end.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody does, after the run.
const LOOK_UP_EVERY: Duration = Duration::from_millis(200);

/// What is to be done should it come to that.
pub(super) struct LastResort {
    /// Folders that end with the program.
    pub folders: Vec<PathBuf>,
    /// How much has been told when it comes to that.
    pub told: Told,
}

/// Somebody watches.
pub(super) struct Watching {
    front_is_there: Sender<()>,
    thread: std::io::Result<JoinHandle<Option<Finished>>>,
}

impl LastResort {
    /// Sees the pool to its end, and the front end out of the door. `restore`: what undoes what the front end has done.
    pub(super) fn watch(self, pool: JoinHandle<Finished>, restore: impl FnOnce() + Send + 'static) -> Watching {
        let (front_is_there, leaves) = bounded::<()>(0);
        let watch = move || {
            let mut finished = pool.join().ok()?;
            let mut wanted = None;
            while leaves.recv_timeout(LOOK_UP_EVERY) == Err(RecvTimeoutError::Timeout) {
                if finished.end_is_wanted() && wanted.get_or_insert_with(Clock::start).elapsed() >= LEAVES_WITHIN {
                    restore();
                    for folder in &self.folders {
                        let _ = std::fs::remove_dir_all(folder);
                    }
                    finished.told = self.told;
                    std::process::exit(exit_code(&finished).into());
                }
            }
            Some(finished)
        };
        Watching { front_is_there, thread: Builder::new().name("last resort".to_owned()).spawn(watch) }
    }
}

impl Watching {
    /// The front end has left. `None` if the pool did not end as it should.
    pub(super) fn left(self) -> Option<Finished> {
        drop(self.front_is_there);
        self.thread.ok()?.join().ok()?
    }
}

/// Work that was done and not told is not all done.
pub(super) fn exit_code(finished: &Finished) -> u8 {
    match finished.state.exit_code() {
        0 if finished.told == Told::Part => EXIT_INTERRUPTED,
        code => code,
    }
}
