//! A disk that fails at every point, and a crash at any moment: what was said to be safe is always read back.
//! It does not know why disks fail.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pooltop::command::Recorded;
use pooltop::event::{Elapsed, Event, What};
use pooltop::journal::{Disk, FORMAT, Header, RealDisk, RunId, Target, create_in, find, record, reopen};
use pooltop::task::{RawText, TaskId, WorkerId};

use crate::{folder, read_back};

/// How long a test waits for the recorder. Only a failing one does.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    NoSpace,
    Io,
    /// A signal came; nothing was done. For a write that is no failure.
    Interrupted,
    /// It takes less than it was given. No failure at all.
    Short,
}

/// Which operation fails, and whether all after it do.
#[derive(Clone, Copy, Debug)]
struct Plan {
    nth: usize,
    trouble: Trouble,
    forever: bool,
}

/// What has become of the journal's file.
#[derive(Default)]
struct Film {
    operations: usize,
    /// What came after the first operation that failed for good.
    after_failure: usize,
    has_failed: bool,
    /// What is on the disk for certain.
    synced: Vec<u8>,
    /// Where it went, and what; each may or may not be on the disk.
    unsynced: Vec<(usize, Vec<u8>)>,
    /// How many events were said to be safe.
    safe: u64,
    failed: Option<String>,
}

#[derive(Clone)]
struct Watched {
    film: Arc<Mutex<Film>>,
    plan: Option<Plan>,
}

struct WatchedFile {
    disk: Watched,
    file: Box<dyn Target>,
    length: usize,
}

impl Watched {
    fn new(plan: Option<Plan>) -> Self {
        Self { film: Arc::default(), plan }
    }

    fn film(&self) -> MutexGuard<'_, Film> {
        self.film.lock().unwrap()
    }

    /// The next operation: `None` if it is to be done as usual.
    fn next(&self, is_write: bool) -> io::Result<Option<Trouble>> {
        let mut film = self.film();
        film.operations += 1;
        film.after_failure += usize::from(film.has_failed);
        let Some(plan) = self.plan else { return Ok(None) };
        let struck = if plan.forever { film.operations >= plan.nth } else { film.operations == plan.nth };
        if !struck {
            return Ok(None);
        }
        let error = match plan.trouble {
            Trouble::NoSpace => io::Error::from_raw_os_error(28),
            Trouble::Io => io::Error::from_raw_os_error(5),
            Trouble::Interrupted if is_write && plan.forever => return Ok(None),
            Trouble::Interrupted if is_write => return Err(ErrorKind::Interrupted.into()),
            Trouble::Interrupted => ErrorKind::Interrupted.into(),
            Trouble::Short => return Ok(Some(Trouble::Short)),
        };
        film.has_failed = true;
        Err(error)
    }

    fn watch(&self, file: Box<dyn Target>, length: usize) -> Box<dyn Target> {
        Box::new(WatchedFile { disk: self.clone(), file, length })
    }
}

impl Disk for Watched {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.next(false)?;
        RealDisk.make_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        self.next(false)?;
        Ok(self.watch(RealDisk.create(path)?, 0))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        self.next(false)?;
        let length = usize::try_from(path.metadata()?.len()).unwrap();
        Ok(self.watch(RealDisk.append(path)?, length))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.next(false)?;
        RealDisk.rename(from, to)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.next(false)?;
        RealDisk.sync_folder(path)
    }
}

impl Target for WatchedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // In pieces, so that a crash can tear what one call was to write.
        let piece = match self.disk.next(true)? {
            Some(_) => bytes.len().min(7),
            None => bytes.len().min(200),
        };
        let written = self.file.write(&bytes[..piece])?;
        self.disk.film().unsynced.push((self.length, bytes[..written].to_vec()));
        self.length += written;
        Ok(written)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.next(false)?;
        self.file.sync()?;
        let mut film = self.disk.film();
        let all = film.unsynced.len();
        film.synced = image(&film, |_| true);
        film.unsynced.drain(..all);
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.disk.next(false)?;
        self.length = usize::try_from(bytes).unwrap();
        self.file.cut(bytes)
    }
}

