//! What the formats make of runs that no machine makes on demand: cut off and gone on with, impossible, endless, empty.
//! It does not know readers that are not ours; `tests/real/export.rs` does.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::command::Asker;
use crate::event::{Exit, Phase, PhaseReason, Policy, Resumed, Role, RunKind, Start, What};
use crate::journal::made_up::header;
use crate::journal::{encode_event, encode_header};
use crate::task::{
    CommandLine, Failure, Outcome, Pid, RawText, Shell, Slot, Tally, TaskId, TaskSpec, Template, Work, WorkerId,
};

const SECOND: u64 = 1_000_000;

/// A journal that is being written, an event every second unless told.
struct Book {
    bytes: Vec<u8>,
    crc: u32,
    seq: u64,
    at_us: u64,
}

impl Book {
    fn new() -> Self {
        let header = Header {
            started_unix_us: 1_000 * i64::try_from(SECOND).unwrap(),
            command: vec![RawText::from("pooltop"), RawText(b"a b\xff".to_vec())],
            folder: RawText::from("/"),
            ..header()
        };
        let mut bytes = Vec::new();
        let crc = encode_header(&mut bytes, &header);
        Self { bytes, crc, seq: 0, at_us: 0 }
    }

    fn add_at(&mut self, at_us: u64, what: What) {
        (self.seq, self.at_us) = (self.seq + 1, at_us);
        self.crc = encode_event(&mut self.bytes, self.seq, &Event { at: Elapsed(at_us), what }, self.crc);
    }

    fn add(&mut self, whats: impl IntoIterator<Item = What>) {
        for what in whats {
            self.add_at(self.at_us + SECOND, what);
        }
    }

    /// So many commands on one worker, which is ready at 6 s.
    fn begun(tasks: u32) -> Self {
        let mut book = Self::new();
        let template = Arc::new(Template { argv: vec![RawText::from("echo")], shell: Shell::No });
        let command = |ordinal: u32| CommandLine {
            template: template.clone(),
            input: Some(RawText(ordinal.to_string().into_bytes())),
            ordinal,
        };
        let spec = |ordinal| TaskSpec::new(Work::Command(Box::new(command(ordinal)))).into();
        book.add([
            What::RunStarted(Box::new(Start::new("t", RunKind::Command, Pid(1), 1, Policy::default()))),
            What::TargetSet { workers: 1, by: Asker::Start },
            What::TasksAdded { tasks: (1..=tasks).map(spec).collect() },
        ]);
        book.worker(0);
        book
    }

    fn worker(&mut self, worker: u32) {
        let worker = WorkerId(worker);
        self.add([
            What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool },
            What::WorkerSpawned { worker, pid: Pid(100) },
            What::WorkerReady { worker, host: None, pid: None },
        ]);
    }

    fn export(&self, format: Format) -> (String, Option<String>) {
        let mut out = Vec::new();
        let broken = export(&self.bytes[..], format, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), broken.map(|broken| broken.to_string()))
    }

    fn joblog(&self) -> Vec<String> {
        self.export(Format::Joblog).0.lines().skip(1).map(|line| line.replace('\t', "|")).collect()
    }

    /// Trace events of that kind.
    fn trace(&self, kind: &str) -> Vec<Value> {
        let trace: Value = serde_json::from_str(&self.export(Format::Trace).0).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        events.iter().filter(|event| event["ph"] == kind).cloned().collect()
    }
}

fn dispatched(worker: u32, tasks: &[u32]) -> What {
    What::TasksDispatched { worker: WorkerId(worker), tasks: tasks.iter().copied().map(TaskId).collect() }
}

fn started(worker: u32, task: u32) -> What {
    What::TaskStarted { task: TaskId(task), worker: WorkerId(worker), pid: None }
}

fn ended(task: u32, failure: Option<Failure>, took_us: u64) -> What {
    let outcome = failure.map_or(Outcome::Done, Outcome::Failed);
    What::AttemptEnded { task: TaskId(task), outcome, tally: Tally::default(), took_us, output: None }
}

fn failed(task: u32) -> What {
    What::TaskFailed { task: TaskId(task) }
}

fn screen() -> Screen {
    Screen::new(80, 24, Colours::All).unwrap()
}

