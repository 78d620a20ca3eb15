//! What was done in one seat, laid out so that no two attempts overlap.
//! It does not know the other seats, but for flows from a failed attempt to its retry.

use std::io;

use serde_json::json;

use super::line::{Lines, Track};
use crate::event::Elapsed;
use crate::task::{Pid, TaskId, WorkerId};

/// An attempt that is over.
pub(super) struct Attempt {
    pub task: TaskId,
    pub name: String,
    pub number: u16,
    pub outcome: &'static str,
    pub failure: Option<String>,
    pub bytes: u64,
    pub worker: WorkerId,
    pub pid: Option<Pid>,
    pub from: Elapsed,
    pub to: Elapsed,
    pub blocked: Vec<Stretch>,
}

/// A time in which a task could not go on.
pub(super) struct Stretch {
    pub name: String,
    pub from: Elapsed,
    pub to: Option<Elapsed>,
}

/// One seat.
pub(super) struct Lane {
    track: Track,
    /// Attempts that ended at the same moment, as far as anyone knows: workers tell of short tasks in bundles.
    held: Vec<Attempt>,
    /// Before this the track is full.
    free_us: u64,
}

impl Lane {
    pub fn new(track: Track) -> Self {
        Self { track, held: Vec::new(), free_us: 0 }
    }

    /// One more attempt; it ended when the others that are held did.
    pub fn hold(&mut self, attempt: Attempt) {
        self.held.push(attempt);
    }

    /// Writes what is held. Of a bundle only the last attempt can have ended when the bundle came; each one before ended when
    /// the next began.
    pub fn flush(&mut self, lines: &mut Lines<'_>, failed: &mut Failed) -> io::Result<()> {
        let mut ends = self.held.last().map_or(0, |last| last.to.0);
        let mut places = Vec::with_capacity(self.held.len());
        for attempt in self.held.iter().rev() {
            let took = attempt.to.0.saturating_sub(attempt.from.0);
            let from = ends.saturating_sub(took);
            places.push((from, ends));
            ends = from;
        }
        for (attempt, (from, to)) in self.held.drain(..).zip(places.into_iter().rev()) {
            // A slice that takes no time holds nothing, and no flow would find it.
            let from = from.max(self.free_us);
            let to = to.max(from.saturating_add(1));
            self.free_us = to;
            write(self.track, &attempt, (from, to), lines, failed)?;
        }
        Ok(())
    }
}

/// The latest attempts that failed, by task: where their slices begin.
pub(super) type Failed = std::collections::HashMap<TaskId, (Track, u64)>;

fn write(
    track: Track,
    attempt: &Attempt,
    (from, to): (u64, u64),
    lines: &mut Lines<'_>,
    failed: &mut Failed,
) -> io::Result<()> {
    let mut args = json!({
        "task": u64::from(attempt.task.0) + 1,
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "bytes": attempt.bytes,
        "worker": attempt.worker.0,
        "pid": attempt.pid,
    });
    if let Some(failure) = &attempt.failure {
        args["failure"] = json!(failure);
    }
    lines.slice(track, (from, to), attempt.outcome, &attempt.name, Some(args))?;
    for stretch in &attempt.blocked {
        let clamped = |at: Elapsed| at.0.clamp(from, to);
        let place = (clamped(stretch.from), stretch.to.map_or(to, clamped));
        lines.slice(track, place, "blocked", &stretch.name, None)?;
    }
    if let Some(former) = failed.remove(&attempt.task) {
        lines.flow(former, (track, from))?;
    }
    if attempt.failure.is_some() {
        // From its beginning: what is told in between, such as a loss, would be taken for where the flow comes from.
        failed.insert(attempt.task, (track, from));
    }
    Ok(())
}
