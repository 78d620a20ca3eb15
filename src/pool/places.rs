//! PURE: what becomes of tasks that are not the pool's (the parent's program, the parent's own tasks, a process each), and of the
//! pool when the parent's program closes, terminates or forgets it.
//! It does not know how many workers a pool needs; the planner asks it before it looks at the pool.

use super::duty;
use super::planner::{Effect, Step, crash_loop, dismiss, room, stop};
use crate::command::WORKERS_MAX;
use crate::event::{Elapsed, Phase, Role, StopReason, Strategy, TerminateReason, What};
use crate::model::{PoolLife, Recall, State, Status, Worker, WorkerState};
use crate::task::{Place, SharedSpec, Slot, TaskId, TaskSpec};
use crate::wire::Stopping;

/// The two workers in the parent itself.
const INSIDE: [(Place, Role, Slot); 2] =
    [(Place::Main, Role::Main, Slot::MAIN), (Place::Parent, Role::Parent, Slot::PARENT)];

/// The task as the run does it: its strategy decides for those that would be the pool's.
pub(super) fn placed(state: &State, spec: TaskSpec) -> SharedSpec {
    let strategy = state.start.as_ref().map(|start| start.strategy).unwrap_or_default();
    let place = match (spec.place, strategy) {
        (Place::Pool, Strategy::ProcessEach) => Place::Own,
        (Place::Pool, Strategy::Sequential) => Place::Parent,
        (place, _) => place,
    };
    SharedSpec::new(TaskSpec { place, ..spec })
}

/// What follows from the pool's having been closed, terminated or forgotten.
pub(super) fn pool_life(state: &State) -> Option<Step> {
    state.main?;
    if state.phase != Phase::Running || state.queue.unfinished(Place::Pool) == 0 {
        return None;
    }
    if state.pool_life < PoolLife::Terminated {
        // The program that would have waited for these is over; its pool goes with it, as it does in Python.
        let forgotten = !state.main_is_unfinished();
        let why = TerminateReason::ParentEnded;
        return forgotten.then_some(Step { event: What::PoolTerminated { why }, effect: Effect::None });
    }
    let of_pool = |task: &TaskId| state.task(*task).is_some_and(|record| record.spec.place == Place::Pool);
    let waiting = state.queue.waiting(Place::Pool).next().or_else(|| state.queue.delayed().find(of_pool));
    if let Some(task) = waiting {
        return Some(Step { event: What::TaskDropped { task }, effect: Effect::None });
    }
    // Only the one a worker is at: those behind it come back by recall, and are dropped then.
    let grace_ms = state.policy.grace_ms;
    let running = state.workers.of_pool().find_map(|worker| {
        let &task = worker.in_flight.front()?;
        let ends = worker.state == WorkerState::Killed || state.task(task)?.status == Status::Stopping;
        (!ends).then_some((worker.id, task))
    });
    running.map(|(worker, task)| stop(worker, task, StopReason::PoolTerminated, Stopping::Gently { grace_ms }))
}

/// A worker for a task that has none: a thread in the parent, or a process of its own.
pub(super) fn start(state: &State, now: Elapsed) -> Option<Step> {
    if !needs_start(state) {
        return None;
    }
    if let Some(step) = crash_loop(state, now) {
        return Some(step);
    }
    let (role, slot) = wanted(state).filter(|_| duty::next_start(state).is_none_or(|at| at <= now))?;
    let worker = state.workers.next_id();
    Some(Step { event: What::WorkerStarting { worker, slot, role }, effect: Effect::Spawn(worker) })
}

/// Whether such a worker is to be started, as soon as it may be.
pub(super) fn needs_start(state: &State) -> bool {
    state.phase == Phase::Running && !state.is_paused() && !state.unplanned.given_up && wanted(state).is_some()
}

fn wanted(state: &State) -> Option<(Role, Slot)> {
    let inside = |(place, _, slot): &&(Place, Role, Slot)| {
        !state.queue.open(*place).is_empty() && state.workers.at(*slot).is_none()
    };
    if let Some(&(_, role, slot)) = INSIDE.iter().find(inside) {
        return Some((role, slot));
    }
    let waiting = state.queue.open(Place::Own);
    if waiting.is_empty() || state.workers.processes() >= WORKERS_MAX as usize {
        return None;
    }
    // Those at the front have theirs and wait for its hello; there are never more of them than processes.
    let task = waiting.iter().copied().find(|&task| !has_process(state, task))?;
    Some((Role::Own(task), state.workers.free_seat()))
}

fn has_process(state: &State, task: TaskId) -> bool {
    let last = state.task(task).and_then(|record| state.workers.get(record.worker?));
    last.is_some_and(|worker| worker.role == Role::Own(task) && worker.is_wanted())
}

/// The next task to a worker that is there for it.
pub(super) fn dispatch(state: &State, credit: u64) -> Option<Step> {
    for (place, _, slot) in INSIDE {
        let waiting = state.queue.open(place);
        let Some(worker) = state.workers.at(slot).filter(|_| !waiting.is_empty()) else { continue };
        let credit = if place == Place::Parent { credit } else { 1 };
        if let Some(room) = room(state, worker, credit) {
            let count = usize::try_from(room).unwrap_or(usize::MAX);
            return Some(give(worker, waiting.iter().take(count).copied().collect()));
        }
    }
    if state.queue.open(Place::Own).is_empty() {
        return None;
    }
    let waits = |task: TaskId| state.task(task).is_some_and(|record| record.status == Status::Waiting);
    state.workers.iter().find_map(|worker| match worker.role {
        Role::Own(task) if is_idle(worker) && waits(task) => room(state, worker, 1).map(|_| give(worker, vec![task])),
        _ => None,
    })
}

/// Those who have nothing to do any more.
pub(super) fn dismissals(state: &State, worker: &Worker) -> Option<Step> {
    let nothing_left = match worker.role {
        Role::Pool => return None,
        // One that starts for a task that was dropped meanwhile is not needed either.
        Role::Own(task) => {
            let waits = state.task(task).is_some_and(|record| record.status == Status::Waiting);
            !waits && matches!(worker.state, WorkerState::Ready | WorkerState::Greeting)
        }
        Role::Main => is_idle(worker) && state.queue.unfinished(Place::Main) == 0,
        Role::Parent => is_idle(worker) && state.queue.unfinished(Place::Parent) == 0 && !state.may_be_given_more(),
    };
    (nothing_left && worker.in_flight.is_empty()).then(|| dismiss(worker.id))
}

fn is_idle(worker: &Worker) -> bool {
    worker.state == WorkerState::Ready && worker.in_flight.is_empty() && worker.recall == Recall::No
}

fn give(worker: &Worker, tasks: Vec<TaskId>) -> Step {
    let event = What::TasksDispatched { worker: worker.id, tasks: tasks.clone() };
    Step { event, effect: Effect::Give(worker.id, tasks) }
}
