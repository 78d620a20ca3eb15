//! What may be promised, and when: no end before it can be known, no share of 1 before the end.
//! It does not know the screen.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::command::Asker;
use crate::event::{Elapsed, Event, PauseReason, Policy, RunKind, Start, What};
use crate::model::Status;
use crate::task::{Download, Failure, Outcome, Pid, SharedSpec, Slot, Tally, TaskId, TaskSpec, Work, WorkerId};

struct World(State);

impl World {
    /// One worker and these tasks; the source is still open.
    fn new(specs: Vec<SharedSpec>) -> Self {
        let mut world = Self(State::new());
        let start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
        let worker = WorkerId(0);
        for what in [
            What::RunStarted(Box::new(start)),
            What::TargetSet { workers: 1, by: Asker::Start },
            What::TasksAdded { tasks: specs },
            What::WorkerStarting { worker, slot: Slot(0), role: crate::event::Role::Pool },
            What::WorkerSpawned { worker, pid: Pid(2) },
            What::WorkerReady { worker, host: None, pid: None },
        ] {
            world.record(0, what);
        }
        world
    }

    fn record(&mut self, after_ms: u64, what: What) {
        let at = self.0.now.plus_ms(after_ms);
        self.0.apply(&Event { at, what }).unwrap();
    }

    fn begin(&mut self, task: u32) {
        let (task, worker) = (TaskId(task), WorkerId(0));
        self.record(0, What::TasksDispatched { worker, tasks: vec![task] });
        self.record(0, What::TaskStarted { task, worker, pid: None });
    }

    fn end(&mut self, task: u32, after_ms: u64, outcome: Outcome, bytes: u64) {
        let (task, tally) = (TaskId(task), Tally { bytes, files: 0 });
        self.record(after_ms, What::AttemptEnded { task, outcome, tally, took_us: after_ms * 1000, output: None });
    }

    fn eta(&self) -> Option<Duration> {
        self.0.progress().eta
    }
}

fn sleep() -> SharedSpec {
    TaskSpec::new(Work::Sleep { duration_ms: 1000 }).into()
}

fn download(bytes: u64) -> SharedSpec {
    let download = Download { bytes, duration_ms: 1000, seed: 0, fail_per_mille: 0, stall_per_mille: 0 };
    TaskSpec::new(Work::Download(download)).into()
}

#[test]
fn no_end_is_promised_before_it_can_be_known() {
    let mut world = World::new((0..10).map(|_| sleep()).collect());
    assert_eq!(world.eta(), None, "nothing has ended");
    for task in 0..3 {
        world.begin(task);
        world.end(task, 1000, Outcome::Done, 0);
    }
    assert_eq!(world.eta(), None, "more may come");
    world.record(0, What::SourceClosed);
    let eta = world.eta().expect("three of ten have ended and no more come").as_secs_f64();
    assert!((5.0..9.0).contains(&eta), "{eta}");
    world.record(0, What::PoolPaused { why: PauseReason::Asked });
    assert_eq!(world.eta(), None, "nothing moves");
    world.record(60_000, What::PoolResumed { why: PauseReason::Asked });
    assert!(world.eta().is_some());
    world.record(0, What::TargetSet { workers: 0, by: Asker::Person });
    assert_eq!(world.eta(), None, "nobody works");
}

#[test]
fn the_share_is_whole_at_the_end_and_not_before() {
    let mut world = World::new(vec![download(1_000_000), download(1)]);
    world.record(0, What::SourceClosed);
    world.begin(0);
    world.record(10, What::TaskProgressed { task: TaskId(0), done: 500_000, total: 1_000_000 });
    let half = world.0.progress();
    assert!((half.share - 0.5).abs() < 1e-3 && half.bytes_done == 500_000, "{half:?}");
    // More than there was to come, as a file that grows: still no end before the end.
    world.record(10, What::TaskProgressed { task: TaskId(0), done: 9_000_000, total: 9_000_000 });
    assert!(world.0.progress().share < 1.0);
    world.end(0, 10, Outcome::Done, 9_000_000);
    assert!(world.0.progress().share < 1.0);
    world.begin(1);
    world.end(1, 10, Outcome::Failed(Failure::Stopped), 0);
    assert!(world.0.progress().share < 1.0, "it may be tried again");
    world.record(0, What::TaskFailed { task: TaskId(1) });
    let whole = world.0.progress();
    assert!((whole.share - 1.0).abs() < f64::EPSILON);
    assert_eq!(whole.bytes_done, whole.bytes_total);
}

#[test]
fn tasks_by_status_always_add_up() {
    let mut world = World::new((0..4).map(|_| sleep()).collect());
    world.begin(0);
    world.end(0, 1, Outcome::Done, 0);
    world.begin(1);
    world.end(1, 1, Outcome::Failed(Failure::Exit { code: 1 }), 0);
    world.record(0, What::TaskFailed { task: TaskId(1) });
    world.record(0, What::TaskDropped { task: TaskId(2) });
    world.begin(3);
    let counts = world.0.counts;
    let of = |status| counts.of(status);
    assert_eq!([of(Status::Done), of(Status::Failed), of(Status::Dropped), of(Status::Running)], [1; 4]);
    assert_eq!((counts.total(), counts.ended(), counts.in_flight(), counts.waiting(), counts.left()), (4, 3, 1, 0, 1));
    world.record(0, What::TaskRevived { task: TaskId(1) });
    let counts = world.0.counts;
    assert_eq!((counts.total(), counts.ended(), counts.waiting(), counts.left()), (4, 2, 1, 2));
}

#[test]
fn the_rate_forgets_what_is_long_ago() {
    let mut world = World::new((0..40).map(|_| download(1000)).collect());
    for task in 0..20 {
        world.begin(task);
        world.end(task, 100, Outcome::Done, 1000);
    }
    let busy = world.0.rate();
    assert!((8.0..12.0).contains(&busy.tasks_per_s) && (8e3..12e3).contains(&busy.bytes_per_s), "{busy:?}");
    world.record(60_000, What::Ticked);
    assert_eq!(world.0.rate(), Rate::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to the tasks, the share never goes back while their number stays, and 1 is the end.
    #[test]
    fn the_share_never_goes_back(fates in prop::collection::vec((1..5000_u64, 0..3_u8), 1..20)) {
        let count = u32::try_from(fates.len()).unwrap();
        let mut world = World::new((0..count).map(|_| download(1000)).collect());
        world.record(0, What::SourceClosed);
        let mut before = 0.0;
        for (task, (after_ms, fate)) in fates.into_iter().enumerate() {
            let task = u32::try_from(task).unwrap();
            world.begin(task);
            world.record(after_ms, What::TaskProgressed { task: TaskId(task), done: 400, total: 1000 });
            let outcome = if fate == 0 { Outcome::Failed(Failure::Stopped) } else { Outcome::Done };
            world.end(task, after_ms, outcome, if fate == 0 { 400 } else { 1000 });
            if fate == 0 {
                world.record(0, What::TaskFailed { task: TaskId(task) });
            }
            let Progress { share, eta, .. } = world.0.progress();
            prop_assert!(share >= before && share <= 1.0, "{before} {share}");
            prop_assert_eq!(share >= 1.0, task + 1 == count);
            prop_assert!(eta.is_none_or(|eta| eta < Duration::from_hours(1)));
            before = share;
        }
        prop_assert!(world.0.now > Elapsed(0));
    }
}
