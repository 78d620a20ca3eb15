//! A damaged journal: whatever was done to it, what can be read of it is true, and it can be gone on with.
//! It does not know files of any other kind.

use std::ops::Range;
use std::path::Path;

use pooltop::event::{Elapsed, Event, What};
use pooltop::journal::{Mark, RealDisk, encode_event, find, reopen};

use crate::made::{Made, all};
use crate::{ReadBack, events_in, folder, read_back, read_from};

/// How many bytes are left out between two that are damaged, and between two damaged journals that are gone on with.
#[derive(Clone, Copy)]
struct Every {
    byte: usize,
    reopened: usize,
}

/// Seconds in an unoptimised build. Primes, so that they fall on all places of a line.
const SOME: Every = Every { byte: 23, reopened: 1999 };

/// All there is.
const ALL: Every = Every { byte: 1, reopened: 41 };

/// A journal and what is known of it while it is damaged again and again.
struct Patient {
    name: &'static str,
    bytes: &'static [u8],
    whole: ReadBack,
    folder: tempfile::TempDir,
    /// Damages so far.
    count: usize,
    every: Every,
}

impl Patient {
    fn new(made: &'static Made, every: Every) -> Self {
        let whole = read_back(&made.bytes).unwrap();
        assert!(whole.damage.is_none(), "{}: {:?}", made.name, whole.damage);
        Self { name: made.name, bytes: &made.bytes, whole, folder: folder(), count: 0, every }
    }

    /// Which event's line that byte is in; `None` for the header.
    fn line_of(&self, byte: usize) -> Option<usize> {
        self.whole.marks.partition_point(|mark| mark.offset <= byte as u64).checked_sub(1)
    }

    /// `damaged` is as it was before `from`. What is read of it must be a part of the truth.
    fn examine(&mut self, damaged: &[u8], from: usize, what: &dyn Fn() -> String) {
        let said = || format!("{}: {}", self.name, what());
        let true_events = match self.line_of(from) {
            // Of the lines before it the same was read from the whole one.
            Some(line) => {
                let (events, _) = read_from(damaged, self.whole.marks[line]);
                let truth = &self.whole.events[line..];
                assert!(events.len() <= truth.len() && events == truth[..events.len()], "{}", said());
                line + events.len()
            }
            None => match read_back(damaged) {
                Ok(read) => {
                    assert_eq!(read.header, self.whole.header, "{}", said());
                    assert!(read.events == self.whole.events[..read.events.len()], "{}", said());
                    read.events.len()
                }
                // Without a header it is no journal, and says so.
                Err(_) => return,
            },
        };
        self.count += 1;
        if self.count.is_multiple_of(self.every.reopened) {
            self.go_on(damaged, true_events, &said());
        }
    }

    /// It takes more events, and is whole then.
    fn go_on(&self, damaged: &[u8], true_events: usize, said: &str) {
        let path = self.folder.path().join(self.count.to_string());
        std::fs::write(&path, damaged).unwrap();
        let mut seen = Vec::new();
        let mut visit = |entry: pooltop::journal::Entry| {
            seen.push(entry.event);
            Ok(())
        };
        let again =
            reopen(&RealDisk, find(&path).unwrap(), &mut visit).unwrap_or_else(|error| panic!("{said}: {error}"));
        assert!(seen == self.whole.events[..true_events], "{said}");
        let more = Event { at: Elapsed(u64::MAX), what: What::Ticked };
        let mut writer = again.opened.writer;
        writer.push(&more);
        writer.sync().unwrap();
        let events = events_in(&path);
        assert!(events[..true_events] == self.whole.events[..true_events] && events[true_events..] == [more], "{said}");
        if let Some(aside) = again.put_aside {
            let tail = std::fs::read(aside).unwrap();
            assert!(damaged.ends_with(&tail) && !tail.is_empty(), "{said}");
        }
        std::fs::remove_dir_all(self.folder.path()).unwrap();
        std::fs::create_dir(self.folder.path()).unwrap();
    }

    fn cut(&mut self) {
        for end in (0..self.bytes.len()).step_by(self.every.byte) {
            self.examine(&self.bytes[..end], end.saturating_sub(1), &|| format!("cut at {end}"));
        }
    }

    fn flip(&mut self) {
        let mut damaged = self.bytes.to_vec();
        for at in (0..self.bytes.len()).step_by(self.every.byte) {
            for bit in [at % 8, (at + 3) % 8, (at + 5) % 8] {
                damaged[at] ^= 1 << bit;
                self.examine(&damaged, at, &|| format!("bit {bit} of byte {at}"));
                damaged[at] = self.bytes[at];
            }
        }
    }

    fn zero(&mut self) {
        let mut damaged = self.bytes.to_vec();
        for length in [1, 16, 512, 4096] {
            for at in (0..self.bytes.len()).step_by(self.every.byte * 7) {
                let run: Range<usize> = at..(at + length).min(self.bytes.len());
                damaged[run.clone()].fill(0);
                self.examine(&damaged, at, &|| format!("{length} zeros at {at}"));
                damaged[run.clone()].copy_from_slice(&self.bytes[run]);
            }
        }
    }

