//! PURE: the next thing to do in a given state. Called until it says `None`; every decision of the pool is made here.
//! It does not know processes, sockets or clocks: it reads the state and the time it is told.

use super::duty::{self, Duty};
use super::places;
use super::talk;
use super::tuner;
use crate::command::WORKERS_MAX;
use crate::event::{Amount, DrainReason, Elapsed, Ended, Halt, Phase, PhaseReason, Role, StopReason, Urgency, What};
use crate::model::{PoolLife, Recall, Source, State, Status, Worker, WorkerState};
use crate::task::{Failure, Place, TaskId, WorkerId};
use crate::wire::{Stopping, ToWorker};

/// What a worker may hold at most, the task it is at included.
pub(super) const CREDIT_MAX: u64 = 64;

/// How much work may lie ready in a worker behind the task it is at: about a round trip's worth, so that it never waits
/// for the parent, and no more, so that nothing is hoarded.
const AHEAD_US: u64 = 2_000;

/// How many young deaths within [`YOUNG_WINDOW_US`] make a crash loop.
const CRASH_LOOP_DEATHS: usize = 5;

/// See [`CRASH_LOOP_DEATHS`].
const YOUNG_WINDOW_US: u64 = 10_000_000;

/// After so many failed starts in a row, without one worker alive, the pool gives up.
const FAILED_STARTS_MAX: u32 = 5;

/// The longest wait before another attempt at a task.
const BACKOFF_MS_MAX: u64 = 60_000;

/// The decision, and what it takes to carry it out. The event is recorded first, so that the log never claims what was
/// not decided; the fact comes back as an event of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub event: What,
    pub effect: Effect,
}

/// What the supervisor does to the world.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Nothing but the record.
    None,
    /// Start a process for this worker.
    Spawn(WorkerId),
    /// Hand these tasks over.
    Give(WorkerId, Vec<TaskId>),
    /// Say this to one worker.
    Send(WorkerId, ToWorker),
    /// Say this to every worker that has a process.
    SendAll(ToWorker),
    /// SIGKILL.
    Kill(WorkerId),
}

/// Whether tasks may be handed out, as far as the supervisor is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// A subscriber that must see everything is behind; the work waits for it.
    Held,
}

/// What will come of itself, as far as the supervisor knows and the state does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    /// Whether the scenario will still ask for something at a time of its own.
    pub timed_left: bool,
    /// How long a worker waits, beyond the way to it, for the record of what it is given.
    pub lag_us: u64,
}

impl Step {
    pub(super) fn only(event: What) -> Self {
        Self { event, effect: Effect::None }
    }

    fn send(event: What, worker: WorkerId, message: ToWorker) -> Self {
        Self { event, effect: Effect::Send(worker, message) }
    }

    fn phase(phase: Phase, why: PhaseReason) -> Self {
        Self::only(What::PhaseEntered { phase, why })
    }
}

/// The next thing to do, or `None` when nothing is due.
pub(super) fn next(state: &State, now: Elapsed, gate: Gate, outlook: Outlook) -> Option<Step> {
    if state.start.is_none() || state.phase == Phase::Ended {
        return None;
    }
    decide_attempt(state)
        .or_else(|| talk::next(state, gate))
        .or_else(|| due(state, now))
        .or_else(|| phase(state))
        .or_else(|| places::pool_life(state))
        .or_else(|| places::start(state, now))
        .or_else(|| tuner::next(state))
        .or_else(|| size(state, now))
        .or_else(|| workers(state))
        .or_else(|| dispatch(state, gate, outlook))
        .or_else(|| talk::verdict(state, now, gate, outlook))
}

/// When `next` may have something to say though nothing happens until then.
pub(super) fn deadline(state: &State, now: Elapsed) -> Option<Elapsed> {
    duty::all(state).map(|(at, _)| at).chain(talk::deadline(state, now)).min()
}

/// A failed attempt is followed by another, or by the task's failure.
fn decide_attempt(state: &State) -> Option<Step> {
    let &task = state.undecided.front()?;
    let record = state.task(task)?;
    let failure = state.failure(task)?;
    let policy = &state.policy;
    let is_last = u32::from(record.attempts) >= state.attempts_max(task, failure);
    let is_over = state.phase > Phase::Running || state.pool_life == PoolLife::Terminated;
    if is_last || is_over {
        return Some(Step::only(What::TaskFailed { task }));
    }
    let doublings = u32::from(record.attempts).saturating_sub(1).min(16);
    let wait_ms = policy.backoff_ms.saturating_mul(1 << doublings).min(BACKOFF_MS_MAX);
    let wait_ms = if matches!(failure, Failure::WorkerLost { .. }) { 0 } else { wait_ms };
    Some(Step::only(What::TaskRequeued { task, not_before: state.active().plus_ms(wait_ms) }))
}

