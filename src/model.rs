//! The state of a run as a fold over its events: the one truth for planner, screen, lines, recording and replay. PURE.
//! It does not know where events come from, reads no clock and does no I/O.

mod advice;
mod apply;
mod calls;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any number will do")]
pub(crate) mod forged;
mod history;
mod log;
#[cfg(test)]
mod made_up;
mod objects;
mod playback;
mod progress;
mod queue;
mod shared;
mod state;
mod story;
mod tails;
mod task;
mod timeline;
mod tuning;
mod update;
mod verdict;
mod worker;

pub use advice::{Advice, Limit};
pub use apply::IllegalEvent;
pub use calls::{Blocked, Thread, Threads, Wait, WaitOn};
pub use history::{Bucket, Effort, History, Marker, MarkerKind, SizeUse};
pub use log::{Log, LogLine};
pub use objects::{Content, Held, Holder, ITEMS_BYTES_MAX, ITEMS_MAX, Object, Objects, Traffic, Waiter};
pub use playback::{
    Deck, Kept, Known, Moment, MomentKind, Motion, Playback, Replayed, SPEED_MILLI_MAX, SPEED_MILLI_MIN, Way, Wish,
};
pub use progress::{Progress, Rate};
pub use queue::{Queue, Waiting};
pub use shared::{Line, List, Map};
pub use state::{PoolLife, Skipped, Source, State, Unplanned, WireUse};
pub use story::{STORY_LINES_MAX, StoryKind, StoryLine, StoryLog};
pub use tails::{Tail, Tails};
pub use task::{AttemptRecord, Counts, Status, Task};
pub use timeline::{Block, BlockKind, LANE_BLOCKS_MAX, Lane, Stretch, Timeline};
pub use tuning::{Climb, Move, Unit};
pub use update::Update;
pub use worker::{Recall, Running, Worker, WorkerState, Workers};
