//! The messages between the parent and its workers, named by who receives or sends them.
//! It does not know how they travel.

use serde::{Deserialize, Serialize};

use crate::command::Note;
use crate::task::{Outcome, Output, Pid, RawText, SharedSpec, Slot, Stream, Tally, TaskId};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Its seat, for `{%}`.
    pub slot: Slot,
    /// How many times faster simulated time goes, in thousandths.
    pub speed_milli: u32,
    /// The run's own folder for output that is too long to travel; absolute.
    pub spool: RawText,
    /// At least this long between two reports of progress, or two glimpses of one stream's output.
    pub report_every_ms: u32,
    /// How much of a command's stream is kept at most.
    pub output_bytes_max: u64,
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
    /// The answer to `Ping`.
    Pong,
}