#[test]
fn a_joblog_has_ended_tasks_in_the_order_of_ending_with_parallels_codes() {
    let mut book = Book::begun(7);
    book.add([
        dispatched(0, &[1, 0]),
        started(0, 1),
        ended(1, Some(Failure::Signal { signal: 9 }), 250_000),
        failed(1),
        ended(0, None, 1_500_000),
        dispatched(0, &[2]),
        ended(2, Some(Failure::TimedOut { after_ms: 1 }), 0),
        failed(2),
        dispatched(0, &[3]),
        ended(3, Some(Failure::Stopped), 0),
        failed(3),
        dispatched(0, &[4]),
        ended(4, Some(Failure::Exit { code: 3 }), 0),
        What::TaskRequeued { task: TaskId(4), not_before: Elapsed(0) },
        What::TaskDropped { task: TaskId(5) },
        What::TaskRevived { task: TaskId(1) },
        dispatched(0, &[1]),
        ended(1, None, 0),
    ]);
    assert_eq!(
        book.joblog(),
        [
            "1|:|1009.500|     1.500|0|0|0|0|echo 1",
            "3|:|1013.000|     0.000|0|0|-1|0|echo 3",
            "4|:|1016.000|     0.000|0|0|0|15|echo 4",
            "2|:|1024.000|     0.000|0|0|0|0|echo 2",
        ]
    );
}

#[test]
fn a_run_that_went_on_tells_what_was_in_doubt_and_what_time_it_was() {
    let mut book = Book::begun(4);
    book.add([dispatched(0, &[0, 1]), started(0, 0)]);
    let resumed = Resumed {
        pid: Pid(2),
        cpus: 1,
        away_us: Some(3600 * SECOND),
        target: 1,
        policy: Policy::default(),
        rerun: vec![TaskId(1)],
        again: Vec::new(),
    };
    book.add([What::RunResumed { resumed: Box::new(resumed) }]);
    book.worker(1);
    book.add([dispatched(1, &[1]), ended(1, None, SECOND / 2)]);
    assert_eq!(book.joblog(), ["1|:|1008.000|     1.000|0|0|255|0|echo 1", "2|:|4613.500|     0.500|0|0|0|0|echo 2"]);
    let attempts: Vec<Value> = book.trace("X").into_iter().filter(|event| event["cat"] != "worker").collect();
    let outcomes: Vec<_> = attempts.iter().map(|event| event["args"]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["in doubt", "in doubt", "done"]);
    assert_eq!((book.trace("s").len(), book.trace("f").len()), (1, 1));
    assert!(book.trace("i").iter().any(|event| event["name"] == "the run goes on"));
}

#[test]
fn tasks_told_of_in_a_bundle_stand_one_behind_the_other() {
    let mut book = Book::begun(3);
    book.add([dispatched(0, &[0, 1, 2])]);
    for task in 0..3 {
        book.add_at(8 * SECOND, ended(task, None, 100_000));
    }
    let slices = book.trace("X");
    let times: Vec<(u64, u64)> = slices
        .iter()
        .filter(|event| event["cat"] == "done")
        .map(|event| (event["ts"].as_u64().unwrap(), event["dur"].as_u64().unwrap()))
        .collect();
    assert_eq!(times, [(7_700_000, 100_000), (7_800_000, 100_000), (7_900_000, 100_000)]);
}

#[test]
fn what_is_under_way_at_the_end_of_a_journal_is_shown_as_such() {
    let mut book = Book::begun(2);
    book.add([dispatched(0, &[0]), started(0, 0), What::Ticked]);
    let running = book.trace("X").into_iter().find(|event| event["cat"] == "running").unwrap();
    assert_eq!((running["ts"].as_u64(), running["dur"].as_u64()), (Some(8 * SECOND), Some(SECOND)));
    assert!(book.joblog().is_empty());
    let run: Value = serde_json::from_str(&book.export(Format::Json).0).unwrap();
    assert_eq!((run["outcome"].as_str(), run["exit_code"].as_u64()), (Some("unfinished"), None));
    assert_eq!((run["tasks"][0]["took_s"].as_f64(), run["tasks"][1]["started_s"].as_f64()), (Some(1.0), None));
    assert_eq!(run["command"][1], "a b\u{0}ff");
}

