//! What a scenario comes to: tasks, copies, timed commands, and what it says about the whole run. PURE.
//! It does not know in which notation it was written, nor who carries it out.

use std::path::PathBuf;

use super::entry::TaskEntry;
use crate::command::Command;
use crate::event::{Halt, Story, Strategy};
use crate::notation::{PoolSize, Span};
use crate::task::{FunctionCall, Program, TaskSpec, Verify};

/// Everything a scenario asks for. All random choices are already made or follow from [`Plan::seed`] alone.
///
/// Texts are as they were written; they pass through [`crate::text`] on their way to a terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it is called on the command line: the file's name without `.toml`.
    pub name: String,
    /// BLAKE3 of its text, in hexadecimal digits: tells whether it is still the same.
    pub text_hash: Box<str>,
    /// What is shown above the run.
    pub title: String,
    /// One line for a list of scenarios; empty if it has none.
    pub summary: String,
    /// How many workers it starts with.
    pub pool: PoolSize,
    /// What it says about all tasks.
    pub policy: PolicyOverrides,
    /// What every random choice was or will be drawn from.
    pub seed: u64,
    /// Files to copy besides the tasks.
    pub copies: Vec<CopyJob>,
    /// What is asked of the pool while it runs, in the order of time.
    pub timed: Vec<Timed>,
    /// How its tasks meet processes.
    pub strategy: Strategy,
    /// How its pool's workers are started, if not as children.
    pub launcher: Option<LauncherSpec>,
    /// What its functions do, and what they talk through; the trees' folders are still empty.
    pub program: Option<Program>,
    /// The parent's program, as the run's first task, if it has one. Then there are no other tasks to submit: it submits them.
    pub main: Option<FunctionCall>,
    /// The trees to make before the run: in the order of [`Program::trees`].
    pub trees: Vec<TreeSpec>,
    /// What it tells the onlooker, in the language asked for.
    pub story: Option<Story>,
    /// What the tutorial measured, if it has figures.
    pub tutorial: Option<TutorialTimes>,
    /// The demo that `pooltop compare` runs in the place of this one, whose own program compares already.
    pub compare_as: Option<String>,
    /// What may never come to an end by its own text; each with its place in the file, ready to be printed.
    pub warnings: Vec<String>,
    pub(super) entries: Vec<TaskEntry>,
    pub(super) task_count: u32,
}

impl Plan {
    /// The tasks in the order they are to be submitted, copies left out. Made one by one, since there may be millions.
    #[must_use]
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks { plan: self, entry: 0, copy: 0, left: self.task_count }
    }

    /// How many there are.
    #[must_use]
    pub fn task_count(&self) -> u32 {
        self.task_count
    }
}

/// An argument vector in front of `pooltop worker --stdio`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LauncherSpec {
    /// For instance `["ssh", "host"]`.
    pub argv: Vec<String>,
    /// What pooltop is called there; `None`: this very program, by its path.
    pub program: Option<String>,
}

/// What the tutorial measured, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TutorialTimes {
    /// One task after the other.
    pub sequential_s: Option<f64>,
    /// A process for each task.
    pub process_each_s: Option<f64>,
    /// A pool of the scenario's size.
    pub pool_s: Option<f64>,
}

/// See [`Plan::tasks`].
#[derive(Clone, Debug)]
pub struct Tasks<'a> {
    plan: &'a Plan,
    entry: usize,
    copy: u32,
    left: u32,
}

impl Iterator for Tasks<'_> {
    type Item = TaskSpec;

    fn next(&mut self) -> Option<TaskSpec> {
        let entry = self.plan.entries.get(self.entry)?;
        let task = entry.task(self.copy, self.plan.seed);
        self.left -= 1;
        self.copy += 1;
        if self.copy == entry.repeat {
            self.entry += 1;
            self.copy = 0;
        }
        Some(task)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Tasks<'_> {}

/// What the scenario itself decides for all tasks. A flag or variable goes before it, a default after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyOverrides {
    /// How often a failed task is tried again.
    pub retries: Option<u32>,
    /// The wait before the second attempt.
    pub backoff_ms: Option<u64>,
    /// How long one attempt may run.
    pub timeout_ms: Option<u64>,
    /// When to stop early.
    pub halt: Option<Halt>,
    /// After how many tasks a worker is replaced.
    pub recycle_after: Option<u32>,
    /// Between TERM and KILL.
    pub grace_ms: Option<u64>,
    /// How many times faster simulated time goes, in thousandths.
    pub speed_milli: Option<u32>,
}

/// One copy of real files, to be walked into tasks like `pooltop copy`.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyJob {
    /// How many of [`Plan::tasks`] come before it.
    pub after_tasks: u32,
    /// From where to where.
    pub what: CopyWhat,
    /// Whether contents are compared afterwards.
    pub verify: Verify,
}

/// Which files a [`CopyJob`] copies.
#[derive(Clone, Debug, PartialEq)]
pub enum CopyWhat {
    /// A small tree that is made for the run, copied beside itself in a temporary folder, and removed with its copy.
    Tree(TreeSpec),
    /// The user's own files; relative paths are already joined to the scenario's folder.
    Paths {
        /// A file or folder.
        from: PathBuf,
        /// As the last argument of `pooltop copy`.
        to: PathBuf,
    },
}

/// A small tree of real files; see [`super::make_tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeSpec {
    /// How many files, in all folders together.
    pub files: u32,
    /// How many folders below the root.
    pub folders: u32,
    /// How large a file is, in bytes.
    pub size: Span,
    /// Decides names, places, sizes and contents.
    pub seed: u64,
}

/// Something asked of the pool at a given time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// When, in milliseconds of the scenario's time since the run began: `--speed` shortens it as it shortens the tasks.
    pub at_ms: u64,
    /// What.
    pub command: Command,
}
