//! What time and the tuner's events change in the state: where workers' time goes, and the search for the best size. PURE.
//! It does not decide which size comes next.

use crate::command::Weight;
use crate::event::{Elapsed, Phase, Role, Tuning};
use crate::model::state::State;
use crate::model::tuning::{Climb, Pace};
use crate::task::Place;

impl State {
    pub(super) fn tuning_changed(&mut self, tuning: Tuning) {
        let text = match tuning {
            Tuning::Off if self.tuning == Tuning::Off => return,
            Tuning::Off => "pooltop no longer looks for the best size".to_owned(),
            Tuning::Searching => "pooltop tries sizes to find the best".to_owned(),
            Tuning::Settled { workers: 1 } => "1 worker does best: the pool stays at that".to_owned(),
            Tuning::Settled { workers } => format!("{workers} workers do best: the pool stays at that"),
        };
        self.log.push(self.now, Weight::Info, None, text);
        self.tuning = tuning;
        let searching = tuning == Tuning::Searching;
        self.climb = searching.then(|| Box::new(Climb::new(self.target, self.unit())));
    }

    /// Until `at` everything stays as it is.
    pub(super) fn time_passes(&mut self, at: Elapsed) {
        let passed_us = at.0.saturating_sub(self.now.0);
        let pace = self.climb.is_some().then(|| self.pace());
        if let (Some(climb), Some(pace)) = (&mut self.climb, pace) {
            climb.advance(passed_us, pace);
        }
        if !self.objects.is_empty() && !self.is_paused() {
            let waiters = self.objects.iter().map(|(_, object)| object.waiters.len() as u64);
            // The parent's program waits for the others: its time tells nothing of them.
            let main = self.main.and_then(|main| self.task(main)).is_some_and(|main| main.status.is_in_flight());
            let held = self.counts.in_flight() - u32::from(main);
            self.history.effort.pass(passed_us, held.into(), self.objects.len(), waiters);
        }
    }

    /// So much was got done.
    pub(super) fn tuner_counts(&mut self, done: u32, bytes: u64) {
        let pace = self.climb.is_some().then(|| self.pace());
        if let (Some(climb), Some(Pace::Steady)) = (&mut self.climb, pace) {
            climb.count(done, bytes);
        }
    }

    fn pace(&self) -> Pace {
        if self.phase != Phase::Running || self.is_paused() || !self.queue.is_waited_for(Place::Pool) {
            return Pace::Unclear;
        }
        // The parent and processes for single tasks are no part of the pool.
        let there = self.workers.count(|worker| worker.role == Role::Pool);
        match self.ready() {
            ready if ready < self.target => Pace::Short,
            ready if ready == self.target && there == ready => Pace::Steady,
            _ => Pace::Unclear,
        }
    }
}