#[test]
fn what_cannot_have_happened_ends_the_story_at_its_line() {
    let mut book = Book::begun(1);
    book.add([ended(0, None, 0), What::RunEnded]);
    for format in [Format::Trace, Format::Joblog, Format::Csv, Format::Json, Format::Cast(screen())] {
        let (out, broken) = book.export(format);
        // The header, six events, and this.
        assert!(broken.unwrap().starts_with("line 8: it cannot have happened: attempt_ended: "), "{format:?}");
        assert!(!out.is_empty());
    }
    assert!(book.export(Format::Svg(screen(), Elapsed(6 * SECOND))).1.is_none());
}

#[test]
fn a_journal_without_events_is_something_in_every_format() {
    let book = Book::new();
    for format in [
        Format::Trace,
        Format::Joblog,
        Format::Csv,
        Format::Json,
        Format::Cast(screen()),
        Format::Svg(screen(), Elapsed(0)),
    ] {
        let (out, broken) = book.export(format);
        assert!(broken.is_none() && out.ends_with('\n'), "{out}");
    }
    assert_eq!(length(&book.bytes[..]).unwrap(), Elapsed(0));
    assert!(matches!(export(&b"hello\n"[..], Format::Csv, &mut Vec::new()), Err(ExportError::Open(_))));
}

#[test]
fn frames_are_a_tenth_of_a_second_apart_and_further_in_a_long_run() {
    let mut book = Book::begun(0);
    let clock = |at_us: u64| (at_us, What::Ticked);
    for (at_us, what) in (0..3000).map(|step| clock(7 * SECOND + step * 10_000)) {
        book.add_at(at_us, what);
    }
    // As if it ran until the end of time.
    for (at_us, what) in (0..64).map(|step| clock(u64::MAX >> (63 - step))).filter(|(at_us, _)| *at_us > 60 * SECOND) {
        book.add_at(at_us, what);
    }
    let (cast, _) = book.export(Format::Cast(screen()));
    let mut lines = cast.lines();
    let heading: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!((heading["timestamp"].as_u64(), heading["title"].as_str()), (Some(1000), Some("pooltop 'a b\u{fffd}'")));
    let frames: Vec<(f64, String, String)> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<f64> = frames.iter().map(|frame| frame.0).collect();
    assert!(times.is_sorted() && times.len() < 400, "{}", times.len());
    let of_stretch: Vec<&f64> = times.iter().filter(|at| (7.0..37.0).contains(*at)).collect();
    assert!(of_stretch.windows(2).all(|pair| pair[1] - pair[0] > 0.0999), "{of_stretch:?}");
    assert!(frames.iter().all(|frame| frame.1 == "o"));
}

#[test]
fn a_worker_that_was_lost_is_marked_in_its_seat_and_its_task_goes_on() {
    let mut book = Book::begun(1);
    let worker = WorkerId(0);
    book.add([
        dispatched(0, &[0]),
        started(0, 0),
        What::AttemptLost { task: TaskId(0), failure: Failure::WorkerLost { how: "killed\x1b[2J".into() } },
        What::WorkerExited { worker, how: Exit::Signal(9), last_words: "oh\nno".into() },
        What::TaskRequeued { task: TaskId(0), not_before: Elapsed(0) },
        What::TaskReleased { task: TaskId(0) },
    ]);
    book.worker(1);
    book.add([
        dispatched(1, &[0]),
        ended(0, None, SECOND),
        What::SourceClosed,
        What::PhaseEntered { phase: Phase::Closing, why: PhaseReason::Finished },
    ]);
    let lost = book.trace("i").into_iter().find(|event| event["name"] == "lost").unwrap();
    assert_eq!((lost["tid"].as_u64(), lost["args"]["why"].as_str()), (Some(11), Some("killed by SIGKILL: oh no")));
    let slices = book.trace("X");
    let attempt = |outcome: &str| slices.iter().find(|slice| slice["args"]["outcome"] == outcome).unwrap();
    assert_eq!(attempt("lost")["args"]["failure"], "killed\u{fffd}[2J");
    let (from, to) = (book.trace("s").remove(0), book.trace("f").remove(0));
    assert_eq!((&from["ts"], &from["id"]), (&attempt("lost")["ts"], &to["id"]));
    assert_eq!(to["ts"], attempt("done")["ts"]);
}
