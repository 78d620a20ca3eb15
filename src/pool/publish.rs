//! Hands events to the followers of a run, in batches, without ever waiting for one.
//! It does not know what followers do with them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};

use super::planner::Gate;
use crate::event::Event;
use crate::model::{State, Update};

/// How many batches may lie behind a slow follower that must see everything before the work waits for it.
const BEHIND_MAX: usize = 256;

/// What a follower that cannot keep up gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Every event, late: the pool gives out no tasks meanwhile.
    Everything,
    /// The newest state, once it reads again: the pool does not wait.
    TheLatest,
}

/// Somebody who follows the run.
pub struct Subscriber {
    /// Where updates go; bounded.
    pub updates: Sender<Update>,
    /// What happens when it is full.
    pub keeps: Keeps,
}

/// All followers.
pub(super) struct Publisher {
    followers: Vec<Follower>,
}

struct Follower {
    updates: Sender<Update>,
    keeps: Keeps,
    behind: VecDeque<Update>,
    missed: bool,
}

impl Publisher {
    pub(super) fn new(subscribers: Vec<Subscriber>) -> Self {
        let follower = |subscriber: Subscriber| Follower {
            updates: subscriber.updates,
            keeps: subscriber.keeps,
            behind: VecDeque::new(),
            missed: false,
        };
        Self { followers: subscribers.into_iter().map(follower).collect() }
    }

    /// Whether nobody follows, so that events need not be kept.
    pub(super) fn is_alone(&self) -> bool {
        self.followers.is_empty()
    }

    /// Whether somebody has not got everything yet and must be tried again soon.
    pub(super) fn is_behind(&self) -> bool {
        self.followers.iter().any(|follower| follower.missed || !follower.behind.is_empty())
    }

    /// Whether the work may go on.
    pub(super) fn gate(&self) -> Gate {
        if self.followers.iter().any(|follower| follower.behind.len() >= BEHIND_MAX) { Gate::Held } else { Gate::Open }
    }

    /// Hands a batch out. A follower that is gone is forgotten.
    pub(super) fn publish(&mut self, events: Vec<Event>) {
        if events.is_empty() || self.followers.is_empty() {
            return;
        }
        let update = Update::Events(Arc::from(events));
        self.followers.retain_mut(|follower| follower.take(update.clone()));
    }

    /// Tries again with those that were behind.
    pub(super) fn catch_up(&mut self, state: &State) {
        self.followers.retain_mut(|follower| follower.catch_up(state));
    }

    /// After the run: waits for those that must see everything, as long as `patient` says so.
    pub(super) fn finish(mut self, state: &State, mut patient: impl FnMut() -> bool) -> Told {
        const LOOK_UP_EVERY: Duration = Duration::from_millis(50);
        let mut told = Told::All;
        for follower in &mut self.followers {
            if follower.missed {
                follower.behind.push_back(Update::Reset(Arc::new(state.clone())));
            }
            while let Some(update) = follower.behind.pop_front() {
                match follower.updates.send_timeout(update, LOOK_UP_EVERY) {
                    Ok(()) => {}
                    Err(SendTimeoutError::Timeout(update)) if patient() => follower.behind.push_front(update),
                    Err(SendTimeoutError::Timeout(_)) => {
                        told = Told::Part;
                        break;
                    }
                    Err(SendTimeoutError::Disconnected(_)) => break,
                }
            }
        }
        told
    }
}

/// Whether those who follow to the end got everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// They did.
    All,
    /// Somebody was too slow, and somebody else wanted the end.
    Part,
}

impl Follower {
    fn take(&mut self, update: Update) -> bool {
        if self.missed {
            return true;
        }
        if !self.behind.is_empty() {
            self.wait(update);
            return true;
        }
        match (self.updates.try_send(update), self.keeps) {
            (Ok(()), _) => true,
            (Err(TrySendError::Full(update)), Keeps::Everything) => {
                self.behind.push_back(update);
                true
            }
            (Err(TrySendError::Full(_)), Keeps::TheLatest) => {
                self.missed = true;
                true
            }
            (Err(TrySendError::Disconnected(_)), _) => false,
        }
    }

    /// Beyond the bound no task is given out, but those that run go on and tell of their progress, for ever perhaps:
    /// what may be thinned out is. What is left is bounded by the tasks in flight.
    fn wait(&mut self, update: Update) {
        let update = match update {
            Update::Events(events) if self.behind.len() >= BEHIND_MAX => {
                let kept: Vec<Event> = events.iter().filter(|event| !event.what.may_be_left_out()).cloned().collect();
                if kept.is_empty() {
                    return;
                }
                Update::Events(kept.into())
            }
            whole => whole,
        };
        self.behind.push_back(update);
    }

    fn catch_up(&mut self, state: &State) -> bool {
        if self.missed && self.updates.is_empty() {
            self.missed = false;
            return self.take(Update::Reset(Arc::new(state.clone())));
        }
        while let Some(update) = self.behind.pop_front() {
            match self.updates.try_send(update) {
                Ok(()) => {}
                Err(TrySendError::Full(update)) => {
                    self.behind.push_front(update);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, What};
    use crate::task::{Stream, TaskId};

    fn progressed() -> Event {
        let printed =
            What::TaskPrinted { task: TaskId(0), stream: Stream::Stdout, skipped: 0, bytes: vec![b'x'; 4096] };
        Event { at: Elapsed(0), what: printed }
    }

    #[test]
    fn a_reader_that_stands_still_costs_bounded_memory_and_misses_nothing_that_matters() {
        let (updates, followed) = crossbeam_channel::bounded(4);
        let mut publisher = Publisher::new(vec![Subscriber { updates, keeps: Keeps::Everything }]);
        for _ in 0..10_000 {
            publisher.publish(vec![progressed()]);
        }
        assert_eq!(publisher.gate(), Gate::Held);
        assert_eq!(publisher.followers[0].behind.len(), BEHIND_MAX);
        let failed = Event { at: Elapsed(0), what: What::TaskFailed { task: TaskId(0) } };
        publisher.publish(vec![progressed(), failed.clone()]);
        let told = std::thread::spawn(move || publisher.finish(&State::new(), || true));
        let events: Vec<Event> = followed
            .iter()
            .flat_map(|update| match update {
                Update::Events(events) => events.to_vec(),
                Update::Reset(_) | Update::Replayed(_) => Vec::new(),
            })
            .collect();
        assert_eq!(told.join().unwrap(), Told::All);
        assert_eq!(events.len(), 4 + BEHIND_MAX + 1);
        assert_eq!(events.last(), Some(&failed));
    }

    #[test]
    fn a_reader_that_is_gone_holds_nothing_up() {
        let (updates, followed) = crossbeam_channel::bounded(1);
        drop(followed);
        let mut publisher = Publisher::new(vec![Subscriber { updates, keeps: Keeps::Everything }]);
        publisher.publish(vec![progressed()]);
        assert!(publisher.is_alone() && publisher.gate() == Gate::Open);
    }
}
