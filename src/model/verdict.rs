//! What it means that nothing can go on: whether it is so, as far as the state knows, and why, in words. PURE.
//! It does not know what the supervisor still has in store, nor what a verdict leads to.

mod graph;
mod words;

use crate::event::{PauseReason, Phase, Stuck, Tuning, Verdict};
use crate::model::state::{Source, State};
use crate::model::task::Status;
use crate::task::Place;

use super::calls::WaitOn;

impl State {
    /// Whether something is under way and none of it can go on by itself: every thread of every task in flight waits, no
    /// call can be answered, none runs out of patience, and no other task will begin by itself. Cheap.
    pub fn stands_still(&self) -> bool {
        let no_more_work = match self.phase {
            Phase::Running => self.source == Source::Closed && self.queue.next_release().is_none(),
            Phase::Draining => true,
            _ => return false,
        };
        let stuck = self.threads.stuck_count();
        stuck > 0
            && stuck == self.counts.in_flight() as usize
            && no_more_work
            && !self.is_paused()
            && self.undecided.is_empty()
            && self.count(Status::Stopping) == 0
            && self.threads.next_impatient().is_none()
            && self.is_all_said()
    }

    /// Whether the pool is paused and nobody is there who could let it go on.
    pub fn is_frozen_for_good(&self) -> bool {
        let unfinished = self.has_unfinished() || self.source == Source::Open;
        self.policy.stuck == Stuck::Ends
            && self.is_paused_by(PauseReason::Asked)
            && self.phase <= Phase::Draining
            && unfinished
    }

    /// Whether tasks wait for workers of a pool that is to have none, and nobody is there who could want some.
    pub fn is_deserted(&self) -> bool {
        let for_others =
            [Place::Main, Place::Parent, Place::Own].into_iter().any(|place| self.queue.is_waited_for(place));
        self.policy.stuck == Stuck::Ends
            && self.target == 0
            && self.tuning != Tuning::Searching
            && self.phase == Phase::Running
            && !self.is_paused()
            && self.counts.in_flight() == 0
            && self.undecided.is_empty()
            && self.queue.is_waited_for(Place::Pool)
            && !for_others
    }

    /// Whether some of what waits waits for a lock between threads.
    pub fn waits_for_locks(&self) -> bool {
        self.threads
            .stuck()
            .flat_map(|task| self.threads.of(task))
            .any(|thread| thread.wait.as_ref().is_some_and(|wait| matches!(wait.on, WaitOn::Lock { .. })))
    }

    /// Why nothing can go on, if nothing can.
    pub fn judged(&self) -> Option<Verdict> {
        if self.is_frozen_for_good() {
            let advice = "resume it at a later time, or run it with the screen";
            return Some(Verdict {
                text: "the pool is paused and nothing will resume it".into(),
                waits: Vec::new(),
                advice: Some(advice.into()),
            });
        }
        if self.is_deserted() {
            let advice = "let the pool have workers at a later time, or run it with the screen";
            return Some(Verdict {
                text: "tasks wait for a worker, and the pool is to have none".into(),
                waits: Vec::new(),
                advice: Some(advice.into()),
            });
        }
        self.stands_still().then(|| words::verdict(self))
    }
}
