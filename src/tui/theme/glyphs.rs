//! The characters of the frame, of bars and of states: in Unicode and in ASCII, each one column wide. PURE.
//! It does not know where they are drawn.

use ratatui::symbols::border;

use crate::command::Weight;
use crate::model::{BlockKind, Status};

/// Characters to draw with. All are one column wide, so both sets give the same picture.
#[derive(Debug)]
pub struct Glyphs {
    /// A pane's frame.
    pub border: border::Set<'static>,
    /// In the place of what was cut out.
    pub ellipsis: &'static str,
    /// Done.
    pub done: &'static str,
    /// Failed.
    pub failed: &'static str,
    /// Going on.
    pub running: &'static str,
    /// Frozen.
    pub paused: &'static str,
    /// Waiting; also idle time, and what separates facts.
    pub dot: &'static str,
    /// A worker at work.
    pub busy: &'static str,
    /// Work that cannot go on until another does something.
    pub blocked: &'static str,
    /// A time in which that was so.
    pub halted: &'static str,
    /// A worker without work.
    pub idle: &'static str,
    /// A worker coming up.
    pub starting: &'static str,
    /// A worker, or the pool, going away in good order.
    pub draining: &'static str,
    /// Something that wants to be seen.
    pub alert: &'static str,
    /// Nobody knows.
    pub unknown: &'static str,
    /// Nothing, filled from the left by eighths, all.
    pub across: [&'static str; 9],
    /// Nothing, filled from below by eighths, all.
    pub up: [&'static str; 9],
    /// The empty part of a bar.
    pub trough: &'static str,
    /// The edges of something that has a beginning and an end.
    pub edges: (&'static str, &'static str),
    /// What something is drawn on.
    pub scale: (&'static str, &'static str),
    /// What is worth watching.
    pub watch: &'static str,
    /// A moment on a time axis.
    pub moment: &'static str,
    /// A tick of a time axis.
    pub tick: &'static str,
    /// A step's line.
    pub line: &'static str,
    /// The part of a line that lies behind.
    pub passed: &'static str,
    /// Where a list is.
    pub thumb: &'static str,
    /// The smallest first.
    pub ascending: &'static str,
    /// The largest first.
    pub descending: &'static str,
}

pub(super) const UNICODE: Glyphs = Glyphs {
    border: border::ROUNDED,
    ellipsis: "…",
    done: "✔",
    failed: "✖",
    running: "…",
    paused: "‖",
    dot: "·",
    busy: "●",
    blocked: "◐",
    halted: "┄",
    idle: "○",
    starting: "◌",
    draining: "▽",
    alert: "!",
    unknown: "?",
    across: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    up: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    trough: "░",
    edges: ("▐", "▌"),
    scale: ("▕", "▏"),
    watch: "▸",
    moment: "┊",
    tick: "╵",
    line: "─",
    passed: "━",
    thumb: "┃",
    ascending: "▲",
    descending: "▼",
};

pub(super) const ASCII: Glyphs = Glyphs {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    ellipsis: "~",
    done: "+",
    failed: "x",
    running: ".",
    paused: "=",
    dot: ".",
    busy: "*",
    blocked: "%",
    halted: "-",
    idle: "o",
    starting: ":",
    draining: "v",
    alert: "!",
    unknown: "?",
    across: [" ", " ", " ", " ", "#", "#", "#", "#", "#"],
    up: [" ", "_", "_", ".", ".", ":", ":", "|", "#"],
    trough: ".",
    edges: ("[", "]"),
    scale: ("|", "|"),
    watch: ">",
    moment: "|",
    tick: "'",
    line: "-",
    passed: "=",
    thumb: "#",
    ascending: "^",
    descending: "v",
};

impl Glyphs {
    /// The glyph of a task's status.
    pub fn status(&self, status: Status) -> &'static str {
        match status {
            Status::Waiting | Status::Delayed | Status::Sent => self.dot,
            Status::Running | Status::Undecided => self.running,
            Status::Paused => self.paused,
            Status::Stopping => self.draining,
            Status::Done => self.done,
            Status::Failed => self.failed,
            Status::Interrupted | Status::Dropped => self.alert,
        }
    }

    /// The glyph of an attempt on the timeline.
    pub fn block(&self, kind: BlockKind) -> &'static str {
        match kind {
            BlockKind::Running => self.running,
            BlockKind::Done => self.done,
            BlockKind::Failed => self.failed,
            BlockKind::Lost => self.alert,
        }
    }

    /// The glyph of a line in the log.
    pub fn weight(&self, weight: Weight) -> &'static str {
        match weight {
            Weight::Info => self.dot,
            Weight::Skipped => self.idle,
            Weight::Warning => self.alert,
            Weight::Error => self.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_is_one_column_and_ascii_is_ascii() {
        for (glyphs, ascii) in [(&UNICODE, false), (&ASCII, true)] {
            let single = [
                glyphs.ellipsis,
                glyphs.done,
                glyphs.failed,
                glyphs.running,
                glyphs.paused,
                glyphs.dot,
                glyphs.busy,
                glyphs.blocked,
                glyphs.halted,
                glyphs.idle,
                glyphs.starting,
                glyphs.draining,
                glyphs.alert,
                glyphs.unknown,
                glyphs.trough,
                glyphs.edges.0,
                glyphs.edges.1,
                glyphs.scale.0,
                glyphs.scale.1,
                glyphs.watch,
                glyphs.moment,
                glyphs.line,
                glyphs.passed,
                glyphs.thumb,
                glyphs.ascending,
                glyphs.descending,
                glyphs.border.top_left,
            ];
            for glyph in single.into_iter().chain(glyphs.across).chain(glyphs.up) {
                assert_eq!(crate::text::width(glyph), 1, "{glyph:?}");
                assert!(!ascii || glyph.is_ascii(), "{glyph:?}");
            }
        }
    }
}
