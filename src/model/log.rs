//! What a person should read: the notable events as sentences, the last few hundred. PURE.
//! It does not know how lines are shown; its text is not yet safe for a terminal.

use super::shared::Line;
use crate::command::Weight;
use crate::event::Elapsed;
use crate::task::TaskId;

/// How many lines are kept.
const LINES_MAX: usize = 500;

/// As much of a text as is kept to be read. Those that come from workers are shorter.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// As much of the text as anybody reads: a record of the run may have any.
pub(super) fn bounded(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].into()
}

/// One notable thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Elapsed,
    /// How much it matters.
    pub weight: Weight,
    /// The task it is about, if it is about one.
    pub task: Option<TaskId>,
    /// A sentence without its full stop.
    pub text: Box<str>,
}

/// The notable things, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    lines: Line<LogLine>,
    forgotten: u64,
}

impl Log {
    /// What is kept, oldest first.
    pub fn lines(&self) -> &Line<LogLine> {
        &self.lines
    }

    /// How many lines were dropped to make room. `forgotten + lines().len()` counts every line there ever was.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn push(&mut self, at: Elapsed, weight: Weight, task: Option<TaskId>, text: impl AsRef<str>) {
        let text = bounded(text.as_ref());
        let full = self.lines.push_bounded(LogLine { at, weight, task, text }, LINES_MAX);
        self.forgotten += u64::from(full);
    }
}
