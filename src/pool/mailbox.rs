//! The way into the supervisor's loop: a bounded channel, what the recorder has said last, and a bell that wakes the loop.
//! It does not know what the letters lead to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender, bounded};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::command::{Ask, Asker, Command, Recorded};
use crate::event::Sample;

/// How many letters wait at most; whoever sends more waits.
const LETTERS_MAX: usize = 1024;

/// Something for the supervisor.
pub(super) enum Letter {
    Command(Command, Asker),
    Samples(Vec<Sample>),
}

/// The sending side. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    letters: Sender<Letter>,
    bell: Arc<EventFd>,
    record: Arc<Record>,
}

/// How far the recording of the run has come. Only the newest word counts, so nobody waits for room to say it.
#[derive(Default)]
pub(super) struct Record {
    safe: AtomicU64,
    failed: OnceLock<Box<str>>,
}

impl Record {
    /// So many events are recorded.
    pub(super) fn safe(&self) -> u64 {
        self.safe.load(Ordering::Acquire)
    }

    /// Why nothing more is.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failed.get().map(|reason| &**reason)
    }
}

/// The supervisor's side.
pub(super) struct Inbox {
    pub letters: Receiver<Letter>,
    pub bell: Arc<EventFd>,
    pub record: Arc<Record>,
}

pub(super) fn mailbox() -> nix::Result<(Mailbox, Inbox)> {
    let (sender, letters) = bounded(LETTERS_MAX);
    let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    let record = Arc::<Record>::default();
    let mailbox = Mailbox { letters: sender, bell: Arc::clone(&bell), record: Arc::clone(&record) };
    Ok((mailbox, Inbox { letters, bell, record }))
}

/// The run is over; nobody reads letters any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOver;

impl Mailbox {
    /// Hands a command over, waiting while the supervisor is behind.
    pub fn send(&self, command: Command, asker: Asker) -> Result<(), RunOver> {
        self.post(Letter::Command(command, asker))
    }

    pub(super) fn post(&self, letter: Letter) -> Result<(), RunOver> {
        self.letters.send(letter).map_err(|_| RunOver)?;
        self.ring();
        Ok(())
    }

    fn ring(&self) {
        // A full counter is a bell that rings already.
        let _ = self.bell.write(1);
    }
}

impl Recorded for Mailbox {
    fn safe(&self, events: u64) {
        self.record.safe.fetch_max(events, Ordering::AcqRel);
        self.ring();
    }

    fn failed(&self, reason: &str) {
        // The first reason is the one that counts.
        let _ = self.record.failed.set(reason.into());
        self.ring();
    }
}

impl Ask for Mailbox {
    fn ask(&self, command: Command) {
        // To a run that is over there is nothing left to ask.
        let _ = self.send(command, Asker::Person);
    }
}
