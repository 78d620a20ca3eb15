//! A task's record and the count of tasks by status. PURE.
//! It does not know the queue or the workers; `apply` keeps them in step.

use crate::event::Elapsed;
use crate::task::{Failure, Pid, SharedSpec, Slot, WorkerId};

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// In the queue. From `TasksAdded`, `TasksReturned`, `TaskReleased`, `TaskRevived`.
    Waiting,
    /// Waits out its back-off. From `TaskRequeued`.
    Delayed,
    /// Given to a worker, not known to have begun. From `TasksDispatched`.
    Sent,
    /// The worker is at it. From `TaskStarted`, `TaskResumed`.
    Running,
    /// Frozen by itself (a frozen pool does not change it). From `TaskPaused`.
    Paused,
    /// Told to end. From `TaskStopping`.
    Stopping,
    /// An attempt failed and the planner has not yet decided what next. From `AttemptEnded`, `AttemptLost`.
    Undecided,
    /// Done. From `AttemptEnded`. Final.
    Done,
    /// Failed for good. From `TaskFailed`. Final unless revived.
    Failed,
    /// Ended by the end of the run while it ran. From `AttemptEnded`, `AttemptLost`. Final; counts as work left.
    Interrupted,
    /// Dropped before it began. From `TaskDropped`. Final unless revived.
    Dropped,
}

impl Status {
    /// All of them, in the order of a task's life.
    pub const ALL: [Self; 11] = [
        Self::Waiting,
        Self::Delayed,
        Self::Sent,
        Self::Running,
        Self::Paused,
        Self::Stopping,
        Self::Undecided,
        Self::Done,
        Self::Failed,
        Self::Interrupted,
        Self::Dropped,
    ];

    /// Whether nothing more will happen to the task by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Interrupted | Self::Dropped)
    }

    /// Whether a worker holds it.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Sent | Self::Running | Self::Paused | Self::Stopping)
    }

    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "back-off",
            Self::Sent => "sent",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Undecided => "ending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Dropped => "dropped",
        }
    }
}

/// One task and what has become of it. Small: there may be a million.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What was asked for.
    pub spec: SharedSpec,
    /// Where it is in its life.
    pub status: Status,
    /// Attempts begun, as far as safety goes: given to a worker and not given back.
    pub attempts: u16,
    /// How many of them do not count against its retries, for somebody wanted it done again after them.
    pub forgiven: u16,
    /// Who has or last had it.
    pub worker: Option<WorkerId>,
    /// When the latest attempt began; when it was added, before that.
    pub started: Elapsed,
    /// When the latest attempt ended; meaningless before.
    pub ended: Elapsed,
    /// Payload of the latest attempt that ended.
    pub bytes: u64,
    /// Where it stands in the line it is in, if it is in one: it waits, is undecided or has failed.
    pub(super) place: u32,
}

impl Task {
    /// A task that was just added.
    pub fn new(spec: SharedSpec, at: Elapsed) -> Self {
        Self {
            spec,
            status: Status::Waiting,
            attempts: 0,
            forgiven: 0,
            worker: None,
            started: at,
            ended: at,
            bytes: 0,
            place: 0,
        }
    }

    /// How long its latest attempt took, or has taken until `now`. `None` before the first.
    pub fn took(&self, now: Elapsed) -> Option<std::time::Duration> {
        match self.status {
            Status::Waiting | Status::Sent | Status::Dropped => None,
            Status::Running | Status::Paused | Status::Stopping => Some(now.since(self.started)),
            Status::Delayed | Status::Undecided | Status::Done | Status::Failed | Status::Interrupted => {
                Some(self.ended.since(self.started))
            }
        }
    }
}

/// An attempt that failed, for the task's detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// From 1.
    pub attempt: u16,
    /// The seat of the worker that had it.
    pub slot: Slot,
    /// The process of that worker.
    pub pid: Option<Pid>,
    /// When it began.
    pub started: Elapsed,
    /// When it ended.
    pub ended: Elapsed,
    /// Why.
    pub failure: Failure,
}

/// How many tasks there are of each status. The sum is the number of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u32; Status::ALL.len()]);

impl Counts {
    /// How many have this status.
    pub fn of(&self, status: Status) -> u32 {
        self.0[status as usize]
    }

    /// All tasks.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Those a worker holds.
    pub fn in_flight(&self) -> u32 {
        self.sum(Status::is_in_flight)
    }

    /// Those to which nothing more will happen.
    pub fn ended(&self) -> u32 {
        self.sum(Status::is_final)
    }

    /// Those that wait for a worker: the queue depth.
    pub fn waiting(&self) -> u32 {
        self.of(Status::Waiting)
    }

    /// Those that are not done and did not fail: what a resumed run would have to do.
    pub fn left(&self) -> u32 {
        self.total() - self.of(Status::Done) - self.of(Status::Failed) - self.of(Status::Dropped)
    }

    /// The same without one task of that status.
    #[must_use]
    pub fn without(mut self, status: Status) -> Self {
        self.0[status as usize] = self.0[status as usize].saturating_sub(1);
        self
    }

    pub(super) fn add(&mut self, status: Status, count: u32) {
        self.0[status as usize] += count;
    }

    pub(super) fn shift(&mut self, from: Status, to: Status) {
        self.0[from as usize] -= 1;
        self.0[to as usize] += 1;
    }

    fn sum(&self, which: fn(Status) -> bool) -> u32 {
        Status::ALL.iter().filter(|&&status| which(status)).map(|&status| self.of(status)).sum()
    }
}
