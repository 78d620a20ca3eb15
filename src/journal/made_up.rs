//! Headers and events for tests.
//! It does not know what they are for.

use std::path::Path;
use std::time::Duration;

use super::{FORMAT, Header, RunId, is_live};
use crate::clock::Clock;
use crate::event::{Elapsed, Event, What};
use crate::task::RawText;

/// A run that began at 03:04:05 on the second of January 2026.
pub fn header() -> Header {
    Header {
        format: FORMAT,
        run: RunId("20260102-030405-0a1b".into()),
        program: "0.1.0".into(),
        started_unix_us: 1_767_323_045_000_000,
        command: vec![RawText::from("pooltop"), RawText(b"\xff".to_vec())],
        folder: RawText::from("/tmp"),
        scenario: None,
        made: Vec::new(),
        copies: Vec::new(),
    }
}

/// At so many milliseconds.
pub fn event(ms: u64, what: What) -> Event {
    Event { at: Elapsed(ms * 1000), what }
}

/// Nobody writes it any more, at the latest when other tests' children have become other programs, which takes a moment.
#[track_caller]
pub fn until_dead(journal: &Path) {
    let clock = Clock::start();
    while is_live(journal) {
        assert!(clock.elapsed() < Duration::from_secs(10), "{} is locked", journal.display());
    }
}
