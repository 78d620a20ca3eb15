//! Tests of the tuner: a made-up world in which what a pool gets done depends on its size alone.
//! It does not know real time: seconds go by as fast as they can be computed.

use std::collections::BTreeMap;

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::super::accept::accept;
use super::super::planner::{self, Effect, Gate, Outlook, Step};
use crate::command::{Asker, Command, Resize, Tune, WORKERS_MAX};
use crate::event::{Elapsed, Event, Phase, Policy, RunKind, Start, Tuning, What};
use crate::model::State;
use crate::task::{Download, ObjectKind, ObjectSpec, Outcome, Pid, Tally, TaskId, TaskSpec, Work, WorkerId};
use crate::wire::ToWorker;

/// How finely time goes by.
const TICK_US: u64 = 50_000;
const TICK_S: f64 = 0.05;

/// A task of the link's world.
const TASK_BYTES: f64 = 5e6;

/// A pool in a world where `curve` says how many units of work so many busy workers get done a second, all together.
struct World<F: FnMut(u32) -> f64> {
    state: State,
    now: Elapsed,
    /// What each worker has and how much of it is left to do; in units of work.
    at_work: BTreeMap<WorkerId, (TaskId, f64)>,
    /// How much work a task is.
    task_size: f64,
    curve: F,
    random: Pcg64Mcg,
    sizes: Vec<u32>,
}

impl<F: FnMut(u32) -> f64> World<F> {
    fn new(target: u32, tasks: u32, kind: Kind, curve: F) -> Self {
        let mut world = Self {
            state: State::new(),
            now: Elapsed::default(),
            at_work: BTreeMap::new(),
            task_size: if kind == Kind::Link { TASK_BYTES } else { 1.0 },
            curve,
            random: Pcg64Mcg::seed_from_u64(u64::from(target)),
            sizes: Vec::new(),
        };
        let mut start = Start::new("history", RunKind::Scenario, Pid(1), 2, Policy::default());
        let work = match kind {
            Kind::Link => {
                start.objects =
                    vec![ObjectSpec { name: "net".into(), kind: ObjectKind::Link { bytes_per_s: 40_000_000 } }];
                let download =
                    Download { bytes: 5_000_000, duration_ms: 500, seed: 0, fail_per_mille: 0, stall_per_mille: 0 };
                Work::Download(download)
            }
            Kind::Cpu => Work::Sleep { duration_ms: 1000 },
        };
        world.record(What::RunStarted(Box::new(start)));
        world.record(What::TargetSet { workers: target, by: Asker::Start });
        world.command(Command::Submit((0..tasks).map(|_| TaskSpec::new(work.clone())).collect()), Asker::Scenario);
        world.command(Command::Close, Asker::Scenario);
        world
    }

    fn record(&mut self, what: What) {
        if let What::TargetSet { workers, by: Asker::Tuner } = what {
            assert!((1..=WORKERS_MAX).contains(&workers), "{workers}");
            self.sizes.push(workers);
        }
        let event = Event { at: self.now, what };
        self.state.apply(&event).unwrap_or_else(|illegal| panic!("{illegal} from {event:?}"));
    }

    fn command(&mut self, command: Command, asker: Asker) {
        for step in accept(&self.state, command, asker) {
            self.carry_out(step);
        }
    }

