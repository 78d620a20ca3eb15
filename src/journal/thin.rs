//! What of a run is worth keeping: everything but glimpses that come faster than anybody could look. PURE.
//! It does not know how events are written.

use std::collections::HashMap;

use crate::event::{Elapsed, Event, What};
use crate::task::{Stream, TaskId, WorkerId};

/// How long a task's progress is not told again.
const PROGRESS_EVERY_US: u64 = 500_000;

/// How long a worker is not measured again. A little less than the second between two measurements, which are not exact.
const MEASURED_EVERY_US: u64 = 900_000;

/// How much of what tasks print, as they print it, is kept a second. All of it is with the end of the attempt or in its file.
const PRINTED_BYTES_A_SECOND: u64 = 64 << 10;

/// A second.
const SECOND_US: u64 = 1_000_000;

/// What becomes of an event.
#[derive(Debug, PartialEq)]
pub(super) enum Kept {
    /// It is kept as it is.
    Whole,
    /// So much of it is.
    Part(Event),
    /// It is left out.
    Nothing,
}

/// What was kept last, as far as it matters for what comes. It knows tasks in flight and the living workers only.
#[derive(Debug, Default)]
pub(super) struct Thinner {
    progressed: HashMap<TaskId, Elapsed>,
    sampled: HashMap<WorkerId, Elapsed>,
    counted: HashMap<WorkerId, Elapsed>,
    ticked: Option<Elapsed>,
    /// What was left out of each stream since the last piece that was kept.
    unprinted: HashMap<(TaskId, Stream), u64>,
    /// Which second it is, and how much of it is used up.
    printed: (u64, u64),
}

impl Thinner {
    /// What becomes of the next event.
    pub(super) fn keep(&mut self, event: &Event) -> Kept {
        let at = event.at;
        match &event.what {
            What::TaskProgressed { task, .. } => whole_if(is_due(&mut self.progressed, *task, at, PROGRESS_EVERY_US)),
            What::TaskPrinted { task, stream, skipped, bytes } => self.printed(at, (*task, *stream), *skipped, bytes),
            What::Sampled { samples } => {
                let due = |worker| is_due(&mut self.sampled, worker, at, MEASURED_EVERY_US);
                part(at, samples, |sample| sample.worker, due, |samples| What::Sampled { samples })
            }
            What::WiresCounted { wires } => {
                let due = |worker| is_due(&mut self.counted, worker, at, MEASURED_EVERY_US);
                part(at, wires, |wire| wire.worker, due, |wires| What::WiresCounted { wires })
            }
            What::Ticked => {
                let due = self.ticked.is_none_or(|last| at.0.saturating_sub(last.0) >= MEASURED_EVERY_US);
                if due {
                    self.ticked = Some(at);
                }
                whole_if(due)
            }
            What::AttemptEnded { task, .. } | What::AttemptLost { task, .. } => {
                self.progressed.remove(task);
                for stream in [Stream::Stdout, Stream::Stderr] {
                    self.unprinted.remove(&(*task, stream));
                }
                Kept::Whole
            }
            What::WorkerExited { worker, .. } => {
                self.sampled.remove(worker);
                self.counted.remove(worker);
                Kept::Whole
            }
            _ => Kept::Whole,
        }
    }

    fn printed(&mut self, at: Elapsed, from: (TaskId, Stream), skipped: u64, bytes: &[u8]) -> Kept {
        let second = at.0 / SECOND_US;
        if self.printed.0 != second {
            self.printed = (second, 0);
        }
        let length = bytes.len() as u64;
        if self.printed.1 + length > PRINTED_BYTES_A_SECOND {
            *self.unprinted.entry(from).or_default() += skipped + length;
            return Kept::Nothing;
        }
        self.printed.1 += length;
        match self.unprinted.remove(&from) {
            None => Kept::Whole,
            Some(more) => {
                let (task, stream) = from;
                let skipped = skipped.saturating_add(more);
                Kept::Part(Event { at, what: What::TaskPrinted { task, stream, skipped, bytes: bytes.to_vec() } })
            }
        }
    }
}

fn is_due<K: std::hash::Hash + Eq>(last: &mut HashMap<K, Elapsed>, key: K, at: Elapsed, every_us: u64) -> bool {
    let last = last.entry(key);
    let due = match &last {
        std::collections::hash_map::Entry::Occupied(last) => at.0.saturating_sub(last.get().0) >= every_us,
        std::collections::hash_map::Entry::Vacant(_) => true,
    };
    if due {
        last.insert_entry(at);
    }
    due
}

fn whole_if(due: bool) -> Kept {
    if due { Kept::Whole } else { Kept::Nothing }
}

