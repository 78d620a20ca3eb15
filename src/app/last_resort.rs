//! Ends the program when its front end cannot: a terminal or pipe that nobody reads blocks whoever writes to it for ever.
//! It does not know which front end it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::recording::Kept;
use super::{EXIT_INTERRUPTED, EXIT_NOT_RECORDED};
use crate::clock::Clock;
use crate::journal::{Recorded, Recorder};
use crate::pool::{Finished, Told};

/// How long a front end may take to leave once the run is over and somebody wants the end.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

/// How long the record may take to be whole once somebody wants the end. A disk that does not answer in this time may never.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);

/// How often it is looked whether somebody does, after the run.
const LOOK_UP_EVERY: Duration = Duration::from_millis(200);

/// What is to be done should it come to that.
pub(super) struct LastResort {
    /// Folders that end with the program.
    pub folders: Vec<PathBuf>,
    /// How much has been told when it comes to that.
    pub told: Told,
    /// Who records the run, if somebody does: nobody leaves before that is done.
    pub recorder: Option<Recorder>,
    /// What is kept of it.
    pub kept: Arc<Kept>,
}

/// A run that is over, and recorded.
pub(super) struct Over {
    pub finished: Finished,
    recorded: Option<Recorded>,
    kept: Arc<Kept>,
}

/// Somebody watches.
pub(super) struct Watching {
    front_is_there: Sender<()>,
    thread: std::io::Result<JoinHandle<Option<Over>>>,
}

impl LastResort {
    /// Sees the pool and its record to their end, and the front end out of the door. `restore`: what undoes what the front end
    /// has done.
    pub(super) fn watch(self, pool: JoinHandle<Finished>, restore: impl FnOnce() + Send + 'static) -> Watching {
        let (front_is_there, leaves) = bounded::<()>(0);
        let watch = move || {
            let finished = pool.join();
            let Ok(mut finished) = finished else {
                // What happened until then is recorded for all that.
                self.recorder.and_then(|recorder| recorder.end(RECORDED_WITHIN));
                return None;
            };
            let recorded = self.recorder.as_ref().map(|recorder| end_of(recorder, &mut finished));
            let mut over = Over { finished, recorded, kept: self.kept };
            let mut wanted = None;
            while leaves.recv_timeout(LOOK_UP_EVERY) == Err(RecvTimeoutError::Timeout) {
                if over.finished.end_is_wanted() && wanted.get_or_insert_with(Clock::start).elapsed() >= LEAVES_WITHIN {
                    restore();
                    for folder in &self.folders {
                        let _ = std::fs::remove_dir_all(folder);
                    }
                    over.finished.told = self.told;
                    over.kept.note(&over.finished.state, over.recorded.as_ref());
                    std::process::exit(over.exit_code().into());
                }
            }
            over.kept.close(&over.finished.state, over.recorded.as_ref());
            Some(over)
        };
        Watching { front_is_there, thread: Builder::new().name("last resort".to_owned()).spawn(watch) }
    }
}

/// Waits for the record, unless somebody wants the end and the disk does not answer.
fn end_of(recorder: &Recorder, finished: &mut Finished) -> Recorded {
    let mut wanted = None;
    loop {
        if let Some(recorded) = recorder.end(LOOK_UP_EVERY) {
            return recorded;
        }
        if finished.end_is_wanted() && wanted.get_or_insert_with(Clock::start).elapsed() >= RECORDED_WITHIN {
            return Err("the disk does not answer".into());
        }
    }
}

impl Watching {
    /// The front end has left. `None` if the pool did not end as it should.
    pub(super) fn left(self) -> Option<Over> {
        drop(self.front_is_there);
        self.thread.ok()?.join().ok()?
    }
}

impl Over {
    /// Work that was done and not told is not all done; what was to be recorded and is not counts more than all else.
    pub(super) fn exit_code(&self) -> u8 {
        match (&self.recorded, self.finished.state.exit_code()) {
            (Some(Err(_)), _) => EXIT_NOT_RECORDED,
            (_, 0) if self.finished.told == Told::Part => EXIT_INTERRUPTED,
            (_, code) => code,
        }
    }

    /// Where the run is recorded, for the summary.
    pub(super) fn record(&self) -> Option<String> {
        self.kept.told(self.recorded.as_ref())
    }
}
