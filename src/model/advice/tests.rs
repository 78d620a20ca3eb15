//! Tests of the advice: runs made of events, and the sentence each leads to.
//! It does not know the planner; what happens is what the test says.

use super::*;
use crate::command::Asker;
use crate::event::{DrainReason, Elapsed, Event, Policy, RunKind, Sample, Start, What};
use crate::model::{Line, Object, Traffic, Waiter};
use crate::task::{
    Bound, Call, Download, ObjectSpec, Outcome, Patience, Pid, Slot, Tally, TaskId, TaskSpec, ThreadId, Work, WorkerId,
};

/// A run whose tasks last as long as the test says.
struct Run {
    state: State,
    next: u32,
}

impl Run {
    fn new(strategy: Strategy, objects: Vec<ObjectSpec>, tasks: u32) -> Self {
        let mut run = Self { state: State::new(), next: 0 };
        let mut start = Start::new("a run", RunKind::Scenario, Pid(1), 2, Policy::default());
        (start.strategy, start.objects) = (strategy, objects);
        run.now(What::RunStarted(Box::new(start)));
        let download = Download { bytes: 10_000_000, duration_ms: 1, seed: 0, fail_per_mille: 0, stall_per_mille: 0 };
        let specs = (0..tasks).map(|_| TaskSpec::new(Work::Download(download.clone())).into());
        run.now(What::TasksAdded { tasks: specs.collect() });
        run.now(What::SourceClosed);
        run
    }

    fn pool(tasks: u32) -> Self {
        Self::new(Strategy::Pool, Vec::new(), tasks)
    }

    fn after(&mut self, ms: u64, what: What) {
        let event = Event { at: self.state.now.plus_ms(ms), what };
        self.state.apply(&event).unwrap_or_else(|illegal| panic!("{illegal} from {event:?}"));
    }

    fn now(&mut self, what: What) {
        self.after(0, what);
    }

    /// So many workers, each of which took so long to come up.
    fn workers(&mut self, count: u32, start_up_ms: u64) {
        let by = if self.state.target == 0 { Asker::Start } else { Asker::Person };
        self.now(What::TargetSet { workers: count, by });
        let from = self.state.workers.next_id().0;
        let new = from..count;
        for id in new.clone() {
            let slot = Slot(u16::try_from(id).unwrap());
            self.now(What::WorkerStarting { worker: WorkerId(id), slot, role: Role::Pool });
            self.now(What::WorkerSpawned { worker: WorkerId(id), pid: Pid(100) });
        }
        for (at, id) in new.enumerate() {
            let ms = if at == 0 { start_up_ms } else { 0 };
            self.after(ms, What::WorkerReady { worker: WorkerId(id), host: None, pid: None });
        }
    }

    /// Every worker is given a task, if there is one.
    fn begin(&mut self) {
        let idle: Vec<WorkerId> =
            self.state.workers.iter().filter(|worker| worker.in_flight.is_empty()).map(|worker| worker.id).collect();
        for worker in idle {
            if self.next < self.state.counts.total() {
                let task = TaskId(self.next);
                self.next += 1;
                self.now(What::TasksDispatched { worker, tasks: vec![task] });
                self.now(What::TaskStarted { task, worker, pid: None });
            }
        }
    }

    /// All tasks that run end so much later.
    fn end(&mut self, ms: u64) {
        let held: Vec<TaskId> = self.state.workers.iter().flat_map(|worker| worker.in_flight.iter().copied()).collect();
        for (at, task) in held.into_iter().enumerate() {
            let tally = Tally { bytes: 10_000_000, files: 0 };
            let ended = What::AttemptEnded { task, outcome: Outcome::Done, tally, took_us: ms * 1000, output: None };
            self.after(if at == 0 { ms } else { 0 }, ended);
        }
    }

    /// So many rounds of tasks that all take so long.
    fn rounds(&mut self, count: u32, ms: u64) {
        for _ in 0..count {
            self.begin();
            self.end(ms);
        }
        self.begin();
    }

