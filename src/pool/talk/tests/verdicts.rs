//! Verdicts, both ways: what is stuck is found and named, and what only looks so is left alone.
//! It does not know who reads them.

use super::world::*;
use crate::command::{Command, Resize};
use crate::event::{Phase, PhaseReason, Policy, Stuck, What};
use crate::model::Status;
use crate::task::{
    Bound, Call, End, Failure, How, ObjectId, ObjectSpec, Outcome, Patience, Place, TaskId, TaskSpec, ThreadId, Ways,
};
use crate::wire::Report;

const FOREVER: Patience = Patience::Forever;

const PUTS: (u16, How) = (0, How::Puts);
const GETS: (u16, How) = (0, How::Gets);

/// One who gets from a queue into which nobody puts, and its parent who waits for it.
fn missing_sentinel() -> World {
    let tasks = vec![parent(&[]), task("producer", &[PUTS]), task("consumer", &[GETS])];
    let mut world = World::new(vec![queue("q", None)], 3, tasks);
    world.ask(0, join(1, 2));
    world.ask(1, put(0, 1, FOREVER));
    world.ask(2, get(0, FOREVER));
    world.ask(2, get(0, FOREVER));
    world.no_verdict();
    world.done(1);
    world
}

fn philosophers(count: u16) -> World {
    let forks: Vec<ObjectSpec> = (1..=count).map(|n| semaphore(&format!("fork {n}"), 1, Bound::Plain)).collect();
    let mut tasks = vec![parent(&[])];
    for n in 0..count {
        let uses = [n, (n + 1) % count].map(|fork| [(fork, How::Acquires), (fork, How::Releases)]);
        tasks.push(task(&format!("philosopher {}", n + 1), &uses.concat()));
    }
    let mut world = World::new(forks, u32::from(count) + 1, tasks);
    world.ask(0, join(1, count.into()));
    for n in 0..count {
        world.ask(u32::from(n) + 1, acquire(n));
    }
    world.no_verdict();
    for n in 0..count {
        world.ask(u32::from(n) + 1, acquire((n + 1) % count));
    }
    world
}

#[test]
fn a_missing_sentinel_is_named_with_the_putter_that_ended() {
    let world = missing_sentinel();
    assert_eq!(
        world.verdict(),
        "consumer is blocked in get on queue q, which is empty, and nobody is left who puts to it; \
         its last putter, producer, has ended"
    );
    assert!(world.advice().contains("sentinel"));
    let waits = &world.state.verdict.as_ref().unwrap().waits;
    assert!(waits[0].starts_with("the parent: blocked in join of consumer for"), "{waits:?}");
    assert!(waits[1].starts_with("consumer: blocked in get on queue q for"), "{waits:?}");
}

#[test]
fn philosophers_are_named_in_the_order_of_their_circle() {
    let world = philosophers(3);
    assert_eq!(
        world.verdict(),
        "fork 1 is held by philosopher 1, who waits for fork 2, held by philosopher 2, who waits for fork 3, \
         held by philosopher 3, who waits for fork 1: a deadlock"
    );
    assert_eq!(
        world.advice(),
        "let everybody take them in the same order, for instance the one with the lower number first"
    );
}

#[test]
fn a_kept_end_of_a_pipe_is_named_with_who_keeps_it() {
    let ends = [(0, How::Holds(End::First)), (0, How::Holds(End::Second))];
    let tasks = vec![parent(&ends), task("sender", &ends[1..]), task("receiver", &ends[..1])];
    let mut world = World::new(vec![pipe("p", Ways::SecondToFirst)], 3, tasks);
    world.ask(0, join(1, 2));
    world.ask(2, Call::Recv { pipe: ObjectId(0), end: End::First, patience: FOREVER });
    world.no_verdict();
    world.done(1);
    assert_eq!(
        world.verdict(),
        "receiver waits in recv on pipe p; its last writer is the parent, which holds end in open and itself waits \
         for receiver to end"
    );
    assert_eq!(world.advice(), "close end in of pipe p in the parent");
}

#[test]
fn permits_that_were_never_given_back_are_named() {
    let uses = [(0, How::Acquires), (0, How::Releases)];
    let mut world = World::new(vec![semaphore("s", 1, Bound::Plain)], 2, vec![task("a", &uses), task("b", &uses)]);
    world.ask(0, acquire(0));
    world.ask(1, acquire(0));
    world.no_verdict();
    world.done(0);
    assert_eq!(world.verdict(), "b waits for semaphore s: its only permit is held by a, which ended without releasing");
}

