//! Made-up runs for the panes' tests: a small, deterministic pool that tells its story through real events.
//! It does not know the planner; it only has to be legal, and look like work.

use std::sync::Arc;

use crate::command::{Asker, Note, Weight};
use crate::event::{
    DrainReason, Elapsed, Event, Exit, PauseReason, Phase, PhaseReason, Policy, RunKind, Sample, Start, What,
};
use crate::model::{State, Status, WorkerState};
use crate::task::{
    CommandLine, Download, Failure, Outcome, Pid, RawText, Shell, Slot, Stream, Tally, TaskId, TaskSpec, Template,
    Work, WorkerId,
};

const NAMES: [&str; 8] = [
    "Peking Hot.avi",
    "Python从入门到住院.pdf",
    "img_0042.png",
    "holiday pictures 2024 (raw, unsorted).tar",
    "西游记.mkv",
    "ubuntu-26.04.iso",
    "notes.txt",
    "naïve café.flac",
];

/// A run that is being made up.
pub struct Story {
    pub state: State,
    at_ms: u64,
    next_pid: i32,
}

impl Story {
    /// A run of downloads that has just begun.
    pub fn downloads(count: usize) -> Self {
        let tasks = (0..count).map(|at| {
            let work =
                Download { bytes: bytes_of(at), duration_ms: 1000, seed: 7, fail_per_mille: 0, stall_per_mille: 0 };
            let name =
                if at < NAMES.len() { NAMES[at].to_owned() } else { format!("{at:04} {}", NAMES[at % NAMES.len()]) };
            TaskSpec::new(Work::Download(work)).named(name)
        });
        Self::begin("pool-of-four", RunKind::Scenario, tasks.collect())
    }

    /// A run of commands that has just begun.
    pub fn commands(count: u32) -> Self {
        let template = Arc::new(Template {
            argv: ["convert", "{}", "-resize", "50%", "small/{/}"].map(RawText::from).to_vec(),
            shell: Shell::No,
        });
        let tasks = (0..count).map(|at| {
            let input = Some(RawText::from(format!("in/img_{at:04}.png").as_str()));
            TaskSpec::new(Work::Command(Box::new(CommandLine { template: template.clone(), input, ordinal: at + 1 })))
        });
        Self::begin("convert {} -resize 50% small/{/}", RunKind::Command, tasks.collect())
    }

    pub fn begin(title: &str, kind: RunKind, tasks: Vec<TaskSpec>) -> Self {
        let mut story = Self { state: State::new(), at_ms: 0, next_pid: 19_771 };
        let policy = Policy { retries: 2, ..Policy::default() };
        story.tell(What::RunStarted(Box::new(Start::new(title, kind, Pid(19_770), 4, policy))));
        if !tasks.is_empty() {
            story.tell(What::TasksAdded { tasks: tasks.into_iter().map(Arc::new).collect() });
        }
        story.tell(What::SourceClosed);
        story
    }

    /// What happens next must be legal.
    pub fn tell(&mut self, what: What) -> &mut Self {
        let event = Event { at: Elapsed(self.at_ms * 1000), what };
        self.state.apply(&event).unwrap_or_else(|error| panic!("{error}: {event:?}"));
        self
    }

    /// The pool is to have this many workers; those that are missing begin to start, the last ones drain.
    pub fn resize(&mut self, workers: u32, by: Asker) -> &mut Self {
        self.tell(What::TargetSet { workers, by });
        while self.state.wanted() > workers {
            let last = self.state.workers.iter().rfind(|worker| worker.is_wanted()).map(|worker| worker.id);
            self.tell(What::WorkerDraining { worker: last.expect("one is wanted"), why: DrainReason::Retired });
        }
        while self.state.wanted() < workers {
            let worker = self.state.workers.next_id();
            let slot = self.state.workers.free_seat();
            self.tell(What::WorkerStarting { worker, slot, role: crate::event::Role::Pool });
        }
        self
    }

    /// Those that are starting get their processes and say hello.
    pub fn greet(&mut self, how_many: usize) -> &mut Self {
        let starting: Vec<WorkerId> = self
            .state
            .workers
            .iter()
            .filter(|worker| worker.state == WorkerState::Starting)
            .map(|worker| worker.id)
            .collect();
        for worker in starting.into_iter().take(how_many) {
            self.spawn(worker);
            self.tell(What::WorkerReady { worker, host: None, pid: None });
        }
        self
    }

