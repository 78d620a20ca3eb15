//! A recorded run that is played back: what a screen is told of it, and what may be asked of whoever plays it. PURE.
//! It does not know where the recording lies, nor how it is read.

use std::sync::Arc;

use super::State;
use crate::event::Elapsed;
use crate::task::{Stream, TaskId};

/// The slowest a run is played, in thousandths of its own speed.
pub const SPEED_MILLI_MIN: u32 = 250;

/// The fastest.
pub const SPEED_MILLI_MAX: u32 = 64_000;

/// The run at some instant, and which instant that is.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The state at that instant.
    pub state: State,
    /// Where that is.
    pub playback: Playback,
}

/// Where in a recorded run one is.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// The instant that is shown.
    pub position: Elapsed,
    /// The last instant known of.
    pub end: Elapsed,
    /// How many events have happened at that instant.
    pub event: u64,
    /// How many are known of.
    pub events: u64,
    /// How many wishes for a moment have found none.
    pub misses: u32,
    /// Whether it moves.
    pub motion: Motion,
    /// How fast, in thousandths of the run's own speed.
    pub speed_milli: u32,
    /// What is known of the recording.
    pub known: Known,
    /// What is worth going to, in order.
    pub moments: Arc<[Moment]>,
    /// Tasks done in each step of time, from the run's beginning on.
    pub curve: Arc<[u32]>,
    /// How long such a step is.
    pub curve_step_us: u64,
    /// What was kept of a task's output, as it was asked for last.
    pub kept: Option<Arc<Kept>>,
}

/// Whether the position moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// It does not.
    Paused,
    /// It moves on with the time.
    Playing,
    /// It is the end, wherever that is: that of a run that goes on moves.
    Following,
}

/// How much of the recording is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is being read for the first time; so much of it, in thousandths.
    Reading { per_mille: u16 },
    /// All that there is; the run goes on, and more will come.
    Growing,
    /// All of it, to the run's end.
    Whole,
    /// All of it; the run did not come to its end.
    CutOff,
    /// What comes before the damage; says where and what.
    Damaged { why: Box<str> },
}

/// Something worth going to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Elapsed,
    /// What happened.
    pub kind: MomentKind,
}

/// What a moment is of. The later in this list, the more it matters where there is room for one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MomentKind {
    /// The pool's size was changed.
    Resize,
    /// A task failed for good.
    Failure,
    /// A worker was lost.
    Loss,
    /// The run was cut off and went on.
    Resumed,
    /// Nothing could go on.
    Verdict,
}

/// The end of what a task's attempt printed, from the files it was kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which task.
    pub task: TaskId,
    /// Which of its attempts.
    pub attempt: u16,
    /// Its last lines; not yet safe for a terminal.
    pub lines: Vec<(Stream, String)>,
    /// Bytes before them.
    pub skipped: u64,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// To what was before.
    Back,
    /// To what comes.
    On,
}

/// Something asked of whoever plays a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Stand still, or go on; at the end: from the beginning.
    PlayOrPause,
    /// So many milliseconds of the run.
    By(Way, u32),
    /// One event; and stand still there.
    Event(Way),
    /// Half as fast, or twice.
    Pace(Way),
    /// To this instant.
    To(Elapsed),
    /// To so many tenths of the run.
    Tenth(u8),
    /// To the beginning.
    Start,
    /// To the end, and stay there while it moves.
    End,
    /// To the moment before or after.
    Moment(Way),
    /// Look what was kept of that attempt's output.
    Look(TaskId, u16),
}

/// Whoever plays a recorded run. The screen knows it as this and nothing more.
pub trait Deck: Send + Sync {
    /// Hands the wish over and returns at once.
    fn wish(&self, wish: Wish);
}

impl Playback {
    /// Whether the run goes on, and its newest instant is shown.
    pub fn is_live(&self) -> bool {
        self.known == Known::Growing && self.motion == Motion::Following
    }
}
