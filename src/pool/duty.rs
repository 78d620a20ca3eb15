//! PURE: everything in a state that has a time. One list serves both to act when the time has come and to know how long to wait.
//! It does not know what carrying out a duty takes.

use std::time::Duration;

use super::places;
use crate::command::WORKERS_MAX;
use crate::event::{Elapsed, Phase, Role, RunKind, Strategy};
use crate::model::{PoolLife, Recall, Source, State, Worker, WorkerState};
use crate::task::{Place, TaskId, ThreadId, WorkerId};

/// A task that runs longer than this keeps nothing waiting behind it.
pub(super) const LONG: Duration = Duration::from_millis(LONG_MS);

pub(super) const LONG_MS: u64 = 20;

/// A worker that holds a task and says nothing for this long is asked whether it is alive.
const QUIET_MS: u64 = 500;

/// In a pool of so many; beyond, the time grows with the pool.
const QUIET_WORKERS: u64 = 64;

/// What a worker may take its time for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// A new process that has not said hello by then is called silent,
    hello_ms: u64,
    /// and by then is ended.
    hello_ms_max: u64,
    /// A question not answered for this long makes it silent; here, with the quiet before, within a second.
    answer_ms: u64,
    /// A dismissed worker that is still there by then is ended.
    leave_ms_max: u64,
}

/// Of a worker on this machine.
const HERE: Patience = Patience { hello_ms: 1_000, hello_ms_max: 10_000, answer_ms: 500, leave_ms_max: 1_000 };

/// Of one behind a launcher: a connection has to be made, and every word takes its time.
const AFAR: Patience = Patience { hello_ms: 5_000, hello_ms_max: 30_000, answer_ms: 2_000, leave_ms_max: 2_000 };

/// A question not answered for this long ends a worker. Long, because on a loaded machine a live worker can be slow.
const SILENT_MS_MAX: u64 = 10_000;

/// A worker behind a launcher is asked after this long a quiet also when there is nothing to tell of: nothing else says that
/// the connection is gone.
const HEARTBEAT_MS: u64 = 5_000;

/// And this long without a word ends it.
const WORDLESS_MS_MAX: u64 = 15_000;

/// How much longer than its grace period a stop may take before the worker itself is ended.
const STOP_MARGIN_MS: u64 = 1_000;

/// How much longer than the grace period a stopping run waits.
const PHASE_MARGIN_MS: u64 = 500;

/// The first wait after a start that failed; it doubles.
const START_AGAIN_MS: u64 = 100;

/// The same for one that has an initializer to run before it.
const INITIALIZED_MS_MAX: u64 = 60_000;

/// What the times of a process depend on.
#[derive(Clone, Copy)]
struct Timing {
    quiet_ms: Option<u64>,
    initializes: bool,
}

/// Something that is due at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// A call has waited as long as it would.
    Impatient(TaskId, ThreadId),
    /// A back-off is over.
    Release(TaskId),
    /// A task's time is up.
    TimeOut(WorkerId, TaskId),
    /// A worker has been quiet.
    Ask(WorkerId),
    /// It has not answered.
    CallSilent(WorkerId),
    /// It will not.
    Kill(WorkerId, &'static str),
    /// What waits behind a long task is wanted back.
    Recall(WorkerId),
    /// The run's grace period is over.
    KillAll,
    /// A start may be tried again.
    TryStart,
}

/// All duties with their times.
pub(super) fn all(state: &State) -> impl Iterator<Item = (Elapsed, Duty)> {
    let initializes = state.start.as_ref().is_some_and(|start| start.initializer.is_some());
    let timing = Timing { quiet_ms: quiet_ms(state), initializes };
    let of_workers = state.workers.iter().flat_map(move |worker| {
        let lists = [of_process(state, worker, timing), of_task(state, worker)];
        lists.into_iter().flatten().flatten()
    });
    of_run(state).into_iter().flatten().chain(of_workers)
}

/// Whether the pool has done all it will ever have to do: its program closed it, and nothing is left.
pub(super) fn pool_is_over(state: &State) -> bool {
    state.pool_life > PoolLife::Open && state.queue.unfinished(Place::Pool) == 0
}

/// Whether there is to be a pool at all. Inputs may take their time, and a pool that stands ready is quicker; a scenario says
/// at once what it has, and perhaps has nothing for a pool.
fn has_pool(state: &State) -> bool {
    let start = state.start.as_ref();
    let expected = start.is_some_and(|start| start.kind != RunKind::Scenario && start.strategy == Strategy::Pool);
    (expected || state.pool_used) && !pool_is_over(state)
}

/// Whether more tasks may come to the pool.
fn pool_may_be_given_more(state: &State) -> bool {
    state.source == Source::Open || (state.main_is_unfinished() && state.pool_life == PoolLife::Open)
}

/// Whether one more worker of the pool is to be started, as soon as it may be. A seat that is being left is taken again by the
/// successor, so that seats stay below the pool's size; and what nobody waits for needs nobody.
pub(super) fn needs_start(state: &State) -> bool {
    // Those that drain are not wanted and still are processes; replaced ones with long tasks could be any number.
    if state.phase != Phase::Running
        || state.unplanned.given_up
        || !has_pool(state)
        || state.workers.processes() >= WORKERS_MAX as usize
    {
        return false;
    }
    let (mut in_flight, mut leaving) = (0, 0);
    for worker in state.workers.of_pool() {
        in_flight += worker.in_flight.len();
        // One that was silent may be stuck in the kernel, so that nobody knows when its seat is free.
        let frees_its_seat = match worker.state {
            WorkerState::Leaving => true,
            WorkerState::Killed => !worker.silent,
            _ => false,
        };
        leaving += u32::from(frees_its_seat);
    }
    let rest_is_in_hand = !pool_may_be_given_more(state) && in_flight >= state.queue.unfinished(Place::Pool) as usize;
    let target = state.target.min(WORKERS_MAX);
    !rest_is_in_hand && state.wanted() + leaving < target
}