/// Whatever has a time and is due.
fn due(state: &State, now: Elapsed) -> Option<Step> {
    let (_, duty) = duty::all(state).filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at)?;
    let grace_ms = state.policy.grace_ms;
    Some(match duty {
        Duty::Impatient(task, thread) => return talk::out_of_patience(state, task, thread),
        Duty::Release(task) => Step::only(What::TaskReleased { task }),
        Duty::TimeOut(worker, task) => stop(worker, task, StopReason::TimedOut, Stopping::Gently { grace_ms }),
        Duty::Ask(worker) => Step::send(What::WorkerAsked { worker }, worker, ToWorker::Ping),
        Duty::CallSilent(worker) => Step::only(What::WorkerSilent { worker }),
        Duty::Kill(worker, reason) => kill(worker, reason),
        Duty::Recall(worker) => Step::send(What::TasksRecalled { worker }, worker, ToWorker::Recall),
        Duty::KillAll => Step::phase(Phase::Killing, PhaseReason::GraceOver),
        // The time has come to try again; `size` does it, and this mark alone is no step.
        Duty::TryStart => return places::start(state, now).or_else(|| size(state, now)),
    })
}

/// The run's own course.
fn phase(state: &State) -> Option<Step> {
    match state.phase {
        Phase::Running => {
            if state.source == Source::Closed && !state.has_unfinished() {
                return Some(Step::phase(Phase::Closing, PhaseReason::Finished));
            }
            if state.recording_failed.is_some() {
                return Some(Step::phase(Phase::Draining, PhaseReason::NotRecorded));
            }
            if state.unplanned.given_up && state.workers.processes() == 0 {
                if state.workers.is_empty() {
                    return Some(Step::phase(Phase::Closing, PhaseReason::NoWorkers));
                }
                // What the parent does itself would wait for ever for those that nobody can do.
                if state.queue.unfinished(Place::Pool) + state.queue.unfinished(Place::Own) > 0 {
                    return Some(Step::phase(Phase::Stopping, PhaseReason::NoWorkers));
                }
            }
            halt(state)
        }
        Phase::Draining => drained(state),
        Phase::Stopping => {
            if state.counts.in_flight() == 0 {
                return Some(Step::phase(Phase::Closing, PhaseReason::Finished));
            }
            let grace_ms = state.policy.grace_ms;
            let running = state.workers.iter().find_map(|worker| {
                let &task = worker.in_flight.front()?;
                (state.task(task)?.status != Status::Stopping).then_some((worker.id, task))
            });
            running.map(|(worker, task)| stop(worker, task, StopReason::RunStopping, Stopping::Gently { grace_ms }))
        }
        Phase::Killing => match state.workers.iter().find(|worker| worker.state != WorkerState::Killed) {
            Some(worker) => Some(kill(worker.id, "the run is ended at once")),
            None => state.workers.is_empty().then_some(Step::only(What::RunEnded)),
        },
        Phase::Closing => {
            let leaving = |worker: &&Worker| !matches!(worker.state, WorkerState::Leaving | WorkerState::Killed);
            match state.workers.iter().find(leaving) {
                Some(worker) => Some(dismiss(worker.id)),
                None => state.workers.is_empty().then_some(Step::only(What::RunEnded)),
            }
        }
        Phase::Ended => None,
    }
}

/// What was in flight is over. The parent's program is not waited for where it may wait itself, for what will not begin.
fn drained(state: &State) -> Option<Step> {
    let counts = state.counts_of_work();
    if counts.in_flight() > 0 {
        return None;
    }
    if !state.main_is_unfinished() || state.counts.in_flight() == 0 {
        return Some(Step::phase(Phase::Closing, PhaseReason::Finished));
    }
    let why = state.stopped_by.unwrap_or(PhaseReason::Asked);
    (counts.ended() < counts.total()).then(|| Step::phase(Phase::Stopping, why))
}

fn halt(state: &State) -> Option<Step> {
    let Halt::When { urgency, ended, amount } = state.policy.halt else { return None };
    let counts = state.counts_of_work();
    let (failed, done) = (counts.of(Status::Failed), counts.of(Status::Done));
    let reached = match ended {
        Ended::Fail => failed,
        Ended::Success => done,
        Ended::Done => failed + done,
    };
    let struck = match amount {
        Amount::Count(count) => reached >= count,
        Amount::Percent(percent) => {
            let share = u64::from(reached) * 100 >= u64::from(percent) * u64::from(counts.total());
            reached > 0 && failed + done >= 3 && share
        }
    };
    let phase = match urgency {
        Urgency::Soon => Phase::Draining,
        Urgency::Now => Phase::Stopping,
    };
    struck.then(|| Step::phase(phase, PhaseReason::Halted))
}

