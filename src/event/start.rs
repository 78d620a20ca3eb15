//! Vocabulary: how a run was asked for.
//! It does not know what becomes of it.

use serde::{Deserialize, Serialize};

use super::Policy;
use crate::task::{FunctionId, ObjectSpec, Pid, TaskId};

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
    /// What the pool's workers are started through, if not as children of the parent: its words, for people.
    pub launcher: Option<Box<str>>,
    /// What processes talk through; the places in this list are the objects' numbers.
    pub objects: Vec<ObjectSpec>,
    /// What the scenario tells the onlooker.
    pub story: Option<Story>,
    /// What every pool worker does before it says hello, if the scenario has such a function. It may take its time.
    pub initializer: Option<FunctionId>,
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
            launcher: None,
            objects: Vec::new(),
            story: None,
            initializer: None,
        }
    }
}

/// How a run goes on that was cut off, and what becomes of the tasks it was at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The parent's own process from now on.
    pub pid: Pid,
    /// CPUs this process may use.
    pub cpus: u32,
    /// How long nobody was at it, by the clock on the wall, if that can be told. The run's own time stands still meanwhile.
    pub away_us: Option<u64>,
    /// The number of workers aimed at.
    pub target: u32,
    /// What is decided for all tasks from now on.
    pub policy: Policy,
    /// Tasks in doubt, which a worker had and of which nobody knows how far they came, that are done again. Those that are not
    /// in here have failed.
    pub rerun: Vec<TaskId>,
    /// Failed, interrupted and dropped tasks that are to be done again.
    pub again: Vec<TaskId>,
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
