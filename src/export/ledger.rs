//! What tables tell of each task: its latest attempt, whole, and in which order tasks ended.
//! It does not know formats.

use std::borrow::Cow;
use std::io;

use super::Follow;
use crate::event::{Elapsed, Event, What};
use crate::model::{State, Status};
use crate::task::{Failure, Output, TaskId, Work, WorkerId};

/// What the state does not keep of a task.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// When its latest attempt was given to a worker.
    sent: Elapsed,
    /// When that attempt began, if that is known.
    began: Option<Elapsed>,
    /// For how long in all the run had been left alone by then.
    away_us: u64,
    /// Its place among the ended tasks, from 1; 0 while it has not ended.
    ended_as: u64,
    /// What it printed on standard output.
    printed: u64,
}

/// What the state does not keep.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tasks: Vec<Entry>,
    /// The machines of workers that were started through a launcher.
    hosts: Vec<Option<Box<str>>>,
    away_us: u64,
    ended: u64,
    in_doubt: Vec<TaskId>,
}

/// A task as tables have it.
pub(super) struct Row<'a> {
    pub task: TaskId,
    pub name: Cow<'a, str>,
    pub kind: &'static str,
    pub status: Status,
    pub attempts: u16,
    /// The seat of the worker that had it last: its number, or "parent".
    pub worker: Option<String>,
    /// When its latest attempt began, and how long it took or has taken.
    pub time_us: Option<(u64, u64)>,
    pub bytes: u64,
    pub exit: Option<i32>,
    pub signal: Option<i32>,
    pub reason: Option<String>,
}

impl Follow for Ledger {
    fn before(&mut self, state: &State, event: &Event) -> io::Result<()> {
        if let What::RunResumed { .. } = event.what {
            self.in_doubt = state.workers.iter().flat_map(|worker| worker.in_flight.iter().copied()).collect();
        }
        Ok(())
    }

    fn after(&mut self, state: &State, event: &Event) -> io::Result<()> {
        self.tasks.resize_with(state.tasks.len(), Entry::default);
        match &event.what {
            What::WorkerReady { worker, host: Some(host), .. } => {
                let index = worker.0 as usize;
                self.hosts.resize(self.hosts.len().max(index + 1), None);
                self.hosts[index] = Some(host.clone());
            }
            What::TasksDispatched { tasks, .. } => {
                for task in tasks {
                    let sent = Entry { sent: event.at, away_us: self.away_us, ..Entry::default() };
                    self.tasks[task.index()] = sent;
                }
            }
            What::TaskStarted { task, .. } => self.tasks[task.index()].began = Some(event.at),
            What::AttemptEnded { task, took_us, output, .. } => {
                let entry = &mut self.tasks[task.index()];
                entry.began = Some(begin(entry, event.at, *took_us));
                entry.printed = output.as_deref().map_or(0, |output: &Output| output.stdout.len());
                self.note_end(state, *task);
            }
            What::AttemptLost { task, .. } | What::TaskFailed { task } | What::TaskDropped { task } => {
                self.note_end(state, *task);
            }
            What::TaskRevived { task } => self.tasks[task.index()].ended_as = 0,
            What::RunResumed { resumed } => {
                self.away_us = self.away_us.saturating_add(resumed.away_us.unwrap_or(0));
                for task in std::mem::take(&mut self.in_doubt) {
                    self.note_end(state, task);
                }
                for task in &resumed.again {
                    self.tasks[task.index()].ended_as = 0;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A short task's beginning is told together with its end; then what its worker measured says more.
fn begin(entry: &Entry, ended: Elapsed, took_us: u64) -> Elapsed {
    let by_worker = Elapsed(ended.0.saturating_sub(took_us));
    entry.began.map_or(by_worker, |told| told.min(by_worker)).max(entry.sent)
}

impl Ledger {
    /// When a task's latest attempt began, as far as anyone knows.
    pub fn began(&self, task: TaskId) -> Elapsed {
        self.tasks.get(task.index()).map(|entry| entry.began.unwrap_or(entry.sent)).unwrap_or_default()
    }

    /// For how long the run had been left alone when that task's latest attempt began.
    pub fn away_us(&self, task: TaskId) -> u64 {
        self.tasks.get(task.index()).map_or(0, |entry| entry.away_us)
    }

    /// How much it printed on standard output.
    pub fn printed(&self, task: TaskId) -> u64 {
        self.tasks.get(task.index()).map_or(0, |entry| entry.printed)
    }

    /// The machine a worker was on, if not this one.
    pub fn host(&self, worker: WorkerId) -> Option<&str> {
        self.hosts.get(worker.0 as usize)?.as_deref()
    }

    /// The ended tasks, in the order of their ending.
    pub fn ended(&self) -> Vec<TaskId> {
        let mut ended: Vec<(u64, TaskId)> =
            self.tasks.iter().zip(0..).map(|(entry, task)| (entry.ended_as, TaskId(task))).collect();
        ended.retain(|(ended_as, _)| *ended_as > 0);
        ended.sort_unstable();
        ended.into_iter().map(|(_, task)| task).collect()
    }

    /// All tasks in the order in which they were given.
    pub fn rows<'a>(&'a self, state: &'a State) -> impl Iterator<Item = Row<'a>> {
        (0..).zip(&state.tasks).map(|(task, _)| self.row(state, TaskId(task)))
    }

    /// The row of a task there is.
    pub fn row<'a>(&self, state: &'a State, task: TaskId) -> Row<'a> {
        let record = &state.tasks[task.index()];
        let failed = state.failure(task).filter(|_| record.status != Status::Done);
        let began = self.began(task);
        let time_us = match record.status {
            _ if record.attempts == 0 => None,
            Status::Sent => None,
            Status::Running | Status::Paused | Status::Stopping => Some(state.now),
            _ => Some(record.ended),
        };
        let (exit, signal) = match failed {
            Some(Failure::Exit { code }) => (Some(*code), None),
            Some(Failure::Signal { signal }) => (None, Some(*signal)),
            None if record.status == Status::Done && matches!(record.spec.work, Work::Command(_)) => (Some(0), None),
            _ => (None, None),
        };
        Row {
            task,
            name: record.spec.title(),
            kind: kind(&record.spec.work),
            status: record.status,
            attempts: record.attempts,
            worker: record.worker.and_then(|worker| state.workers.seat_of(worker)).map(|slot| slot.to_string()),
            time_us: time_us.map(|ended| (began.0, ended.0.saturating_sub(began.0))),
            bytes: record.bytes,
            exit,
            signal,
            reason: failed.map(ToString::to_string),
        }
    }

    fn note_end(&mut self, state: &State, task: TaskId) {
        if state.task(task).is_some_and(|record| record.status.is_final()) {
            self.ended += 1;
            self.tasks[task.index()].ended_as = self.ended;
        }
    }
}

/// What sort of work it is, in a word.
pub(super) fn kind(work: &Work) -> &'static str {
    match work {
        Work::Nothing => "nothing",
        Work::Sleep { .. } => "sleep",
        Work::Download(_) => "download",
        Work::Copy(_) => "copy",
        Work::Command(_) => "command",
        Work::Steps(_) => "function",
    }
}
