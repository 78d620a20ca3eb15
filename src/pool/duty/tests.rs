//! When what is due of a worker, here and behind a launcher, whose words take longer and whose silence nothing else tells of.
//! It does not know what is done about it, but for the one end: a pool that gives up.

use super::*;
use crate::command::Asker;
use crate::event::{Event, Policy, Role, RunKind, Start, What};
use crate::pool::planner::{self, Gate, Outlook, Step};
use crate::task::{Pid, TaskSpec, Work};

const ID: WorkerId = WorkerId(0);

/// Where the pool's workers are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Here,
    Afar,
}

/// A pool that aims at one worker, and so much work that it is never done.
fn state(at: At) -> State {
    let mut state = State::new();
    let mut start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
    start.launcher = (at == At::Afar).then(|| "ssh host".into());
    let tasks = (0..9).map(|_| TaskSpec::new(Work::Sleep { duration_ms: 1 }).into()).collect();
    tell(&mut state, 0, What::RunStarted(Box::new(start)));
    tell(&mut state, 0, What::TargetSet { workers: 1, by: Asker::Start });
    tell(&mut state, 0, What::TasksAdded { tasks });
    state
}

fn tell(state: &mut State, ms: u64, what: What) {
    state.apply(&Event { at: Elapsed::default().plus_ms(ms), what }).unwrap();
}

fn greeting(at: At) -> State {
    let mut state = state(at);
    begin(&mut state, 0, ID);
    state
}

fn begin(state: &mut State, ms: u64, worker: WorkerId) {
    let slot = state.workers.free_seat();
    tell(state, ms, What::WorkerStarting { worker, slot, role: Role::Pool });
    tell(state, ms, What::WorkerSpawned { worker, pid: Pid(100) });
}

fn idle(at: At) -> State {
    let mut state = greeting(at);
    let host = (at == At::Afar).then(|| "alpha".into());
    tell(&mut state, 0, What::WorkerReady { worker: ID, host, pid: None });
    state
}

/// What is due of the worker's process, in milliseconds.
fn due(state: &State) -> Vec<(u64, Duty)> {
    let mut due: Vec<_> = all(state).map(|(at, duty)| (at.0 / 1000, duty)).collect();
    due.sort_by_key(|(at, _)| *at);
    due
}

#[test]
fn a_connection_may_take_longer_than_a_start() {
    let never = "it never said hello";
    assert_eq!(due(&greeting(At::Here)), [(1_000, Duty::CallSilent(ID)), (10_000, Duty::Kill(ID, never))]);
    assert_eq!(due(&greeting(At::Afar)), [(5_000, Duty::CallSilent(ID)), (30_000, Duty::Kill(ID, never))]);
}

#[test]
fn only_who_is_elsewhere_is_asked_while_idle_and_given_up_after_fifteen_seconds() {
    assert_eq!(due(&idle(At::Here)), []);
    let mut state = idle(At::Afar);
    assert_eq!(due(&state), [(5_000, Duty::Ask(ID))]);
    tell(&mut state, 5_000, What::WorkerAsked { worker: ID });
    assert_eq!(due(&state), [(7_000, Duty::CallSilent(ID)), (15_000, Duty::Kill(ID, "it did not answer"))]);
    tell(&mut state, 5_100, What::WorkerAnswered { worker: ID });
    assert_eq!(due(&state), [(10_100, Duty::Ask(ID))]);
}

#[test]
fn a_paused_pool_still_knows_who_is_there() {
    use crate::event::PauseReason;
    for at in [At::Here, At::Afar] {
        let mut state = idle(at);
        tell(&mut state, 0, What::TasksDispatched { worker: ID, tasks: vec![TaskId(0)] });
        assert_eq!(due(&state), [(500, Duty::Ask(ID))]);
        tell(&mut state, 0, What::PoolPaused { why: PauseReason::Asked });
        let expected = if at == At::Afar { vec![(5_000, Duty::Ask(ID))] } else { vec![] };
        assert_eq!(due(&state), expected);
    }
}

#[test]
fn the_parents_own_processes_are_never_elsewhere() {
    let mut state = state(At::Afar);
    let slot = state.workers.free_seat();
    tell(&mut state, 0, What::WorkerStarting { worker: ID, slot, role: Role::Own(TaskId(0)) });
    tell(&mut state, 0, What::WorkerSpawned { worker: ID, pid: Pid(100) });
    assert_eq!(due(&state)[0], (1_000, Duty::CallSilent(ID)));
}

/// Each takes half a minute not to answer, so no crowd of young deaths tells of it.
#[test]
fn a_machine_that_never_answers_ends_in_giving_up() {
    let mut state = state(At::Afar);
    let mut ms = 0;
    for number in 0..5 {
        let step = planner::next(&state, state.now, Gate::Open, Outlook { timed_left: false, lag_us: 0 });
        assert!(matches!(step, Some(Step { event: What::WorkerStarting { .. }, .. })), "{number}: {step:?}");
        begin(&mut state, ms, WorkerId(number));
        ms += 30_000;
        let worker = WorkerId(number);
        tell(&mut state, ms, What::WorkerKilled { worker, reason: "it never said hello".into() });
        let how = crate::event::Exit::Signal(9);
        tell(&mut state, ms, What::WorkerExited { worker, how, last_words: Box::default() });
    }
    let step = planner::next(&state, state.now, Gate::Open, Outlook { timed_left: false, lag_us: 0 });
    assert_eq!(step.map(|step| step.event), Some(What::CrashLoopStopped { deaths: 5 }));
    assert!(state.unplanned.last_words.contains("never said hello"), "{:?}", state.unplanned.last_words);
}

#[test]
fn one_that_answers_makes_up_for_those_that_did_not() {
    let mut state = state(At::Afar);
    for number in 0..9 {
        let (ms, worker) = (u64::from(number) * 60_000, WorkerId(number));
        begin(&mut state, ms, worker);
        if number % 3 == 2 {
            tell(&mut state, ms, What::WorkerReady { worker, host: Some("alpha".into()), pid: Some(Pid(7)) });
        }
        let how = crate::event::Exit::Code(255);
        tell(&mut state, ms + 30_000, What::WorkerExited { worker, how, last_words: Box::default() });
        let step = planner::next(&state, state.now, Gate::Open, Outlook { timed_left: false, lag_us: 0 });
        assert!(matches!(step, Some(Step { event: What::WorkerStarting { .. }, .. })), "{number}: {step:?}");
    }
}