    pub fn spawn(&mut self, worker: WorkerId) -> &mut Self {
        self.next_pid += 1;
        let pid = Pid(self.next_pid);
        self.tell(What::WorkerSpawned { worker, pid })
    }

    /// Time goes by while the pool works.
    pub fn work_until(&mut self, until_ms: u64) -> &mut Self {
        while self.at_ms < until_ms {
            self.at_ms += 100;
            self.step();
        }
        self
    }

    /// Time goes by while nothing happens.
    pub fn wait_until(&mut self, until_ms: u64) -> &mut Self {
        self.at_ms = until_ms;
        self.tell(What::Ticked)
    }

    fn step(&mut self) {
        let workers: Vec<WorkerId> = self.state.workers.iter().map(|worker| worker.id).collect();
        for worker in workers {
            self.step_worker(worker);
        }
        while let Some((due, task)) = self.state.queue.next_release().filter(|(due, _)| *due <= self.state.active()) {
            let _ = due;
            self.tell(What::TaskReleased { task });
        }
        if self.at_ms % 1000 < 100 {
            let samples = self.state.workers.iter().filter(|worker| worker.pid.is_some()).map(|worker| Sample {
                worker: worker.id,
                cpu_percent: if worker.in_flight.is_empty() { 0.3 } else { f32::from(worker.slot.0 * 37 % 101) },
                rss_bytes: (u64::from(worker.slot.0) * 731 % 23 + 5) << 20,
                stopped: false,
            });
            let samples = samples.collect();
            self.tell(What::Sampled { samples });
        }
    }

    fn step_worker(&mut self, worker: WorkerId) {
        let record = self.state.workers.get(worker).expect("it is there");
        let (state, running) = (record.state, record.running);
        if let Some(running) = running {
            let spent_ms = self.at_ms - self.state.task(running.task).expect("it runs").started.0 / 1000;
            let needed_ms = duration_ms(running.task, self.state.ready());
            if spent_ms >= needed_ms {
                self.end(running.task, needed_ms);
            } else if running.total > 0 {
                let done = running.total * spent_ms / needed_ms;
                self.tell(What::TaskProgressed { task: running.task, done, total: running.total });
            }
        }
        let idle = self.state.workers.get(worker).expect("it is there").in_flight.is_empty();
        match state {
            WorkerState::Draining(_) if idle => {
                self.tell(What::WorkerDismissed { worker });
                self.tell(What::WorkerExited { worker, how: Exit::Code(0), last_words: "".into() });
            }
            WorkerState::Ready if idle && self.state.phase == Phase::Running => {
                if let Some(&task) = self.state.queue.open(crate::task::Place::Pool).front() {
                    self.start(worker, task);
                }
            }
            _ => {}
        }
    }

    pub fn start(&mut self, worker: WorkerId, task: TaskId) -> &mut Self {
        self.tell(What::TasksDispatched { worker, tasks: vec![task] });
        self.tell(What::TaskStarted { task, worker, pid: None })
    }

    fn end(&mut self, task: TaskId, took_ms: u64) {
        let record = self.state.task(task).expect("it runs");
        let (bytes, attempts) = (record.spec.work.bytes(), record.attempts);
        let fails = task.0 % 19 == 5 || (task.0 % 11 == 7 && attempts == 1);
        if matches!(record.spec.work, Work::Command(_)) {
            let text = format!("img_{0:04}.png: 4032x3024\nwriting small/img_{0:04}.png\n", task.0);
            self.tell(What::TaskPrinted { task, stream: Stream::Stdout, skipped: 0, bytes: text.into_bytes() });
            if fails {
                let text = b"convert: no decode delegate for this image format\n".to_vec();
                self.tell(What::TaskPrinted { task, stream: Stream::Stderr, skipped: 0, bytes: text });
            }
        }
        let outcome = if fails { Outcome::Failed(Failure::Exit { code: 2 }) } else { Outcome::Done };
        let tally = Tally { bytes: if fails { 0 } else { bytes }, files: 1 };
        self.tell(What::AttemptEnded { task, outcome, tally, took_us: took_ms * 1000, output: None });
        self.decide(task);
    }

    /// What the planner would do about a failed attempt.
    pub fn decide(&mut self, task: TaskId) {
        let record = self.state.task(task).expect("it was there");
        if record.status == Status::Undecided {
            let not_before = self.state.active().plus_ms(250);
            let what =
                if record.attempts < 3 { What::TaskRequeued { task, not_before } } else { What::TaskFailed { task } };
            self.tell(what);
        }
    }

