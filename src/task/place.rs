//! Vocabulary: where a task is done, and where whoever does it sits.
//! It does not know who sits there.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which process does a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Whichever worker of the pool is free.
    #[default]
    Pool,
    /// A process of its own, started for it, gone after it.
    Own,
    /// The parent itself, one task after the other.
    Parent,
    /// The parent itself: its program, of which there is one.
    Main,
}

/// A worker's seat: the lowest free number when it starts, reused by its successor. Shown counted from 1 as "worker 3".
/// Two seats are in the parent itself and have no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u16);

impl Slot {
    /// Where the parent does tasks itself, one after the other. No numbered seat.
    pub const PARENT: Self = Self(u16::MAX);

    /// Where the parent's own program runs. No numbered seat.
    pub const MAIN: Self = Self(u16::MAX - 1);

    /// Whether it is in the parent's own process.
    #[must_use]
    pub fn is_in_parent(self) -> bool {
        self == Self::PARENT || self == Self::MAIN
    }

    /// Who sits there, as sentences have it: "worker 3", "the parent".
    #[must_use]
    pub fn title(self) -> std::borrow::Cow<'static, str> {
        if self.is_in_parent() { "the parent".into() } else { format!("worker {self}").into() }
    }

    /// The seat's place in a table indexed by seat; a seat in the parent is in none.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_in_parent() { f.write_str("parent") } else { write!(f, "{}", u32::from(self.0) + 1) }
    }
}
