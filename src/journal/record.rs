//! The recorder: a thread that gets every event of a run and keeps it. It says how far a crash cannot reach any more.
//! It does not know the state, nor who waits for its word.

use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::disk::DiskError;
use super::thin::{Kept, Thinner};
use super::write::{GATHERED_BYTES, Writer};
use crate::clock::Clock;
use crate::command::Recorded as Told;
use crate::event::{Elapsed, Event, What};

/// How many batches of events may lie between the pool and the recorder.
pub const BATCHES_MAX: usize = 256;

/// How long what nobody waits for may lie before it is written.
const WITHIN: Duration = Duration::from_millis(20);

/// How many such events may lie.
const RECORDS_MAX: u64 = 20;

/// A recorder at work.
pub struct Recorder {
    end: Receiver<Recorded>,
}

/// What has become of a recording: all of it, or why not.
pub type Recorded = Result<Recording, Box<str>>;

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// How long the journal is.
    pub journal_bytes: u64,
    /// How many events are in it.
    pub events: u64,
}

/// Starts it. It ends when nobody can send any more events.
///
/// # Errors
/// When there is no thread to be had.
pub fn record(writer: Writer, events: Receiver<Arc<[Event]>>, told: Arc<dyn Told>) -> io::Result<Recorder> {
    let (ended, end) = bounded(1);
    let work = move || {
        let _ = ended.send(Work::new(writer, told).run(&events));
    };
    Builder::new().name("recorder".to_owned()).spawn(work)?;
    Ok(Recorder { end })
}

impl Recorder {
    /// What has become of it, if it ends within that time: it does when everything is recorded, or nothing can be.
    pub fn end(&self, within: Duration) -> Option<Recorded> {
        match self.end.recv_timeout(within) {
            Ok(recorded) => Some(recorded),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err("the recorder broke".into())),
        }
    }
}

/// What has come and is not safe.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Open {
    /// When the first of it came.
    since: Option<Elapsed>,
    /// How many events of it have to survive a crash.
    records: u64,
    /// Whether somebody waits for it.
    is_awaited: bool,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Sync,
    Write,
    /// Look again after that time, or when more comes.
    Wait(Duration),
    /// Nothing until more comes.
    Nothing,
}

impl Open {
    /// An event was pushed.
    fn pushed(&mut self, event: &Event, now: Elapsed) {
        self.since.get_or_insert(now);
        self.records += u64::from(!event.what.may_be_left_out());
        self.is_awaited |= is_awaited(&event.what);
    }

    /// Asked when nothing more has come. As long as more comes, what is awaited gets a second answer only: one sync for all.
    fn due(&self, now: Elapsed) -> Due {
        let Some(since) = self.since else { return Due::Nothing };
        let left = WITHIN.saturating_sub(now.since(since));
        match self.records {
            _ if self.is_awaited => Due::Sync,
            0 if left.is_zero() => Due::Write,
            1.. if left.is_zero() => Due::Sync,
            RECORDS_MAX.. => Due::Sync,
            _ => Due::Wait(left),
        }
    }
}

/// Whether somebody may be holding something back until this is safe: the pool the tasks it gives out, people the end.
fn is_awaited(what: &What) -> bool {
    matches!(what, What::TasksDispatched { .. } | What::RunEnded)
}

struct Work {
    /// Why there is none, after a failure: nothing is written from then on.
    writer: Result<Writer, Box<str>>,
    told: Arc<dyn Told>,
    thinner: Thinner,
    clock: Clock,
    open: Open,
    /// How many events have come.
    events: u64,
}

impl Work {
    fn new(writer: Writer, told: Arc<dyn Told>) -> Self {
        let (thinner, open) = (Thinner::default(), Open::default());
        Self { writer: Ok(writer), told, thinner, clock: Clock::start(), open, events: 0 }
    }

    fn run(mut self, batches: &Receiver<Arc<[Event]>>) -> Recorded {
        loop {
            let batch = match self.open.due(self.clock.now()) {
                Due::Nothing => batches.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Due::Wait(time) => batches.recv_timeout(time),
                Due::Sync | Due::Write => {
                    self.settle();
                    continue;
                }
            };
            match batch {
                Ok(batch) => self.take(&batch),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // What came meanwhile is settled by the same sync.
            while !self.is_late()
                && let Ok(batch) = batches.try_recv()
            {
                self.take(&batch);
            }
        }
        self.attempt(Writer::sync);
        let mark = self.writer?.mark();
        Ok(Recording { journal_bytes: mark.offset, events: mark.seq })
    }

    /// Whether what has come has waited long enough, though more comes all the time.
    fn is_late(&self) -> bool {
        self.open.since.is_some_and(|since| self.clock.now().since(since) >= WITHIN)
    }

    fn take(&mut self, batch: &[Event]) {
        self.events += batch.len() as u64;
        let Ok(writer) = &mut self.writer else { return };
        let now = self.clock.now();
        for event in batch {
            match self.thinner.keep(event) {
                Kept::Whole => writer.push(event),
                Kept::Part(part) => writer.push(&part),
                Kept::Nothing => continue,
            }
            self.open.pushed(event, now);
        }
        if writer.gathered_bytes() >= GATHERED_BYTES {
            self.attempt(Writer::write);
        }
    }

    /// Does what is due.
    fn settle(&mut self) {
        if self.open.records == 0 {
            self.open = Open::default();
            self.attempt(Writer::write);
            return;
        }
        self.open = Open::default();
        if self.attempt(Writer::sync) {
            self.told.safe(self.events);
        }
    }

    /// Whether it was done. The first time it was not is the last one that it is tried.
    fn attempt(&mut self, act: impl FnOnce(&mut Writer) -> Result<(), DiskError>) -> bool {
        let Ok(writer) = &mut self.writer else { return false };
        match act(writer) {
            Ok(()) => true,
            Err(error) => {
                let reason = error.to_string();
                self.told.failed(&reason);
                self.writer = Err(reason.into());
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::event;
    use super::*;
    use crate::task::{TaskId, WorkerId};

    fn after(whats: Vec<What>) -> Open {
        let mut open = Open::default();
        for what in whats {
            open.pushed(&event(0, what), Elapsed(0));
        }
        open
    }

    fn dispatched() -> What {
        What::TasksDispatched { worker: WorkerId(0), tasks: vec![TaskId(0)] }
    }

    fn released() -> What {
        What::TaskReleased { task: TaskId(0) }
    }

    #[test]
    fn a_start_is_synced_at_once_and_the_rest_within_20_ms_or_20_records() {
        let within = Elapsed(19_000);
        let late = Elapsed(20_000);
        assert_eq!(Open::default().due(late), Due::Nothing);
        assert_eq!(after(vec![dispatched()]).due(Elapsed(0)), Due::Sync);
        assert_eq!(after(vec![What::RunEnded]).due(Elapsed(0)), Due::Sync);
        assert_eq!(after(vec![released()]).due(within), Due::Wait(Duration::from_millis(1)));
        assert_eq!(after(vec![released()]).due(late), Due::Sync);
        assert_eq!(after(vec![released(); 20]).due(Elapsed(0)), Due::Sync);
    }

    #[test]
    fn glimpses_are_written_and_not_synced() {
        let glimpses = vec![What::Ticked; 50];
        assert_eq!(after(glimpses.clone()).due(Elapsed(0)), Due::Wait(WITHIN));
        assert_eq!(after(glimpses).due(Elapsed(20_000)), Due::Write);
    }
}
