//! Vocabulary: phases, roles and reasons; what is measured; what is found.
//! It does not know in which event they are told.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::task::{TaskId, WorkerId};

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
    /// What happens cannot be recorded any more.
    NotRecorded,
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
    /// The pool was terminated.
    PoolTerminated,
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
