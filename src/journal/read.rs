//! Reads a journal line by line, checks each, and stops at the first that is not as it was written: what came before is true.
//! It does not know where the bytes come from, nor whether more will be written.

use std::fmt;
use std::io::{BufRead, Read as _};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use thiserror::Error;

use super::format::{CRC_FIRST, CRC_KEY, FORMAT, Header, LINE_BYTES_MAX, TAIL, checksum, hex};
use crate::event::Event;
use crate::event::written::{entry, read_inside};

/// The key of an event's number.
const SEQ: &str = "seq";

/// One line of a journal that was as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The event's number, from 1.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// A place between two lines, where reading or writing can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Bytes from the file's beginning.
    pub offset: u64,
    /// The number of the event before it; 0 right behind the header.
    pub seq: u64,
    /// The checksum of the line before it.
    pub crc: u32,
}

/// Why a file is no journal that can be read.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Its first line is not that of a journal.
    #[error("the first line is not that of a journal ({0})")]
    NotAJournal(DamageKind),
    /// Another format.
    #[error("the journal has format {0}, and this pooltop reads format {FORMAT}")]
    OtherFormat(u32),
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Where a journal stops being true.
#[derive(Debug, Error)]
pub enum Damage {
    /// A line that was not written so.
    #[error("line {line}, {offset} bytes in: {kind}")]
    Line { offset: u64, line: u64, kind: DamageKind },
    /// The file cannot be read on.
    #[error("{offset} bytes in: {error}")]
    Io { offset: u64, error: std::io::Error },
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// It has no end. It may be being written right now.
    Torn,
    /// It is longer than any line there is.
    TooLong,
    /// Its checksum is missing or does not fit it, or not the line before.
    Checksum,
    /// It is out of order.
    Order,
    /// Its checksum is right and it is not an event; another program wrote it.
    NotAnEvent,
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Torn => "it ends in the middle",
            Self::TooLong => "it is too long",
            Self::Checksum => "its checksum does not fit",
            Self::Order => "it is out of order",
            Self::NotAnEvent => "it is not an event",
        })
    }
}

/// Reads one journal.
pub struct Reader<R> {
    from: R,
    mark: Mark,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is not one.
    pub fn open(from: R) -> Result<(Header, Self), OpenError> {
        let mut reader = Self { from, mark: Mark { offset: 0, seq: 0, crc: CRC_FIRST }, line: Vec::new() };
        match reader.line()? {
            Found::Whole => {}
            Found::End => return Err(OpenError::NotAJournal(DamageKind::Torn)),
            Found::Not(kind) => return Err(OpenError::NotAJournal(kind)),
        }
        let not = |_| OpenError::NotAJournal(DamageKind::NotAnEvent);
        let version: Version = serde_json::from_slice(&reader.line).map_err(not)?;
        if version.pooltop_journal != FORMAT {
            return Err(OpenError::OtherFormat(version.pooltop_journal));
        }
        let crc = reader.checked().ok_or(OpenError::NotAJournal(DamageKind::Checksum))?;
        let header = serde_json::from_slice(&reader.line).map_err(not)?;
        reader.pass(0, crc);
        Ok((header, reader))
    }

    /// Goes on at a mark, where `from` must stand.
    pub fn at(from: R, mark: Mark) -> Self {
        Self { from, mark, line: Vec::new() }
    }

    /// Where it stands.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The next event; `None` at the end. After [`DamageKind::Torn`] it may be asked again where the file may have grown:
    /// `from` has to be put back to [`Self::mark`] for that.
    ///
    /// # Errors
    /// At the first line that is not as it was written. Nothing behind it is to be trusted.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on behind damage")]
    pub fn next(&mut self) -> Result<Option<Entry>, Damage> {
        let found = self.line().map_err(|error| Damage::Io { offset: self.mark.offset, error })?;
        match found {
            Found::End => return Ok(None),
            Found::Not(kind) => return Err(self.damage(kind)),
            Found::Whole => {}
        }
        let Some(crc) = self.checked() else { return Err(self.damage(DamageKind::Checksum)) };
        let Ok(Numbered(entry)) = serde_json::from_slice(&self.line) else {
            return Err(self.damage(DamageKind::NotAnEvent));
        };
        if entry.seq != self.mark.seq + 1 {
            return Err(self.damage(DamageKind::Order));
        }
        self.pass(entry.seq, crc);
        Ok(Some(entry))
    }

    /// What lies behind the last good line can be taken from here.
    pub fn into_inner(self) -> R {
        self.from
    }

    fn damage(&self, kind: DamageKind) -> Damage {
        Damage::Line { offset: self.mark.offset, line: self.mark.seq + 2, kind }
    }

