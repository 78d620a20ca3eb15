//! What events about the run as a whole change in the state. PURE.
//! It does not know single workers.

use crate::command::{Asker, Note, Weight};
use crate::event::{Elapsed, PauseReason, Phase, PhaseReason, Start, Story};
use crate::model::history::MarkerKind;
use crate::model::log::bounded;
use crate::model::state::{Source, State};
use crate::model::task::{Status, Task};
use crate::task::{Place, SharedSpec, TaskId, Work};

/// How many skipped things are remembered word for word.
const SKIPPED_FIRST_MAX: usize = 20;

impl State {
    pub(super) fn run_started(&mut self, start: &Start) {
        self.policy = start.policy.clone();
        self.declare_objects(&start.objects);
        let story =
            start.story.as_ref().map(|story| Story { watch: bounded(&story.watch), ending: bounded(&story.ending) });
        let launcher = start.launcher.as_deref().map(bounded);
        self.start = Some(Box::new(Start { title: bounded(&start.title), launcher, story, ..start.clone() }));
    }

    pub(super) fn tasks_added(&mut self, tasks: &[SharedSpec]) {
        for spec in tasks {
            let Ok(id) = u32::try_from(self.tasks.len()).map(TaskId) else { return };
            let bytes = spec.work.bytes();
            self.bytes_total = self.bytes_total.saturating_add(bytes);
            self.files_total = self.files_total.saturating_add(spec.work.files().into());
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
    }

    pub(super) fn source_closed(&mut self) {
        self.source = Source::Closed;
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

    pub(super) fn pool_paused(&mut self, why: PauseReason) {
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
    }

    pub(super) fn pool_resumed(&mut self, why: PauseReason) {
        match why {
            PauseReason::Asked => self.pauses.asked = false,
            PauseReason::Suspended => self.pauses.suspended = false,
        }
        if !self.is_paused() {
            self.pauses.total_us += self.now.0.saturating_sub(self.pauses.since.0);
            self.workers.hear_all(self.now);
        }
        self.log.push(self.now, Weight::Info, None, "pool goes on");
    }

    pub(super) fn phase_entered(&mut self, phase: Phase, why: PhaseReason) {
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
            Phase::Running | Phase::Closing | Phase::Ended => return,
        };
        self.log.push(self.now, weight, None, text);
    }

    pub(super) fn run_ended(&mut self) {
        self.phase = Phase::Ended;
        self.phase_since = self.now;
        let counts = self.counts_of_work();
        let text = format!("run ended: {} of {} tasks done", counts.of(Status::Done), counts.total());
        self.log.push(self.now, Weight::Info, None, text);
    }

    pub(super) fn recording_failed(&mut self, reason: &str) {
        self.recording_failed = Some(bounded(reason));
        self.log.push(self.now, Weight::Error, None, format!("recording failed: {reason}; no new task is started"));
    }

    pub(super) fn noted(&mut self, task: Option<TaskId>, note: &Note) {
        match note.weight {
            Weight::Skipped => self.skipped.skipped = self.skipped.skipped.saturating_add(1),
            Weight::Error => self.skipped.errors = self.skipped.errors.saturating_add(1),
            Weight::Info | Weight::Warning => {}
        }
        let remembered = matches!(note.weight, Weight::Skipped | Weight::Error);
        if remembered && self.skipped.first.len() < SKIPPED_FIRST_MAX {
            self.skipped.first.push(bounded(&note.text));
        }
        self.log.push(self.now, note.weight, task, &note.text);
    }

    /// Time without pauses, for deadlines set now.
    pub(super) fn active_now(&self) -> Elapsed {
        self.active()
    }
}
