//! PURE: what a command means in a given state. What makes no sense there is left undone; whoever asked sees the state.
//! It does not know the front ends.

use super::places::placed;
use super::planner::{Effect, Step, stop};
use super::tuner;
use crate::command::{Asker, Command, Note, Pick, Resize, Weight};
use crate::event::{DrainReason, PauseReason, Phase, PhaseReason, StopReason, Tuning, What};
use crate::model::{PoolLife, Source, State, Status, Worker, WorkerState};
use crate::task::{Place, SharedSpec, TaskId, TaskSpec};
use crate::wire::{Stopping, ToWorker};

/// How many tasks one run takes.
pub(super) const TASKS_MAX: usize = 16_000_000;

/// The steps a command leads to; none if it makes no sense now.
pub(super) fn accept(state: &State, command: Command, asker: Asker) -> Vec<Step> {
    match command {
        Command::Resize(resize) => target(state, resize, asker),
        Command::PausePool => pause(state, PauseReason::Asked),
        Command::ResumePool => resume(state, PauseReason::Asked),
        Command::Suspend => pause(state, PauseReason::Suspended),
        Command::Continue => resume(state, PauseReason::Suspended),
        Command::PauseTask(task) => {
            to_running(state, task, Status::Running, What::TaskPaused { task }, ToWorker::PauseTask(task))
        }
        Command::ResumeTask(task) => {
            to_running(state, task, Status::Paused, What::TaskResumed { task }, ToWorker::ResumeTask(task))
        }
        Command::StopTask(task) => {
            end_task(state, task, StopReason::Asked, Stopping::Gently { grace_ms: state.policy.grace_ms })
        }
        Command::KillTask(task) => end_task(state, task, StopReason::Killed, Stopping::Now),
        Command::SignalTask(task, signal) => {
            let message = ToWorker::Signal(task, signal);
            let event = What::TaskSignalled { task, signal };
            match state.task(task) {
                Some(record) if record.status.is_in_flight() => to_holder(state, task, event, message),
                _ => Vec::new(),
            }
        }
        Command::RetryTask(task) => retry(state, task),
        Command::ReplaceWorker(worker) => match state.workers.get(worker) {
            Some(record)
                if record.is_of_pool() && record.state == WorkerState::Ready && state.phase == Phase::Running =>
            {
                only(What::WorkerDraining { worker, why: DrainReason::Replaced })
            }
            _ => Vec::new(),
        },
        Command::KillWorker(pick) => kill_worker(state, pick, asker),
        Command::Tune(tune) => tuner::accept(state, tune),
        Command::Drain => enter(state, Phase::Draining),
        Command::Stop if state.phase == Phase::Stopping => enter(state, Phase::Killing),
        Command::Stop => enter(state, Phase::Stopping),
        Command::Kill => enter(state, Phase::Killing),
        Command::Submit(specs) => submit(state, specs),
        Command::Note(note) => only(What::Noted { note }),
        Command::Close if state.source == Source::Open => only(What::SourceClosed),
        Command::Close => Vec::new(),
    }
}

fn only(event: What) -> Vec<Step> {
    vec![Step { event, effect: Effect::None }]
}

fn target(state: &State, resize: Resize, by: Asker) -> Vec<Step> {
    let workers = resize.from(state.target);
    if state.phase > Phase::Running {
        return Vec::new();
    }
    if by == Asker::Scenario && state.tuning != Tuning::Off {
        let text =
            format!("{workers} workers, as the scenario has it, are left out: pooltop looks for the best size itself");
        return only(What::Noted { note: Note::new(Weight::Info, text) });
    }
    let mut steps = tuner::ended(state);
    if workers != state.target {
        steps.extend(only(What::TargetSet { workers, by }));
    }
    steps
}

fn pause(state: &State, why: PauseReason) -> Vec<Step> {
    if state.is_paused_by(why) || state.phase >= Phase::Stopping {
        return Vec::new();
    }
    let effect = if state.is_paused() { Effect::None } else { Effect::SendAll(ToWorker::Pause) };
    vec![Step { event: What::PoolPaused { why }, effect }]
}

fn resume(state: &State, why: PauseReason) -> Vec<Step> {
    if !state.is_paused_by(why) {
        return Vec::new();
    }
    let other = match why {
        PauseReason::Asked => PauseReason::Suspended,
        PauseReason::Suspended => PauseReason::Asked,
    };
    let effect = if state.is_paused_by(other) { Effect::None } else { Effect::SendAll(ToWorker::Resume) };
    vec![Step { event: What::PoolResumed { why }, effect }]
}

fn to_running(state: &State, task: TaskId, status: Status, event: What, message: ToWorker) -> Vec<Step> {
    match state.task(task) {
        Some(record) if record.status == status => to_holder(state, task, event, message),
        _ => Vec::new(),
    }
}