    fn carry_out(&mut self, Step { event, effect }: Step) {
        self.record(event);
        match effect {
            Effect::Spawn(worker) => {
                self.record(What::WorkerSpawned { worker, pid: Pid(100) });
                self.record(What::WorkerReady { worker, host: None, pid: None });
            }
            Effect::Give(worker, tasks) => {
                for task in tasks {
                    self.record(What::TaskStarted { task, worker, pid: None });
                    // Between half and one and a half of the usual size, so that ends do not come in step.
                    let share = f64::from(self.random.next_u32()) / f64::from(u32::MAX) + 0.5;
                    self.at_work.insert(worker, (task, share * self.task_size));
                }
            }
            Effect::Send(worker, ToWorker::Exit) => {
                let how = crate::event::Exit::Code(0);
                self.record(What::WorkerExited { worker, how, last_words: Box::default() });
            }
            _ => {}
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some megabytes")]
    fn tick(&mut self) {
        for step in 0.. {
            let Some(step_to_do) =
                planner::next(&self.state, self.now, Gate::Open, Outlook { timed_left: true, lag_us: 0 })
            else {
                break;
            };
            assert!(step < 10_000, "the planner never rests; its last wish is {:?}", step_to_do.event);
            self.carry_out(step_to_do);
        }
        self.now.0 += TICK_US;
        let busy = u32::try_from(self.at_work.len()).unwrap();
        let each = (self.curve)(busy) / f64::from(busy.max(1)) * (TICK_S);
        let workers: Vec<WorkerId> = self.at_work.keys().copied().collect();
        for worker in workers {
            let (task, left) = self.at_work[&worker];
            let total = if self.task_size > 1.0 { 5_000_000 } else { 0 };
            if left > each {
                self.at_work.insert(worker, (task, left - each));
                let done = self.state.workers.get(worker).and_then(|worker| worker.running).map_or(0, |run| run.done);
                let done = if total > 0 { done + each as u64 } else { 0 };
                self.record(What::TaskProgressed { task, done, total });
            } else {
                self.at_work.remove(&worker);
                let done = self.state.workers.get(worker).and_then(|worker| worker.running).map_or(0, |run| run.done);
                let bytes = if total > 0 { done + left as u64 } else { 0 };
                let tally = Tally { bytes, files: 0 };
                self.record(What::AttemptEnded {
                    task,
                    outcome: Outcome::Done,
                    tally,
                    took_us: 1_000_000,
                    output: None,
                });
            }
        }
    }

    /// Until the tuner has made up its mind. In seconds, at which size.
    fn settle(&mut self) -> (u64, u32) {
        self.command(Command::Tune(Tune::Start), Asker::Person);
        while self.state.tuning == Tuning::Searching {
            assert!(self.now.0 < 3_600_000_000, "it searches for ever: {:?}", self.sizes);
            self.tick();
        }
        for _ in 0..100 {
            self.tick();
        }
        match self.state.tuning {
            Tuning::Settled { workers } => {
                assert_eq!((self.state.target, self.state.ready()), (workers, workers));
                (self.now.0 / 1_000_000, workers)
            }
            other => panic!("{other:?} after {:?}", self.sizes),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Link,
    Cpu,
}

fn link(busy: u32) -> f64 {
    (f64::from(busy) * 10e6).min(40e6)
}

/// Each has a CPU up to four; from then on they are in each other's way.
fn cpus(busy: u32) -> f64 {
    let busy = f64::from(busy);
    if busy <= 4.0 { busy * 4.0 } else { (16.0 - (busy - 4.0)).max(2.0) }
}

#[test]
fn a_shared_link_is_filled_and_no_more() {
    for start in [1, 2, 8, 16] {
        let mut world = World::new(start, 100_000, Kind::Link, link);
        let (seconds, workers) = world.settle();
        assert!((3..=5).contains(&workers), "from {start}: {workers} by {:?}", world.sizes);
        assert!(seconds < 120, "from {start}: {seconds} s by {:?}", world.sizes);
    }
}

#[test]
fn where_more_is_less_the_peak_is_found() {
    for start in [1, 2, 8, 16] {
        let mut world = World::new(start, 100_000, Kind::Cpu, cpus);
        let (_, workers) = world.settle();
        assert!((3..=5).contains(&workers), "from {start}: {workers} by {:?}", world.sizes);
    }
}

#[test]
fn uneven_throughput_does_not_lead_it_astray() {
    for seed in 0..6 {
        for start in [1, 2, 8, 16] {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let mut calls = 0;
            let mut factor = 1.0;
            // Another strength of the line every half second, 3 % up or down at most.
            let uneven = move |busy| {
                if calls % 10 == 0 {
                    factor = 0.97 + 0.06 * f64::from(random.next_u32()) / f64::from(u32::MAX);
                }
                calls += 1;
                link(busy) * factor
            };
            let mut world = World::new(start, 100_000, Kind::Link, uneven);
            let (_, workers) = world.settle();
            assert!((3..=5).contains(&workers), "seed {seed}, from {start}: {workers} by {:?}", world.sizes);
        }
    }
}

#[test]
fn a_resize_by_hand_ends_it_at_once() {
    for (command, asker) in [
        (Command::Resize(Resize::To(7)), Asker::Person),
        (Command::Resize(Resize::By(1)), Asker::Person),
        (Command::Tune(Tune::Stop), Asker::Person),
        (Command::Tune(Tune::Stop), Asker::Scenario),
    ] {
        let mut world = World::new(2, 100_000, Kind::Link, link);
        world.command(Command::Tune(Tune::Start), Asker::Person);
        while world.sizes.len() < 2 {
            world.tick();
        }
        world.command(command, asker);
        assert_eq!(world.state.tuning, Tuning::Off);
        let (tried, target) = (world.sizes.len(), world.state.target);
        for _ in 0..2000 {
            world.tick();
        }
        assert_eq!((world.sizes.len(), world.state.target), (tried, target));
    }
}

#[test]
fn a_scenarios_sizes_are_left_out_while_it_is_on() {
    let mut world = World::new(2, 100_000, Kind::Link, link);
    world.command(Command::Tune(Tune::Start), Asker::Person);
    world.tick();
    let target = world.state.target;
    world.command(Command::Resize(Resize::To(30)), Asker::Scenario);
    assert_eq!((world.state.tuning, world.state.target), (Tuning::Searching, target));
    let told = |line: &crate::model::LogLine| line.text.contains("30 workers, as the scenario has it, are left out");
    assert!(world.state.log.lines().iter().any(told));
    let (_, workers) = world.settle();
    world.command(Command::Resize(Resize::To(30)), Asker::Scenario);
    assert_eq!((world.state.tuning, world.state.target), (Tuning::Settled { workers }, workers));
}

#[test]
fn the_size_there_is_can_be_kept_by_asking_for_it() {
    let mut world = World::new(4, 100, Kind::Cpu, cpus);
    world.command(Command::Tune(Tune::Start), Asker::Person);
    world.command(Command::Resize(Resize::To(4)), Asker::Person);
    assert_eq!((world.state.tuning, world.state.target), (Tuning::Off, 4));
}

#[test]
fn it_ends_with_the_tasks() {
    let mut world = World::new(2, 30, Kind::Cpu, cpus);
    world.command(Command::Tune(Tune::Start), Asker::Person);
    for _ in 0..2000 {
        world.tick();
    }
    assert_eq!((world.state.tuning, world.state.phase), (Tuning::Off, Phase::Ended));
}

#[test]
fn it_does_not_begin_where_there_is_nothing_to_measure() {
    let mut world = World::new(0, 30, Kind::Cpu, cpus);
    world.command(Command::Tune(Tune::Start), Asker::Person);
    assert_eq!(world.state.tuning, Tuning::Off);
}
