//! What it costs to look at a recorded run: reading it, going somewhere in it, and the memory that takes.
//! `cargo run --release --example replay_cost [EVENTS]`. It does not know the screen.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use pooltop::clock::Clock;
use pooltop::command::Asker;
use pooltop::event::{Elapsed, Event, Policy, Role, RunKind, Start, What};
use pooltop::journal::{FORMAT, Header, RunId, encode_event, encode_header};
use pooltop::model::State;
use pooltop::replay::{Film, Fold, Read, Target};
use pooltop::task::{Outcome, Pid, Place, RawText, Slot, Tally, TaskSpec, Work, WorkerId};

const EVENTS: usize = 1_000_000;

const WORKERS: u32 = 8;

/// How many places are gone to.
const SEEKS: u64 = 200;

fn main() {
    let events = std::env::args().nth(1).map_or(EVENTS, |count| count.parse().expect("a number of events"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("journal.jsonl");
    write(&path, events);
    let bytes = std::fs::metadata(&path).expect("it was written").len();

    let clock = Clock::start();
    let mut film = Film::new(Fold::open(&path).expect("a journal"), None);
    while film.read(2000) == Read::Some {}
    let took = clock.elapsed();
    let (count, tasks) = (film.events(), film.fold().state().tasks.len());
    assert!(film.fold().spoilt().is_none() && count >= events as u64);
    let mut out = std::io::stdout();
    let per_event = took.as_nanos() / u128::from(count);
    writeln!(out, "{count} events, {tasks} tasks, {} MB", bytes / 1_000_000).expect("somebody reads");
    writeln!(out, "read      {:.2} s, {per_event} ns an event", took.as_secs_f64()).expect("somebody reads");
    writeln!(out, "memory    {} MB resident in all", memory() / 1_000_000).expect("somebody reads");

    for (name, far) in [("anywhere", true), ("one back", false)] {
        let mut cursor = film.cursor();
        film.go(&mut cursor, Target::Event(count / 2)).expect("the file is as it was");
        let mut times = Vec::new();
        for number in 1..=SEEKS {
            let to = if far { number * 7_919_993 % count } else { cursor.event() - 1 };
            let clock = Clock::start();
            film.go(&mut cursor, Target::Event(to)).expect("the file is as it was");
            let shown = cursor.state_at(cursor.state().now);
            times.push((clock.elapsed(), shown.counts.ended()).0.as_secs_f64() * 1000.0);
        }
        times.sort_unstable_by(f64::total_cmp);
        let ms = |share: usize| times[(times.len() - 1) * share / 100];
        writeln!(out, "{name}  median {:.1} ms, 99 % {:.1} ms, longest {:.1} ms", ms(50), ms(99), ms(100))
            .expect("somebody reads");
    }
}

/// Resident, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// A journal of short tasks on a pool: three events a task.
fn write(path: &Path, events: usize) {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).expect("the folder is ours");
    let mut bytes = Vec::new();
    let header = Header {
        format: FORMAT,
        run: RunId("20260102-030405-0a1b".into()),
        program: "0".into(),
        started_unix_us: 0,
        command: Vec::new(),
        folder: RawText::from("/"),
        scenario: None,
        made: Vec::new(),
        copies: Vec::new(),
    };
    let crc = encode_header(&mut bytes, &header);
    let mut journal = Journal { crc, bytes, seq: 0, at_us: 0, state: State::new() };
    journal.begin(events / 3);
    while journal.seq < events as u64 {
        journal.round();
        journal.flush(&mut file);
    }
    journal.flush(&mut file);
}

struct Journal {
    crc: u32,
    bytes: Vec<u8>,
    seq: u64,
    at_us: u64,
    state: State,
}

impl Journal {
    fn tell(&mut self, what: What) {
        let event = Event { at: Elapsed(self.at_us), what };
        self.state.apply(&event).expect("legal");
        self.seq += 1;
        self.crc = encode_event(&mut self.bytes, self.seq, &event, self.crc);
    }

    fn flush(&mut self, file: &mut File) {
        file.write_all(&self.bytes).expect("there is room");
        self.bytes.clear();
    }

    fn begin(&mut self, tasks: usize) {
        self.tell(What::RunStarted(Box::new(Start::new("cost", RunKind::Scenario, Pid(1), 4, Policy::default()))));
        let mut left = tasks + 1;
        while left > 0 {
            let some = left.min(1000);
            let task = |number| Arc::new(TaskSpec::new(Work::Sleep { duration_ms: 1 }).named(format!("task {number}")));
            self.tell(What::TasksAdded { tasks: (0..some).map(task).collect() });
            left -= some;
        }
        self.tell(What::SourceClosed);
        self.tell(What::TargetSet { workers: WORKERS, by: Asker::Start });
        for number in 0..WORKERS {
            let worker = WorkerId(number);
            let slot: Slot = self.state.workers.free_seat();
            self.tell(What::WorkerStarting { worker, slot, role: Role::Pool });
            self.tell(What::WorkerSpawned { worker, pid: Pid(100 + number.cast_signed()) });
            self.tell(What::WorkerReady { worker, host: None, pid: None });
        }
    }

    /// Every worker does a task.
    fn round(&mut self) {
        for number in 0..WORKERS {
            let worker = WorkerId(number);
            self.at_us += 100;
            let Some(&task) = self.state.queue.open(Place::Pool).front() else {
                self.tell(What::Ticked);
                continue;
            };
            self.tell(What::TasksDispatched { worker, tasks: vec![task] });
            self.tell(What::TaskStarted { task, worker, pid: None });
            let tally = Tally { bytes: 0, files: 0 };
            self.tell(What::AttemptEnded { task, outcome: Outcome::Done, tally, took_us: 90, output: None });
        }
    }
}
