//! Makes a run's folder and journal so that none is there with half a header, and takes up a journal that was cut off.
//! It does not know what runs do.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::disk::{Disk, DiskError};
use super::find::{Found, beside, in_folder};
use super::write::{Writer, write_all};
use super::{Damage, Entry, Header, OpenError, Reader, RunId};

/// How many ids are tried before it is given up: they differ in four digits.
const IDS_TRIED_MAX: u32 = 64;

/// How much of what lies behind a journal's last good line is put aside.
const TAIL_BYTES_MAX: u64 = 16 << 20;

/// How many tails of one journal are kept.
const TAILS_MAX: u32 = 1000;

/// How long a lock is waited for: somebody who only looks whether a run is live holds it for a moment, and workers whose
/// parent was killed need one to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// A journal that is being written.
pub struct Opened {
    /// Where it is, and its output.
    pub found: Found,
    /// Writes it.
    pub writer: Writer,
    /// Proves that it is being written as long as somebody holds it.
    pub lock: Arc<OwnedFd>,
}

/// Why there is no such journal.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file cannot be made or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Somebody has it.
    #[error("{} is being written: its run, or a worker of it, is alive", .0.display())]
    Live(PathBuf),
    /// It is none.
    #[error("{}: {error}", path.display())]
    NotAJournal { path: PathBuf, error: OpenError },
    /// It cannot be read, so nobody can say where it ends.
    #[error("read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: Damage },
    /// Whoever looked at the events did not take one.
    #[error("{}, event {seq}: {reason}", path.display())]
    Refused { path: PathBuf, seq: u64, reason: Box<str> },
}

/// Makes a run of its own in a folder of runs. The header gets the run's id.
///
/// # Errors
/// When that cannot be done. Then nothing is left of it.
pub fn create_in(disk: &dyn Disk, folder: &Path, header: &mut Header) -> Result<Opened, StoreError> {
    // What is for their owner alone above the runs, too: so says the standard that names the place.
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(DiskError::when("make", folder))?;
    let mut tried = 0;
    let found = loop {
        header.run = id(header.started_unix_us, tried);
        let found = in_folder(folder, &header.run);
        tried += 1;
        match disk.make_folder(&folder.join(&*header.run.0)) {
            Ok(()) => break found,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tried < IDS_TRIED_MAX => {}
            Err(error) => return Err(DiskError::when("make", &folder.join(&*header.run.0))(error).into()),
        }
    };
    let run = folder.join(&*header.run.0);
    let opened = begin(disk, &run, found, header).and_then(|opened| {
        disk.sync_folder(folder).map_err(DiskError::when("sync", folder))?;
        Ok(opened)
    });
    opened.inspect_err(|_| {
        // It was made a moment ago, by nobody else.
        let _ = std::fs::remove_dir_all(&run);
    })
}

