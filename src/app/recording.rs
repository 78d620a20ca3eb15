//! Where a run is recorded: in a folder of its own, in a file that was asked for, or not at all.
//! It does not know how a journal is written, nor what the run does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, bounded};
use tempfile::TempDir;

use super::Refusal;
use super::job::Job;
use crate::event::Event;
use crate::headless::Files;
use crate::journal::{
    self, BATCHES_MAX, Brief, FORMAT, Found, Header, Opened, Outcome, RealDisk, Recorded, Recorder, RunId,
};
use crate::model::{State, Status};
use crate::pool::{Mailbox, Settings};
use crate::task::RawText;
use crate::text::sanitized;

/// What is kept of a run.
pub(super) enum Keeping {
    /// All of it.
    Record(Box<Begun>),
    /// Nothing; output that is too long to travel lies here meanwhile. Why, if nobody asked for that.
    Nothing { spool: TempDir, why: Option<String> },
}

/// A journal that is there, and nothing in it yet; or one that is gone on with.
pub(super) struct Begun {
    /// Where, and what writes it.
    pub opened: Opened,
    /// Its first line.
    pub header: Header,
    /// What it is part of.
    pub place: Place,
}

/// What a journal is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A run's own folder, among those of other runs.
    Runs,
    /// Nothing: somebody has named the file.
    Named,
}

impl Keeping {
    /// As the command line says. `picked`: what the person chose that is not on it.
    pub(super) fn of(job: &Job, picked: Option<&str>) -> Result<Self, Refusal> {
        let wanted = &job.flags.recording;
        if wanted.no_record {
            return Self::nothing(None);
        }
        let mut header = header(job, picked);
        if let Some(file) = &wanted.record {
            let begun = std::path::absolute(file)
                .map_err(|error| format!("record in {}: {error}", file.display()))
                .and_then(|file| journal::create_at(&RealDisk, &file, &mut header).map_err(|error| error.to_string()));
            let refused = |error: String| Refusal::NotRecorded(format!("error: {}", sanitized(&error)));
            let opened = begun.map_err(refused)?;
            return Ok(Self::Record(Box::new(Begun { opened, header, place: Place::Named })));
        }
        let begun = journal::runs_folder().map_err(|error| error.to_string()).and_then(|folder| {
            let opened = journal::create_in(&RealDisk, &folder, &mut header);
            opened.map(|opened| (folder, opened)).map_err(|error| error.to_string())
        });
        match begun {
            Ok((folder, opened)) => {
                tidy_up(folder, header.started_unix_us);
                Ok(Self::Record(Box::new(Begun { opened, header, place: Place::Runs })))
            }
            Err(why) => Self::nothing(Some(why)),
        }
    }

    fn nothing(why: Option<String>) -> Result<Self, Refusal> {
        let spool = tempfile::Builder::new().prefix("pooltop-").tempdir();
        let spool = spool.context("make a temporary folder for output").map_err(Refusal::Internal)?;
        Ok(Self::Nothing { spool, why })
    }

    /// Where output lies that is too long to travel.
    pub(super) fn spool(&self) -> &Path {
        match self {
            Self::Record(begun) => &begun.opened.found.output,
            Self::Nothing { spool, .. } => spool.path(),
        }
    }

    /// Why there is no record though there should be one.
    pub(super) fn why_not(&self) -> Option<String> {
        match self {
            Self::Nothing { why: Some(why), .. } => Some(format!("the run is not recorded: {why}")),
            Self::Nothing { .. } | Self::Record(_) => None,
        }
    }

    /// Tells the pool; what it sends comes out of the receiver.
    pub(super) fn prepare(&self, settings: &mut Settings) -> Option<Receiver<Arc<[Event]>>> {
        let Self::Record(begun) = self else { return None };
        let (recorder, events) = bounded(BATCHES_MAX);
        settings.recorder = Some(recorder);
        settings.lock = Some(Arc::clone(&begun.opened.lock));
        settings.began_unix_us = begun.header.started_unix_us;
        Some(events)
    }

    /// The pool has started.
    pub(super) fn start(self, events: Option<Receiver<Arc<[Event]>>>, mailbox: &Mailbox) -> (Kept, Option<Recorder>) {
        let (begun, events) = match (self, events) {
            (Self::Record(begun), Some(events)) => (*begun, events),
            (Self::Record(_), None) => unreachable!("BUG: the pool was not told of its recorder"),
            (Self::Nothing { spool, .. }, _) => return (Kept::Nothing(spool), None),
        };
        let Opened { found, writer, lock } = begun.opened;
        // Without a thread nobody takes the events, and the pool learns of it by that.
        let recorder = journal::record(writer, events, Arc::new(mailbox.clone())).ok();
        (Kept::Record { found, place: begun.place, _lock: lock }, recorder)
    }
}

