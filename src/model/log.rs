//! What a person should read: the notable events as sentences, the last few hundred. PURE.
//! It does not know how lines are shown; its text is not yet safe for a terminal.

use std::collections::VecDeque;

use crate::command::Weight;
use crate::event::Elapsed;
use crate::task::TaskId;

/// How many lines are kept.
const LINES_MAX: usize = 500;

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
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: VecDeque<LogLine>,
    forgotten: u64,
}

impl Log {
    /// What is kept, oldest first.
    pub fn lines(&self) -> &VecDeque<LogLine> {
        &self.lines
    }

    /// How many lines were dropped to make room. `forgotten + lines().len()` counts every line there ever was.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn push(&mut self, at: Elapsed, weight: Weight, task: Option<TaskId>, text: impl Into<Box<str>>) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
            self.forgotten += 1;
        }
        self.lines.push_back(LogLine { at, weight, task, text: text.into() });
    }
}
