//! Vocabulary: what happened, in the past tense. The run is the sequence of its events; screen, lines, recording and replay are folds over it.
//! It does not know who listens. Time is in here and nowhere else.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::{Asker, Note};
use crate::task::{
    Call, Failure, ObjectId, ObjectSpec, Outcome, Output, Pid, Reply, SharedSpec, Slot, Stream, Tally, TaskId,
    ThreadId, Value, WorkerId,
};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since the run began.
    #[serde(rename = "at_us")]
    pub at: Elapsed,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen. Lifecycle first in each group; only `TaskProgressed`, `TaskPrinted`, `Sampled` and `Ticked` may be thinned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
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

/// How the run was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The scenario's title, or the command line.
    pub title: Box<str>,
    /// What kind of run it is.
    pub kind: RunKind,
    /// The parent's own process.
    pub pid: Pid,
    /// CPUs this process may use.
    pub cpus: u32,
    /// What was decided for all tasks.
    pub policy: Policy,
    /// How tasks meet processes.
    pub strategy: Strategy,
    /// What processes talk through; the places in this list are the objects' numbers.
    pub objects: Vec<ObjectSpec>,
    /// What the scenario tells the onlooker.
    pub story: Option<Story>,
}

impl Start {
    /// A run without a scenario: a pool, no objects, no story.
    #[must_use]
    pub fn new(title: impl Into<Box<str>>, kind: RunKind, pid: Pid, cpus: u32, policy: Policy) -> Self {
        Self {
            title: title.into(),
            kind,
            pid,
            cpus,
            policy,
            strategy: Strategy::Pool,
            objects: Vec::new(),
            story: None,
        }
    }
}

/// How the tasks of a run meet processes. Tasks that have a place of their own keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A pool of processes, each doing one task after the other.
    #[default]
    Pool,
    /// A new process for each task, all at once.
    ProcessEach,
    /// One after the other, in the parent itself.
    Sequential,
}

/// What a scenario tells the onlooker, in the language that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// What to watch while it runs.
    pub watch: Box<str>,
    /// What it showed, told at the end.
    pub ending: Box<str>,
}

/// What a worker is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One of the pool; counts against its size.
    #[default]
    Pool,
    /// Lives for this task.
    Own(TaskId),
    /// The parent itself, for tasks it does one after the other. A thread, no process.
    Parent,
    /// The parent itself, for its program. A thread, no process.
    Main,
}

impl Role {
    /// Whether it is the parent's own process.
    #[must_use]
    pub fn is_in_parent(self) -> bool {
        matches!(self, Self::Parent | Self::Main)
    }
}

/// Why a pool was terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminateReason {
    /// The parent's program asked for it.
    Asked,
    /// The parent's program ended without waiting for the pool.
    ParentEnded,
}

/// Who looks for the best size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    /// The person, or the scenario.
    #[default]
    Off,
    /// pooltop tries sizes.
    Searching,
    /// pooltop has found one and stays with it.
    Settled { workers: u32 },
}

/// Why nothing can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one sentence: the cycle, or the missing partner.
    pub text: Box<str>,
    /// Who waits for what, a line each.
    pub waits: Vec<Box<str>>,
    /// What would help, if something would.
    pub advice: Option<Box<str>>,
}

/// What went over one worker's connection since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireCount {
    /// Whose.
    pub worker: WorkerId,
    /// Frames from the parent.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Frames to the parent.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
}

/// Which command started the run. Decides only words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// `demo` or `play`.
    Scenario,
    /// `copy`.
    Copy,
    /// `run`.
    Command,
}

/// What holds for all tasks and workers of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How often a failed task is tried again.
    pub retries: u32,
    /// How often a task is tried again because its worker died, if that is more.
    pub loss_retries: u32,
    /// The wait before the second attempt; doubles with each further one.
    pub backoff_ms: u64,
    /// How long one attempt may run.
    pub timeout_ms: Option<u64>,
    /// When to stop early.
    pub halt: Halt,
    /// After how many tasks a worker is replaced.
    pub recycle_after: Option<u32>,
    /// Between TERM and KILL.
    pub grace_ms: u64,
    /// How many times faster simulated time goes, in thousandths.
    pub speed_milli: u32,
    /// Decides every random choice.
    pub seed: u64,
    /// What a verdict leads to.
    pub stuck: Stuck,
}

