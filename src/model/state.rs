//! The state: everything that is known of a run at one moment, and the questions it answers. PURE.
//! It does not change by itself: `apply` is the only writer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::event::{
    Elapsed, PauseReason, Phase, PhaseReason, Policy, Role, Start, TerminateReason, Tuning, Verdict, WireCount,
};
use crate::task::{Failure, Place, TaskId, Value, WorkerId};

use super::calls::{Blocked, Threads};
use super::history::History;
use super::log::Log;
use super::objects::Objects;
use super::queue::Queue;
use super::shared::{Line, List, Map};
use super::story::StoryLog;
use super::tails::Tails;
use super::task::{AttemptRecord, Counts, Status, Task};
use super::timeline::Timeline;
use super::tuning::Climb;
use super::worker::Workers;

/// Whether more work may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// It may.
    #[default]
    Open,
    /// It will not.
    Closed,
}

/// Whether the parent's program still hands tasks to the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolLife {
    /// It may; also where there is no such program.
    #[default]
    Open,
    /// From `PoolClosed`.
    Closed,
    /// From `PoolTerminated`.
    Terminated,
}

/// What goes over one worker's connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireUse {
    /// So far.
    pub count: WireCount,
    /// When it was counted.
    pub at: Elapsed,
    /// Frames a second, both ways, between the last two counts.
    pub frames_per_s: f64,
    /// Their bytes.
    pub bytes_per_s: f64,
}

/// What was left out on purpose, and what went wrong outside any task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many notes of weight `Skipped`.
    pub skipped: u32,
    /// How many of weight `Error`.
    pub errors: u32,
    /// The first few of both, as they were told.
    pub first: Vec<Box<str>>,
}

/// Deaths of workers that nobody asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unplanned {
    /// How many in all.
    pub losses: u32,
    /// When those that died young did so, oldest first; only as many as matter.
    pub young: VecDeque<Elapsed>,
    /// Starts that failed in a row, and when the last one did.
    pub failed_starts: u32,
    /// See `failed_starts`.
    pub last_failed_start: Elapsed,
    /// The last words of the latest one, or why it could not be started.
    pub last_words: Box<str>,
    /// Workers in a row that were gone, or had to go, without ever having said hello.
    pub mute: u32,
    /// Whether the pool has given up starting workers.
    pub given_up: bool,
}

/// Everything known of a run. A copy shares what does not change, and costs a few microseconds whatever the run's size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// How the run was asked for; `None` before its first event.
    pub start: Option<Box<Start>>,
    /// What holds for all tasks; the defaults before the run's first event.
    pub policy: Policy,
    /// The time of the latest event.
    pub now: Elapsed,
    /// How far the run has come.
    pub phase: Phase,
    /// When that phase was entered.
    pub phase_since: Elapsed,
    /// Why the run left its first phase.
    pub stopped_by: Option<PhaseReason>,
    /// The number of workers aimed at.
    pub target: u32,
    /// Whether more work may come from outside.
    pub source: Source,
    /// All tasks by number.
    pub tasks: List<Task>,
    /// The tasks that wait.
    pub queue: Queue,
    /// Attempts that failed and are not decided on.
    pub undecided: Line<TaskId>,
    /// Failed attempts by task.
    pub failures: Map<TaskId, Vec<Arc<AttemptRecord>>>,
    /// Tasks by status.
    pub counts: Counts,
    /// The workers that are there.
    pub workers: Workers,
    /// Deaths nobody asked for.
    pub unplanned: Unplanned,
    /// What was skipped.
    pub skipped: Skipped,
    /// Payload known of.
    pub bytes_total: u64,
    /// Payload of ended tasks: what was done of them, or all of it when they failed, so that the share reaches 1.
    pub bytes_ended: u64,
    /// Payload that really arrived.
    pub bytes_done: u64,
    /// Files that are complete.
    pub files_done: u64,
    /// Files known of.
    pub files_total: u64,
    /// Tasks whose work is not about bytes.
    pub tasks_without_bytes: u32,
    /// How long a task takes, as a moving average in microseconds; `None` before one has ended.
    pub pace_us: Option<u64>,
    /// The run over time.
    pub history: History,
    /// Who had which task when.
    pub timeline: Timeline,
    /// The notable events.
    pub log: Log,
    /// What tasks printed last.
    pub tails: Tails,
    /// Tasks that failed for good, in the order of their failing.
    pub failed: Line<TaskId>,
    /// What processes talk through.
    pub objects: Objects,
    /// The threads of tasks that run functions, and what they wait for.
    pub threads: Threads,
    /// What functions returned.
    pub results: Map<TaskId, Arc<Value>>,
    /// Whether the parent's program still hands tasks to the pool.
    pub pool_life: PoolLife,
    /// Why it was terminated, if it was.
    pub terminated: Option<TerminateReason>,
    /// Whether there ever was a task for the pool.
    pub pool_used: bool,
    /// Why nothing can go on, while that is so.
    pub verdict: Option<Box<Verdict>>,
    /// What the onlooker was told.
    pub story: StoryLog,
    /// What goes over the workers' connections.
    pub wires: HashMap<WorkerId, WireUse>,
    /// Who looks for the best size.
    pub tuning: Tuning,
    /// What the tuner knows, while it searches.
    pub climb: Option<Box<Climb>>,
    /// The task that is the parent's program, if there is one.
    pub main: Option<TaskId>,
    /// Why the run is not recorded any more, if it was and that failed.
    pub recording_failed: Option<Box<str>>,
    pub(super) ready: u32,
    /// Tasks interrupted because the pool was terminated.
    pub(super) cut_short: u32,
    pub(super) pauses: Pauses,
}

