//! A journal read event by event into a state, as far as it is true; and where it stops being so.
//! It does not know who looks at the state. The file is opened for reading only, once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::event::{Elapsed, Event};
use crate::journal::{Damage, DamageKind, Header, Mark, OpenError, Reader};
use crate::model::State;

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// Why a journal cannot be played at all.
#[derive(Debug, Error)]
pub enum FoldError {
    /// The file cannot be opened.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is not a file")]
    NotAFile,
    /// It is no journal of ours.
    #[error(transparent)]
    NotAJournal(#[from] OpenError),
}

/// A file read from a place of one's own: others who read it do not move it.
#[derive(Clone, Debug)]
pub(super) struct From {
    file: Arc<File>,
    offset: u64,
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// What reads events.
pub(super) type Events = Reader<BufReader<From>>;

/// Reads on at a mark.
pub(super) fn events_at(file: &Arc<File>, mark: Mark) -> Events {
    let from = From { file: Arc::clone(file), offset: mark.offset };
    Reader::at(BufReader::with_capacity(READ_BYTES, from), mark)
}

/// What comes next in a journal.
#[derive(Debug)]
pub enum Next {
    /// This happened; it is not in the state yet.
    Event(Event),
    /// Nothing at present: the file ends here. More may come.
    Nothing,
    /// Nothing that could be believed, for good; [`Fold::spoilt`] says why.
    Spoilt,
}

/// The journal is not to be believed from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoilt;

/// A journal, and the state as far as it was read.
pub struct Fold {
    file: Arc<File>,
    header: Header,
    events: Events,
    state: State,
    read: u64,
    last: Elapsed,
    spoilt: Option<Box<str>>,
}

impl Fold {
    /// Opens a journal and reads its header.
    ///
    /// # Errors
    /// When it is not one.
    pub fn open(path: &Path) -> Result<Self, FoldError> {
        // Opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(path)?.is_file() {
            return Err(FoldError::NotAFile);
        }
        let file = Arc::new(File::open(path)?);
        let from = From { file: Arc::clone(&file), offset: 0 };
        let (header, events) = Reader::open(BufReader::with_capacity(READ_BYTES, from))?;
        Ok(Self { file, header, events, state: State::new(), read: 0, last: Elapsed(0), spoilt: None })
    }

    /// What was asked for, and by what.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The state after all that was read.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, for keeps.
    pub fn into_state(self) -> State {
        self.state
    }

    /// How many events are in the state.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// When the last of them was.
    pub fn last(&self) -> Elapsed {
        self.last
    }

    /// Where the next one begins.
    pub fn mark(&self) -> Mark {
        self.events.mark()
    }

    /// From where on the journal is not to be believed, if there is such a line, and why.
    pub fn spoilt(&self) -> Option<&str> {
        self.spoilt.as_deref()
    }

    /// How long the file is now.
    pub fn file_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The next event. It is to be handed to [`Self::apply`] before the next call.
    pub fn read_on(&mut self) -> Next {
        if self.spoilt.is_some() {
            return Next::Spoilt;
        }
        match self.events.next() {
            Ok(Some(entry)) => Next::Event(entry.event),
            Ok(None) => Next::Nothing,
            Err(Damage::Line { kind: DamageKind::Torn, .. }) => {
                // It may be being written; what there is of it is read once more then.
                self.events = events_at(&self.file, self.events.mark());
                Next::Nothing
            }
            Err(Damage::Line { line, kind, .. }) => self.spoil(line, &kind),
            Err(Damage::Io { error, .. }) => {
                let line = self.events.mark().seq + 2;
                self.spoil(line, &error)
            }
        }
    }

    /// Takes the event in that [`Self::read_on`] gave.
    ///
    /// # Errors
    /// When it cannot have happened then. The journal is not to be believed from there on.
    pub fn apply(&mut self, event: &Event) -> Result<(), Spoilt> {
        match self.state.apply(event) {
            Ok(()) => {
                self.read += 1;
                self.last = event.at;
                Ok(())
            }
            Err(illegal) => {
                let line = self.events.mark().seq + 1;
                self.spoil(line, &illegal);
                Err(Spoilt)
            }
        }
    }

    fn spoil(&mut self, line: u64, why: &dyn std::fmt::Display) -> Next {
        self.spoilt = Some(format!("the journal is damaged from line {line} on ({why})").into());
        Next::Spoilt
    }
}
