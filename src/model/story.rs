//! What the onlooker is told: what to watch now, the lines that functions print, the results as they come. PURE.
//! It does not know how it is shown; it keeps the newest.

use super::shared::Line;
use crate::event::Elapsed;
use crate::task::{TaskId, ThreadId};

/// How many lines are kept.
pub const STORY_LINES_MAX: usize = 1000;

/// What was told so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoryLog {
    /// The newest note on what to watch, and which task told it.
    pub now: Option<(TaskId, Box<str>)>,
    lines: Line<StoryLine>,
    forgotten: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// When.
    pub at: Elapsed,
    /// Whose.
    pub task: TaskId,
    /// Which of its threads said it.
    pub thread: ThreadId,
    /// What kind of line.
    pub kind: StoryKind,
    /// The line; not yet safe for a terminal.
    pub text: Box<str>,
}

/// See [`StoryLine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryKind {
    /// A function printed it.
    Said,
    /// A function returned it.
    Result,
}

impl StoryLog {
    /// The lines, oldest first.
    pub fn lines(&self) -> &Line<StoryLine> {
        &self.lines
    }

    /// How many older lines were forgotten.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// One more line.
    pub fn push(&mut self, line: StoryLine) {
        let full = self.lines.push_bounded(line, STORY_LINES_MAX);
        self.forgotten += u64::from(full);
    }
}
