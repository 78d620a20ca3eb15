//! What events about the run as a whole change in the state. PURE.
//! It does not know single workers.

use super::IllegalEvent;
use crate::command::{Asker, Note, Weight};
use crate::event::{Elapsed, PauseReason, Phase, PhaseReason, Start};
use crate::model::history::MarkerKind;
use crate::model::state::{Source, State};
use crate::model::task::{Status, Task};
use crate::task::{Place, SharedSpec, TaskId, Work};

/// How many skipped things are remembered word for word.
const SKIPPED_FIRST_MAX: usize = 20;

impl State {
    pub(super) fn run_started(&mut self, start: &Start) -> Result<(), IllegalEvent> {
        if self.start.is_some() {
            return Err(self.in_phase("run_started"));
        }
        self.policy = start.policy.clone();
        self.declare_objects(&start.objects);
        self.start = Some(Box::new(start.clone()));
        Ok(())
    }

    pub(super) fn tasks_added(&mut self, tasks: &[SharedSpec]) -> Result<(), IllegalEvent> {
        let programs = tasks.iter().filter(|spec| spec.place == Place::Main).count();
        if !self.may_be_given_more() || programs > usize::from(self.main.is_none()) {
            return Err(self.in_phase("tasks_added"));
        }
        for spec in tasks {
            let id = TaskId(u32::try_from(self.tasks.len()).expect("BUG: more than 2^32 tasks"));
            let bytes = spec.work.bytes();
            self.bytes_total = self.bytes_total.saturating_add(bytes);
            self.files_total += u64::from(spec.work.files());
            self.tasks_without_bytes += u32::from(bytes == 0 && spec.place != Place::Main);
            self.queue.unfinish(spec);
            match spec.place {
                Place::Main => self.main = Some(id),
                Place::Pool => self.pool_used = true,
                Place::Own | Place::Parent => {}
            }
            let place = self.queue.push_back(id, spec);
            self.tasks.push(Task { place, ..Task::new(spec.clone(), self.now) });
            self.counts.add(Status::Waiting, 1);
            if matches!(spec.work, Work::Steps(_)) {
                self.talk_begins(id);
            }
        }
        Ok(())
    }

    pub(super) fn source_closed(&mut self) -> Result<(), IllegalEvent> {
        if self.source == Source::Closed {
            return Err(self.in_phase("source_closed"));
        }
        self.source = Source::Closed;
        Ok(())
    }

    pub(super) fn target_set(&mut self, workers: u32, by: Asker) {
        if by != Asker::Start {
            self.history.mark(self.now, MarkerKind::Resize { from: self.target, to: workers });
            let verb = if workers > self.target { "grows" } else { "shrinks" };
            let who = match by {
                Asker::Scenario => ", as the scenario says",
                Asker::Tuner => ", by the tuner",
                Asker::Start | Asker::Person => "",
            };
            let text = format!("pool {verb} from {} to {workers} workers{who}", self.target);
            self.log.push(self.now, Weight::Info, None, text);
        }
        self.target = workers;
        if let Some(climb) = self.climb.as_mut().filter(|_| by == Asker::Tuner) {
            climb.moved(workers);
        }
    }

    pub(super) fn pool_paused(&mut self, why: PauseReason) -> Result<(), IllegalEvent> {
        if self.is_paused_by(why) {
            return Err(self.in_phase("pool_paused"));
        }
        if !self.is_paused() {
            self.pauses.since = self.now;
        }
        match why {
            PauseReason::Asked => self.pauses.asked = true,
            PauseReason::Suspended => self.pauses.suspended = true,
        }
        let text = match why {
            PauseReason::Asked => "pool paused: running tasks are frozen, deadlines stand still",
            PauseReason::Suspended => "program suspended: running tasks are frozen, deadlines stand still",
        };
        self.log.push(self.now, Weight::Info, None, text);
        Ok(())
    }