    /// The worker is killed by somebody while it holds its task.
    pub fn lose(&mut self, worker: WorkerId) -> &mut Self {
        let record = self.state.workers.get(worker).expect("it is there");
        let (slot, pid, held) = (record.slot, record.pid.expect("it has one"), record.in_flight.clone());
        for task in held {
            let how = format!("worker {slot} (PID {pid}) killed by SIGKILL").into();
            self.tell(What::AttemptLost { task, failure: Failure::WorkerLost { how } });
            self.decide(task);
        }
        self.tell(What::WorkerExited { worker, how: Exit::Signal(9), last_words: "".into() });
        let next = self.state.workers.next_id();
        self.tell(What::WorkerStarting { worker: next, slot: Slot(slot.0), role: crate::event::Role::Pool });
        self.greet(1)
    }

    pub fn seat(&self, seat: u16) -> WorkerId {
        self.state.workers.at(Slot(seat - 1)).expect("somebody sits there").id
    }
}

/// Long ones and short ones, the more workers the slower each.
fn duration_ms(task: TaskId, ready: u32) -> u64 {
    let own = 400 + u64::from(task.0.wrapping_mul(2_654_435_761) >> 22) * 3;
    own * u64::from(ready.clamp(2, 8) + 4) / 8
}

fn bytes_of(at: usize) -> u64 {
    20_000_000 + (at as u64 * 7_919) % 90 * 1_000_000
}

/// Two workers are there, the others are coming.
pub fn starting() -> State {
    let mut story = Story::downloads(250);
    story.resize(4, Asker::Start);
    story.wait_until(3).greet(2);
    let third = story.seat(3);
    story.spawn(third);
    story.start(WorkerId(0), TaskId(0));
    story.state
}

/// In the middle of things: four workers, two more on their way.
pub fn busy() -> State {
    let mut story = Story::downloads(250);
    story.resize(4, Asker::Start).wait_until(5).greet(4);
    story.work_until(6000);
    story.lose(WorkerId(1));
    story.work_until(12_300).resize(6, Asker::Person).wait_until(12_430);
    story.state
}

/// Grown to eight, then shrunk to three: five finish what they have.
pub fn draining() -> State {
    let mut story = Story::downloads(250);
    story.resize(4, Asker::Start).wait_until(5).greet(4);
    story.work_until(8000).resize(8, Asker::Person).work_until(8100).greet(4);
    story.work_until(21_000).resize(3, Asker::Person).work_until(21_300);
    story.state
}

/// Commands, some of which fail for good.
pub fn failures() -> State {
    let mut story = Story::commands(48);
    story.resize(4, Asker::Start).wait_until(5).greet(4);
    story.work_until(30_000);
    let note = Note::new(Weight::Skipped, "in/fifo: a FIFO is not copied");
    story.tell(What::Noted { note });
    story.state
}

/// Frozen by a key.
pub fn paused() -> State {
    let mut story = Story::downloads(250);
    story.resize(4, Asker::Start).wait_until(5).greet(4);
    story.work_until(9000).tell(What::PoolPaused { why: PauseReason::Asked }).wait_until(14_000);
    story.state
}

/// Everything has ended and everyone has left.
pub fn finished() -> State {
    let mut story = Story::downloads(24);
    story.resize(4, Asker::Start).wait_until(5).greet(4);
    story.work_until(40_000);
    story.tell(What::PhaseEntered { phase: Phase::Closing, why: PhaseReason::Finished });
    for seat in 1..=4 {
        let worker = story.seat(seat);
        story.tell(What::WorkerDismissed { worker });
        story.tell(What::WorkerExited { worker, how: Exit::Code(0), last_words: "".into() });
    }
    story.tell(What::RunEnded);
    story.state
}

/// So many workers, and tasks enough for all.
pub fn many(workers: u32, tasks: usize) -> State {
    let mut story = Story::downloads(tasks);
    story.resize(workers, Asker::Start).wait_until(40).greet(workers as usize);
    story.work_until(5000);
    story.state
}

/// No task at all, and nobody to do it.
pub fn empty() -> State {
    let mut story = Story::begin("nothing", RunKind::Scenario, Vec::new());
    story.resize(0, Asker::Start).wait_until(1500);
    story.state
}
