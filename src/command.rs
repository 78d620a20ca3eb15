//! Vocabulary: what may be asked of a running pool. Commands are imperative and may be refused; what they lead to is told by events.
//! It does not know who asks, nor how a command is carried out.

use serde::{Deserialize, Serialize};

use crate::task::{Slot, TaskId, TaskSpec, WorkerId};

/// The most workers a pool may be asked for. Each costs two descriptors and a process.
pub const WORKERS_MAX: u32 = 1024;

/// Something asked of the supervisor.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Change the number of workers aimed at.
    Resize(Resize),
    /// Freeze: running tasks stop where they are, nothing starts, all deadlines stand still.
    PausePool,
    /// Undo [`Command::PausePool`].
    ResumePool,
    /// The whole program is about to be stopped (Ctrl-Z): like a pause, but it does not undo one.
    Suspend,
    /// It goes on after [`Command::Suspend`].
    Continue,
    /// Freeze one running task.
    PauseTask(TaskId),
    /// Let it go on.
    ResumeTask(TaskId),
    /// End a task: a running one by TERM, a grace period, then KILL; a waiting one is dropped.
    StopTask(TaskId),
    /// End a task by KILL at once.
    KillTask(TaskId),
    /// Send a signal to a running command's process group.
    SignalTask(TaskId, i32),
    /// Run an ended task again.
    RetryTask(TaskId),
    /// Drain this worker and start another in its seat.
    ReplaceWorker(WorkerId),
    /// End a worker by SIGKILL, as if by accident: its task is tried again.
    KillWorker(Pick),
    /// Try sizes until one is found that does best, or stop trying.
    Tune(Tune),
    /// Finish what is in flight, start nothing more, end.
    Drain,
    /// Graceful shutdown: TERM, grace, KILL.
    Stop,
    /// End now: KILL.
    Kill,
    /// More work.
    Submit(Vec<TaskSpec>),
    /// Something was met that will not be done, for instance a FIFO in a folder to copy.
    Note(Note),
    /// No more work will come.
    Close,
}

/// Which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The one in this seat.
    Seat(Slot),
    /// One of those that are at a task, by the seed; none if there is none.
    Busy,
    /// One of all, by the seed.
    Any,
}

/// See [`Command::Tune`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tune {
    /// Begin, also after it has settled.
    Start,
    /// Stay with the size there is.
    Stop,
}

/// Whoever takes commands. The front ends and the sources of tasks know the supervisor as this and nothing more.
pub trait Ask: Send + Sync {
    /// Hands the command over and returns at once. A command to a run that is over is dropped.
    fn ask(&self, command: Command);
}

/// Whoever is told how far the recording of a run has come. The recorder knows the supervisor as this and nothing more.
pub trait Recorded: Send + Sync {
    /// The first so many events are where a crash leaves them, counted from the first that this process told. Only grows.
    fn safe(&self, events: u64);

    /// Nothing more will be recorded, and why: a lowercase fragment that reads after "recording failed: ".
    fn failed(&self, reason: &str);
}

/// How the pool's size is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// To this many.
    To(u32),
    /// By this many more or, if negative, fewer.
    By(i32),
}

impl Resize {
    /// The new number of workers, from the one aimed at now; never above [`WORKERS_MAX`].
    #[must_use]
    pub fn from(self, target: u32) -> u32 {
        match self {
            Self::To(workers) => workers,
            Self::By(change) => target.saturating_add_signed(change),
        }
        .min(WORKERS_MAX)
    }
}

/// Who asked for a change of size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// The start of the run.
    Start,
    /// A person at the keys.
    Person,
    /// A timed command of the scenario.
    Scenario,
    /// pooltop itself, trying sizes.
    Tuner,
}

/// Something worth telling that is not about one task's success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How much it matters.
    pub weight: Weight,
    /// A sentence fragment that names path or limit.
    pub text: Box<str>,
}

impl Note {
    /// A note of that weight.
    #[must_use]
    pub fn new(weight: Weight, text: impl Into<Box<str>>) -> Self {
        Self { weight, text: text.into() }
    }
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Good to know.
    Info,
    /// Something was left out on purpose: a FIFO, a device, an attribute that could not be kept. Counted as skipped.
    Skipped,
    /// Something does not work as asked, the run goes on.
    Warning,
    /// Something that was asked for is not done. The run will end with exit code 1.
    Error,
}
