//! What can have happened at all in a state; everything else is refused before it changes anything. PURE.
//! It changes nothing and does not know what follows: an event that passes here is taken in to its end.

use std::collections::HashSet;

use super::IllegalEvent;
use crate::event::{DrainReason, Phase, Role, Start, What};
use crate::model::state::{Source, State};
use crate::model::task::Status;
use crate::model::worker::{Running, Worker, WorkerState};
use crate::task::{ObjectKind, Place, SharedSpec, Slot, TaskId, WorkerId};

/// More objects than any scenario can declare; each event that takes time looks at all of them.
const OBJECTS_MAX: usize = 4096;

/// Longer than the name of any object.
const NAME_BYTES_MAX: usize = 4 << 10;

/// More tasks than any worker is ever given at a time; each end looks through them.
const HELD_MAX: usize = 256;

impl State {
    pub(super) fn check(&self, what: &What) -> Result<(), IllegalEvent> {
        match what {
            What::RunStarted(start) => self.check_started(start),
            What::RunResumed { resumed } => self.check_resumed(resumed),
            What::TasksAdded { tasks } => self.check_added(tasks),
            What::SourceClosed => self.only_if("source_closed", self.source == Source::Open),
            What::PoolPaused { why } => self.only_if("pool_paused", !self.is_paused_by(*why)),
            What::PoolResumed { why } => self.only_if("pool_resumed", self.is_paused_by(*why)),
            What::PhaseEntered { phase, .. } => {
                self.only_if("phase_entered", *phase > self.phase && *phase != Phase::Ended)
            }
            What::RunEnded => {
                let nobody = self.workers.is_empty() && self.counts.in_flight() == 0;
                self.only_if("run_ended", nobody && self.phase != Phase::Ended)
            }
            What::RecordingFailed { .. } => self.only_if("recording_failed", self.recording_failed.is_none()),
            _ => self.check_worker(what),
        }
    }

    fn check_worker(&self, what: &What) -> Result<(), IllegalEvent> {
        match what {
            What::WorkerStarting { worker, slot, role } => self.check_starting(*worker, *slot, *role),
            What::WorkerSpawned { worker, .. } => self.worker_in("worker_spawned", *worker, starting),
            What::WorkerNotSpawned { worker, .. } => self.worker_in("worker_not_spawned", *worker, starting),
            What::WorkerReady { worker, .. } => {
                let greets = |state| matches!(state, WorkerState::Greeting | WorkerState::Draining(_));
                self.worker_in("worker_ready", *worker, greets)
            }
            What::WorkerDraining { worker, .. } => {
                let takes = |state| matches!(state, WorkerState::Greeting | WorkerState::Ready);
                self.worker_in("worker_draining", *worker, takes)
            }
            What::WorkerKept { worker } => {
                let retired = |state| state == WorkerState::Draining(DrainReason::Retired);
                self.worker_in("worker_kept", *worker, retired)
            }
            What::WorkerDismissed { worker } => {
                let there =
                    |state| matches!(state, WorkerState::Greeting | WorkerState::Ready | WorkerState::Draining(_));
                self.worker_in("worker_dismissed", *worker, there)?;
                self.has_nothing("worker_dismissed", *worker)
            }
            What::WorkerKilled { worker, .. } => {
                self.worker_in("worker_killed", *worker, |state| state != WorkerState::Killed)
            }
            What::WorkerSilent { worker } => self.worker_in("worker_silent", *worker, |_| true),
            What::WorkerAsked { worker } => self.worker_in("worker_asked", *worker, |_| true),
            What::WorkerAnswered { worker } => self.worker_in("worker_answered", *worker, |_| true),
            What::WorkerExited { worker, .. } => {
                self.worker_in("worker_exited", *worker, |state| state != WorkerState::Starting)?;
                self.has_nothing("worker_exited", *worker)
            }
            _ => self.check_task(what),
        }
    }