/// What happens when nothing can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// The run ends. Nobody is there to help.
    #[default]
    Ends,
    /// It stays, for somebody to look at and to decide.
    Stays,
}

impl Policy {
    /// How many attempts a task has in all when it failed like this. A lost worker is not the task's failure, so such a
    /// task is tried again even where failed ones are not.
    #[must_use]
    pub fn attempts_max(&self, failure: &Failure) -> u32 {
        let retries = match failure {
            Failure::Stopped => 0,
            Failure::WorkerLost { .. } => self.retries.max(self.loss_retries),
            _ => self.retries,
        };
        // The number of an attempt counts no further than this.
        retries.saturating_add(1).min(u32::from(u16::MAX))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 0,
            loss_retries: 2,
            backoff_ms: 250,
            timeout_ms: None,
            halt: Halt::Never,
            recycle_after: None,
            grace_ms: 2000,
            speed_milli: 1000,
            seed: 0,
            stuck: Stuck::default(),
        }
    }
}

/// When to stop before everything is done; the notation is GNU parallel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// Go on to the end.
    #[default]
    Never,
    /// When enough tasks ended that way.
    When { urgency: Urgency, ended: Ended, amount: Amount },
}

/// Whether running tasks may finish when a halt strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// They may.
    Soon,
    /// They are killed.
    Now,
}

/// Which endings a halt counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Tasks that failed.
    Fail,
    /// Tasks that were done.
    Success,
    /// Both.
    Done,
}

/// How many endings make a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// This many.
    Count(u32),
    /// This share of all tasks, once at least three have ended (GNU parallel's rule).
    Percent(u8),
}

/// How far a run has come. Ordered: it only ever grows, so escalation is `<`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Tasks are given out. From the start.
    #[default]
    Running,
    /// What is in flight is finished, nothing starts. By `Drain`, or a halt of the soon kind.
    Draining,
    /// Running tasks were told to end and have their grace period. By `Stop`.
    Stopping,
    /// Everything is killed. By `Kill`, a second `Stop`, or a grace period that ran out.
    Killing,
    /// All tasks have ended, or none may start: workers are being dismissed.
    Closing,
    /// No process is left.
    Ended,
}

/// Why a phase was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseReason {
    /// Nothing is left to do.
    Finished,
    /// Somebody asked.
    Asked,
    /// `--halt` struck.
    Halted,
    /// Workers cannot be kept alive.
    NoWorkers,
    /// The grace period is over.
    GraceOver,
    /// Nothing could go on, and nobody was there to help.
    Stuck,
}

/// Why the pool froze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// Somebody asked.
    Asked,
    /// The program was suspended (Ctrl-Z).
    Suspended,
}

/// Why a worker takes no more tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrainReason {
    /// The pool shrinks.
    Retired,
    /// It has done as many tasks as `--recycle-after` allows.
    Recycled,
    /// Somebody wants another in its place.
    Replaced,
}

/// Why a task was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Somebody asked; TERM, grace, KILL.
    Asked,
    /// Somebody asked for KILL at once.
    Killed,
    /// Its time is up.
    TimedOut,
    /// The run is stopping.
    RunStopping,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with status {code}"),
            Self::Signal(signal) => write!(f, "killed by {}", crate::task::signal_name(*signal)),
        }
    }
}

/// What one worker and everything below it used over the last second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Whose.
    pub worker: WorkerId,
    /// Per cent of one CPU.
    pub cpu_percent: f32,
    /// Resident memory.
    pub rss_bytes: u64,
    /// Whether the kernel says it is stopped by a signal.
    pub stopped: bool,
}
