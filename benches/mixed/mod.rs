//! The events of a run of ordinary tasks: they come in batches, are given out, begin, move on, fail now and then, end.
//! It does not know what is measured with them.

use std::sync::Arc;

use pooltop::command::{Asker, Note, Weight};
use pooltop::event::{Elapsed, Event, Policy, Role, RunKind, Sample, Start, What, WireCount};
use pooltop::task::{Failure, Outcome, Pid, Slot, Stream, Tally, TaskId, TaskSpec, Work, WorkerId};

/// How many workers the run has.
pub const WORKERS: u32 = 16;

/// How many tasks come at once.
const BATCH: u32 = 256;

/// About four and a half events for each task, as the pool would tell them.
pub fn events(tasks: u32) -> Vec<Event> {
    let mut run = Run { at: 0, events: Vec::new() };
    let policy = Policy { retries: 1, ..Policy::default() };
    run.tell(What::RunStarted(Box::new(Start::new("bench", RunKind::Command, Pid(1), 2, policy))));
    run.tell(What::TargetSet { workers: WORKERS, by: Asker::Start });
    for n in 0..WORKERS {
        let (worker, slot) = (WorkerId(n), Slot(u16::try_from(n).expect("a seat")));
        run.tell(What::WorkerStarting { worker, slot, role: Role::Pool });
        run.tell(What::WorkerSpawned { worker, pid: Pid(1000 + n.cast_signed()) });
        run.tell(What::WorkerReady { worker, host: None, pid: None });
    }
    for first in (0..tasks).step_by(BATCH as usize) {
        let batch = first..tasks.min(first + BATCH);
        let spec = |n| Arc::new(TaskSpec::new(Work::Sleep { duration_ms: 5 }).named(format!("picture {n}.png")));
        run.tell(What::TasksAdded { tasks: batch.clone().map(spec).collect() });
        for task in batch {
            run.task(TaskId(task));
        }
    }
    run.tell(What::SourceClosed);
    run.events
}

struct Run {
    at: u64,
    events: Vec<Event>,
}

impl Run {
    fn tell(&mut self, what: What) {
        self.events.push(Event { at: Elapsed(self.at), what });
    }

    /// One task from its dispatch to its end, on the next worker.
    fn task(&mut self, task: TaskId) {
        let worker = WorkerId(task.0 % WORKERS);
        self.at += 5_000;
        if self.at.is_multiple_of(1_000_000) {
            self.second();
        }
        self.attempt(task, worker, task.0 % 50 == 49);
    }

    fn attempt(&mut self, task: TaskId, worker: WorkerId, fails: bool) {
        self.tell(What::TasksDispatched { worker, tasks: vec![task] });
        self.at += 100;
        self.tell(What::TaskStarted { task, worker, pid: Some(Pid(20_000)) });
        if task.0.is_multiple_of(4) {
            self.tell(What::TaskPrinted { task, stream: Stream::Stdout, skipped: 0, bytes: b"half of it\n".to_vec() });
            self.tell(What::TaskProgressed { task, done: 1, total: 2 });
        }
        let outcome = if fails { Outcome::Failed(Failure::Exit { code: 1 }) } else { Outcome::Done };
        self.at += 4_900;
        self.tell(What::AttemptEnded { task, outcome, tally: Tally::default(), took_us: 4_900, output: None });
        if fails {
            self.tell(What::TaskRequeued { task, not_before: Elapsed(self.at) });
            self.tell(What::TaskReleased { task });
            self.attempt(task, worker, false);
        }
    }

    /// What is told once a second.
    fn second(&mut self) {
        self.tell(What::Ticked);
        let workers = (0..WORKERS).map(WorkerId);
        let sample = |worker| Sample { worker, cpu_percent: 12.5, rss_bytes: 3 << 20, stopped: false };
        self.tell(What::Sampled { samples: workers.clone().map(sample).collect() });
        let (count, bytes) = (self.at / 1000, self.at / 10);
        let wire =
            |worker| WireCount { worker, frames_in: count, bytes_in: bytes, frames_out: count, bytes_out: bytes };
        self.tell(What::WiresCounted { wires: workers.map(wire).collect() });
        self.tell(What::Noted { note: Note::new(Weight::Info, "a second went by") });
    }
}