    fn sampled(&mut self, cpu_percent: f32) {
        let samples = self.state.workers.iter().map(|worker| Sample {
            worker: worker.id,
            cpu_percent,
            rss_bytes: 1 << 20,
            stopped: false,
        });
        let samples = samples.collect();
        self.now(What::Sampled { samples });
    }

    #[track_caller]
    fn says(&self, limit: Limit, text: &str) {
        let advice = self.state.advice().expect("something to say");
        assert_eq!((&*advice.text, advice.limit), (text, limit));
    }
}

fn object(name: &str, kind: ObjectKind, content: Content) -> Object {
    let spec = ObjectSpec { name: name.into(), kind };
    Object { spec, content, waiters: Vec::new(), holders: Line::default(), traffic: Traffic::default() }
}

#[test]
fn nothing_is_said_too_early() {
    let mut run = Run::pool(100);
    run.workers(4, 5);
    run.rounds(1, 500);
    assert_eq!(run.state.advice(), None, "after half a second");
    let mut run = Run::pool(100);
    run.workers(2, 5);
    run.rounds(1, 5000);
    assert_eq!(run.state.advice(), None, "after two tasks");
    run.rounds(1, 100);
    assert!(run.state.advice().is_some());
    run.now(What::PoolPaused { why: crate::event::PauseReason::Asked });
    assert_eq!(run.state.advice(), None, "while it is frozen");
}

#[test]
fn what_is_long_depends_on_the_speed() {
    let mut run = Run::pool(100);
    run.state.policy.speed_milli = 10_000;
    run.workers(4, 5);
    run.rounds(1, 300);
    assert!(run.state.advice().is_some());
}

#[test]
fn one_size_says_that_more_would_do_more_and_that_nothing_else_was_tried() {
    let mut run = Run::pool(76);
    run.workers(4, 5);
    run.rounds(3, 1000);
    run.says(Limit::Workers, "more workers might do more: 4 are all busy and 60 tasks wait; only size 4 was tried");
    run.sampled(3.0);
    run.says(
        Limit::Workers,
        "more workers might do more: 4 are all busy, 60 tasks wait, CPU 6 %; only size 4 was tried",
    );
}

#[test]
fn two_sizes_are_compared() {
    let mut run = Run::pool(100);
    run.workers(2, 5);
    run.rounds(3, 1000);
    run.workers(4, 5);
    run.rounds(3, 1000);
    let advice = run.state.advice().unwrap();
    assert_eq!((advice.best, advice.limit), (Some(4), Limit::Workers));
    assert!(advice.text.ends_with("; best so far: 4 (4.0 tasks/s)"), "{}", advice.text);
}

#[test]
fn of_two_sizes_none_is_called_the_only_one() {
    let mut run = Run::pool(100);
    run.workers(2, 5);
    run.rounds(3, 1000);
    run.workers(8, 5);
    run.rounds(1, 100);
    run.says(Limit::Workers, "more workers might do more: 8 are all busy and 78 tasks wait");
}

#[test]
fn a_size_that_did_no_more_is_named() {
    let mut run = Run::pool(100);
    run.workers(2, 5);
    run.rounds(4, 1000);
    run.workers(4, 5);
    // The two that began before are done with the others.
    run.rounds(4, 2000);
    run.says(
        Limit::Unknown,
        "4 workers did no more than 2: something else limits the run; best so far: 2 (2.0 tasks/s)",
    );
}

#[test]
fn the_end_is_told_as_such() {
    let mut run = Run::pool(19);
    run.workers(8, 5);
    run.rounds(2, 2000);
    run.says(Limit::TooFewTasks, "only 3 tasks are left for 8 workers; only size 8 was tried");
    let mut run = Run::pool(5);
    run.workers(4, 5);
    run.rounds(1, 2000);
    run.says(Limit::TooFewTasks, "only 1 task is left for 4 workers; only size 4 was tried");
}

