//! What the supervisor publishes to whoever follows the run. PURE.
//! It does not know how many follow, nor how fast.

use std::sync::Arc;

use super::{Replayed, State};
use crate::event::Event;

/// One piece of news, in order.
#[derive(Clone, Debug)]
pub enum Update {
    /// These happened since the last update.
    Events(Arc<[Event]>),
    /// The follower was too slow and events were left out; this is the state after all of them.
    Reset(Arc<State>),
    /// A recorded run at some instant, which may be before that of the last update.
    Replayed(Box<Replayed>),
}

impl State {
    /// Takes one update in.
    ///
    /// # Panics
    /// When the events are not the ones that follow this state; the supervisor publishes only what it has applied itself.
    pub fn follow(&mut self, update: &Update) {
        match update {
            Update::Events(events) => {
                for event in events.iter() {
                    self.apply(event).expect("BUG: a published event does not apply");
                }
            }
            Update::Reset(state) => *self = State::clone(state),
            Update::Replayed(replayed) => self.clone_from(&replayed.state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Asker;
    use crate::event::{Elapsed, Policy, Role, RunKind, Sample, Start, What};
    use crate::task::{Failure, Outcome, Pid, Slot, Tally, TaskId, TaskSpec, Work, WorkerId};

    fn run() -> Vec<Event> {
        let worker = WorkerId(0);
        let ended = |task, outcome| {
            let tally = Tally { bytes: 7, files: 0 };
            What::AttemptEnded { task: TaskId(task), outcome, tally, took_us: 900, output: None }
        };
        let cpu_percent = 100.0 / 3.0;
        let whats = [
            What::RunStarted(Box::new(Start::new("t", RunKind::Command, Pid(1), 1, Policy::default()))),
            What::TargetSet { workers: 1, by: Asker::Start },
            What::TasksAdded { tasks: (0..3).map(|_| TaskSpec::new(Work::Nothing).into()).collect() },
            What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool },
            What::WorkerSpawned { worker, pid: Pid(2) },
            What::WorkerReady { worker, host: None, pid: None },
            What::TasksDispatched { worker, tasks: (0..3).map(TaskId).collect() },
            ended(0, Outcome::Done),
            What::Sampled { samples: vec![Sample { worker, cpu_percent, rss_bytes: 5, stopped: false }] },
            ended(1, Outcome::Failed(Failure::Exit { code: 3 })),
            What::TaskFailed { task: TaskId(1) },
        ];
        (0..).zip(whats).map(|(at, what)| Event { at: Elapsed(at * 1000), what }).collect()
    }

    #[test]
    fn what_was_written_and_read_again_leads_to_the_same_state_and_nothing_else_does() {
        let events = run();
        let read = |event: &Event| {
            let mut line = Vec::new();
            event.write(&mut line);
            serde_json::from_slice(&line).unwrap()
        };
        let again: Vec<Event> = events.iter().map(read).collect();
        let (mut state, mut other) = (State::new(), State::new());
        state.follow(&Update::Events(events.clone().into()));
        other.follow(&Update::Events(again.into()));
        assert_eq!(state, other);
        let before = state.clone();
        for number in 0..events.len() {
            let mut less = State::new();
            less.follow(&Update::Events(events[..number].into()));
            assert_ne!(state, less, "{number}");
        }
        state.follow(&Update::Events([Event { at: state.now, what: What::SourceClosed }].into()));
        assert_ne!(state, before, "a copy stays as it was");
        assert_eq!(other, before);
    }
}
