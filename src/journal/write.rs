//! Appends events to a journal. What it says is written was taken by the system; what it says is synced survives a crash.
//! It does not know when that is worth its time. After the first failure it writes nothing more.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::disk::{DiskError, Target};
use super::{Header, Mark, encode_event, encode_header};
use crate::event::Event;

/// How much is gathered before it is handed to the system.
pub(super) const GATHERED_BYTES: usize = 256 << 10;

/// Writes one journal.
pub struct Writer {
    target: Box<dyn Target>,
    path: PathBuf,
    /// Encoded and not yet written.
    gathered: Vec<u8>,
    /// Behind the last event that was pushed.
    mark: Mark,
    trust: Trust,
}

/// Whether what was written is as it should be, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Whole,
    /// Something failed. What the system then has, nobody knows: not even whether a later sync would be true.
    Lost,
}

impl Writer {
    /// Writes behind what there is; `mark` is where that ends.
    pub(super) fn at(target: Box<dyn Target>, path: &Path, mark: Mark) -> Self {
        Self { target, path: path.to_owned(), gathered: Vec::new(), mark, trust: Trust::Whole }
    }

    /// Begins a journal.
    pub(super) fn begin(target: Box<dyn Target>, path: &Path, header: &Header) -> Self {
        let mut writer = Self::at(target, path, Mark::default());
        let crc = encode_header(&mut writer.gathered, header);
        writer.mark = Mark { offset: writer.gathered.len() as u64, seq: 0, crc };
        writer
    }

    /// The file has another name now.
    pub(super) fn renamed(self, path: &Path) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// The journal.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the journal ends once everything is written.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Encodes an event. It is written with the next call to write.
    pub fn push(&mut self, event: &Event) {
        let start = self.gathered.len();
        let seq = self.mark.seq + 1;
        let crc = encode_event(&mut self.gathered, seq, event, self.mark.crc);
        let offset = self.mark.offset + (self.gathered.len() - start) as u64;
        self.mark = Mark { offset, seq, crc };
    }

    /// How much would be written.
    pub fn gathered_bytes(&self) -> usize {
        self.gathered.len()
    }

    /// Hands what was pushed to the system.
    ///
    /// # Errors
    /// When it does not take all of it, or has once failed.
    pub fn write(&mut self) -> Result<(), DiskError> {
        self.careful("write the journal", |target, gathered| write_all(target, gathered))?;
        self.gathered.clear();
        // A run's beginning can be a thousand times longer than what follows.
        self.gathered.shrink_to(GATHERED_BYTES);
        Ok(())
    }

    /// Writes, and waits until it survives a crash.
    ///
    /// # Errors
    /// When it would not, or has once failed.
    pub fn sync(&mut self) -> Result<(), DiskError> {
        self.write()?;
        self.careful("sync the journal", |target, _| target.sync())
    }

    fn careful(
        &mut self,
        doing: &'static str,
        act: impl FnOnce(&mut dyn Target, &[u8]) -> io::Result<()>,
    ) -> Result<(), DiskError> {
        let done = match self.trust {
            Trust::Whole => act(&mut *self.target, &self.gathered),
            Trust::Lost => Err(io::Error::other("an earlier failure")),
        };
        done.map_err(|error| {
            self.trust = Trust::Lost;
            DiskError { doing, path: self.path.clone(), error }
        })
    }
}

/// All of it, in as many pieces as the system likes.
pub(super) fn write_all(target: &mut dyn Target, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match target.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
