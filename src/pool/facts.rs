//! PURE: what a worker's report, or its death, means as events. Reports are told as facts; what they change the planner decides.
//! It does not know sockets or processes, and trusts no worker: a report that cannot be is refused by the state.

use super::accept;
use super::places::placed;
use crate::command::Note;
use crate::event::{Exit, Phase, Role, StopReason, What};
use crate::model::{IllegalEvent, PoolLife, Recall, State, Status, Worker};
use crate::task::{Call, Failure, Outcome, Place, Tally, TaskId, TaskSpec, ThreadId, WorkerId};
use crate::wire::{Hello, Report};

/// How much of a text a worker sends is kept. The log and every failed attempt keep some.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// How much of a machine's name. Names are shorter.
const HOST_BYTES_MAX: usize = 64;

/// A machine that does not say what it is called.
const NAMELESS: &str = "elsewhere";

/// The events a report stands for.
///
/// # Errors
/// When the worker tells of a task that it does not hold, or gives back what nobody asked for.
pub(super) fn of_report(
    state: &State,
    worker: WorkerId,
    report: Report,
    events: &mut Vec<What>,
) -> Result<(), IllegalEvent> {
    check(state, worker, &report)?;
    match report {
        Report::Started { task, pid } => events.push(What::TaskStarted { task, worker, pid }),
        Report::Progressed { task, done, total } => events.push(What::TaskProgressed { task, done, total }),
        Report::Printed { task, stream, skipped, bytes } => {
            events.push(What::TaskPrinted { task, stream, skipped, bytes });
        }
        Report::Noted { task, note } => {
            events.push(What::TaskNoted { task, note: Note { text: bounded(note.text), ..note } });
        }
        Report::Ended { task, outcome, tally, took_us, output } => {
            let outcome = as_we_know(state, worker, task, outcome);
            events.push(What::AttemptEnded { task, outcome, tally, took_us, output });
        }
        Report::Returned { tasks } => returned(state, worker, tasks, events),
        Report::Said { task, thread, text } => events.push(What::TaskSaid { task, thread, text: bounded(text) }),
        Report::Told { task, text } => events.push(What::StoryTold { task, text: bounded(text) }),
        Report::Result { task, value } => events.push(What::ResultGiven { task, value }),
        Report::ThreadStarted { task, thread, name } => {
            events.push(What::ThreadStarted { task, thread, name: bounded(name) });
        }
        Report::ThreadEnded { task, thread } => events.push(What::ThreadEnded { task, thread }),
        Report::LockAwaited { task, thread, lock, holder } => {
            events.push(What::LockAwaited { task, thread, lock: bounded(lock), holder });
        }
        Report::LockTaken { task, thread } => events.push(What::LockTaken { task, thread }),
        // What was submitted only the parent of all knows.
        Report::Asked { task, call: call @ Call::Submit { .. }, .. } => {
            return Err(IllegalEvent::NotItsCall { event: "call_made", task, verb: call.verb() });
        }
        Report::Asked { task, thread, call } => events.push(What::CallMade { task, thread, call }),
        Report::Submits { task, thread, specs } => submitted(state, (task, thread), specs, events),
        Report::Pong => events.push(What::WorkerAnswered { worker }),
    }
    Ok(())
}

/// The events of a task's attempt do not say who reported them, so here is the last place to see whether it was the one
/// who holds the task.
fn check(state: &State, worker: WorkerId, report: &Report) -> Result<(), IllegalEvent> {
    if matches!(report, Report::Submits { .. }) && !submits(state, worker, report) {
        return Err(IllegalEvent::WorkerIs { event: "tasks_added", worker, word: "not the parent's program" });
    }
    let (event, task) = match report {
        Report::Started { task, .. } => ("task_started", *task),
        Report::Progressed { task, .. } => ("task_progressed", *task),
        Report::Printed { task, .. } => ("task_printed", *task),
        Report::Noted { task, .. } => ("task_noted", *task),
        Report::Said { task, .. } => ("task_said", *task),
        Report::Told { task, .. } => ("story_told", *task),
        Report::Result { task, .. } => ("result_given", *task),
        Report::ThreadStarted { task, .. } => ("thread_started", *task),
        Report::ThreadEnded { task, .. } => ("thread_ended", *task),
        Report::LockAwaited { task, .. } => ("lock_awaited", *task),
        Report::LockTaken { task, .. } => ("lock_taken", *task),
        Report::Asked { task, .. } | Report::Submits { task, .. } => ("call_made", *task),
        Report::Ended { task, .. } => ("attempt_ended", *task),
        Report::Returned { tasks } => return check_returned(state, worker, tasks),
        Report::Pong => return Ok(()),
    };
    held(state, event, task, worker)
}