    fn append_garbage(&mut self) {
        let end = self.bytes.len() - 1;
        let (first, last) = (self.whole.marks[0], *self.whole.marks.last().unwrap());
        let line = |from: Mark, to: usize| self.bytes[usize::try_from(from.offset).unwrap()..to].to_vec();
        let repeated = line(first, usize::try_from(self.whole.marks[1].offset).unwrap());
        for garbage in [vec![0; 4096], b"\n".to_vec(), b"{}\n".to_vec(), vec![0xff; 100], repeated, line(last, end + 1)]
        {
            let damaged = [self.bytes, &garbage].concat();
            self.examine(&damaged, end, &|| format!("{} bytes of garbage", garbage.len()));
            self.count = self.every.reopened - 1;
        }
    }

    /// Lines that are as they should be, but are not of this journal, or not in this place.
    fn forge(&mut self, other: &ReadBack, others: &[u8]) {
        for at in (1..self.whole.events.len()).step_by(self.every.byte) {
            let mark = self.whole.marks[at];
            let from = usize::try_from(mark.offset).unwrap();
            let forged = |seq: u64, crc: u32| {
                let mut line = Vec::new();
                encode_event(&mut line, seq, &Event { at: Elapsed(0), what: What::RunEnded }, crc);
                [&self.bytes[..from], &line].concat()
            };
            let theirs = usize::try_from(other.marks[at % other.marks.len()].offset).unwrap();
            let swapped = [&self.bytes[..from], &others[theirs..]].concat();
            let forgeries = [
                forged(mark.seq, mark.crc),
                forged(mark.seq + 2, mark.crc),
                forged(u64::MAX, mark.crc),
                forged(mark.seq + 1, !mark.crc),
                swapped,
            ];
            for (number, damaged) in forgeries.iter().enumerate() {
                self.examine(damaged, from, &|| format!("forgery {number} behind event {at}"));
            }
        }
    }
}

fn each(every: Every, mut act: impl FnMut(&mut Patient)) {
    for made in all() {
        act(&mut Patient::new(made, every));
    }
}

fn forge_all(every: Every) {
    let journals = all();
    for (at, made) in journals.iter().enumerate() {
        let others = &journals[(at + 1) % journals.len()].bytes;
        Patient::new(made, every).forge(&read_back(others).unwrap(), others);
    }
}

#[test]
fn six_journals_of_real_runs_are_whole_and_small_enough_to_be_damaged_everywhere() {
    for made in all() {
        let whole = read_back(&made.bytes).unwrap();
        assert!(whole.damage.is_none() && whole.events.len() > 10, "{}: {} events", made.name, whole.events.len());
        assert!(made.bytes.len() < 300_000, "{}: {} bytes", made.name, made.bytes.len());
        eprintln!("{}: {} bytes, {} events", made.name, made.bytes.len(), whole.events.len());
    }
}

#[test]
fn some_cuts_flips_zeros_tails_and_forgeries() {
    each(SOME, Patient::cut);
    each(SOME, Patient::flip);
    each(SOME, Patient::zero);
    each(SOME, Patient::append_garbage);
    forge_all(SOME);
}

#[test]
#[ignore = "minutes; cargo test --release --test journal -- --include-ignored"]
fn cut_at_every_byte() {
    each(ALL, Patient::cut);
}

#[test]
#[ignore = "minutes; cargo test --release --test journal -- --include-ignored"]
fn three_bits_of_every_byte_flipped() {
    each(ALL, Patient::flip);
}

#[test]
#[ignore = "minutes; cargo test --release --test journal -- --include-ignored"]
fn runs_of_zeros_everywhere() {
    each(ALL, Patient::zero);
}

#[test]
#[ignore = "minutes; cargo test --release --test journal -- --include-ignored"]
fn garbage_and_forgeries_behind_every_line() {
    each(ALL, Patient::append_garbage);
    forge_all(ALL);
}

#[test]
fn what_is_no_journal_is_refused_and_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join("journal");
    let zeros = vec![0; 100_000];
    for nothing in [&b""[..], b"\n", b"{}", b"{}\n", &zeros, b"{\"pooltop_journal\":1}\n", b"\xff\xfe\n"] {
        std::fs::write(&path, nothing).unwrap();
        assert!(reopen(&RealDisk, find(&path).unwrap(), &mut |_| Ok(())).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), nothing);
    }
    assert!(reopen(&RealDisk, find(Path::new("/dev/null")).unwrap(), &mut |_| Ok(())).is_err());
}

#[test]
fn a_line_without_end_costs_bounded_memory() {
    let journal = &all()[0].bytes;
    let whole = read_back(journal).unwrap();
    let endless = std::io::Read::chain(&journal[..], std::io::repeat(b'x'));
    let (_, mut reader) = pooltop::journal::Reader::open(std::io::BufReader::new(endless)).unwrap();
    let mut events = 0;
    let damage = loop {
        match reader.next() {
            Ok(Some(_)) => events += 1,
            Ok(None) => panic!("it has no end"),
            Err(damage) => break damage,
        }
    };
    assert_eq!(events, whole.events.len());
    assert!(damage.to_string().contains("too long"), "{damage}");
}