/// The two reasons to freeze, which do not undo each other, and the time lost to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pauses {
    pub asked: bool,
    pub suspended: bool,
    pub since: Elapsed,
    pub total_us: u64,
}

impl State {
    /// A state in which nothing has happened.
    pub fn new() -> Self {
        Self::default()
    }

    /// The task's record.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.index())
    }

    /// Why the task failed last, if it did.
    pub fn failure(&self, id: TaskId) -> Option<&Failure> {
        self.failures.get(&id)?.last().map(|record| &record.failure)
    }

    /// What the task waits for, if none of its threads can go on.
    pub fn blocked(&self, task: TaskId) -> Option<Blocked<'_>> {
        let threads = self.threads.of(task);
        if threads.is_empty() || !threads.iter().all(|thread| thread.wait.as_ref().is_some_and(|wait| wait.blocked)) {
            return None;
        }
        let waiting = threads.iter().filter_map(|thread| Some(Blocked { thread, wait: thread.wait.as_ref()? }));
        waiting.min_by_key(|blocked| blocked.wait.since)
    }

    /// Whether the pool is frozen.
    pub fn is_paused(&self) -> bool {
        self.pauses.asked || self.pauses.suspended
    }

    /// Whether it is frozen for that reason.
    pub fn is_paused_by(&self, why: PauseReason) -> bool {
        match why {
            PauseReason::Asked => self.pauses.asked,
            PauseReason::Suspended => self.pauses.suspended,
        }
    }

    /// The active clock at the latest event: the time of the run without its pauses.
    pub fn active(&self) -> Elapsed {
        self.active_at(self.now)
    }

    /// The active clock at a later moment, if nothing happens until then. All deadlines are on it.
    pub fn active_at(&self, at: Elapsed) -> Elapsed {
        let frozen = if self.is_paused() { at.0.saturating_sub(self.pauses.since.0) } else { 0 };
        Elapsed(at.0.saturating_sub(self.pauses.total_us + frozen))
    }

    /// When the active clock will show `active`, if nothing happens until then; `None` while it stands still.
    pub fn when_active(&self, active: Elapsed) -> Option<Elapsed> {
        (!self.is_paused()).then(|| Elapsed(active.0.saturating_add(self.pauses.total_us)))
    }

    /// Whether a task could still begin or end.
    pub fn has_unfinished(&self) -> bool {
        self.counts.ended() < self.counts.total()
    }

    /// Whether tasks may still be added: the source is open, or the parent's program is not over.
    pub fn may_be_given_more(&self) -> bool {
        self.source == Source::Open || self.main_is_unfinished()
    }

    /// Whether there is a parent's program that is not over.
    pub fn main_is_unfinished(&self) -> bool {
        self.main.and_then(|main| self.task(main)).is_some_and(|main| !main.status.is_final())
    }

    /// How many attempts a task may have in all that failed like this. What is not done by the pool is tried once: a
    /// process of its own is gone with what it was, and the parent does not do a thing again by itself.
    pub fn attempts_max(&self, task: TaskId, failure: &Failure) -> u32 {
        match self.task(task) {
            Some(record) => {
                let anew = if record.spec.place == Place::Pool { self.policy.attempts_max(failure) } else { 1 };
                anew.saturating_add(record.forgiven.into()).min(u16::MAX.into())
            }
            None => self.policy.attempts_max(failure),
        }
    }

    /// Workers of the pool that take tasks now.
    pub fn ready(&self) -> u32 {
        self.ready
    }

    /// Workers of the pool that are there and take tasks, or will in a moment.
    pub fn wanted(&self) -> u32 {
        self.workers.count(|worker| worker.is_of_pool() && worker.is_wanted())
    }

    /// Tasks by status, the parent's own program not among them: it hands out work and is none itself.
    pub fn counts_of_work(&self) -> Counts {
        match self.main.and_then(|main| self.task(main)) {
            Some(main) => self.counts.without(main.status),
            None => self.counts,
        }
    }

    /// Whether this worker was, or is to be, started through the run's launcher: only the pool's own are.
    pub fn is_launched(&self, worker: &super::Worker) -> bool {
        worker.role == Role::Pool && self.start.as_ref().is_some_and(|start| start.launcher.is_some())
    }

    /// Tasks that have this status.
    pub fn count(&self, status: Status) -> u32 {
        self.counts.of(status)
    }

    /// The exit code the run would have if it were over now: 0 all done, 1 something failed or nothing could go on, 3 it could
    /// not be recorded, 4 work is left. What the program's own `terminate` cut short is no work left: it was not wanted any more.
    pub fn exit_code(&self) -> u8 {
        if self.recording_failed.is_some() {
            return 3;
        }
        let wanted = match self.terminated {
            Some(TerminateReason::Asked) => self.counts.left().saturating_sub(self.cut_short),
            Some(TerminateReason::ParentEnded) => self.counts.left() + self.count(Status::Dropped),
            None => self.counts.left(),
        };
        let left = wanted > 0 || self.source == Source::Open;
        let success_halt = self.stopped_by == Some(PhaseReason::Halted) && self.halted_by_success();
        let stuck = self.stopped_by == Some(PhaseReason::Stuck);
        if self.count(Status::Failed) > 0 || self.skipped.errors > 0 || (left && self.unplanned.given_up) || stuck {
            1
        } else if left && !success_halt {
            4
        } else {
            0
        }
    }

    fn halted_by_success(&self) -> bool {
        matches!(
            self.policy.halt,
            crate::event::Halt::When { ended: crate::event::Ended::Success | crate::event::Ended::Done, .. }
        )
    }
}