    pub(super) fn pool_resumed(&mut self, why: PauseReason) -> Result<(), IllegalEvent> {
        if !self.is_paused_by(why) {
            return Err(self.in_phase("pool_resumed"));
        }
        match why {
            PauseReason::Asked => self.pauses.asked = false,
            PauseReason::Suspended => self.pauses.suspended = false,
        }
        if !self.is_paused() {
            self.pauses.total_us += self.now.0 - self.pauses.since.0;
            self.workers.hear_all(self.now);
        }
        self.log.push(self.now, Weight::Info, None, "pool goes on");
        Ok(())
    }

    pub(super) fn phase_entered(&mut self, phase: Phase, why: PhaseReason) -> Result<(), IllegalEvent> {
        if phase <= self.phase {
            return Err(self.in_phase("phase_entered"));
        }
        if self.phase == Phase::Running {
            self.stopped_by = Some(why);
        }
        self.phase = phase;
        self.phase_since = self.now;
        let because = match why {
            PhaseReason::Finished => "nothing is left to do",
            PhaseReason::Asked => "on request",
            PhaseReason::Halted => "--halt struck",
            PhaseReason::NoWorkers => "workers cannot be kept alive",
            PhaseReason::GraceOver => "the grace period is over",
            PhaseReason::Stuck => "nothing can go on",
            PhaseReason::NotRecorded => "it cannot be recorded any more",
        };
        let (weight, text) = match phase {
            Phase::Draining => (Weight::Warning, format!("draining: what runs is finished, nothing starts; {because}")),
            Phase::Stopping => (Weight::Warning, format!("stopping: running tasks are told to end; {because}")),
            Phase::Killing => (Weight::Warning, format!("killing everything that is left; {because}")),
            Phase::Closing if why == PhaseReason::NoWorkers => (Weight::Error, format!("giving up: {because}")),
            Phase::Running | Phase::Closing | Phase::Ended => return Ok(()),
        };
        self.log.push(self.now, weight, None, text);
        Ok(())
    }

    pub(super) fn run_ended(&mut self) -> Result<(), IllegalEvent> {
        if self.phase == Phase::Ended || !self.workers.is_empty() || self.counts.in_flight() > 0 {
            return Err(self.in_phase("run_ended"));
        }
        self.phase = Phase::Ended;
        self.phase_since = self.now;
        let counts = self.counts_of_work();
        let text = format!("run ended: {} of {} tasks done", counts.of(Status::Done), counts.total());
        self.log.push(self.now, Weight::Info, None, text);
        Ok(())
    }

    pub(super) fn recording_failed(&mut self, reason: &str) -> Result<(), IllegalEvent> {
        if self.recording_failed.is_some() {
            return Err(self.in_phase("recording_failed"));
        }
        self.recording_failed = Some(reason.into());
        self.log.push(self.now, Weight::Error, None, format!("recording failed: {reason}; no new task is started"));
        Ok(())
    }

    pub(super) fn noted(&mut self, task: Option<TaskId>, note: &Note) -> Result<(), IllegalEvent> {
        if let Some(task) = task
            && self.task(task).is_none()
        {
            return Err(IllegalEvent::NoTask { event: "task_noted", task });
        }
        match note.weight {
            Weight::Skipped => self.skipped.skipped += 1,
            Weight::Error => self.skipped.errors += 1,
            Weight::Info | Weight::Warning => {}
        }
        let remembered = matches!(note.weight, Weight::Skipped | Weight::Error);
        if remembered && self.skipped.first.len() < SKIPPED_FIRST_MAX {
            self.skipped.first.push(note.text.clone());
        }
        self.log.push(self.now, note.weight, task, note.text.clone());
        Ok(())
    }

    /// Time without pauses, for deadlines set now.
    pub(super) fn active_now(&self) -> Elapsed {
        self.active()
    }

    pub(super) fn in_phase(&self, event: &'static str) -> IllegalEvent {
        IllegalEvent::InPhase { event, phase: self.phase }
    }
}