impl Recorded for Watched {
    fn safe(&self, events: u64) {
        let mut film = self.film();
        assert!(events >= film.safe, "it only grows");
        assert!(film.failed.is_none(), "nothing is safe after a failure");
        film.safe = events;
    }

    fn failed(&self, reason: &str) {
        assert!(self.film().failed.replace(reason.to_owned()).is_none(), "it is told once");
    }
}

/// What is on the disk after a crash in which these writes were not lost.
fn image(film: &Film, keeps: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut bytes = film.synced.clone();
    for (_, (at, piece)) in film.unsynced.iter().enumerate().filter(|(number, _)| keeps(*number)) {
        let end = at + piece.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[*at..end].copy_from_slice(piece);
    }
    bytes
}

fn header() -> Header {
    Header {
        format: FORMAT,
        run: RunId("".into()),
        program: "test".into(),
        started_unix_us: 1_767_323_045_000_000,
        command: vec![RawText::from("pooltop")],
        folder: RawText::from("/"),
        scenario: None,
        made: Vec::new(),
        copies: Vec::new(),
    }
}

/// Batches of a run: what is awaited, what is not, and what is left out at times.
fn batches() -> Vec<Vec<Event>> {
    (0..12_u32)
        .map(|n| {
            let event = |what| Event { at: Elapsed(u64::from(n) * 1000), what };
            let (task, worker) = (TaskId(n), WorkerId(n % 3));
            vec![
                event(What::TaskStarted { task, worker, pid: None }),
                event(What::TaskReleased { task }),
                event(What::TasksDispatched { worker, tasks: vec![task] }),
            ]
        })
        .collect()
}

/// Records the batches, each when the one before is safe. Gives back the journal, if one was made.
fn run(disk: &Watched, runs: &Path, batches: &[Vec<Event>], mut after_each: impl FnMut(&Watched)) -> Option<PathBuf> {
    let Ok(opened) = create_in(disk, runs, &mut header()) else {
        let left = runs.read_dir().map_or(0, Iterator::count);
        assert_eq!(left, 0, "what could not be made leaves nothing behind");
        return None;
    };
    let (events, taken) = crossbeam_channel::bounded(4);
    let recorder = record(opened.writer, taken, Arc::new(disk.clone())).unwrap();
    let mut sent = 0;
    for batch in batches {
        events.send(Arc::from(batch.clone())).unwrap();
        sent += batch.len() as u64;
        let waiting = pooltop::clock::Clock::start();
        loop {
            let film = disk.film();
            if film.safe >= sent || film.failed.is_some() {
                break;
            }
            assert!(waiting.elapsed() < PATIENCE, "neither safe nor failed");
        }
        after_each(disk);
    }
    drop(events);
    let ended = recorder.end(PATIENCE).expect("it ends when nobody sends");
    assert_eq!(ended.is_err(), disk.film().failed.is_some());
    Some(opened.found.journal)
}

fn check(disk: &Watched, journal: &Path, truth: &[Event], said: &str) {
    let film = disk.film();
    let read = read_back(&std::fs::read(journal).unwrap()).unwrap_or_else(|error| panic!("{said}: {error}"));
    assert!(read.events.len() as u64 >= film.safe && read.events == truth[..read.events.len()], "{said}");
    match &film.failed {
        None => assert!(read.damage.is_none() && read.events == truth, "{said}"),
        Some(reason) => {
            let path = journal.to_string_lossy();
            assert!(reason.contains(&*path) && reason.contains("the journal"), "{said}: {reason}");
            assert_eq!(film.after_failure, 0, "{said}: nothing is tried again");
        }
    }
}

