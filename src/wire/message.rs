//! The messages between the parent and its workers, named by who receives or sends them.
//! It does not know how they travel.

use serde::{Deserialize, Serialize};

use crate::command::Note;
use crate::task::{
    Call, ObjectId, Outcome, Output, Pid, Program, RawText, Reply, SharedSpec, Slot, Stream, Tally, TaskId, TaskSpec,
    ThreadId, Value,
};

use std::sync::Arc;

/// What a worker is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// The first message: what holds for all tasks.
    Setup(Setup),
    /// Do these, one after the other, after those it already has.
    Run(Vec<Assignment>),
    /// Give back all it has not begun; answered by one `Returned`, empty or not.
    Recall,
    /// Freeze what runs, and whatever begins later, until `Resume`.
    Pause,
    /// Go on.
    Resume,
    /// Freeze this task if it is the running one.
    PauseTask(TaskId),
    /// Let it go on.
    ResumeTask(TaskId),
    /// End this task if it holds it; it reports the attempt's end in any case.
    Stop(TaskId, Stopping),
    /// Send this signal to the running command's process group.
    Signal(TaskId, i32),
    /// The answer to the `Asked` of that thread. For a task that is over it means nothing.
    Answer(TaskId, ThreadId, Reply),
    /// A transfer's share of a link, from now on.
    Share { task: TaskId, thread: ThreadId, link: ObjectId, bytes_per_s: u64 },
    /// Say `Pong`.
    Ping,
    /// End the process: nothing is in flight.
    Exit,
}

/// How a task is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stopping {
    /// TERM and CONT, this long to go, then KILL.
    Gently { grace_ms: u64 },
    /// KILL at once.
    Now,
}

/// What holds for all tasks of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Its seat, for `{%}`.
    pub slot: Slot,
    /// How many times faster simulated time goes, in thousandths.
    pub speed_milli: u32,
    /// The run's own folder for output that is too long to travel; absolute. Empty through a launcher: there is no folder
    /// that both sides see, and what is too long is cut.
    pub spool: RawText,
    /// At least this long between two reports of progress, or two glimpses of one stream's output.
    pub report_every_ms: u32,
    /// How much of a command's stream is kept at most.
    pub output_bytes_max: u64,
    /// The process that is the parent of all, for people; through a launcher it is not the parent the kernel knows.
    pub parent: Pid,
    /// CPUs the parent may use.
    pub cpus: u32,
    /// The number of workers aimed at when the run began.
    pub pool_size: u32,
    /// When the run began, by the clock on the wall: microseconds since 1970. What was copied since then is the run's own.
    pub began_unix_us: i64,
    /// What functions do, if the scenario has some.
    pub program: Option<Arc<Program>>,
    /// Whether the program's initializer is to be run before `Hello`.
    pub initialize: Initialize,
}

/// Whether a worker runs the program's initializer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initialize {
    /// Before it says hello.
    First,
    /// Not at all: it is none of the pool, or there is nothing to run.
    No,
}

impl Setup {
    /// Between two reports of progress.
    #[must_use]
    pub fn report_every(&self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::from(self.report_every_ms))
    }
}

/// One attempt handed to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which task.
    pub task: TaskId,
    /// The how manieth attempt, from 1.
    pub attempt: u16,
    /// What to do.
    pub spec: SharedSpec,
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The first message.
    Hello(Hello),
    /// What happened since the last one, in order.
    Reports(Vec<Report>),
}

/// How a worker introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its process, as it sees it.
    pub pid: Pid,
    /// The machine it is on, as that machine calls itself.
    pub host: Box<str>,
}

/// One thing that happened in a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// It began a task that is worth telling. `pid`: of the command.
    Started { task: TaskId, pid: Option<Pid> },
    /// Payload so far. At most 20 a second.
    Progressed { task: TaskId, done: u64, total: u64 },
    /// The newest piece of output, the `skipped` bytes before it left out. At most 20 a second and stream.
    Printed {
        task: TaskId,
        stream: Stream,
        skipped: u64,
        #[serde(with = "crate::text::bytes")]
        bytes: Vec<u8>,
    },
    /// Something was noticed.
    Noted { task: TaskId, note: Note },
    /// The attempt is over.
    Ended { task: TaskId, outcome: Outcome, tally: Tally, took_us: u64, output: Option<Box<Output>> },
    /// The answer to `Recall`.
    Returned { tasks: Vec<TaskId> },
    /// A line of a function's `print`.
    Said { task: TaskId, thread: ThreadId, text: Box<str> },
    /// What to watch now.
    Told { task: TaskId, text: Box<str> },
    /// What the function returned; its `Ended` follows.
    Result { task: TaskId, value: Value },
    /// A thread began.
    ThreadStarted { task: TaskId, thread: ThreadId, name: Box<str> },
    /// It ended.
    ThreadEnded { task: TaskId, thread: ThreadId },
    /// It has waited for a lock for a while.
    LockAwaited { task: TaskId, thread: ThreadId, lock: Box<str>, holder: ThreadId },
    /// It got the lock it awaited.
    LockTaken { task: TaskId, thread: ThreadId },
    /// A thread asks and waits for the `Answer`. Never `Call::Submit`, which is the parent's own word.
    Asked { task: TaskId, thread: ThreadId, call: Call },
    /// The parent's program hands tasks over and waits for the `Answer`: a handle, or why they are not taken.
    Submits { task: TaskId, thread: ThreadId, specs: Vec<TaskSpec> },
    /// The answer to `Ping`.
    Pong,
}