    fn check_task(&self, what: &What) -> Result<(), IllegalEvent> {
        match what {
            What::TasksDispatched { worker, tasks } => self.check_dispatched(*worker, tasks),
            What::TasksRecalled { worker } => self.worker_in("tasks_recalled", *worker, |_| true),
            What::TasksReturned { worker, tasks } => self.check_returned(*worker, tasks),
            What::TaskStarted { task, worker, .. } => {
                let event = "task_started";
                self.held_by(event, *task, *worker)?;
                self.task_in(event, *task, |status| matches!(status, Status::Sent | Status::Stopping))
            }
            What::TaskNoted { task, .. } => self.task_in("task_noted", *task, |_| true),
            What::TaskProgressed { task, .. } => self.is_at("task_progressed", *task),
            What::TaskPrinted { task, .. } => self.in_flight("task_printed", *task),
            What::TaskPaused { task } => {
                self.task_in("task_paused", *task, |status| status == Status::Running)?;
                self.is_at("task_paused", *task)
            }
            What::TaskResumed { task } => {
                self.task_in("task_resumed", *task, |status| status == Status::Paused)?;
                self.is_at("task_resumed", *task)
            }
            What::TaskStopping { task, .. } => self.in_flight("task_stopping", *task),
            What::TaskSignalled { task, .. } => self.in_flight("task_signalled", *task),
            What::AttemptEnded { task, .. } => self.in_flight("attempt_ended", *task),
            What::AttemptLost { task, .. } => self.in_flight("attempt_lost", *task),
            What::TaskRequeued { task, .. } => self.task_in("task_requeued", *task, undecided),
            What::TaskReleased { task } => self.task_in("task_released", *task, |status| status == Status::Delayed),
            What::TaskFailed { task } => self.task_in("task_failed", *task, undecided),
            What::TaskDropped { task } => {
                self.task_in("task_dropped", *task, |status| matches!(status, Status::Waiting | Status::Delayed))
            }
            What::TaskRevived { task } => {
                let again = |status| matches!(status, Status::Failed | Status::Done | Status::Dropped);
                self.task_in("task_revived", *task, again)
            }
            _ => self.check_talk(what),
        }
    }

    fn check_started(&self, start: &Start) -> Result<(), IllegalEvent> {
        let event = "run_started";
        self.only_if(event, self.start.is_none())?;
        if start.objects.len() > OBJECTS_MAX {
            return Err(IllegalEvent::TooMany { event, of: "objects" });
        }
        let long_names = start.objects.iter().any(|object| match &object.kind {
            ObjectKind::Pipe { ends, .. } => ends.iter().chain([&object.name]).any(|name| name.len() > NAME_BYTES_MAX),
            _ => object.name.len() > NAME_BYTES_MAX,
        });
        if long_names { Err(IllegalEvent::TooMany { event, of: "letters in a name" }) } else { Ok(()) }
    }

    fn check_added(&self, tasks: &[SharedSpec]) -> Result<(), IllegalEvent> {
        let event = "tasks_added";
        let programs = tasks.iter().filter(|spec| spec.place == Place::Main).count();
        self.only_if(event, self.may_be_given_more() && programs <= usize::from(self.main.is_none()))?;
        // The last number is none, so that one can be counted beyond any task.
        if tasks.len() >= u32::MAX as usize - self.tasks.len() {
            return Err(IllegalEvent::TooMany { event, of: "tasks" });
        }
        Ok(())
    }

    fn check_starting(&self, worker: WorkerId, slot: Slot, role: Role) -> Result<(), IllegalEvent> {
        let event = "worker_starting";
        if worker != self.workers.next_id() || self.workers.at(slot).is_some() {
            return Err(IllegalEvent::NoWorker { event, worker });
        }
        if !self.workers.has_seat(slot) {
            return Err(IllegalEvent::NoSeat { event, worker, slot });
        }
        match role {
            Role::Own(task) => self.task_in(event, task, |status| status == Status::Waiting),
            Role::Pool | Role::Parent | Role::Main => Ok(()),
        }
    }