#[test]
fn who_waits_for_itself_is_told_so() {
    let mut world = World::new(vec![semaphore("s", 1, Bound::Plain)], 1, vec![task("a", &[(0, How::Acquires)])]);
    world.ask(0, acquire(0));
    world.ask(0, acquire(0));
    assert_eq!(world.verdict(), "a waits for semaphore s, which it holds itself");
}

#[test]
fn an_event_that_nobody_sets_and_a_queue_that_nobody_empties() {
    let event = ObjectId(0);
    let mut world = World::new(vec![flag("ready")], 1, vec![task("waiter", &[(0, How::Waits)])]);
    world.ask(0, Call::WaitEvent { event, patience: FOREVER });
    assert_eq!(world.verdict(), "waiter waits for event ready, and nobody is left who sets it");

    let mut world = World::new(vec![queue("q", Some(1))], 2, vec![parent(&[GETS]), task("child", &[PUTS])]);
    world.ask(1, put(0, 1, FOREVER));
    world.ask(1, put(0, 2, FOREVER));
    world.no_verdict();
    world.ask(0, join(1, 1));
    assert_eq!(
        world.verdict(),
        "child is blocked in put on queue q, which is full; the parent, which gets from it, waits for child to end"
    );
}

#[test]
fn a_pool_too_small_is_told_and_more_workers_lift_the_verdict() {
    let tasks = vec![task("c1", &[GETS]), task("c2", &[GETS]), task("producer", &[PUTS])];
    let mut world = World::new(vec![queue("q", None)], 2, tasks);
    world.ask(0, get(0, FOREVER));
    world.no_verdict();
    world.ask(1, get(0, FOREVER));
    assert!(world.verdict().contains("producer, which puts to it, waits for a worker"), "{}", world.verdict());
    assert!(world.advice().contains("a larger pool would go on"));
    world.command(Command::Resize(Resize::By(1)));
    world.no_verdict();
    assert!(world.events.contains(&What::VerdictLifted));
    assert_eq!(world.status(2), Status::Running);
}

#[test]
fn threads_that_take_locks_crosswise_are_found_after_a_silence() {
    let mut world = World::new(Vec::new(), 1, vec![task("bank", &[])]);
    world.thread(0, 1, "A");
    world.thread(0, 2, "B");
    let awaits = |thread: u16, lock: &str, holder: u16| Report::LockAwaited {
        task: TaskId(0),
        thread: ThreadId(thread),
        lock: lock.into(),
        holder: ThreadId(holder),
    };
    world.report(0, awaits(1, "left", 2)).unwrap();
    world.report(0, awaits(2, "right", 1)).unwrap();
    assert_eq!(world.ask(0, Call::JoinThread { thread: ThreadId(1) }), None);
    world.no_verdict();
    world.wait_ms(400);
    world.no_verdict();
    world.wait_ms(200);
    assert_eq!(
        world.verdict(),
        "lock right is held by thread A of bank, who waits for lock left, held by thread B of bank, \
         who waits for lock right: a deadlock"
    );
    world.report(0, Report::LockTaken { task: TaskId(0), thread: ThreadId(1) }).unwrap();
    world.plan();
    world.no_verdict();
}

#[test]
fn a_verdict_ends_the_run_where_nobody_is_there() {
    let policy = Policy { stuck: Stuck::Ends, ..Policy::default() };
    let mut world = World::with_policy(policy, vec![queue("q", None)], 1, vec![task("consumer", &[GETS])]);
    world.ask(0, get(0, FOREVER));
    let at = world.events.iter().position(|what| matches!(what, What::VerdictReached { .. })).unwrap();
    assert_eq!(world.events[at + 1], What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Stuck });
    assert_eq!(world.state.phase, Phase::Ended);
    assert_eq!(world.status(0), Status::Interrupted);
    assert_eq!(world.state.exit_code(), 1);
}

