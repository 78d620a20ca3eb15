//! What came of one recorded run: by its summary, or by its journal where there is none that fits.
//! It does not know how runs are listed.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};

use crate::app::recording::brief;
use crate::event::Phase;
use crate::journal::{Brief, Damage, DamageKind, Found, Header, Outcome, Reader, bytes_in, is_live};
use crate::model::State;

/// How long a journal may be that is read for the list. A longer one is believed to be whole.
const READ_BYTES_MAX: u64 = 8 << 20;

/// Where the last line of a run that came to its end is looked for.
const END_BYTES: u64 = 4 << 10;

/// What is in there then.
const RUN_ENDED: &[u8] = b"\"event\":\"run_ended\"";

/// A run as it is listed.
pub(super) struct Look {
    pub found: Found,
    /// Missing where it cannot be read.
    pub header: Option<Header>,
    pub came: Came,
    pub counts: Option<Counts>,
    pub took_us: Option<u64>,
    pub bytes: u64,
}

/// Tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub done: u64,
    pub failed: u64,
    pub total: u64,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Somebody is at it.
    Running,
    /// It came to its end.
    Over(Outcome, Counts),
    /// The same, but nobody has read how.
    Ended,
    /// Its journal ends in the middle of the run.
    CutOff(Option<Counts>),
    /// From there its journal is not as it was written.
    Damaged { line: u64 },
    /// There is no journal, or nothing that could be one.
    NoJournal,
}

impl Came {
    /// For programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Over(Outcome::Done, _) => "done",
            Self::Over(Outcome::Failed, _) => "failed",
            Self::Over(Outcome::Stuck, _) => "stuck",
            Self::Over(Outcome::Interrupted, _) => "interrupted",
            Self::Over(Outcome::NotRecorded, _) => "not_recorded",
            Self::Ended => "ended",
            Self::CutOff(_) => "cut_off",
            Self::Damaged { .. } => "damaged",
            Self::NoJournal => "no_journal",
        }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::Running => "running".to_owned(),
            Self::Over(Outcome::Failed, counts) if counts.failed > 0 => format!("{} failed", counts.failed),
            Self::Over(outcome, Counts { done, total, .. }) => {
                let word = match outcome {
                    Outcome::Done => "done",
                    Outcome::Failed => "failed",
                    Outcome::Stuck => "stuck",
                    Outcome::Interrupted => "interrupted",
                    Outcome::NotRecorded => "not recorded",
                };
                format!("{word} {done}/{total}")
            }
            Self::Ended => "ended".to_owned(),
            Self::CutOff(Some(Counts { done, total, .. })) => format!("cut off {done}/{total} (resumable)"),
            Self::CutOff(None) => "cut off (resumable)".to_owned(),
            Self::Damaged { line } => format!("damaged at line {line}"),
            Self::NoJournal => "no journal".to_owned(),
        };
        // Filled up to a column's width.
        f.pad(&text)
    }
}

/// Looks at a run.
pub(super) fn look(found: Found) -> Look {
    let open = || {
        let file = File::open(&found.journal).ok()?;
        let bytes = file.metadata().ok()?.len();
        let (header, reader) = Reader::open(BufReader::new(file)).ok()?;
        Some((bytes, header, reader))
    };
    let size = |journal_bytes: u64| journal_bytes.saturating_add(bytes_in(&found.output));
    let Some((bytes, header, reader)) = open() else {
        let bytes = size(found.journal.metadata().map_or(0, |file| file.len()));
        return Look { found, header: None, came: Came::NoJournal, counts: None, took_us: None, bytes };
    };
    let (came, brief) = if is_live(&found.journal) {
        (Came::Running, None)
    } else if let Some(brief) = Brief::read(&found.journal) {
        (Came::Over(brief.outcome, counts(brief)), Some(brief))
    } else if bytes <= READ_BYTES_MAX {
        read(reader, bytes)
    } else {
        (long(reader, bytes), None)
    };
    Look {
        header: Some(header),
        came,
        counts: brief.map(counts),
        took_us: brief.map(|brief| brief.took_us),
        bytes: size(bytes),
        found,
    }
}

fn counts(brief: Brief) -> Counts {
    Counts { done: brief.done, failed: brief.failed, total: brief.total }
}

/// Reads it all.
fn read(mut reader: Reader<BufReader<File>>, bytes: u64) -> (Came, Option<Brief>) {
    let mut state = State::new();
    let damage = loop {
        let line = reader.mark().seq + 2;
        match reader.next() {
            Ok(Some(entry)) if state.apply(&entry.event).is_ok() => {}
            // What was not written to its end was cut off with the run.
            Ok(None) | Err(Damage::Line { kind: DamageKind::Torn, .. }) => break None,
            Ok(Some(_)) | Err(Damage::Line { .. } | Damage::Io { .. }) => break Some(line),
        }
    };
    let brief = brief(&state, bytes, 0);
    let came = match damage {
        Some(line) => Came::Damaged { line },
        None if state.phase == Phase::Ended => Came::Over(brief.outcome, counts(brief)),
        None => Came::CutOff(Some(counts(brief))),
    };
    (came, Some(brief))
}

/// Of a long one only its end is looked at.
fn long(reader: Reader<BufReader<File>>, bytes: u64) -> Came {
    let mut file = reader.into_inner().into_inner();
    let mut end = Vec::new();
    let read = file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES)));
    match read.and_then(|_| file.take(END_BYTES).read_to_end(&mut end)) {
        Ok(_) if end.windows(RUN_ENDED.len()).any(|piece| piece == RUN_ENDED) => Came::Ended,
        Ok(_) | Err(_) => Came::CutOff(None),
    }
}
