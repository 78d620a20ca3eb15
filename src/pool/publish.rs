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

/// Where a recorder gets every event; bounded.
pub type Recorder = Sender<Arc<[Event]>>;

/// All followers.
pub(super) struct Publisher {
    followers: Vec<Follower>,
    /// Whether there was a recorder that has hung up.
    has_lost_recorder: bool,
}

struct Follower {
    to: To,
    keeps: Keeps,
    behind: VecDeque<Update>,
    missed: bool,
}

/// What kind of follower it is.
enum To {
    /// It shows what there is.
    Front(Sender<Update>),
    /// It keeps what there was. It is told how many events there are, so none is left out on the way to it, however far it is
    /// behind: no task begins meanwhile.
    Recorder(Recorder),
}

impl Publisher {
    pub(super) fn new(subscribers: Vec<Subscriber>, recorder: Option<Recorder>) -> Self {
        let follower = |to, keeps| Follower { to, keeps, behind: VecDeque::new(), missed: false };
        let fronts = subscribers.into_iter().map(|front| follower(To::Front(front.updates), front.keeps));
        // First, so that what it says comes soon.
        let recorder = recorder.map(|recorder| follower(To::Recorder(recorder), Keeps::Everything));
        Self { followers: recorder.into_iter().chain(fronts).collect(), has_lost_recorder: false }
    }

    /// A run that goes on begins with what it has come to.
    pub(super) fn begin_with(&mut self, state: &State) {
        if self.followers.iter().any(|follower| !follower.is_recorder()) {
            let update = Update::Reset(Arc::new(state.clone()));
            self.hand_out(&update);
        }
    }

    /// Whether the recorder hung up though nobody told it to.
    pub(super) fn has_lost_recorder(&self) -> bool {
        self.has_lost_recorder
    }

    /// The recorder gets nothing more and is not waited for.
    pub(super) fn forget_recorder(&mut self) {
        self.followers.retain(|follower| !follower.is_recorder());
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
        self.hand_out(&Update::Events(Arc::from(events)));
    }

    /// Tries again with those that were behind.
    pub(super) fn catch_up(&mut self, state: &State) {
        self.keep_those(|follower| follower.catch_up(state));
    }

    fn hand_out(&mut self, update: &Update) {
        self.keep_those(|follower| follower.take(update.clone()));
    }

    fn keep_those(&mut self, mut are_there: impl FnMut(&mut Follower) -> bool) {
        let lost = &mut self.has_lost_recorder;
        self.followers.retain_mut(|follower| {
            let is_there = are_there(follower);
            *lost |= !is_there && follower.is_recorder();
            is_there
        });
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
                match follower.to.send_timeout(update, LOOK_UP_EVERY) {
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

impl To {
    fn try_send(&self, update: Update) -> Result<(), TrySendError<Update>> {
        match (self, update) {
            (Self::Front(updates), update) => updates.try_send(update),
            (Self::Recorder(events), Update::Events(batch)) => events.try_send(batch).map_err(|error| match error {
                TrySendError::Full(batch) => TrySendError::Full(Update::Events(batch)),
                TrySendError::Disconnected(batch) => TrySendError::Disconnected(Update::Events(batch)),
            }),
            // It has what was before.
            (Self::Recorder(_), Update::Reset(_) | Update::Replayed(_)) => Ok(()),
        }
    }

    fn send_timeout(&self, update: Update, within: Duration) -> Result<(), SendTimeoutError<Update>> {
        match (self, update) {
            (Self::Front(updates), update) => updates.send_timeout(update, within),
            (Self::Recorder(events), Update::Events(batch)) => {
                events.send_timeout(batch, within).map_err(|error| match error {
                    SendTimeoutError::Timeout(batch) => SendTimeoutError::Timeout(Update::Events(batch)),
                    SendTimeoutError::Disconnected(batch) => SendTimeoutError::Disconnected(Update::Events(batch)),
                })
            }
            (Self::Recorder(_), Update::Reset(_) | Update::Replayed(_)) => Ok(()),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Front(updates) => updates.is_empty(),
            Self::Recorder(events) => events.is_empty(),
        }
    }
}

impl Follower {
    fn is_recorder(&self) -> bool {
        matches!(self.to, To::Recorder(_))
    }

    fn take(&mut self, update: Update) -> bool {
        if self.missed {
            return true;
        }
        if !self.behind.is_empty() {
            self.wait(update);
            return true;
        }
        match (self.to.try_send(update), self.keeps) {
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
            Update::Events(events) if self.behind.len() >= BEHIND_MAX && !self.is_recorder() => {
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
        if self.missed && self.to.is_empty() {
            self.missed = false;
            return self.take(Update::Reset(Arc::new(state.clone())));
        }
        while let Some(update) = self.behind.pop_front() {
            match self.to.try_send(update) {
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
        let mut publisher = Publisher::new(vec![Subscriber { updates, keeps: Keeps::Everything }], None);
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
    fn a_recorder_misses_nothing_and_its_loss_is_noticed() {
        let (recorder, events_of_it) = crossbeam_channel::bounded(4);
        let (updates, followed) = crossbeam_channel::bounded(4);
        let front = Subscriber { updates, keeps: Keeps::TheLatest };
        let mut publisher = Publisher::new(vec![front], Some(recorder));
        publisher.begin_with(&State::new());
        for _ in 0..BEHIND_MAX + 10 {
            publisher.publish(vec![progressed(), progressed()]);
        }
        assert_eq!(publisher.gate(), Gate::Held, "work waits for it");
        let mut events = events_of_it.try_iter().map(|events| events.len()).sum::<usize>();
        while publisher.is_behind() && events < 2 * (BEHIND_MAX + 10) {
            publisher.catch_up(&State::new());
            events += events_of_it.try_iter().map(|events| events.len()).sum::<usize>();
        }
        assert_eq!(events, 2 * (BEHIND_MAX + 10));
        assert!(matches!(followed.try_recv(), Ok(Update::Reset(_))), "who shows it begins with what there is");
        assert!(!publisher.has_lost_recorder());
        drop(events_of_it);
        publisher.publish(vec![progressed()]);
        assert!(publisher.has_lost_recorder() && publisher.gate() == Gate::Open && !publisher.is_alone());
    }

    #[test]
    fn a_recorder_that_failed_is_not_waited_for() {
        let (recorder, _recorded) = crossbeam_channel::bounded(1);
        let mut publisher = Publisher::new(Vec::new(), Some(recorder));
        for _ in 0..BEHIND_MAX + 10 {
            publisher.publish(vec![progressed()]);
        }
        publisher.forget_recorder();
        assert!(publisher.is_alone() && publisher.gate() == Gate::Open && !publisher.has_lost_recorder());
        assert_eq!(publisher.finish(&State::new(), || false), Told::All);
    }

    #[test]
    fn a_reader_that_is_gone_holds_nothing_up() {
        let (updates, followed) = crossbeam_channel::bounded(1);
        drop(followed);
        let mut publisher = Publisher::new(vec![Subscriber { updates, keeps: Keeps::Everything }], None);
        publisher.publish(vec![progressed()]);
        assert!(publisher.is_alone() && publisher.gate() == Gate::Open);
    }
}