/// Makes a journal of that name, which no file must have, and the folder for its output beside it.
///
/// # Errors
/// When that cannot be done. Then nothing is left of it.
pub fn create_at(disk: &dyn Disk, file: &Path, header: &mut Header) -> Result<Opened, StoreError> {
    header.run = id(header.started_unix_us, 0);
    if file.symlink_metadata().is_ok() {
        return Err(
            DiskError::when("record in", file)(io::Error::new(ErrorKind::AlreadyExists, "it exists already")).into()
        );
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    begin(disk, folder, beside(file), header)
}

/// Output folder, then the journal under another name, then its name.
fn begin(disk: &dyn Disk, folder: &Path, found: Found, header: &Header) -> Result<Opened, StoreError> {
    disk.make_folder(&found.output).map_err(DiskError::when("make", &found.output))?;
    let mut unnamed = found.journal.clone().into_os_string();
    unnamed.push(format!(".new-{}", header.run));
    let unnamed = PathBuf::from(unnamed);
    let made = named(disk, folder, &unnamed, &found, header);
    let (writer, lock) = made.inspect_err(|_| {
        let _ = std::fs::remove_file(&unnamed);
        let _ = std::fs::remove_dir(&found.output);
    })?;
    Ok(Opened { found, writer, lock })
}

fn named(
    disk: &dyn Disk,
    folder: &Path,
    unnamed: &Path,
    found: &Found,
    header: &Header,
) -> Result<(Writer, Arc<OwnedFd>), StoreError> {
    let target = disk.create(unnamed).map_err(DiskError::when("make", unnamed))?;
    // Before it has its name, so that nobody ever sees it without its lock.
    let lock = lock(unnamed, Duration::ZERO)?;
    let mut writer = Writer::begin(target, unnamed, header);
    writer.sync()?;
    disk.rename(unnamed, &found.journal).map_err(DiskError::when("make", &found.journal))?;
    disk.sync_folder(folder).map_err(DiskError::when("sync", folder)).inspect_err(|_| {
        let _ = std::fs::remove_file(&found.journal);
    })?;
    Ok((writer.renamed(&found.journal), lock))
}

/// A journal that was taken up again.
pub struct Reopened {
    /// Written from where the last good line ends.
    pub opened: Opened,
    /// Its first line.
    pub header: Header,
    /// What was wrong with the line behind the last good one.
    pub damage: Option<Damage>,
    /// Where what lay behind it has been put; at most 16 MiB of it.
    pub put_aside: Option<PathBuf>,
}

/// Takes a journal up to go on with it: locks it, hands every event to `visit`, puts what is behind the last good line aside.
/// Before all were taken nothing is changed.
///
/// # Errors
/// When somebody writes it, it cannot be read, `visit` does not take an event, or the disk fails.
pub fn reopen(
    disk: &dyn Disk,
    found: Found,
    visit: &mut dyn FnMut(Entry) -> Result<(), Box<str>>,
) -> Result<Reopened, StoreError> {
    let path = &found.journal;
    let lock = lock(path, LOCK_PATIENCE)?;
    let file = File::open(path).map_err(DiskError::when("open", path))?;
    let (header, mut reader) = Reader::open(BufReader::with_capacity(1 << 16, file)).map_err(|error| match error {
        OpenError::Io(error) => DiskError::when("read", path)(error).into(),
        error => StoreError::NotAJournal { path: path.clone(), error },
    })?;
    let damage = loop {
        match reader.next() {
            Ok(Some(entry)) => {
                let seq = entry.seq;
                visit(entry).map_err(|reason| StoreError::Refused { path: path.clone(), seq, reason })?;
            }
            Ok(None) => break None,
            // What cannot be read may be true.
            Err(error @ Damage::Io { .. }) => return Err(StoreError::Unreadable { path: path.clone(), error }),
            Err(damage) => break Some(damage),
        }
    };
    let mark = reader.mark();
    let mut file = reader.into_inner().into_inner();
    let bytes = file.metadata().map_err(DiskError::when("look at", path))?.len();
    let mut target = disk.append(path).map_err(DiskError::when("open", path))?;
    let mut put_aside = None;
    if bytes > mark.offset {
        put_aside = Some(aside(disk, &mut file, path, mark.offset)?);
        target.cut(mark.offset).map_err(DiskError::when("cut", path))?;
    }
    // What was read may never have been synced: it is gone on from, so it has to stay.
    target.sync().map_err(DiskError::when("sync", path))?;
    if !found.output.is_dir() {
        disk.make_folder(&found.output).map_err(DiskError::when("make", &found.output))?;
    }
    let writer = Writer::at(target, path, mark);
    Ok(Reopened { opened: Opened { found, writer, lock }, header, damage, put_aside })
}

/// Copies what is behind the last good line to a file of its own.
fn aside(disk: &dyn Disk, file: &mut File, path: &Path, from: u64) -> Result<PathBuf, DiskError> {
    let read = |file: &mut File| -> io::Result<Vec<u8>> {
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(TAIL_BYTES_MAX).read_to_end(&mut tail)?;
        Ok(tail)
    };
    let tail = read(file).map_err(DiskError::when("read", path))?;
    for number in 1.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".tail-{number}"));
        let name = PathBuf::from(name);
        let mut target = match disk.create(&name) {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < TAILS_MAX => continue,
            Err(error) => return Err(DiskError::when("make", &name)(error)),
        };
        let written = write_all(&mut *target, &tail).and_then(|()| target.sync());
        written.map_err(DiskError::when("write", &name)).inspect_err(|_| {
            let _ = std::fs::remove_file(&name);
        })?;
        return Ok(name);
    }
    unreachable!("BUG: all tails have a number")
}

/// An open file description of its own, for others to inherit. Some systems lock for writing only what is open for it.
fn lock(path: &Path, patience: Duration) -> Result<Arc<OwnedFd>, StoreError> {
    const AGAIN_AFTER: Duration = Duration::from_millis(20);
    let file = OpenOptions::new().append(true).open(path).map_err(DiskError::when("open", path))?;
    let waiting = crate::clock::Clock::start();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Arc::new(file.into())),
            Err(TryLockError::WouldBlock) if waiting.elapsed() < patience => {
                let _ = crossbeam_channel::never::<()>().recv_timeout(AGAIN_AFTER);
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::Live(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(DiskError::when("lock", path)(error).into()),
        }
    }
}

