//! Journals of real runs, damaged in every way that can be thought of, and disks that fail at every point.
//! It does not know how a run is shown. `cargo test --release --test journal -- --include-ignored` does all of it; without the
//! flag, every so many bytes are damaged instead of all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damage;
mod disk;
mod made;
mod schema;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pooltop::event::Event;
use pooltop::journal::{Damage, Header, Mark, OpenError, Reader};

/// What can be read of a journal: its events, the mark in front of each and behind the last, and what ended it.
pub struct ReadBack {
    pub header: Header,
    pub events: Vec<Event>,
    pub marks: Vec<Mark>,
    pub damage: Option<Damage>,
}

/// Reads a journal to where it ends or stops being true.
pub fn read_back(bytes: &[u8]) -> Result<ReadBack, OpenError> {
    let (header, reader) = Reader::open(bytes)?;
    let (events, marks, damage) = read_on(reader);
    Ok(ReadBack { header, events, marks, damage })
}

/// The rest of a journal from a mark on.
pub fn read_from(bytes: &[u8], mark: Mark) -> (Vec<Event>, Option<Damage>) {
    let from = usize::try_from(mark.offset).expect("a journal fits into memory").min(bytes.len());
    let (events, _, damage) = read_on(Reader::at(&bytes[from..], mark));
    (events, damage)
}

fn read_on(mut reader: Reader<&[u8]>) -> (Vec<Event>, Vec<Mark>, Option<Damage>) {
    let (mut events, mut marks) = (Vec::new(), vec![reader.mark()]);
    loop {
        match reader.next() {
            Ok(Some(entry)) => {
                events.push(entry.event);
                marks.push(reader.mark());
            }
            Ok(None) => return (events, marks, None),
            Err(damage) => return (events, marks, Some(damage)),
        }
    }
}

/// The events in a file, which must be whole.
pub fn events_in(path: &Path) -> Vec<Event> {
    let (_, mut reader) = Reader::open(BufReader::new(File::open(path).expect("a journal"))).expect("a header");
    std::iter::from_fn(|| reader.next().expect("a whole journal")).map(|entry| entry.event).collect()
}

/// A folder in memory, where there is such a thing: what is synced a thousand times is not to wear out anybody's disk.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("pooltop-test-").tempdir_in(place).expect("a folder can be made")
}