fn held(state: &State, event: &'static str, task: TaskId, worker: WorkerId) -> Result<(), IllegalEvent> {
    let held = state.task(task).is_some_and(|known| known.worker == Some(worker) && known.status.is_in_flight());
    if held { Ok(()) } else { Err(IllegalEvent::NotHeld { event, task, worker }) }
}

/// Only what was asked back, and only what is its own; what has said a word has begun.
fn check_returned(state: &State, worker: WorkerId, tasks: &[TaskId]) -> Result<(), IllegalEvent> {
    let event = "tasks_returned";
    if state.workers.get(worker).is_none_or(|record| record.recall != Recall::Asked) {
        return Err(IllegalEvent::WorkerIs { event, worker, word: "not asked for any" });
    }
    tasks.iter().try_for_each(|&task| {
        held(state, event, task, worker)?;
        match state.task(task) {
            Some(record) if !state.threads.of(task).is_empty() => {
                Err(IllegalEvent::TaskIs { event, task, status: record.status })
            }
            _ => Ok(()),
        }
    })
}

/// Only the parent's program hands tasks over, and only those of others.
fn submits(state: &State, worker: WorkerId, report: &Report) -> bool {
    let Report::Submits { task, specs, .. } = report else { return false };
    let is_program = state.workers.get(worker).is_some_and(|record| record.role == Role::Main);
    is_program && state.main == Some(*task) && specs.iter().all(|spec| spec.place != Place::Main)
}

/// The tasks first, then the call that says their numbers, or why they are not taken.
fn submitted(state: &State, (task, thread): (TaskId, ThreadId), specs: Vec<TaskSpec>, events: &mut Vec<What>) {
    let first = TaskId(u32::try_from(state.tasks.len()).unwrap_or(u32::MAX));
    let count = u32::try_from(specs.len()).unwrap_or(u32::MAX);
    let refusal = refusal(state, &specs);
    if refusal.is_none() && !specs.is_empty() {
        let named = |spec: TaskSpec| TaskSpec { name: spec.name.map(bounded), ..spec };
        let tasks = specs.into_iter().map(|spec| placed(state, named(spec))).collect();
        events.push(What::TasksAdded { tasks });
    }
    events.push(What::CallMade { task, thread, call: Call::Submit { first, count, refusal } });
}

fn refusal(state: &State, specs: &[TaskSpec]) -> Option<Box<str>> {
    let for_pool = specs.iter().any(|spec| spec.place == Place::Pool);
    match state.pool_life {
        _ if state.phase > Phase::Draining => Some("the run is stopping".into()),
        PoolLife::Closed if for_pool => Some("the pool is closed: it takes no more tasks".into()),
        PoolLife::Terminated if for_pool => Some("the pool is terminated: it takes no more tasks".into()),
        _ if specs.len() > accept::room(state) => {
            Some(format!("a run takes {} tasks at most", accept::TASKS_MAX).into())
        }
        // A run that drains takes them, too: they are work that is left, and no mistake of the program's.
        _ => None,
    }
}

/// Where a worker is, is worth knowing of those that a launcher started.
pub(super) fn of_hello(state: &State, record: &Worker, hello: Hello) -> What {
    let worker = record.id;
    if !state.is_launched(record) {
        return What::WorkerReady { worker, host: None, pid: None };
    }
    let host = if hello.host.is_empty() { NAMELESS.into() } else { cut(hello.host, HOST_BYTES_MAX) };
    What::WorkerReady { worker, host: Some(host), pid: Some(hello.pid).filter(|pid| pid.0 > 0) }
}

fn bounded(text: Box<str>) -> Box<str> {
    cut(text, TEXT_BYTES_MAX)
}