/// Those of its items that are due.
fn part<T: Clone>(
    at: Elapsed,
    items: &[T],
    worker: impl Fn(&T) -> WorkerId,
    mut is_due: impl FnMut(WorkerId) -> bool,
    event: impl FnOnce(Vec<T>) -> What,
) -> Kept {
    let kept: Vec<T> = items.iter().filter(|item| is_due(worker(item))).cloned().collect();
    match kept.len() {
        0 => Kept::Nothing,
        all if all == items.len() => Kept::Whole,
        _ => Kept::Part(Event { at, what: event(kept) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::event;
    use super::*;
    use crate::event::{Sample, WireCount};
    use crate::journal::encode_event;
    use crate::task::{Outcome, Tally};

    fn progressed(task: u32) -> What {
        What::TaskProgressed { task: TaskId(task), done: 1, total: 2 }
    }

    fn printed(task: u32, bytes: usize, skipped: u64) -> What {
        What::TaskPrinted { task: TaskId(task), stream: Stream::Stdout, skipped, bytes: vec![b'x'; bytes] }
    }

    fn ended(task: u32) -> What {
        let (outcome, tally) = (Outcome::Done, Tally::default());
        What::AttemptEnded { task: TaskId(task), outcome, tally, took_us: 1, output: None }
    }

    #[test]
    fn a_task_tells_its_progress_twice_a_second_and_each_for_itself() {
        let mut thinner = Thinner::default();
        let kept = (0..100).filter(|n| thinner.keep(&event(n * 50, progressed(0))) == Kept::Whole).count();
        assert_eq!(kept, 10, "in five seconds");
        assert_eq!(thinner.keep(&event(5000, progressed(1))), Kept::Whole);
        assert_eq!(thinner.keep(&event(5001, ended(0))), Kept::Whole);
        assert_eq!(thinner.keep(&event(5002, progressed(0))), Kept::Whole, "another attempt begins anew");
    }

    #[test]
    fn what_was_printed_and_not_kept_is_said_with_the_next_piece() {
        let mut thinner = Thinner::default();
        let all: usize = 1000;
        let mut bytes = 0;
        for n in 0..all {
            match thinner.keep(&event(n as u64, printed(0, 4096, 10))) {
                Kept::Whole => bytes += 4096,
                other => assert_eq!(other, Kept::Nothing),
            }
        }
        assert_eq!(bytes as u64, PRINTED_BYTES_A_SECOND, "of the four megabytes of a second");
        let missing = (all - bytes / 4096) as u64 * 4106;
        assert_eq!(thinner.keep(&event(1000, printed(0, 5, 3))), Kept::Part(event(1000, printed(0, 5, missing + 3))));
        assert_eq!(thinner.keep(&event(1000, printed(0, 5, 3))), Kept::Whole);
    }

    #[test]
    fn a_worker_is_measured_once_a_second_whoever_else_is_measured() {
        let sample = |worker| Sample { worker: WorkerId(worker), cpu_percent: 1.0, rss_bytes: 1, stopped: false };
        let sampled =
            |workers: &[u32]| What::Sampled { samples: workers.iter().map(|&worker| sample(worker)).collect() };
        let mut thinner = Thinner::default();
        assert_eq!(thinner.keep(&event(0, sampled(&[0, 1]))), Kept::Whole);
        assert_eq!(thinner.keep(&event(500, sampled(&[1, 2]))), Kept::Part(event(500, sampled(&[2]))));
        assert_eq!(thinner.keep(&event(501, sampled(&[0, 2]))), Kept::Nothing);
        assert_eq!(thinner.keep(&event(990, sampled(&[0, 1]))), Kept::Whole);
    }

    #[test]
    fn what_matters_is_never_left_out() {
        let mut thinner = Thinner::default();
        for at in [0, 0, 1, 1] {
            assert_eq!(thinner.keep(&event(at, ended(0))), Kept::Whole);
            assert_eq!(thinner.keep(&event(at, What::TaskFailed { task: TaskId(0) })), Kept::Whole);
        }
    }

    #[test]
    fn an_hour_of_eight_busy_workers_takes_a_few_megabytes() {
        const MINUTES: u64 = 6;
        let mut thinner = Thinner::default();
        let (mut journal, mut seq, mut crc) = (Vec::new(), 0, 0);
        let workers = 0..8_u32;
        // As often as workers tell it: progress twenty times a second, measurements once.
        for tick in 0..MINUTES * 60 * 20 {
            let mut whats: Vec<What> = workers.clone().map(progressed).collect();
            if tick % 20 == 0 {
                let of = |worker| Sample {
                    worker: WorkerId(worker),
                    cpu_percent: 98.7,
                    rss_bytes: 12_345_678,
                    stopped: false,
                };
                whats.push(What::Sampled { samples: workers.clone().map(of).collect() });
                let wire = |worker| WireCount {
                    worker: WorkerId(worker),
                    frames_in: 12_345,
                    bytes_in: 1_234_567,
                    frames_out: 12_345,
                    bytes_out: 1_234_567,
                };
                whats.push(What::WiresCounted { wires: workers.clone().map(wire).collect() });
                whats.push(What::Ticked);
            }
            for event in whats.into_iter().map(|what| event(tick * 50, what)) {
                if thinner.keep(&event) == Kept::Whole {
                    seq += 1;
                    crc = encode_event(&mut journal, seq, &event, crc);
                }
            }
        }
        let an_hour = journal.len() as u64 * 60 / MINUTES;
        assert!((8 << 20..16 << 20).contains(&an_hour), "{an_hour} bytes");
    }
}
