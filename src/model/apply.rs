//! The only writer of the state: one event in, or a refusal that names event and state. PURE.
//! It does not decide anything: what follows from an event is the planner's next step.

mod calls;
mod check;
mod resumed;
mod run;
mod tasks;
mod told;
mod tuning;
mod workers;

use thiserror::Error;

use super::State;
use super::history::{Levels, Saturation};
use super::task::Status;
use super::worker::{Worker, WorkerState};
use crate::event::{Event, Phase, What};
use crate::task::{ObjectId, Slot, TaskId, ThreadId, WorkerId};

/// An event that cannot have happened in this state.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IllegalEvent {
    /// No such task.
    #[error("{event}: there is no task {task}")]
    NoTask { event: &'static str, task: TaskId },
    /// No such worker, or it is gone.
    #[error("{event}: there is no worker number {}", .worker.0)]
    NoWorker { event: &'static str, worker: WorkerId },
    /// Nobody can sit there now.
    #[error("{event}: there is no seat {slot} for worker number {}", .worker.0)]
    NoSeat { event: &'static str, worker: WorkerId, slot: Slot },
    /// A list has a task twice.
    #[error("{event}: task {task} is told of twice")]
    Twice { event: &'static str, task: TaskId },
    /// More than there can be.
    #[error("{event}: more {of} than there can be")]
    TooMany { event: &'static str, of: &'static str },
    /// The task is in a state in which this cannot happen to it.
    #[error("{event}: task {task} is {}", .status.word())]
    TaskIs { event: &'static str, task: TaskId, status: Status },
    /// Another worker holds the task, or none.
    #[error("{event}: task {task} is not held by worker number {}", .worker.0)]
    NotHeld { event: &'static str, task: TaskId, worker: WorkerId },
    /// The worker is in a state in which this cannot happen to it.
    #[error("{event}: worker number {} is {word}", .worker.0)]
    WorkerIs { event: &'static str, worker: WorkerId, word: &'static str },
    /// The run is in a phase in which this cannot happen.
    #[error("{event}: the run is in phase {phase:?}")]
    InPhase { event: &'static str, phase: Phase },
    /// The task has no such thread.
    #[error("{event}: task {task} has no thread number {}", .thread.0)]
    NoThread { event: &'static str, task: TaskId, thread: ThreadId },
    /// It has that thread already.
    #[error("{event}: task {task} already has a thread number {}", .thread.0)]
    ThreadThere { event: &'static str, task: TaskId, thread: ThreadId },
    /// The thread waits, and one that waits asks nothing more.
    #[error("{event}: thread number {} of task {task} already waits in {verb}", .thread.0)]
    ThreadWaits { event: &'static str, task: TaskId, thread: ThreadId, verb: &'static str },
    /// The thread does not wait for that.
    #[error("{event}: thread number {} of task {task} waits for nothing of the kind", .thread.0)]
    NoCall { event: &'static str, task: TaskId, thread: ThreadId },
    /// The thread waits for something else than this.
    #[error("{event}: thread number {} of task {task} cannot be told this on its {verb}", .thread.0)]
    Unfit { event: &'static str, task: TaskId, thread: ThreadId, verb: &'static str },
    /// No such object.
    #[error("{event}: task {task} asks for object number {}, which there is not", .object.0)]
    NoObject { event: &'static str, task: TaskId, object: ObjectId },
    /// Of this object something else can be asked.
    #[error("{event}: task {task} asks for {verb} of {object}")]
    WrongObject { event: &'static str, task: TaskId, verb: &'static str, object: Box<str> },
    /// No function can have made this value.
    #[error("{event}: a value of task {task} is too long, too deep or no number")]
    BadValue { event: &'static str, task: TaskId },
    /// The task cannot ask that itself.
    #[error("{event}: task {task} cannot ask for {verb} itself")]
    NotItsCall { event: &'static str, task: TaskId, verb: &'static str },
    /// The time is before that of the event before.
    #[error("an event at {at_us} us after one at {now_us} us")]
    TimeRunsBack { at_us: u64, now_us: u64 },
}

impl State {
    /// Takes one event in.
    ///
    /// # Errors
    /// When it cannot have happened; the state is then as before.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        if event.at < self.now {
            return Err(IllegalEvent::TimeRunsBack { at_us: event.at.0, now_us: self.now.0 });
        }
        self.check(&event.what)?;
        if event.at > self.now {
            let (levels, saturation) = (self.levels(), self.saturation());
            self.history.advance(event.at, levels, saturation);
            self.time_passes(event.at);
            self.now = event.at;
        }
        self.take_in(&event.what);
        Ok(())
    }

    /// What has passed the check changes the state; nothing in here can fail.
    fn take_in(&mut self, what: &What) {
        match what {
            What::RunStarted(start) => self.run_started(start),
            What::TasksAdded { tasks } => self.tasks_added(tasks),
            What::SourceClosed => self.source_closed(),
            What::TargetSet { workers, by } => self.target_set(*workers, *by),
            What::PoolPaused { why } => self.pool_paused(*why),
            What::PoolResumed { why } => self.pool_resumed(*why),
            What::PhaseEntered { phase, why } => self.phase_entered(*phase, *why),
            What::RunEnded => self.run_ended(),
            What::RunResumed { resumed } => self.run_resumed(resumed),
            What::RecordingFailed { reason } => self.recording_failed(reason),
            What::Noted { note } => self.noted(None, note),
            What::Ticked => self.ticked(),
            What::TuningChanged { tuning } => self.tuning_changed(*tuning),

            What::WorkerStarting { worker, slot, role } => self.worker_starting(*worker, *slot, *role),
            What::WorkerSpawned { worker, pid } => self.worker_spawned(*worker, *pid),
            What::WorkerNotSpawned { worker, reason } => self.worker_not_spawned(*worker, reason),
            What::WorkerReady { worker, host, pid } => self.worker_ready(*worker, host.as_deref(), *pid),
            What::WorkerDraining { worker, why } => self.worker_draining(*worker, *why),
            What::WorkerKept { worker } => self.worker_kept(*worker),
            What::WorkerDismissed { worker } => self.worker_dismissed(*worker),
            What::WorkerKilled { worker, reason } => self.worker_killed(*worker, reason),
            What::WorkerSilent { worker } => self.worker_silent(*worker),
            What::WorkerAsked { worker } => self.worker_asked(*worker),
            What::WorkerAnswered { worker } => self.worker_answered(*worker),
            What::WorkerExited { worker, how, last_words } => self.worker_exited(*worker, *how, last_words),
            What::CrashLoopStopped { deaths } => self.crash_loop_stopped(*deaths),
            What::Sampled { samples } => self.sampled(samples),

            What::TasksDispatched { worker, tasks } => self.tasks_dispatched(*worker, tasks),
            What::TasksRecalled { worker } => self.tasks_recalled(*worker),
            What::TasksReturned { worker, tasks } => self.tasks_returned(*worker, tasks),
            What::TaskStarted { task, worker, pid } => self.task_started(*task, *worker, *pid),
            What::TaskProgressed { task, done, total } => self.task_progressed(*task, *done, *total),
            What::TaskPrinted { task, stream, skipped, bytes } => self.task_printed(*task, *stream, *skipped, bytes),
            What::TaskNoted { task, note } => self.noted(Some(*task), note),
            What::TaskPaused { task } => self.task_paused(*task),
            What::TaskResumed { task } => self.task_resumed(*task),
            What::TaskStopping { task, why } => self.task_stopping(*task, *why),
            What::TaskSignalled { task, signal } => self.task_signalled(*task, *signal),
            What::AttemptEnded { task, outcome, tally, took_us, output } => {
                self.attempt_ended(*task, outcome, *tally, *took_us, output.as_deref());
            }
            What::AttemptLost { task, failure } => self.attempt_lost(*task, failure),
            What::TaskRequeued { task, not_before } => self.task_requeued(*task, *not_before),
            What::TaskReleased { task } => self.task_released(*task),
            What::TaskFailed { task } => self.task_failed(*task),
            What::TaskDropped { task } => self.task_dropped(*task),
            What::TaskRevived { task } => self.task_revived(*task),
            other => {
                self.take_talk_in(other);
                self.trace_blocked(other);
            }
        }
    }

    fn levels(&self) -> Levels {
        Levels {
            depth: self.counts.waiting(),
            in_flight: self.counts_of_work().in_flight(),
            target: self.target,
            ready: self.ready,
        }
    }

    /// Throughput tells of the pool's size only while tasks wait for a worker, nothing is frozen, and nobody works who does
    /// not count any more.
    fn saturation(&self) -> Saturation {
        let full = self.phase == Phase::Running && !self.is_paused() && self.counts.waiting() > 0 && self.ready > 0;
        if full && !self.somebody_drains() { Saturation::Full } else { Saturation::Short }
    }

    /// Asked with every event, and nearly always everybody is ready.
    fn somebody_drains(&self) -> bool {
        let draining = |worker: &Worker| matches!(worker.state, WorkerState::Draining(_));
        self.workers.len() > self.ready as usize && self.workers.of_pool().any(draining)
    }
}
