//! Counters: how many tasks wait and are under way, how large the pool is and is to be, how many tasks end in a second.
//! It does not know single tasks.

use std::io;

use super::line::Lines;
use crate::event::Elapsed;
use crate::model::State;

/// Changes that come sooner after the last one that was told are told together.
const STEP_US: u64 = 10_000;

/// The longer a run goes on the coarser its counters get: as if it had been given so many steps from its beginning.
const STEPS_WANTED: u64 = 5_000;

/// What the counters are called.
const NAMES: [&str; 4] = ["queue depth", "in flight", "pool size: target", "pool size: actual"];

#[derive(Default)]
pub(super) struct Levels {
    told: [Option<u32>; NAMES.len()],
    told_at: Elapsed,
    now: [u32; NAMES.len()],
    changed_at: Option<Elapsed>,
    losses: u32,
}

impl Levels {
    /// Something happens at that time: what has changed before is told, unless more may come.
    pub fn before(&mut self, at: Elapsed, lines: &mut Lines<'_>) -> io::Result<()> {
        let step = (self.told_at.0 / STEPS_WANTED).max(STEP_US);
        match self.changed_at {
            Some(changed) if at > changed && at.0 >= self.told_at.0.saturating_add(step) => self.tell(changed, lines),
            _ => Ok(()),
        }
    }

    pub fn after(&mut self, at: Elapsed, state: &State) {
        let actual = state.ready();
        let now = [state.counts.waiting(), state.counts_of_work().in_flight(), state.target, actual];
        if now != self.now {
            self.now = now;
            self.changed_at = Some(at);
        }
    }

    /// How many workers were lost so far, as last told.
    pub fn losses(&self) -> u32 {
        self.losses
    }

    /// See [`Self::losses`].
    pub fn lost(&mut self, losses: u32) {
        self.losses = losses;
    }

    /// The last values, and what was done over time.
    pub fn finish(&mut self, state: &State, lines: &mut Lines<'_>) -> io::Result<()> {
        if let Some(changed) = self.changed_at {
            self.tell(changed, lines)?;
        }
        let bucket_us = state.history.bucket_us();
        let mut told = None;
        for (bucket, at) in state.history.buckets().iter().zip(0_u64..) {
            let rate = f64::from(bucket.done) / Elapsed(bucket_us).secs();
            if told != Some(bucket.done) {
                lines.counter(at.saturating_mul(bucket_us), "tasks/s", rate)?;
                told = Some(bucket.done);
            }
        }
        Ok(())
    }

    fn tell(&mut self, at: Elapsed, lines: &mut Lines<'_>) -> io::Result<()> {
        for ((name, told), now) in NAMES.into_iter().zip(&mut self.told).zip(self.now) {
            if *told != Some(now) {
                lines.counter(at.0, name, now)?;
                *told = Some(now);
            }
        }
        (self.told_at, self.changed_at) = (at, None);
        Ok(())
    }
}
