//! Single trace events, as JSON.
//! It does not know the run; it knows what the format wants.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::event::Elapsed;
use crate::task::{Pid, Slot};

/// All tracks belong to one process of this number, the run.
const RUN: u32 = 1;

/// Where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Track {
    /// What concerns all.
    Pool,
    /// A seat.
    Seat(Slot),
}

impl Track {
    /// Its number, which is its place as well: first the pool, then the parent, then the others by their seats, from 11.
    fn id(self) -> u32 {
        match self {
            Self::Pool => 2,
            Self::Seat(Slot::MAIN) => 3,
            Self::Seat(Slot::PARENT) => 4,
            Self::Seat(slot) => u32::from(slot.0) + 11,
        }
    }
}

/// One event. What a kind of event does not have is left out.
#[derive(Serialize)]
struct Line<'a> {
    ph: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'a str,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    pid: u32,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// How far an instant reaches: its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    /// Where a flow ends: in the slice around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
}

/// Where trace events go, one a line.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    before: &'static [u8],
    flows: u64,
}

impl<'a> Lines<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, before: b"\n", flows: 0 }
    }

    /// What the run is called.
    pub fn process(&mut self, name: &str, label: &str) -> io::Result<()> {
        let meta = |name: &'static str, args: Value| Line { args: Some(args), ..event("M", name, Track::Pool, 0) };
        self.put(&meta("process_name", json!({ "name": name })))?;
        if label.is_empty() { Ok(()) } else { self.put(&meta("process_labels", json!({ "labels": label }))) }
    }

    /// What a track is called, and its place.
    pub fn track(&mut self, track: Track, name: &str) -> io::Result<()> {
        let meta = |name: &'static str, args: Value| Line { args: Some(args), ..event("M", name, track, 0) };
        self.put(&meta("thread_name", json!({ "name": name })))?;
        self.put(&meta("thread_sort_index", json!({ "sort_index": track.id() })))
    }

    /// Something that lasted.
    pub fn slice(
        &mut self,
        track: Track,
        (from, to): (u64, u64),
        cat: &str,
        name: &str,
        args: Option<Value>,
    ) -> io::Result<()> {
        self.put(&Line { cat, dur: Some(to.saturating_sub(from)), args, ..event("X", name, track, from) })
    }

    /// A worker came up.
    pub fn start_up(
        &mut self,
        track: Track,
        from: Elapsed,
        to: Elapsed,
        worker: u32,
        pid: Option<Pid>,
    ) -> io::Result<()> {
        let args = json!({ "worker": worker, "pid": pid });
        self.slice(track, (from.0, to.0), "worker", "starting", Some(args))
    }

    /// Something that happened.
    pub fn instant(&mut self, track: Track, at: Elapsed, name: &str, text: Option<&str>) -> io::Result<()> {
        let args = text.map(|text| json!({ "why": text }));
        self.put(&Line { s: Some("t"), args, ..event("i", name, track, at.0) })
    }

    /// From one slice to another.
    pub fn flow(&mut self, from: (Track, u64), to: (Track, u64)) -> io::Result<()> {
        self.flows += 1;
        let id = Some(self.flows);
        self.put(&Line { id, cat: "retry", ..event("s", "retry", from.0, from.1) })?;
        self.put(&Line { id, cat: "retry", bp: Some("e"), ..event("f", "retry", to.0, to.1) })
    }

    /// The value of a counter from then on.
    pub fn counter(&mut self, at: u64, name: &str, value: impl Into<Value>) -> io::Result<()> {
        self.put(&Line { args: Some(json!({ "value": value.into() })), ..event("C", name, Track::Pool, at) })
    }

    fn put(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.out.write_all(self.before)?;
        self.before = b",\n";
        serde_json::to_writer(&mut *self.out, line)?;
        Ok(())
    }
}

fn event<'a>(ph: &'static str, name: &'a str, track: Track, ts: u64) -> Line<'a> {
    Line { ph, name, cat: "", ts, dur: None, pid: RUN, tid: track.id(), id: None, s: None, bp: None, args: None }
}