    fn pass(&mut self, seq: u64, crc: u32) {
        self.mark = Mark { offset: self.mark.offset + self.line.len() as u64, seq, crc };
    }

    /// Reads up to the next newline, whatever there is, into `line`.
    fn line(&mut self) -> std::io::Result<Found> {
        self.line.clear();
        self.from.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut self.line)?;
        Ok(match self.line.last() {
            None => Found::End,
            Some(_) if self.line.len() > LINE_BYTES_MAX => Found::Not(DamageKind::TooLong),
            Some(b'\n') => Found::Whole,
            Some(_) => Found::Not(DamageKind::Torn),
        })
    }

    /// The line's checksum, if it is right.
    fn checked(&self) -> Option<u32> {
        let (covered, tail) = self.line.split_at(self.line.len().checked_sub(TAIL)?);
        let digits = tail.strip_prefix(CRC_KEY)?.strip_suffix(b"\"}\n")?;
        let crc = checksum(self.mark.crc, covered);
        // Compared as written: other spellings of the same number are not ours.
        (digits == hex(crc)).then_some(crc)
    }
}

/// What was found where a line should begin.
enum Found {
    Whole,
    End,
    Not(DamageKind),
}

/// The header's first key alone: another format's header may have other ones.
#[derive(Deserialize)]
struct Version {
    pooltop_journal: u32,
}

struct Numbered(Entry);

impl<'de> Deserialize<'de> for Numbered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Line;
        impl<'de> Visitor<'de> for Line {
            type Value = Numbered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a numbered event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numbered, A::Error> {
                let seq = entry(&mut map, SEQ)?;
                let event = read_inside(&mut map)?;
                Ok(Numbered(Entry { seq, event }))
            }
        }
        deserializer.deserialize_map(Line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, What};
    use crate::journal::made_up::header;
    use crate::journal::{RunId, encode_event, encode_header};
    use crate::task::{TaskId, WorkerId};

    fn events() -> Vec<Event> {
        let whats = [
            What::TasksDispatched { worker: WorkerId(0), tasks: vec![TaskId(0), TaskId(1)] },
            What::TaskStarted { task: TaskId(0), worker: WorkerId(0), pid: None },
            What::Ticked,
            What::RunEnded,
        ];
        whats.into_iter().zip(1..).map(|(what, at)| Event { at: Elapsed(at), what }).collect()
    }

    fn journal() -> Vec<u8> {
        let mut out = Vec::new();
        let mut crc = encode_header(&mut out, &header());
        for (event, seq) in events().iter().zip(1..) {
            crc = encode_event(&mut out, seq, event, crc);
        }
        out
    }

    fn read(bytes: &[u8]) -> (Vec<Event>, Option<Damage>) {
        let Ok((_, mut reader)) = Reader::open(bytes) else { return (Vec::new(), None) };
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Ok(Some(entry)) => events.push(entry.event),
                Ok(None) => return (events, None),
                Err(damage) => return (events, Some(damage)),
            }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = journal();
        let (found, mut reader) = Reader::open(&bytes[..]).unwrap();
        assert_eq!(found, header());
        let first = reader.next().unwrap().unwrap();
        let mark = reader.mark();
        assert_eq!((first.seq, mark.seq), (1, 1));
        let mut later = Reader::at(&bytes[usize::try_from(mark.offset).unwrap()..], mark);
        assert_eq!(later.next().unwrap().unwrap().event, events()[1]);
        assert_eq!(read(&bytes).0, events());
        assert!(read(&bytes).1.is_none());
    }

    #[test]
    fn a_line_of_another_run_does_not_fit() {
        let bytes = journal();
        let mut other = Vec::new();
        let before = encode_header(&mut other, &Header { run: RunId("other".into()), ..header() });
        encode_event(&mut other, 1, &events()[0], before);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let spliced = [&other[..], lines[2], lines[3]].concat();
        let (found, damage) = read(&spliced);
        assert_eq!(found, events()[..1]);
        assert!(matches!(damage, Some(Damage::Line { line: 3, kind: DamageKind::Checksum, .. })), "{damage:?}");
    }

    #[test]
    fn a_journal_of_another_format_says_so() {
        let text = String::from_utf8(journal()).unwrap().replace("\"pooltop_journal\":1", "\"pooltop_journal\":2");
        let error = Reader::open(text.as_bytes()).err().unwrap().to_string();
        assert_eq!(error, "the journal has format 2, and this pooltop reads format 1");
        assert!(Reader::open(&b"hello\n"[..]).err().unwrap().to_string().contains("not that of a journal"));
    }
}