/// `YYYYMMDD-HHMMSS-xxxx` in UTC.
/// By date and time, so that ids sort as runs began: the last four digits are the part of the second. `tried`: how many ids near it
/// were somebody else's.
fn id(unix_us: i64, tried: u32) -> RunId {
    let part = ((unix_us.rem_euclid(1_000_000) << 16) / 1_000_000 + i64::from(tried)) & 0xffff;
    let seconds = unix_us.div_euclid(1_000_000);
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    RunId(format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{part:04x}").into())
}

/// The date so many days after the first of January 1970, in the calendar of today; years begin in March here, so that the day
/// that is sometimes there is the last one.
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::super::disk::RealDisk;
    use super::super::find::{JOURNAL, OUTPUT, as_id, is_live};
    use super::super::made_up::{event, header, until_dead};
    use super::*;
    use crate::event::What;
    use std::os::unix::fs::PermissionsExt as _;

    fn events_of(path: &Path) -> Vec<crate::event::Event> {
        let (_, mut reader) = Reader::open(BufReader::new(File::open(path).unwrap())).unwrap();
        let mut events = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            events.push(entry.event);
        }
        events
    }

    #[test]
    fn ids_are_dates_in_utc() {
        for (unix, expected) in [
            (0, "19700101-000000-0000"),
            (951_782_400, "20000229-000000-0000"),
            (1_767_323_045, "20260102-030405-0000"),
            (4_107_542_399, "21000228-235959-0000"),
            (4_107_542_400, "21000301-000000-0000"),
            (-1, "19691231-235959-0000"),
        ] {
            let id = id(unix * 1_000_000, 0);
            assert_eq!(&*id.0, expected);
            assert_eq!(as_id(&id.0), Some(id));
        }
    }

    #[test]
    fn ids_sort_as_runs_began() {
        let began = [5_000_000, 5_000_100, 5_499_999, 5_500_000, 5_999_999, 6_000_000].map(|us| id(us, 0));
        assert!(began.is_sorted_by(|one, next| one < next), "{began:?}");
        assert_ne!(id(5_999_999, 1), id(5_999_999, 0));
    }

    #[test]
    fn a_run_gets_a_folder_of_its_own_that_only_its_owner_may_see() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("state/pooltop/runs");
        let mut headers = [header(), header()];
        let [first, second] = headers.each_mut().map(|header| create_in(&RealDisk, &runs, header).unwrap());
        assert_eq!([&*first.found.id.0, &*second.found.id.0], ["20260102-030405-0000", "20260102-030405-0001"]);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let run = runs.join("20260102-030405-0000");
        assert_eq!([mode(&run), mode(&run.join(OUTPUT)), mode(&run.join(JOURNAL))], [0o700, 0o700, 0o600]);
        assert_eq!(run.read_dir().unwrap().count(), 2, "nothing else is left in it");
        assert!(is_live(&first.found.journal));
        let (header, _) = Reader::open(BufReader::new(File::open(&first.found.journal).unwrap())).unwrap();
        assert_eq!(header, headers[0]);
        let journal = first.found.journal.clone();
        drop(first);
        assert!(is_live(&second.found.journal));
        until_dead(&journal);
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine");
        std::fs::write(&file, "precious").unwrap();
        let error = create_at(&RealDisk, &file, &mut header()).err().unwrap().to_string();
        assert!(error.contains("mine") && error.contains("exists"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let missing = folder.path().join("no/such/folder");
        assert!(create_at(&RealDisk, &missing, &mut header()).is_err());
    }

    #[test]
    fn a_journal_that_was_cut_off_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal");
        let Opened { mut writer, found, lock } = create_at(&RealDisk, &file, &mut header()).unwrap();
        let events: Vec<_> = (0..4).map(|at| event(at, What::Ticked)).collect();
        events[..2].iter().for_each(|event| writer.push(event));
        writer.sync().unwrap();
        assert!(matches!(reopen(&RealDisk, found.clone(), &mut |_| Ok(())), Err(StoreError::Live(_))));
        drop((writer, lock));
        for round in 1..3 {
            let mut torn = std::fs::read(&file).unwrap();
            torn.extend_from_slice(b"{\"seq\":3,\"at");
            std::fs::write(&file, torn).unwrap();
            let refused = reopen(&RealDisk, found.clone(), &mut |_| Err("no".into()));
            assert!(matches!(refused, Err(StoreError::Refused { seq: 1, .. })));
            let mut seen = Vec::new();
            let mut visit = |entry: Entry| {
                seen.push(entry.event);
                Ok(())
            };
            let again = reopen(&RealDisk, found.clone(), &mut visit).unwrap();
            assert_eq!(seen, events[..=round]);
            let aside = again.put_aside.unwrap();
            assert!(aside.to_string_lossy().ends_with(&format!("journal.tail-{round}")));
            assert_eq!(std::fs::read(aside).unwrap(), b"{\"seq\":3,\"at");
            let mut writer = again.opened.writer;
            writer.push(&events[round + 1]);
            writer.sync().unwrap();
            assert_eq!(events_of(&file), events[..round + 2]);
        }
    }
}