/// How long a worker may say nothing before it is asked: half a second, and longer in a pool of more than 64, so that
/// questions stay few. A frozen worker has nothing to say.
fn quiet_ms(state: &State) -> Option<u64> {
    let scaled = state.workers.processes() as u64 * QUIET_MS / QUIET_WORKERS;
    (!state.is_paused()).then(|| scaled.max(QUIET_MS))
}

/// When a worker may be started again after a failed start.
pub(super) fn next_start(state: &State) -> Option<Elapsed> {
    let failed = state.unplanned.failed_starts;
    (failed > 0).then(|| state.unplanned.last_failed_start.plus_ms(START_AGAIN_MS << failed.min(6)))
}

fn of_run(state: &State) -> [Option<(Elapsed, Duty)>; 4] {
    let release = match state.queue.next_release() {
        Some((active, task)) if state.phase == Phase::Running => {
            state.when_active(active).map(|at| (at, Duty::Release(task)))
        }
        _ => None,
    };
    let grace_over = (state.phase == Phase::Stopping)
        .then(|| (state.phase_since.plus_ms(state.policy.grace_ms + PHASE_MARGIN_MS), Duty::KillAll));
    let start = next_start(state).filter(|_| needs_start(state) || places::needs_start(state));
    let start = start.map(|at| (at, Duty::TryStart));
    let impatient = state
        .threads
        .next_impatient()
        .and_then(|(active, task, thread)| state.when_active(active).map(|at| (at, Duty::Impatient(task, thread))));
    [release, grace_over, start, impatient]
}

/// What is due because of how the process behaves.
fn of_process(state: &State, worker: &Worker, timing: Timing) -> [Option<(Elapsed, Duty)>; 3] {
    let id = worker.id;
    if !worker.is_process() {
        // A thread of this very process: it cannot be killed, and what it does is the parent's own doing.
        return [None; 3];
    }
    let launched = state.is_launched(worker);
    let patience = if launched { AFAR } else { HERE };
    let busy = !worker.in_flight.is_empty();
    let quiet_ms = match timing.quiet_ms {
        Some(ms) if launched && busy => Some(ms.min(HEARTBEAT_MS)),
        _ if launched => Some(HEARTBEAT_MS),
        other => other,
    };
    match worker.state {
        WorkerState::Greeting => {
            let initializes = timing.initializes && worker.is_of_pool();
            let until_ms = if initializes { INITIALIZED_MS_MAX } else { patience.hello_ms_max };
            [
                (!worker.silent && !initializes)
                    .then(|| (worker.since.plus_ms(patience.hello_ms), Duty::CallSilent(id))),
                Some((worker.since.plus_ms(until_ms), Duty::Kill(id, "it never said hello"))),
                None,
            ]
        }
        WorkerState::Leaving => [
            Some((worker.since.plus_ms(patience.leave_ms_max), Duty::Kill(id, "it was dismissed and did not leave"))),
            None,
            None,
        ],
        WorkerState::Ready | WorkerState::Draining(_) if busy || launched => match worker.asked {
            None => [quiet_ms.map(|ms| (worker.heard.plus_ms(ms), Duty::Ask(id))), None, None],
            Some(asked) => {
                let gone = if launched { worker.heard.plus_ms(WORDLESS_MS_MAX) } else { asked.plus_ms(SILENT_MS_MAX) };
                [
                    (!worker.silent).then(|| (asked.plus_ms(patience.answer_ms), Duty::CallSilent(id))),
                    Some((gone, Duty::Kill(id, "it did not answer"))),
                    None,
                ]
            }
        },
        _ => [None; 3],
    }
}

/// What is due because of the task the worker is at.
fn of_task(state: &State, worker: &Worker) -> [Option<(Elapsed, Duty)>; 3] {
    let mut duties = [None; 3];
    if matches!(worker.state, WorkerState::Killed | WorkerState::Leaving) {
        return duties;
    }
    let running = worker.running;
    if let Some(running) = running {
        duties[0] = match (running.stopping, state.policy.timeout_ms) {
            // A thread cannot be killed; it ends its task when it looks up.
            (Some(_), _) if !worker.is_process() => None,
            (Some((_, since)), _) => {
                let until = since.plus_ms(state.policy.grace_ms + STOP_MARGIN_MS);
                let duty = Duty::Kill(worker.id, "its task did not end when told to");
                state.when_active(until).map(|at| (at, duty))
            }
            // The program is no task with a time of its own.
            (None, Some(timeout_ms)) if running.paused_active.is_none() && worker.role != Role::Main => {
                let until = running.began_active.plus_ms(timeout_ms);
                state.when_active(until).map(|at| (at, Duty::TimeOut(worker.id, running.task)))
            }
            _ => None,
        };
    }
    if worker.in_flight.len() > 1 && worker.recall == Recall::No {
        let wanted_back = state.phase > Phase::Running
            || state.is_paused()
            || matches!(worker.state, WorkerState::Draining(_))
            || (state.pool_life == PoolLife::Terminated && worker.is_of_pool())
            || running.is_some_and(|running| running.paused_active.is_some());
        let long = running.map_or(Elapsed(u64::MAX), |running| running.began_active.plus_ms(LONG_MS));
        duties[1] = if wanted_back {
            Some((state.now, Duty::Recall(worker.id)))
        } else {
            state.when_active(long).filter(|_| running.is_some()).map(|at| (at, Duty::Recall(worker.id)))
        };
    }
    duties
}

#[cfg(test)]
mod tests;