#[test]
fn whichever_operation_fails_what_was_said_to_be_safe_is_there() {
    let batches = batches();
    let truth: Vec<Event> = batches.concat();
    for trouble in [Trouble::NoSpace, Trouble::Io, Trouble::Interrupted, Trouble::Short] {
        for forever in [false, true] {
            let mut failures = 0;
            for nth in 1.. {
                let said = format!("{trouble:?} at {nth}, forever: {forever}");
                let folder = folder();
                let disk = Watched::new(Some(Plan { nth, trouble, forever }));
                if let Some(journal) = run(&disk, &folder.path().join("runs"), &batches, |_| {}) {
                    check(&disk, &journal, &truth, &said);
                    failures += usize::from(disk.film().failed.is_some());
                    let is_over = disk.film().operations < nth;
                    drop(disk);
                    let again = reopen(&RealDisk, find(&journal).unwrap(), &mut |_| Ok(()));
                    assert!(again.is_ok(), "{said}: {:?}", again.err());
                    if is_over {
                        break;
                    }
                }
            }
            assert_eq!(failures > 0, trouble != Trouble::Short, "{trouble:?}, forever: {forever}");
        }
    }
}

#[test]
fn a_reopening_that_fails_loses_nothing() {
    let batches = batches();
    let truth: Vec<Event> = batches.concat();
    let folder = folder();
    let whole = run(&Watched::new(None), &folder.path().join("runs"), &batches, |_| {}).unwrap();
    let torn = [std::fs::read(&whole).unwrap(), b"{\"seq\":9".to_vec()].concat();
    for nth in 1.. {
        let path = folder.path().join(format!("torn-{nth}"));
        std::fs::write(&path, &torn).unwrap();
        let disk = Watched::new(Some(Plan { nth, trouble: Trouble::NoSpace, forever: false }));
        let reopened = reopen(&disk, find(&path).unwrap(), &mut |_| Ok(())).is_ok();
        assert_eq!(read_back(&std::fs::read(&path).unwrap()).unwrap().events, truth, "operation {nth}");
        if reopened {
            assert!(disk.film().operations < nth && nth > 4, "all that can fail has failed");
            break;
        }
    }
}

#[test]
fn a_crash_at_any_moment_loses_nothing_that_was_said_to_be_safe() {
    let batches = batches();
    let truth: Vec<Event> = batches.concat();
    let folder = folder();
    let mut images = 0;
    let mut draw = 1_u64;
    let mut crash = |disk: &Watched| {
        let film = disk.film();
        for number in 0..64 {
            // None, all, the first, all but the first; then any.
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let kept = match number {
                0 => 0,
                1 => u64::MAX,
                2 => 1,
                3 => !1,
                _ => draw >> 11,
            };
            let read = read_back(&image(&film, |piece| kept >> (piece % 53) & 1 == 1)).expect("the header is synced");
            assert!(read.events.len() as u64 >= film.safe && read.events == truth[..read.events.len()]);
            images += 1;
        }
    };
    // What comes between two syncs is seen by a second look, a moment after the first.
    let disk = Watched::new(None);
    let opened = create_in(&disk, &folder.path().join("runs"), &mut header()).unwrap();
    let (events, taken) = crossbeam_channel::bounded(1);
    let recorder = record(opened.writer, taken, Arc::new(disk.clone())).unwrap();
    for event in &truth {
        events.send(Arc::from(vec![event.clone()])).unwrap();
        crash(&disk);
    }
    drop(events);
    crash(&disk);
    assert!(recorder.end(PATIENCE).unwrap().is_ok());
    crash(&disk);
    assert_eq!(read_back(&disk.film().synced).unwrap().events, truth);

    // A writer that is synced now and then: many pieces at once are at stake.
    let disk = Watched::new(None);
    let mut writer = create_in(&disk, &folder.path().join("more"), &mut header()).unwrap().writer;
    for (number, event) in truth.iter().enumerate() {
        writer.push(event);
        writer.write().unwrap();
        if number % 7 == 6 {
            writer.sync().unwrap();
            disk.film().safe = number as u64 + 1;
        }
        crash(&disk);
    }
    assert!(images > 64 * truth.len());
}