/// What was kept of a run that is under way or over.
pub(super) enum Kept {
    /// All of it. It is ours until everything is in its place, also when the last worker is gone.
    Record { found: Found, place: Place, _lock: Arc<std::os::fd::OwnedFd> },
    /// A folder that goes with the run.
    Nothing(TempDir),
}

impl Kept {
    /// Where output lies that is too long to travel.
    pub(super) fn spool(&self) -> &Path {
        match self {
            Self::Record { found, .. } => &found.output,
            Self::Nothing(spool) => spool.path(),
        }
    }

    /// What becomes of the files in there.
    pub(super) fn files(&self) -> Files {
        match self {
            Self::Record { .. } => Files::Stay,
            Self::Nothing(_) => Files::Go,
        }
    }

    /// The folder that goes with the run.
    pub(super) fn temporary(&self) -> Option<PathBuf> {
        match self {
            Self::Record { .. } => None,
            Self::Nothing(spool) => Some(spool.path().to_owned()),
        }
    }

    /// For the summary: where it is to be found, or why nowhere.
    pub(super) fn told(&self, recorded: Option<&Recorded>) -> Option<String> {
        let Self::Record { found, place, .. } = self else { return None };
        Some(match (recorded, place) {
            (Some(Err(reason)), _) => format!("only in part: {reason}"),
            (_, Place::Runs) => format!("as {}: pooltop replay latest", found.id),
            (_, Place::Named) => format!("in {0}: pooltop replay {0}", found.journal.display()),
        })
    }

    /// Everybody who reads the run's output has read it: it is cut to what is kept, and what the run came to is noted.
    pub(super) fn close(&self, state: &State, recorded: Option<&Recorded>) {
        let Self::Record { found, .. } = self else { return };
        let _ = journal::trim(&found.output);
        // Only if there is nothing in it.
        let _ = std::fs::remove_dir(&found.output);
        self.note(state, recorded);
    }

    /// Notes what the run came to, so that nobody needs to read its journal to tell.
    pub(super) fn note(&self, state: &State, recorded: Option<&Recorded>) {
        if let (Self::Record { found, place: Place::Runs, .. }, Some(Ok(recording))) = (self, recorded) {
            let _ = brief(state, recording.journal_bytes, journal::bytes_in(&found.output)).write(&found.journal);
        }
    }
}

/// What a run came to.
pub(super) fn brief(state: &State, journal_bytes: u64, output_bytes: u64) -> Brief {
    let counts = state.counts_of_work();
    Brief {
        outcome: match state.exit_code() {
            0 => Outcome::Done,
            1 if state.stopped_by == Some(crate::event::PhaseReason::Stuck) => Outcome::Stuck,
            1 => Outcome::Failed,
            super::EXIT_NOT_RECORDED => Outcome::NotRecorded,
            _ => Outcome::Interrupted,
        },
        done: counts.of(Status::Done).into(),
        failed: counts.of(Status::Failed).into(),
        total: counts.total().into(),
        took_us: state.now.0,
        journal_bytes,
        bytes: journal_bytes.saturating_add(output_bytes),
    }
}

fn header(job: &Job, picked: Option<&str>) -> Header {
    let command = std::env::args_os().map(|word| RawText::from(word.as_os_str()));
    Header {
        format: FORMAT,
        run: RunId("".into()),
        program: env!("CARGO_PKG_VERSION").into(),
        started_unix_us: crate::clock::wall_us(),
        command: command.chain(picked.map(RawText::from)).collect(),
        // A folder that is gone has no name.
        folder: std::env::current_dir().map(|folder| RawText::from(folder.as_os_str())).unwrap_or_default(),
        scenario: job.scenario.clone(),
        made: job.made.iter().map(|tree| RawText::from(tree.path().as_os_str())).collect(),
        copies: job.feed.copies(),
    }
}

/// Removes old runs, beside the run: it may take a while, and nothing waits for it.
fn tidy_up(folder: PathBuf, now_unix_us: i64) {
    let tidy = move || {
        let _ = journal::tidy(&folder, now_unix_us);
    };
    let _ = std::thread::Builder::new().name("tidy".to_owned()).spawn(tidy);
}