/// As many workers of the pool as are aimed at, or none once it is over.
fn size(state: &State, now: Elapsed) -> Option<Step> {
    if state.phase != Phase::Running {
        return None;
    }
    let wanted = state.wanted();
    if duty::pool_is_over(state) {
        let idle = |worker: &&Worker| worker.is_wanted() && worker.in_flight.is_empty();
        return state.workers.of_pool().find(idle).map(|worker| dismiss(worker.id));
    }
    let target = state.target.min(WORKERS_MAX);
    if wanted > target { shrink(state) } else { grow(state, now, wanted, target) }
}

fn grow(state: &State, now: Elapsed, wanted: u32, target: u32) -> Option<Step> {
    let unplanned = &state.unplanned;
    if wanted == target || unplanned.given_up {
        return None;
    }
    let retired = |worker: &&Worker| worker.state == WorkerState::Draining(DrainReason::Retired);
    if let Some(worker) = state.workers.of_pool().find(retired) {
        return Some(Step::only(What::WorkerKept { worker: worker.id }));
    }
    if !duty::needs_start(state) {
        return None;
    }
    if let Some(step) = crash_loop(state, now) {
        return Some(step);
    }
    if duty::next_start(state).is_some_and(|at| at > now) {
        return None;
    }
    let worker = state.workers.next_id();
    let event = What::WorkerStarting { worker, slot: state.workers.free_seat(), role: Role::Pool };
    Some(Step { event, effect: Effect::Spawn(worker) })
}

/// Whatever is started dies at once, or cannot be started at all: it is no use to go on.
pub(super) fn crash_loop(state: &State, now: Elapsed) -> Option<Step> {
    let unplanned = &state.unplanned;
    let recent = unplanned.young.iter().filter(|at| now.0.saturating_sub(at.0) < YOUNG_WINDOW_US).count();
    let no_start_works = unplanned.failed_starts >= FAILED_STARTS_MAX && state.workers.processes() == 0;
    // Those that never say hello may take long not to: the other version of the program, a machine that does not answer.
    let nobody_speaks = unplanned.mute >= FAILED_STARTS_MAX && state.ready() == 0;
    if recent >= CRASH_LOOP_DEATHS || no_start_works || nobody_speaks {
        let deaths = u32::try_from(recent).unwrap_or(u32::MAX).max(unplanned.failed_starts).max(unplanned.mute);
        return Some(Step::only(What::CrashLoopStopped { deaths }));
    }
    None
}

/// Those not yet up first, then idle ones, then busy ones; of equals the last seat.
fn shrink(state: &State) -> Option<Step> {
    let rank = |worker: &Worker| match worker.state {
        WorkerState::Starting | WorkerState::Greeting => 0,
        _ if worker.in_flight.is_empty() => 1,
        _ => 2,
    };
    let victim = state.workers.of_pool().filter(|worker| worker.is_wanted()).rev().min_by_key(|worker| rank(worker))?;
    Some(match victim.state {
        WorkerState::Ready => Step::only(What::WorkerDraining { worker: victim.id, why: DrainReason::Retired }),
        _ => dismiss(victim.id),
    })
}

/// Workers that are done with what they were to do.
fn workers(state: &State) -> Option<Step> {
    state.workers.iter().find_map(|worker| match worker.state {
        _ if !worker.is_of_pool() => places::dismissals(state, worker),
        WorkerState::Draining(_) if worker.in_flight.is_empty() => Some(dismiss(worker.id)),
        WorkerState::Ready if state.policy.recycle_after.is_some_and(|limit| worker.ended >= limit) => {
            Some(Step::only(What::WorkerDraining { worker: worker.id, why: DrainReason::Recycled }))
        }
        _ => None,
    })
}

/// Tasks to those who are there for them, then the pool's: the next ones to the worker that holds least, one of the lowest
/// seat among equals.
fn dispatch(state: &State, gate: Gate, outlook: Outlook) -> Option<Step> {
    if gate == Gate::Held || state.phase != Phase::Running || state.is_paused() || state.counts.waiting() == 0 {
        return None;
    }
    let credit = credit(state, outlook.lag_us);
    if let Some(step) = places::dispatch(state, credit) {
        return Some(step);
    }
    let waiting = state.queue.open(Place::Pool);
    if waiting.is_empty() {
        return None;
    }
    let ready = u64::from(state.ready().max(1));
    let fair = (waiting.len() as u64).div_ceil(ready);
    let (worker, room) = state
        .workers
        .of_pool()
        .filter_map(|worker| Some((worker, room(state, worker, credit)?)))
        .min_by_key(|(worker, _)| worker.in_flight.len())?;
    let count = usize::try_from(room.min(fair.max(1))).unwrap_or(usize::MAX);
    let tasks: Vec<TaskId> = waiting.iter().take(count).copied().collect();
    let event = What::TasksDispatched { worker: worker.id, tasks: tasks.clone() };
    Some(Step { event, effect: Effect::Give(worker.id, tasks) })
}

