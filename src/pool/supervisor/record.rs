//! The supervisor and the recording of its run: how the run begins or goes on, what waits until it is recorded, what a failure
//! of it means.
//! It does not know how or where the run is recorded; it is told how many events are safe.

use super::Supervisor;
use crate::command::Asker;
use crate::event::{Phase, What};
use crate::pool::facts;
use crate::pool::held::{Held, Said, must_be_recorded_first};
use crate::task::{TaskId, WorkerId};
use crate::wire::ToWorker;

/// What a recorder that ended without a word is said to have failed of.
const GONE: &str = "the recorder has ended";

/// There as long as the run is recorded.
#[derive(Default)]
pub(super) struct Recording {
    /// Events so far.
    pub events: u64,
    pub held: Held,
}

impl Supervisor {
    /// The first events: of a new run, or of what follows one that was cut off.
    pub(super) fn begin(&mut self) {
        if let Some(run) = self.settings.resumed.take() {
            self.publisher.begin_with(&self.state);
            self.record(What::RunResumed { resumed: Box::new(run.resumed) });
            for task in run.dropped {
                self.record(What::TaskDropped { task });
            }
        } else {
            self.record(What::RunStarted(Box::new(self.settings.start.clone())));
            self.record(What::TargetSet { workers: self.settings.target, by: Asker::Start });
        }
    }

    /// How long what must be recorded first waits.
    pub(super) fn lag_us(&self) -> u64 {
        self.recording.as_ref().map_or(0, |recording| recording.held.lag_us())
    }

    /// Tells the worker of these tasks, now or when it is safe.
    pub(super) fn hand_over(&mut self, worker: WorkerId, tasks: Vec<TaskId>) {
        let tasks = match &mut self.recording {
            None => Some(tasks),
            Some(recording) => {
                let mut works = tasks.iter().filter_map(|&task| Some(&self.state.task(task)?.spec.work));
                let after = if works.any(must_be_recorded_first) { recording.events } else { 0 };
                recording.held.give(worker, tasks, after, self.now)
            }
        };
        if let Some(tasks) = tasks {
            self.give(worker, &tasks);
        }
    }

    /// Says it to the worker, unless that is about what it has not been told yet.
    pub(super) fn tell(&mut self, worker: WorkerId, message: ToWorker) {
        let Some(recording) = &mut self.recording else { return self.say(worker, &message) };
        if let ToWorker::Stop(task, _) = message
            && recording.held.withdraw(worker, task)
        {
            self.record(facts::stopped_unbegun(task));
            return self.release();
        }
        if let Some(message) = recording.held.say(worker, message) {
            self.say(worker, &message);
        }
    }

    /// The worker is being killed, and must not learn of anything more.
    pub(super) fn mute(&mut self, worker: WorkerId) {
        if let Some(recording) = &mut self.recording {
            recording.held.mute(worker);
        }
    }

    /// Hears what the recorder has said last, and says what may be said then.
    pub(super) fn heed_recorder(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        let failure = self.inbox.record.failure().or_else(|| self.publisher.has_lost_recorder().then_some(GONE));
        if let Some(reason) = failure.map(Into::into) {
            self.publisher.forget_recorder();
            self.record(What::RecordingFailed { reason });
            self.take_back_all();
            self.recording = None;
            return;
        }
        recording.held.safe(self.inbox.record.safe(), self.now);
        self.release();
    }

    /// Nothing begins any more from the run's second phase on, so what was not told is not told.
    pub(super) fn heed_phase(&mut self) {
        if self.state.phase > Phase::Running && self.recording.is_some() {
            self.take_back_all();
        }
    }

    /// The worker is gone. What it was never told of it cannot have begun.
    pub(super) fn take_back(&mut self, worker: WorkerId) {
        let Some(recording) = &mut self.recording else { return };
        let tasks = recording.held.take_back(worker);
        self.never_told(worker, tasks);
    }

    fn take_back_all(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        for (worker, tasks) in recording.held.take_back_all() {
            self.never_told(worker, tasks);
        }
    }

    fn never_told(&mut self, worker: WorkerId, tasks: Vec<TaskId>) {
        if tasks.is_empty() {
            return;
        }
        let mut events = Vec::new();
        facts::returned(&self.state, worker, tasks, &mut events);
        for event in events {
            self.record(event);
        }
    }

    fn release(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        if recording.held.is_empty() {
            return;
        }
        for (worker, said) in recording.held.release() {
            match said {
                Said::Tasks(tasks) => self.give(worker, &tasks),
                Said::Message(message) => self.say(worker, &message),
            }
        }
    }
}
