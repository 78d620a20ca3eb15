//! One object: the run as a whole, then all its tasks.
//! It does not know the run's course; that is in the trace.

use std::io::{self, BufRead, Write};

use serde::Serialize;

use super::ledger::{Ledger, Row};
use super::{Broken, follow, utc};
use crate::event::{Phase, PhaseReason};
use crate::journal::{Header, Reader};
use crate::model::{State, Status};
use crate::task::RawText;

/// The run as a whole. Times are in seconds.
#[derive(Serialize)]
struct Summary<'a> {
    run: &'a str,
    program: &'a str,
    title: &'a str,
    command: &'a [RawText],
    folder: &'a RawText,
    started: String,
    took_s: f64,
    outcome: &'static str,
    /// What the program ended with; none if the journal ends before the run.
    exit_code: Option<u8>,
    counts: Counts,
    bytes: u64,
    files: u64,
    workers: Workers,
    sizes: Vec<Size>,
}

/// Tasks by what became of them, the parent's own program not among them.
#[derive(Serialize)]
struct Counts {
    total: u32,
    done: u32,
    failed: u32,
    interrupted: u32,
    dropped: u32,
    unfinished: u32,
}

#[derive(Serialize)]
struct Workers {
    spawned: u32,
    most_at_once: u32,
    lost: u32,
}

/// What a pool size brought while there was enough to do.
#[derive(Serialize)]
struct Size {
    workers: u32,
    time_s: f64,
    tasks: u64,
    tasks_per_s: f64,
    bytes_per_s: f64,
}

/// One task.
#[derive(Serialize)]
struct Line<'a> {
    task: u64,
    name: &'a str,
    kind: &'static str,
    status: &'static str,
    attempts: u16,
    worker: Option<&'a str>,
    started_s: Option<f64>,
    took_s: Option<f64>,
    bytes: u64,
    exit: Option<i32>,
    signal: Option<i32>,
    reason: Option<&'a str>,
}

pub(super) fn write<R: BufRead>(
    header: &Header,
    reader: &mut Reader<R>,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let mut ledger = Ledger::default();
    let (state, broken) = follow(reader, &mut ledger)?;
    let mut summary = serde_json::to_string_pretty(&summary(header, &state))?;
    // What stays open takes the tasks, a line each.
    summary.truncate(summary.trim_end_matches(['}', '\n']).len());
    write!(out, "{summary},\n  \"tasks\": [")?;
    for (at, row) in ledger.rows(&state).enumerate() {
        out.write_all(if at == 0 { b"\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &line(&row))?;
    }
    out.write_all(b"\n  ]\n}\n")?;
    Ok(broken)
}

fn summary<'a>(header: &'a Header, state: &'a State) -> Summary<'a> {
    let counts = state.counts_of_work();
    let effort = state.history.effort();
    let ended = state.phase == Phase::Ended;
    let sizes = state.history.by_size().iter().filter(|(size, _)| **size > 0);
    Summary {
        run: &header.run.0,
        program: &header.program,
        title: state.start.as_ref().map_or("", |start| &start.title),
        command: &header.command,
        folder: &header.folder,
        started: utc::iso(header.started_unix_us),
        took_s: state.now.secs(),
        outcome: if ended { outcome(state) } else { "unfinished" },
        exit_code: ended.then(|| state.exit_code()),
        counts: Counts {
            total: counts.total(),
            done: counts.of(Status::Done),
            failed: counts.of(Status::Failed),
            interrupted: counts.of(Status::Interrupted),
            dropped: counts.of(Status::Dropped),
            unfinished: counts.total() - counts.ended(),
        },
        bytes: state.bytes_done,
        files: state.files_done,
        workers: Workers { spawned: effort.processes, most_at_once: effort.most_alive, lost: state.unplanned.losses },
        sizes: sizes
            .map(|(workers, used)| Size {
                workers: *workers,
                time_s: super::Elapsed(used.time_us).secs(),
                tasks: used.done,
                tasks_per_s: used.tasks_per_s(),
                bytes_per_s: used.bytes_per_s(),
            })
            .collect(),
    }
}

fn outcome(state: &State) -> &'static str {
    if state.stopped_by == Some(PhaseReason::Stuck) {
        return "stuck";
    }
    match state.exit_code() {
        0 => "done",
        1 => "failed",
        3 => "not_recorded",
        _ => "interrupted",
    }
}

fn line<'a>(row: &'a Row<'_>) -> Line<'a> {
    let secs = |us: u64| super::Elapsed(us).secs();
    Line {
        task: u64::from(row.task.0) + 1,
        name: &row.name,
        kind: row.kind,
        status: row.status.word(),
        attempts: row.attempts,
        worker: row.worker.as_deref(),
        started_s: row.time_us.map(|(started, _)| secs(started)),
        took_s: row.time_us.map(|(_, took)| secs(took)),
        bytes: row.bytes,
        exit: row.exit,
        signal: row.signal,
        reason: row.reason.as_deref(),
    }
}