/// How many tasks a worker may hold: one, unless tasks are so short that it would wait for the parent between two.
///
/// It is topped up at half of that, so the record's time counts twice; but where tasks take longer than what makes a task
/// long, there is never one behind another.
fn credit(state: &State, lag_us: u64) -> u64 {
    let ahead_us = AHEAD_US.saturating_add(lag_us.saturating_mul(2)).min(duty::LONG_MS * 1000);
    match state.pace_us {
        None => 1,
        Some(pace) if pace > ahead_us => 1,
        Some(pace) => (1 + ahead_us / pace.max(1)).min(CREDIT_MAX),
    }
}

/// How many more this worker may be given now. It is topped up when half is used up, so that messages stay few.
pub(super) fn room(state: &State, worker: &Worker, credit: u64) -> Option<u64> {
    let held = worker.in_flight.len() as u64;
    let deaf = worker.silent || worker.stopped || worker.recall != Recall::No;
    if worker.state != WorkerState::Ready || deaf || held > credit / 2 {
        return None;
    }
    // Behind a task that turned out long nothing is put.
    let long = worker.running.is_some_and(|running| state.active().since(running.began_active) > duty::LONG);
    let credit = if long { 1 } else { credit };
    let left = match state.policy.recycle_after {
        Some(limit) if worker.is_of_pool() => u64::from(limit.saturating_sub(worker.ended)).saturating_sub(held),
        _ => u64::MAX,
    };
    let room = credit.saturating_sub(held).min(left);
    (room > 0).then_some(room)
}

pub(super) fn stop(worker: WorkerId, task: TaskId, why: StopReason, how: Stopping) -> Step {
    Step::send(What::TaskStopping { task, why }, worker, ToWorker::Stop(task, how))
}

fn kill(worker: WorkerId, reason: &str) -> Step {
    Step { event: What::WorkerKilled { worker, reason: reason.into() }, effect: Effect::Kill(worker) }
}

pub(super) fn dismiss(worker: WorkerId) -> Step {
    Step::send(What::WorkerDismissed { worker }, worker, ToWorker::Exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Policy, RunKind, Start};
    use crate::task::{Outcome, Pid, Slot, Tally, TaskSpec, Work};

    fn tell(state: &mut State, what: What) {
        state.apply(&Event { at: Elapsed(60_000_000), what }).unwrap();
    }

    /// One idle worker, a task that took that long, and many that wait.
    fn idle(took_us: u64) -> State {
        let mut state = State::new();
        let start = Start::new("t", RunKind::Command, Pid(1), 1, Policy::default());
        let worker = WorkerId(0);
        let tasks = (0..500).map(|_| TaskSpec::new(Work::Nothing).into()).collect();
        let (outcome, tally) = (Outcome::Done, Tally::default());
        for what in [
            What::RunStarted(Box::new(start)),
            What::TargetSet { workers: 1, by: crate::command::Asker::Start },
            What::TasksAdded { tasks },
            What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool },
            What::WorkerSpawned { worker, pid: Pid(2) },
            What::WorkerReady { worker, host: None, pid: None },
            What::TasksDispatched { worker, tasks: vec![TaskId(0)] },
            What::AttemptEnded { task: TaskId(0), outcome, tally, took_us, output: None },
        ] {
            tell(&mut state, what);
        }
        state
    }

    fn given(state: &State, lag_us: u64) -> usize {
        let step = next(state, state.now, Gate::Open, Outlook { timed_left: false, lag_us });
        match step.map(|step| step.effect) {
            Some(Effect::Give(_, tasks)) => tasks.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_worker_has_enough_to_do_while_what_follows_is_being_recorded() {
        let short = idle(1_000);
        assert_eq!((given(&short, 0), given(&short, 300), given(&short, 5_000)), (3, 3, 13));
        assert_eq!(given(&short, 10_000_000), 21, "a disk that hangs is no reason to hoard");
        let middling = idle(6_000);
        assert_eq!((given(&middling, 0), given(&middling, 5_000)), (1, 3));
        let long = idle(25_000);
        assert_eq!((given(&long, 0), given(&long, 10_000_000)), (1, 1), "nothing is put behind what takes long");
    }

    #[test]
    fn a_record_that_failed_ends_the_giving_out() {
        let mut state = idle(1_000);
        tell(&mut state, What::RecordingFailed { reason: "no space".into() });
        let step = next(&state, state.now, Gate::Open, Outlook { timed_left: false, lag_us: 0 }).unwrap();
        assert_eq!(step.event, What::PhaseEntered { phase: Phase::Draining, why: PhaseReason::NotRecorded });
    }
}
