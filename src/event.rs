//! Vocabulary: what happened, in the past tense. The run is the sequence of its events; screen, lines, recording and replay are folds over it.
//! It does not know who listens. Time is in here and nowhere else.

mod policy;
mod reason;
mod start;
pub mod written;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::{Asker, Note};
use crate::task::{
    Call, Failure, ObjectId, Outcome, Output, Pid, Reply, SharedSpec, Slot, Stream, Tally, TaskId, ThreadId, Value,
    WorkerId,
};

pub use policy::{Amount, Ended, Halt, Policy, Stuck, Urgency};
pub use reason::{
    DrainReason, Exit, PauseReason, Phase, PhaseReason, Role, Sample, StopReason, TerminateReason, Tuning, Verdict,
    WireCount,
};
pub use start::{Resumed, RunKind, Start, Story, Strategy};

/// Monotonic time since the run began, in microseconds. Stamped by the supervisor alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Elapsed(pub u64);

impl Elapsed {
    /// The moment `ms` milliseconds after this one.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    /// How long before this moment `earlier` was; zero if it was not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// In seconds, for rates and for people.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Something that happened, and when.
/// In JSON it is one flat object: see `written.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Microseconds since the run began.
    pub at: Elapsed,
    /// What.
    pub what: What,
}

/// What can happen. Lifecycle first in each group; only `TaskProgressed`, `TaskPrinted`, `Sampled` and `Ticked` may be thinned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The first event of every run.
    RunStarted(Box<Start>),
    /// Work arrived; ids count on from the last one.
    TasksAdded { tasks: Vec<SharedSpec> },
    /// No more work will come.
    SourceClosed,
    /// The number of workers aimed at changed.
    TargetSet { workers: u32, by: Asker },
    /// The pool froze or went on.
    PoolPaused { why: PauseReason },
    /// See [`What::PoolPaused`].
    PoolResumed { why: PauseReason },
    /// The run moved on to a later phase; never back.
    PhaseEntered { phase: Phase, why: PhaseReason },
    /// The last event of every run: no process of it is left.
    RunEnded,
    /// The run was cut off, or ended with work left, and goes on in a new process of the program. Nothing that the former one
    /// had started is left.
    RunResumed { resumed: Box<Resumed> },
    /// What happens cannot be recorded any more: no task is begun from now on.
    RecordingFailed { reason: Box<str> },

    /// The parent's program closed the pool: it takes no more tasks and does those it has.
    PoolClosed,
    /// The pool takes no more tasks; what waits is dropped, what runs is ended.
    PoolTerminated { why: TerminateReason },
    /// Nothing that lives can go on, and nothing will change that.
    VerdictReached { verdict: Box<Verdict> },
    /// Something changed it after all.
    VerdictLifted,
    /// pooltop tries sizes itself from now on, or stopped doing so.
    TuningChanged { tuning: Tuning },
    /// What to watch now, as the task that knows says.
    StoryTold { task: TaskId, text: Box<str> },

    /// Decided to start a worker; no process yet.
    WorkerStarting { worker: WorkerId, slot: Slot, role: Role },
    /// Its process exists.
    WorkerSpawned { worker: WorkerId, pid: Pid },
    /// It could not be started; says why.
    WorkerNotSpawned { worker: WorkerId, reason: Box<str> },
    /// It said hello and takes tasks. `host`: where it runs, if that is another machine or was reached through a launcher;
    /// `pid`: its process there.
    WorkerReady { worker: WorkerId, host: Option<Box<str>>, pid: Option<Pid> },
    /// It finishes what it holds and takes no more.
    WorkerDraining { worker: WorkerId, why: DrainReason },
    /// It was draining to shrink the pool and is wanted after all.
    WorkerKept { worker: WorkerId },
    /// It was told to end: nothing is in flight there.
    WorkerDismissed { worker: WorkerId },
    /// It was killed by us, and why.
    WorkerKilled { worker: WorkerId, reason: Box<str> },
    /// It has not answered for a while; says so once.
    WorkerSilent { worker: WorkerId },
    /// It was asked whether it is alive.
    WorkerAsked { worker: WorkerId },
    /// It answered.
    WorkerAnswered { worker: WorkerId },
    /// Its process is gone and reaped. `last_words`: the end of its standard error, if it died unasked.
    WorkerExited { worker: WorkerId, how: Exit, last_words: Box<str> },
    /// Too many workers died young; no more are started.
    CrashLoopStopped { deaths: u32 },

    /// These were given to a worker, in this order; each is an attempt started as far as safety goes.
    TasksDispatched { worker: WorkerId, tasks: Vec<TaskId> },
    /// The worker was asked to give back what it has not begun.
    TasksRecalled { worker: WorkerId },
    /// Given back unbegun; they wait again at the queue's head.
    TasksReturned { worker: WorkerId, tasks: Vec<TaskId> },
    /// The worker began it. Missing for tasks too short to be worth telling. `pid`: of the command, if it is one.
    TaskStarted { task: TaskId, worker: WorkerId, pid: Option<Pid> },
    /// Payload so far; `total` as the worker knows it now.
    TaskProgressed { task: TaskId, done: u64, total: u64 },
    /// The newest piece of a command's output; `skipped` bytes before it are not shown.
    TaskPrinted {
        task: TaskId,
        stream: Stream,
        skipped: u64,
        #[serde(with = "crate::text::bytes")]
        bytes: Vec<u8>,
    },
    /// Something was noticed while it ran, for instance an attribute that could not be kept.
    TaskNoted { task: TaskId, note: Note },
    /// Frozen at somebody's request, or going on.
    TaskPaused { task: TaskId },
    /// See [`What::TaskPaused`].
    TaskResumed { task: TaskId },
    /// It was told to end.
    TaskStopping { task: TaskId, why: StopReason },
    /// A signal was sent to its process group.
    TaskSignalled { task: TaskId, signal: i32 },
    /// The attempt is over. `took_us`: how long the worker was at it.
    AttemptEnded {
        task: TaskId,
        outcome: Outcome,
        tally: Tally,
        took_us: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Box<Output>>,
    },
    /// Its worker is gone; it counts as an attempt.
    AttemptLost { task: TaskId, failure: Failure },
    /// It will be tried again, not before `not_before` of the active clock (see `State::active`).
    TaskRequeued { task: TaskId, not_before: Elapsed },
    /// Its waiting time is over; it is in the queue again.
    TaskReleased { task: TaskId },
    /// It failed for good, for the reason its last attempt gave.
    TaskFailed { task: TaskId },
    /// It was dropped before it began.
    TaskDropped { task: TaskId },
    /// Somebody wants an ended task done again.
    TaskRevived { task: TaskId },

    /// A line of a function's `print`. Never left out.
    TaskSaid { task: TaskId, thread: ThreadId, text: Box<str> },
    /// A function returned something; its task's end follows.
    ResultGiven { task: TaskId, value: Value },
    /// A thread of a task began.
    ThreadStarted { task: TaskId, thread: ThreadId, name: Box<str> },
    /// It ended.
    ThreadEnded { task: TaskId, thread: ThreadId },
    /// It waits for a lock that another thread of the same process holds, and has done so for a while.
    LockAwaited { task: TaskId, thread: ThreadId, lock: Box<str>, holder: ThreadId },
    /// It got the lock after [`What::LockAwaited`].
    LockTaken { task: TaskId, thread: ThreadId },
    /// A thread asked for something and does nothing until it is answered.
    CallMade { task: TaskId, thread: ThreadId, call: Call },
    /// It cannot be answered now.
    CallBlocked { task: TaskId, thread: ThreadId },
    /// It was answered.
    CallAnswered { task: TaskId, thread: ThreadId, reply: Reply },
    /// This is a transfer's share of a link from now on.
    LinkShared { task: TaskId, thread: ThreadId, link: ObjectId, bytes_per_s: u64 },

    /// What went over the workers' own connections, counted at most once a second.
    WiresCounted { wires: Vec<WireCount> },
    /// What our processes use, measured at most once a second.
    Sampled { samples: Vec<Sample> },
    /// A second went by while something ran: for clocks and rates.
    Ticked,
    /// Something worth telling that belongs to no task.
    Noted { note: Note },
}

impl What {
    /// The task one of whose threads began, ended, or may have come to wait or to go on by this.
    #[must_use]
    pub fn moves_threads_of(&self) -> Option<TaskId> {
        match *self {
            Self::ThreadStarted { task, .. }
            | Self::ThreadEnded { task, .. }
            | Self::LockAwaited { task, .. }
            | Self::LockTaken { task, .. }
            | Self::CallBlocked { task, .. }
            | Self::CallAnswered { task, .. } => Some(task),
            _ => None,
        }
    }

    /// Whether the run is the same without it, but for glimpses on the way.
    #[must_use]
    pub fn may_be_left_out(&self) -> bool {
        matches!(
            self,
            Self::TaskProgressed { .. }
                | Self::TaskPrinted { .. }
                | Self::Sampled { .. }
                | Self::WiresCounted { .. }
                | Self::Ticked
        )
    }
}