fn to_holder(state: &State, task: TaskId, event: What, message: ToWorker) -> Vec<Step> {
    let holder = state.task(task).and_then(|record| record.worker);
    holder.map(|worker| Step { event, effect: Effect::Send(worker, message) }).into_iter().collect()
}

fn end_task(state: &State, task: TaskId, why: StopReason, how: Stopping) -> Vec<Step> {
    let Some(record) = state.task(task) else { return Vec::new() };
    match (record.status, record.worker) {
        (Status::Waiting | Status::Delayed, _) => only(What::TaskDropped { task }),
        (Status::Sent | Status::Running | Status::Paused, Some(worker)) => vec![stop(worker, task, why, how)],
        (Status::Stopping, Some(worker)) if how == Stopping::Now => vec![stop(worker, task, why, how)],
        _ => Vec::new(),
    }
}

/// An ended task is queued again; one that waits out its back-off is tried at once.
fn retry(state: &State, task: TaskId) -> Vec<Step> {
    match state.task(task).map(|record| record.status) {
        _ if state.phase > Phase::Running || !may_be_revived(state, task) => Vec::new(),
        Some(Status::Failed | Status::Done | Status::Dropped) => only(What::TaskRevived { task }),
        Some(Status::Delayed) => only(What::TaskReleased { task }),
        _ => Vec::new(),
    }
}

/// The parent's program hands out work and cannot be begun again by itself; a terminated pool does nothing more.
fn may_be_revived(state: &State, task: TaskId) -> bool {
    state.task(task).is_some_and(|record| match record.spec.place {
        Place::Main => false,
        Place::Pool => state.pool_life < PoolLife::Terminated,
        Place::Own | Place::Parent => true,
    })
}

/// As if by accident: nobody told the worker to end.
fn kill_worker(state: &State, pick: Pick, asker: Asker) -> Vec<Step> {
    let lives = |worker: &&Worker| {
        worker.is_process()
            && worker.pid.is_some()
            && !matches!(worker.state, WorkerState::Leaving | WorkerState::Killed)
    };
    let of_pool = || state.workers.of_pool().filter(lives);
    let victim = match pick {
        Pick::Seat(slot) => state.workers.at(slot).filter(lives),
        Pick::Busy => drawn(state, &of_pool().filter(|worker| !worker.in_flight.is_empty()).collect::<Vec<_>>()),
        Pick::Any => drawn(state, &of_pool().collect::<Vec<_>>()),
    };
    let reason = if asker == Asker::Scenario { "the scenario kills it" } else { "on request" };
    let kill = |worker: &Worker| Step {
        event: What::WorkerKilled { worker: worker.id, reason: reason.into() },
        effect: Effect::Kill(worker.id),
    };
    victim.map(kill).into_iter().collect()
}

/// One of them, by the run's seed and how many were lost before.
fn drawn<'a>(state: &State, workers: &[&'a Worker]) -> Option<&'a Worker> {
    let mixed = state.policy.seed ^ u64::from(state.unplanned.losses).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The finalizer of splitmix64: neighbours in, strangers out.
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let nth = (mixed ^ (mixed >> 31)).checked_rem(workers.len() as u64)?;
    workers.get(usize::try_from(nth).ok()?).copied()
}

fn enter(state: &State, phase: Phase) -> Vec<Step> {
    if phase <= state.phase {
        return Vec::new();
    }
    let mut steps = Vec::new();
    // What is frozen could not end in its grace period.
    if phase == Phase::Stopping {
        for why in [PauseReason::Asked, PauseReason::Suspended] {
            if state.is_paused_by(why) {
                steps.push(Step { event: What::PoolResumed { why }, effect: Effect::SendAll(ToWorker::Resume) });
            }
        }
    }
    steps.push(Step { event: What::PhaseEntered { phase, why: PhaseReason::Asked }, effect: Effect::None });
    steps
}

/// How many more tasks the run takes.
pub(super) fn room(state: &State) -> usize {
    TASKS_MAX.saturating_sub(state.tasks.len())
}

fn submit(state: &State, specs: Vec<TaskSpec>) -> Vec<Step> {
    if state.source == Source::Closed || specs.is_empty() {
        return Vec::new();
    }
    let room = room(state);
    let surplus = specs.len().saturating_sub(room);
    let tasks: Vec<SharedSpec> = specs.into_iter().take(room).map(|spec| placed(state, spec)).collect();
    let mut steps = only(What::TasksAdded { tasks });
    if surplus > 0 {
        let text = format!("a run takes {TASKS_MAX} tasks at most; {surplus} more were left out");
        steps.extend(only(What::Noted { note: Note::new(Weight::Error, text) }));
    }
    steps
}
