//! PURE: what is said to those who call, transfer or wait: answers, shares, and the verdict when nothing can go on.
//! It does not know what is in an object: the state says which call can be answered, and with what.

use super::duty::{self, Duty};
use super::planner::{Effect, Gate, Outlook, Step};
use crate::command::Command;
use crate::event::{Elapsed, PauseReason, Phase, PhaseReason, Stuck, What};
use crate::model::{State, Worker, WorkerState};
use crate::task::{TaskId, ThreadId};
use crate::wire::ToWorker;

/// Locks between threads are told of late, so a verdict that rests on them waits for so long a silence.
const LOCK_SILENCE_MS: u64 = 500;

/// The next answer or share to give out, or the end of a run that was found stuck. Whoever talks without end waits for a
/// follower that must see everything.
pub(super) fn next(state: &State, gate: Gate) -> Option<Step> {
    if gate == Gate::Open
        && let Some(event) = state.next_word()
    {
        return Some(told(state, event));
    }
    // Costs nothing while there is no verdict.
    state.verdict.as_ref().and_then(|_| end_of_stuck(state))
}

/// The patience of a call is over. What it waits for may be there, and only be held back.
pub(super) fn out_of_patience(state: &State, task: TaskId, thread: ThreadId) -> Option<Step> {
    state.next_word().or_else(|| state.out_of_patience(task, thread)).map(|event| told(state, event))
}

/// To be asked when nothing else is to be done: whether nothing ever will be, or something is again.
pub(super) fn verdict(state: &State, now: Elapsed, gate: Gate, outlook: Outlook) -> Option<Step> {
    // What is frozen was stuck before or was not; nothing shows while it is.
    if state.phase > Phase::Draining || (state.is_paused() && !state.is_frozen_for_good()) {
        return None;
    }
    let stuck = is_stuck(state, now, gate, outlook);
    match &state.verdict {
        None if stuck => {
            let verdict = Box::new(state.judged()?);
            Some(only(What::VerdictReached { verdict }))
        }
        // What is stuck now may be something else, which is told as news.
        Some(reached) if !stuck || (!state.threads.is_judged() && state.judged()?.text != reached.text) => {
            Some(only(What::VerdictLifted))
        }
        _ => None,
    }
}

/// When there may be a verdict though nothing happens until then.
pub(super) fn deadline(state: &State, now: Elapsed) -> Option<Elapsed> {
    if state.verdict.is_some() || !state.stands_still() || !state.waits_for_locks() {
        return None;
    }
    Some(state.threads.changed().plus_ms(LOCK_SILENCE_MS)).filter(|&at| at > now)
}

/// Nobody is there to help, so the run ends; what is frozen goes on first, or it could not end in its grace period.
fn end_of_stuck(state: &State) -> Option<Step> {
    if state.policy.stuck == Stuck::Stays || state.phase > Phase::Draining {
        return None;
    }
    let frozen = [PauseReason::Asked, PauseReason::Suspended].into_iter().find(|&why| state.is_paused_by(why));
    Some(match frozen {
        Some(why) => Step { event: What::PoolResumed { why }, effect: Effect::SendAll(ToWorker::Resume) },
        None => only(What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Stuck }),
    })
}

/// Whether nothing but a person can change anything any more. Cheap things first.
fn is_stuck(state: &State, now: Elapsed, gate: Gate, outlook: Outlook) -> bool {
    if outlook.timed_left {
        return false;
    }
    if state.is_frozen_for_good() || state.is_deserted() {
        return true;
    }
    // Time will change something: a task is tried again or runs out of time, a worker can be started later.
    let is_awaited = |duty: &Duty| {
        matches!(duty, Duty::Release(_) | Duty::TimeOut(..) | Duty::Recall(_) | Duty::TryStart | Duty::Impatient(..))
    };
    let waiting = state.counts.waiting() > 0;
    if !state.stands_still() || (waiting && gate == Gate::Held) {
        return false;
    }
    if state.workers.iter().any(|worker| is_under_way(worker, waiting)) {
        return false;
    }
    if duty::all(state).any(|(_, duty)| is_awaited(&duty)) {
        return false;
    }
    !state.waits_for_locks() || now >= state.threads.changed().plus_ms(LOCK_SILENCE_MS)
}

/// Whether a worker is about to come or to go, or to be heard of again.
fn is_under_way(worker: &Worker, waiting: bool) -> bool {
    let moves = worker.is_starting() || matches!(worker.state, WorkerState::Leaving | WorkerState::Killed);
    moves || (waiting && worker.in_flight.is_empty() && (worker.silent || worker.stopped))
}

fn told(state: &State, event: What) -> Step {
    let message = match &event {
        What::CallAnswered { task, thread, reply } => Some((*task, ToWorker::Answer(*task, *thread, reply.clone()))),
        What::LinkShared { task, thread, link, bytes_per_s } => {
            let share = ToWorker::Share { task: *task, thread: *thread, link: *link, bytes_per_s: *bytes_per_s };
            Some((*task, share))
        }
        _ => None,
    };
    let effect = message.and_then(|(task, message)| {
        let worker = state.task(task)?.worker?;
        Some(Effect::Send(worker, message))
    });
    Step { event, effect: effect.unwrap_or(Effect::None) }
}

fn only(event: What) -> Step {
    Step { event, effect: Effect::None }
}

/// Whether that command ends a run that is stuck: whoever asks for that may want to look at it, and the program waits for the
/// screen to leave. Whoever asks once more does not.
pub(super) fn may_be_looked_at(state: &State, command: &Command) -> bool {
    let is_stuck = state.verdict.is_some() && state.policy.stuck == Stuck::Stays;
    is_stuck && state.phase < Phase::Stopping && *command == Command::Stop
}

#[cfg(test)]
mod tests;