    fn check_dispatched(&self, worker: WorkerId, tasks: &[TaskId]) -> Result<(), IllegalEvent> {
        let event = "tasks_dispatched";
        for &task in tasks {
            self.task_in(event, task, |status| status == Status::Waiting)?;
        }
        self.worker_in(event, worker, |state| state == WorkerState::Ready)?;
        let held = self.workers.get(worker).map_or(0, |record| record.in_flight.len());
        if held.saturating_add(tasks.len()) > HELD_MAX {
            return Err(IllegalEvent::TooMany { event, of: "tasks" });
        }
        each_once(event, tasks)
    }

    fn check_returned(&self, worker: WorkerId, tasks: &[TaskId]) -> Result<(), IllegalEvent> {
        let event = "tasks_returned";
        self.worker_in(event, worker, |_| true)?;
        for &task in tasks {
            self.held_by(event, task, worker)?;
            self.task_in(event, task, |status| matches!(status, Status::Sent | Status::Stopping))?;
        }
        each_once(event, tasks)
    }

    pub(super) fn only_if(&self, event: &'static str, holds: bool) -> Result<(), IllegalEvent> {
        if holds { Ok(()) } else { Err(IllegalEvent::InPhase { event, phase: self.phase }) }
    }

    pub(super) fn task_in(
        &self,
        event: &'static str,
        task: TaskId,
        legal: impl Fn(Status) -> bool,
    ) -> Result<(), IllegalEvent> {
        let status = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?.status;
        if legal(status) { Ok(()) } else { Err(IllegalEvent::TaskIs { event, task, status }) }
    }

    fn worker_in(
        &self,
        event: &'static str,
        worker: WorkerId,
        legal: impl Fn(WorkerState) -> bool,
    ) -> Result<(), IllegalEvent> {
        let record = self.workers.get(worker).ok_or(IllegalEvent::NoWorker { event, worker })?;
        if legal(record.state) { Ok(()) } else { Err(IllegalEvent::WorkerIs { event, worker, word: record.word() }) }
    }

    fn has_nothing(&self, event: &'static str, worker: WorkerId) -> Result<(), IllegalEvent> {
        let busy = self.workers.get(worker).is_some_and(|record| !record.in_flight.is_empty());
        if busy { Err(IllegalEvent::WorkerIs { event, worker, word: "busy" }) } else { Ok(()) }
    }

    /// A worker has it.
    fn in_flight(&self, event: &'static str, task: TaskId) -> Result<(), IllegalEvent> {
        let record = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?;
        if record.status.is_in_flight() && self.holder(task).is_some() {
            Ok(())
        } else {
            Err(IllegalEvent::TaskIs { event, task, status: record.status })
        }
    }

    fn held_by(&self, event: &'static str, task: TaskId, worker: WorkerId) -> Result<(), IllegalEvent> {
        let record = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?;
        let held = record.worker == Some(worker) && record.status.is_in_flight() && self.holder(task).is_some();
        if held { Ok(()) } else { Err(IllegalEvent::NotHeld { event, task, worker }) }
    }

    /// Its worker is known to be at it.
    fn is_at(&self, event: &'static str, task: TaskId) -> Result<(), IllegalEvent> {
        let status = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?.status;
        let is_it = |running: &Running| running.task == task;
        let at_it = self.holder(task).and_then(|holder| holder.running.as_ref()).is_some_and(is_it);
        if at_it { Ok(()) } else { Err(IllegalEvent::TaskIs { event, task, status }) }
    }

    /// Who has or last had the task, if that worker is still there.
    fn holder(&self, task: TaskId) -> Option<&Worker> {
        self.workers.get(self.task(task)?.worker?)
    }
}

fn starting(state: WorkerState) -> bool {
    state == WorkerState::Starting
}

fn undecided(status: Status) -> bool {
    status == Status::Undecided
}

/// Refuses a task that is there twice. They are nearly always in order.
pub(super) fn each_once(event: &'static str, tasks: &[TaskId]) -> Result<(), IllegalEvent> {
    if tasks.is_sorted_by(|one, next| one < next) {
        return Ok(());
    }
    let mut seen = HashSet::with_capacity(tasks.len());
    match tasks.iter().find(|task| !seen.insert(**task)) {
        Some(&task) => Err(IllegalEvent::Twice { event, task }),
        None => Ok(()),
    }
}