#[test]
fn busy_cpus_are_named() {
    let mut run = Run::pool(100);
    run.workers(4, 5);
    run.rounds(3, 1000);
    run.sampled(48.0);
    run.says(Limit::Cpus, "all 2 CPUs are busy: more workers would only share them; only size 4 was tried");
    run.sampled(40.0);
    assert_eq!(run.state.advice().unwrap().limit, Limit::Workers);
}

#[test]
fn a_full_link_is_named_with_its_numbers() {
    let kind = || ObjectKind::Link { bytes_per_s: 40_000_000 };
    let net = ObjectSpec { name: "net".into(), kind: kind() };
    let mut run = Run::new(Strategy::Pool, vec![net], 200);
    run.workers(4, 5);
    run.rounds(5, 1000);
    run.workers(8, 5);
    run.rounds(5, 2000);
    run.state.objects.all = vec![object("net", kind(), Content::Link { used_bytes_per_s: 39_000_000 })];
    run.says(
        Limit::Link(ObjectId(0)),
        "the link net is full (39 of 40 MB/s): more than 4 workers only share it; best so far: 4 (40.0 MB/s)",
    );
    run.state.objects.all[0].content = Content::Link { used_bytes_per_s: 30_000_000 };
    assert!(!matches!(run.state.advice().unwrap().limit, Limit::Link(_)));
}

#[test]
fn waiting_for_an_object_is_told_with_its_share() {
    let mut run = Run::pool(100);
    let kind = ObjectKind::Semaphore { value: 1, bound: Bound::Plain };
    run.state.objects.all = vec![object("doors", kind, Content::Semaphore { free: 0 })];
    run.workers(5, 5);
    run.begin();
    let waiter = |task| Waiter {
        task: TaskId(task),
        thread: ThreadId::FIRST,
        call: Call::Acquire { semaphore: ObjectId(0), patience: Patience::Forever },
        since: Elapsed(0),
    };
    run.state.objects.all[0].waiters = (1..5).map(waiter).collect();
    run.end(3000);
    run.begin();
    run.says(
        Limit::Object(ObjectId(0)),
        "tasks spent 80 % of their time waiting for semaphore doors, which lets 1 in at a time; only size 5 was tried",
    );
}

#[test]
fn processes_that_take_longer_to_start_than_to_work_are_told() {
    let mut run = Run::new(Strategy::ProcessEach, Vec::new(), 100);
    run.workers(4, 1000);
    run.rounds(5, 300);
    let advice = run.state.advice().unwrap();
    assert_eq!(advice.limit, Limit::Workers);
    let mut run = Run::new(Strategy::ProcessEach, Vec::new(), 100);
    run.workers(4, 3000);
    run.rounds(5, 300);
    run.says(
        Limit::StartUp,
        "starting processes took 2.0 times as long as what they then did: a pool would start fewer; only size 4 was tried",
    );
}

#[test]
fn what_draining_workers_do_is_not_put_down_to_the_smaller_pool() {
    let mut run = Run::pool(60);
    run.workers(4, 0);
    run.rounds(3, 1000);
    run.now(What::TargetSet { workers: 1, by: Asker::Person });
    for worker in (1..4).map(WorkerId) {
        run.now(What::WorkerDraining { worker, why: DrainReason::Retired });
    }
    run.end(1000);
    let small = |run: &Run| run.state.history.by_size().get(&1).copied().unwrap_or_default();
    assert_eq!((small(&run).done, small(&run).time_us), (0, 0));
    for worker in (1..4).map(WorkerId) {
        run.now(What::WorkerDismissed { worker });
    }
    let task = TaskId(run.next);
    run.now(What::TasksDispatched { worker: WorkerId(0), tasks: vec![task] });
    run.end(1000);
    assert_eq!(small(&run).time_us, 1_000_000);
}