#[test]
fn a_pause_that_nobody_ends_is_stuck_only_where_nobody_is_there() {
    for (stuck, ends) in [(Stuck::Ends, true), (Stuck::Stays, false)] {
        let policy = Policy { stuck, ..Policy::default() };
        let mut world = World::with_policy(policy, Vec::new(), 1, vec![task("a", &[])]);
        world.outlook.timed_left = true;
        world.command(Command::PausePool);
        world.no_verdict();
        world.outlook.timed_left = false;
        world.plan();
        assert_eq!(world.state.phase == Phase::Ended, ends);
        assert_eq!(world.state.verdict.is_some(), ends);
        if ends {
            assert_eq!(world.verdict(), "the pool is paused and nothing will resume it");
        }
    }
}

#[test]
fn what_is_stuck_otherwise_after_a_while_is_told_anew() {
    let mut world = philosophers(3);
    world.command(Command::KillTask(TaskId(1)));
    assert_eq!(world.status(1), Status::Failed);
    // Its worker lives, so its fork is not given back.
    assert!(world.verdict().contains("held by philosopher 1, which ended without releasing"), "{}", world.verdict());
    assert!(world.events.contains(&What::VerdictLifted));
}

#[test]
fn a_pause_changes_nothing_about_a_verdict() {
    let mut world = philosophers(3);
    world.command(Command::PausePool);
    world.command(Command::ResumePool);
    assert!(world.state.verdict.is_some());
    assert!(!world.events.contains(&What::VerdictLifted));
}

#[test]
fn the_death_of_one_in_a_circle_lets_the_others_go_on() {
    let mut world = philosophers(3);
    world.kill(1);
    world.no_verdict();
    assert_eq!(world.reply(3), Some(crate::task::Reply::Done));
}

#[test]
fn while_anybody_works_nothing_is_stuck() {
    let mut world = World::new(vec![queue("q", None)], 2, vec![task("sleeper", &[]), task("consumer", &[GETS])]);
    world.ask(1, get(0, FOREVER));
    world.wait_ms(60_000);
    world.no_verdict();
    // Another thread of the same task counts as well.
    let mut world = World::new(vec![queue("q", None)], 1, vec![task("two threads", &[GETS])]);
    world.thread(0, 1, "worker");
    world.ask(0, get(0, FOREVER));
    world.wait_ms(60_000);
    world.no_verdict();
}

#[test]
fn while_patience_a_timeout_or_a_timed_command_is_left_nothing_is_stuck() {
    let consumer = || vec![task("consumer", &[GETS])];
    let mut world = World::new(vec![queue("q", None)], 1, consumer());
    world.ask(0, get(0, Patience::Us(60_000_000)));
    world.no_verdict();

    let policy = Policy { timeout_ms: Some(60_000), stuck: Stuck::Ends, ..Policy::default() };
    let mut world = World::with_policy(policy, vec![queue("q", None)], 1, consumer());
    world.ask(0, get(0, FOREVER));
    world.no_verdict();

    let mut world = World::new(vec![queue("q", None)], 1, consumer());
    world.outlook.timed_left = true;
    world.ask(0, get(0, FOREVER));
    world.no_verdict();
    world.outlook.timed_left = false;
    world.plan();
    assert!(world.state.verdict.is_some());
}

#[test]
fn while_a_task_is_tried_again_later_nothing_is_stuck() {
    let policy = Policy { retries: 1, backoff_ms: 1000, stuck: Stuck::Ends, ..Policy::default() };
    let tasks = vec![task("consumer", &[GETS]), task("producer", &[PUTS])];
    let mut world = World::with_policy(policy, vec![queue("q", None)], 2, tasks);
    world.ask(0, get(0, FOREVER));
    world.end(1, Outcome::Failed(Failure::Error { text: "no luck".into() }));
    world.plan();
    assert_eq!(world.status(1), Status::Delayed);
    world.no_verdict();
    world.wait_ms(1500);
    assert_eq!(world.status(1), Status::Running);
    assert_eq!(world.ask(1, put(0, 1, FOREVER)), Some(crate::task::Reply::Done));
    assert_eq!(world.reply(0), Some(int(1)));
}