fn cut(text: Box<str>, bytes_max: usize) -> Box<str> {
    if text.len() <= bytes_max {
        return text;
    }
    format!("{}...", &text[..text.floor_char_boundary(bytes_max)]).into()
}

/// The events the end of a worker's process stands for: its tasks first, then its own.
pub(super) fn of_exit(state: &State, worker: WorkerId, how: Exit, last_words: Box<str>, events: &mut Vec<What>) {
    if let Some(record) = state.workers.get(worker) {
        let told = record.end(how);
        let (begun, unbegun): (Vec<TaskId>, Vec<TaskId>) =
            record.in_flight.iter().partition(|&&task| may_have_begun(state, record, task));
        for task in begun {
            events.push(match (record.role, how) {
                // Its process lived for it alone: their ends are one, a good one too.
                (Role::Own(_), Exit::Code(0)) => done_by_leaving(state, task),
                (Role::Own(_), Exit::Code(code)) => What::AttemptLost { task, failure: Failure::Exit { code } },
                (Role::Own(_), Exit::Signal(signal)) => What::AttemptLost { task, failure: Failure::Signal { signal } },
                _ => What::AttemptLost { task, failure: Failure::WorkerLost { how: told.as_str().into() } },
            });
        }
        if !unbegun.is_empty() {
            returned(state, worker, unbegun, events);
        }
    }
    events.push(What::WorkerExited { worker, how, last_words });
}

/// A process of its own that said nothing and exited well.
fn done_by_leaving(state: &State, task: TaskId) -> What {
    let took = state.task(task).map(|record| state.now.since(record.started)).unwrap_or_default();
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    What::AttemptEnded { task, outcome: Outcome::Done, tally: Tally::default(), took_us, output: None }
}

/// The worker knows that the task was stopped; why, only the parent knows.
fn as_we_know(state: &State, worker: WorkerId, task: TaskId, outcome: Outcome) -> Outcome {
    let why = state
        .workers
        .get(worker)
        .and_then(|record| record.running)
        .filter(|running| running.task == task)
        .and_then(|running| running.stopping);
    match (why, &outcome) {
        (Some((StopReason::TimedOut, _)), Outcome::Failed(_)) => {
            Outcome::Failed(Failure::TimedOut { after_ms: state.policy.timeout_ms.unwrap_or_default() })
        }
        (_, Outcome::Failed(Failure::Error { .. } | Failure::WorkerLost { .. } | Failure::InDoubt)) => {
            with_bounded_text(outcome)
        }
        _ => outcome,
    }
}

fn with_bounded_text(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed(Failure::Error { text }) => Outcome::Failed(Failure::Error { text: bounded(text) }),
        // Whether a worker is lost is not for a worker to say.
        Outcome::Failed(Failure::WorkerLost { how }) => Outcome::Failed(Failure::Error { text: bounded(how) }),
        Outcome::Failed(failure @ Failure::InDoubt) => {
            Outcome::Failed(Failure::Error { text: failure.to_string().into() })
        }
        other => other,
    }
}

/// A task that was told to end before it began has ended.
pub(super) fn returned(state: &State, worker: WorkerId, tasks: Vec<TaskId>, events: &mut Vec<What>) {
    let stopping = |task: &TaskId| state.task(*task).is_some_and(|record| record.status == Status::Stopping);
    let (stopped, tasks): (Vec<TaskId>, Vec<TaskId>) = tasks.into_iter().partition(stopping);
    events.extend(stopped.into_iter().map(stopped_unbegun));
    events.push(What::TasksReturned { worker, tasks });
}

/// It was told to end, and had not begun.
pub(super) fn stopped_unbegun(task: TaskId) -> What {
    let outcome = Outcome::Failed(Failure::Stopped);
    What::AttemptEnded { task, outcome, tally: Tally::default(), took_us: 0, output: None }
}

/// A worker tells everything that came before it begins a task, so only the first it holds can have begun without a
/// word; work that takes no time is told of in bundles and may all have been done.
fn may_have_begun(state: &State, record: &Worker, task: TaskId) -> bool {
    record.in_flight.front() == Some(&task)
        || state.task(task).is_some_and(|known| known.spec.work.is_instant() || known.status != Status::Sent)
}

#[cfg(test)]
mod tests;
