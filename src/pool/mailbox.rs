//! The way into the supervisor's loop: a bounded channel and a bell that wakes the loop.
//! It does not know what the letters lead to.

use std::sync::Arc;

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
}

/// The supervisor's side.
pub(super) struct Inbox {
    pub letters: Receiver<Letter>,
    pub bell: Arc<EventFd>,
}

pub(super) fn mailbox() -> nix::Result<(Mailbox, Inbox)> {
    let (sender, letters) = bounded(LETTERS_MAX);
    let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    Ok((Mailbox { letters: sender, bell: Arc::clone(&bell) }, Inbox { letters, bell }))
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
        // A full counter is a bell that rings already.
        let _ = self.bell.write(1);
        Ok(())
    }
}

impl Recorded for Mailbox {
    fn safe(&self, _events: u64) {}

    fn failed(&self, _reason: &str) {}
}

impl Ask for Mailbox {
    fn ask(&self, command: Command) {
        // To a run that is over there is nothing left to ask.
        let _ = self.send(command, Asker::Person);
    }
}