#[test]
fn while_a_worker_is_free_or_starts_or_work_may_come_nothing_is_stuck() {
    // A worker is killed and its successor takes the waiting task.
    let tasks = vec![task("consumer", &[GETS]), task("other", &[]), task("producer", &[PUTS])];
    let mut world = World::new(vec![queue("q", None)], 2, tasks);
    world.ask(0, get(0, FOREVER));
    world.kill(1);
    world.no_verdict();
    assert_eq!(world.status(2), Status::Running);

    // The source is open.
    let mut world = World::new(vec![queue("q", None)], 1, vec![task("consumer", &[GETS])]);
    world.state.source = crate::model::Source::Open;
    world.ask(0, get(0, FOREVER));
    world.no_verdict();
}

#[test]
fn a_starting_worker_is_waited_for() {
    let tasks = vec![task("consumer", &[GETS]), task("producer", &[PUTS])];
    let mut world = World::new(vec![queue("q", None)], 1, tasks);
    world.record(What::TargetSet { workers: 2, by: crate::command::Asker::Person }).unwrap();
    let worker = world.state.workers.next_id();
    let slot = world.state.workers.free_seat();
    world.record(What::WorkerStarting { worker, slot, role: crate::event::Role::Pool }).unwrap();
    world.ask(0, get(0, FOREVER));
    world.no_verdict();
    world.record(What::WorkerSpawned { worker, pid: crate::task::Pid(7) }).unwrap();
    world.plan();
    world.no_verdict();
    world.record(What::WorkerReady { worker, host: None, pid: None }).unwrap();
    world.plan();
    world.no_verdict();
    assert_eq!(world.status(1), Status::Running);
}

#[test]
fn a_run_that_drains_can_be_stuck_too() {
    let tasks = vec![task("consumer", &[GETS]), task("producer", &[PUTS])];
    let mut world = World::new(vec![queue("q", None)], 1, tasks);
    world.command(Command::Drain);
    world.no_verdict();
    world.ask(0, get(0, FOREVER));
    assert!(world.state.verdict.is_some());
    assert_eq!(world.state.phase, Phase::Draining);
}

#[test]
fn a_place_of_its_own_is_no_larger_pool() {
    let own = |name: &str, uses: &[(u16, How)]| TaskSpec { place: Place::Own, ..task(name, uses) };
    let mut world = World::new(vec![queue("q", None)], 1, vec![own("consumer", &[GETS])]);
    world.ask(0, get(0, FOREVER));
    assert!(!world.advice().contains("pool"), "{}", world.advice());
}

#[test]
fn a_pool_without_workers_is_not_said_to_be_the_programs() {
    let mut world = World::new(Vec::new(), 1, vec![parent(&[]), task("job", &[])]);
    world.command(Command::Resize(Resize::To(0)));
    world.ask(0, join(1, 1));
    assert_eq!(world.verdict(), "the parent waits for job to end; job waits for a worker, and the pool has none");
    assert!(world.advice().contains("a larger pool would go on"));
    // In this world the program sits on one of the pool's workers.
    world.command(Command::Resize(Resize::To(2)));
    world.no_verdict();
}

#[test]
fn what_the_parent_does_one_after_the_other_needs_no_larger_pool() {
    let inside = |name: &str, uses: &[(u16, How)]| TaskSpec { place: Place::Parent, ..task(name, uses) };
    let tasks = vec![inside("consumer", &[GETS]), inside("producer", &[PUTS])];
    let mut world = World::new(vec![queue("q", None)], 0, tasks);
    world.ask(0, get(0, FOREVER));
    let told = "consumer is blocked in get on queue q, which is empty; producer, which puts to it, waits for the parent, \
                which does one task after the other, and it is consumer which it is at";
    assert_eq!(world.verdict(), told);
    assert!(!world.advice().contains("pool"), "{}", world.advice());
}

#[test]
fn a_pool_that_is_to_have_no_workers_is_stuck_only_where_nobody_is_there() {
    for (stuck, ends) in [(Stuck::Ends, true), (Stuck::Stays, false)] {
        let policy = Policy { stuck, ..Policy::default() };
        let mut world = World::with_policy(policy, Vec::new(), 1, vec![task("a", &[]), task("b", &[])]);
        world.outlook.timed_left = true;
        world.command(Command::Resize(Resize::To(0)));
        world.done(0);
        world.no_verdict();
        world.outlook.timed_left = false;
        world.plan();
        assert_eq!(world.state.phase == Phase::Ended, ends);
        assert_eq!(world.state.verdict.is_some(), ends);
    }
}
