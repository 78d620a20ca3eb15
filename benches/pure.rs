//! Benches of the parts that run inside one process: the fold, the wire, one frame. `cargo bench --bench pure` runs them.
//! They do not know processes; what a pool of them does is measured by benches/peers.sh.

mod mixed;

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use pooltop::command::Asker;
use pooltop::event::{Elapsed, Event, Policy, RunKind, Start, What};
use pooltop::journal::{self, Header, RealDisk};
use pooltop::model::State;
use pooltop::task::{Outcome, Pid, Slot, Tally, TaskId, TaskSpec, Work, WorkerId};
use pooltop::tui::theme::{Background, Charset, Depth, Name, Theme};
use pooltop::tui::{Viewer, screen};
use pooltop::wire::{Assignment, Frames, FromWorker, Report, ToWorker, encode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How many tasks the folded run has.
const TASKS: u32 = 100_000;

fn main() {
    divan::main();
}

/// The events of a run of tasks that take no time, on four workers, in batches of 64 as the pool gives them out.
fn events(tasks: u32) -> Vec<Event> {
    let mut events = started(4, tasks);
    let mut at = Elapsed(1000);
    for (batch, first) in (0..tasks).step_by(64).enumerate() {
        let worker = WorkerId(u32::try_from(batch % 4).expect("less than 4"));
        let ids: Vec<TaskId> = (first..tasks.min(first + 64)).map(TaskId).collect();
        at.0 += 30;
        events.push(Event { at, what: What::TasksDispatched { worker, tasks: ids.clone() } });
        events.extend(ids.into_iter().map(|task| Event {
            at,
            what: What::AttemptEnded {
                task,
                outcome: Outcome::Done,
                tally: Tally::default(),
                took_us: 0,
                output: None,
            },
        }));
    }
    events
}

/// A run with that many workers ready and tasks waiting.
fn started(workers: u32, tasks: u32) -> Vec<Event> {
    let start = Start::new("bench", RunKind::Scenario, Pid(1), 2, Policy::default());
    let spec = Arc::new(TaskSpec::new(Work::Nothing));
    let mut whats = vec![
        What::RunStarted(Box::new(start)),
        What::TargetSet { workers, by: Asker::Start },
        What::TasksAdded { tasks: (0..tasks).map(|_| Arc::clone(&spec)).collect() },
    ];
    for n in 0..workers {
        let worker = WorkerId(n);
        let slot = Slot(u16::try_from(n).expect("a seat"));
        whats.push(What::WorkerStarting { worker, slot, role: pooltop::event::Role::Pool });
        whats.push(What::WorkerSpawned { worker, pid: Pid(1000 + n.cast_signed()) });
        whats.push(What::WorkerReady { worker, host: None, pid: None });
    }
    whats.into_iter().map(|what| Event { at: Elapsed(0), what }).collect()
}

fn folded(events: &[Event]) -> State {
    let mut state = State::new();
    for event in events {
        state.apply(event).expect("a legal history");
    }
    state
}

#[divan::bench]
fn fold_100k_tiny_tasks(bencher: Bencher<'_, '_>) {
    let events = events(TASKS);
    bencher.counter(ItemsCount::new(TASKS)).bench_local(|| folded(&events));
}

/// What a journal of ordinary work holds: a nanosecond figure for each event is the time over 362_000.
#[divan::bench]
fn fold_a_journal_of_100k_tasks(bencher: Bencher<'_, '_>) {
    let events = mixed::events(TASKS);
    bencher.counter(ItemsCount::new(events.len())).bench_local(|| folded(&events));
}

/// A frozen view, a keyframe, a follower that fell behind: each is a copy.
#[divan::bench(args = [10_000, 1_000_000])]
fn copy_a_state(bencher: Bencher<'_, '_>, tasks: u32) {
    let mut state = folded(&started(64, tasks));
    for event in &events(tasks)[started(4, tasks).len()..] {
        state.apply(event).expect("a legal history");
        if state.counts.ended() > tasks / 2 {
            break;
        }
    }
    bencher.bench_local(|| state.clone());
}

#[divan::bench]
fn encode_and_decode_64_assignments(bencher: Bencher<'_, '_>) {
    let spec = Arc::new(TaskSpec::new(Work::Nothing));
    let run = (0..64).map(|n| Assignment { task: TaskId(n), attempt: 1, spec: Arc::clone(&spec) }).collect();
    let message = ToWorker::Run(run);
    bencher.counter(ItemsCount::new(64_u32)).bench_local(|| {
        let mut frames = Frames::bare();
        frames.push(&encode(&message).expect("a small message"));
        frames.take::<ToWorker>()
    });
}

#[divan::bench]
fn encode_and_decode_64_reports(bencher: Bencher<'_, '_>) {
    let ended = |n| Report::Ended {
        task: TaskId(n),
        outcome: Outcome::Done,
        tally: Tally::default(),
        took_us: 0,
        output: None,
    };
    let message = FromWorker::Reports((0..64).map(ended).collect());
    bencher.counter(ItemsCount::new(64_u32)).bench_local(|| {
        let mut frames = Frames::bare();
        frames.push(&encode(&message).expect("a small message"));
        frames.take::<FromWorker>()
    });
}

/// Everything is drawn anew: the goal is 0.36 ms, and many rows may cost 1.2 times as much as 64.
#[divan::bench(args = [64, 1024])]
fn draw_a_frame_of_120_by_40(bencher: Bencher<'_, '_>, workers: u32) {
    let state = busy(workers);
    let (viewer, theme) = (Viewer::default(), Theme::new(Depth::True, Background::Dark, Charset::Unicode, Name::Auto));
    let area = Rect::new(0, 0, 120, 40);
    bencher.bench_local(|| {
        let mut buffer = Buffer::empty(area);
        screen::render(&mut buffer, area, &state, &viewer, &theme);
        buffer
    });
}

/// A journal of a run of so many tasks, encoded and handed to the system, not synced.
#[divan::bench(sample_count = 10)]
fn write_a_journal(bencher: Bencher<'_, '_>) {
    let events = events(TASKS);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut number = 0;
    bencher.counter(ItemsCount::new(events.len())).bench_local(|| {
        number += 1;
        let file = folder.path().join(format!("{number}"));
        let mut writer = journal::create_at(&RealDisk, &file, &mut header()).expect("a new journal").writer;
        for event in &events {
            writer.push(event);
            if writer.gathered_bytes() >= 256 << 10 {
                writer.write().expect("room for a journal");
            }
        }
        writer.write().expect("room for a journal");
    });
}

/// The same journal read and checked.
#[divan::bench(sample_count = 10)]
fn read_a_journal(bencher: Bencher<'_, '_>) {
    let events = events(TASKS);
    let mut bytes = Vec::new();
    let mut crc = journal::encode_header(&mut bytes, &header());
    for (event, seq) in events.iter().zip(1..) {
        crc = journal::encode_event(&mut bytes, seq, event, crc);
    }
    bencher.counter(ItemsCount::new(events.len())).bench_local(|| {
        let (_, mut reader) = journal::Reader::open(&bytes[..]).expect("a header");
        while let Some(entry) = reader.next().expect("a whole journal") {
            divan::black_box(entry);
        }
        assert_eq!(reader.mark().seq, events.len() as u64);
    });
}

fn header() -> Header {
    Header {
        format: journal::FORMAT,
        run: journal::RunId("20260102-030405-0a1b".into()),
        program: "bench".into(),
        started_unix_us: 0,
        command: Vec::new(),
        folder: pooltop::task::RawText::from("/"),
        scenario: None,
        made: Vec::new(),
        copies: Vec::new(),
    }
}

/// Every worker is at a task.
fn busy(workers: u32) -> State {
    let mut state = folded(&started(workers, 10_000));
    for n in 0..workers {
        let (worker, task) = (WorkerId(n), TaskId(n));
        let at = Elapsed(u64::from(n) * 1000);
        for what in [
            What::TasksDispatched { worker, tasks: vec![task] },
            What::TaskStarted { task, worker, pid: None },
            What::TaskProgressed { task, done: u64::from(n), total: 2000 },
        ] {
            state.apply(&Event { at, what }).expect("a legal history");
        }
    }
    state
}
