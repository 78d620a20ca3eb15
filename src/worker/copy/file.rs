//! One regular file: compared with what was listed, copied under a temporary name, compared again, placed.
//! It does not know how its bytes are moved, nor the other entries of the batch.

use std::os::fd::{AsFd as _, OwnedFd};

use nix::unistd::close;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use crate::beneath::{self, why};
use crate::task::{CopyEntry, Fingerprint, Verify};

use super::data::{BUFFER_BYTES, DataError, Pipe};
use super::keep::{self, Inborn};
use super::place::Place;
use super::temp::{Obstacle, Temp, check_way};
use super::{Meter, Tools, Trouble, already};

/// Copies one file and says how many bytes it has. `seen` is what the walk saw, if it looked.
pub(super) fn copy(
    place: &Place<'_>,
    entry: &CopyEntry,
    seen: Option<&Fingerprint>,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<u64, Trouble> {
    let before = meter.done;
    match copy_once(place, entry, seen, tools, meter) {
        Err(Trouble::Changed) => {
            meter.done = before;
            copy_once(place, entry, None, tools, meter)
        }
        other => other,
    }
}

/// The failure of a file that changed during both readings.
pub(super) fn keeps_changing(place: &Place<'_>, entry: &CopyEntry) -> String {
    let path = place.source_path(&entry.name);
    format!("copy {path}: it changed twice while it was read; copy it again when nothing writes to it")
}

fn copy_once(
    place: &Place<'_>,
    entry: &CopyEntry,
    seen: Option<&Fingerprint>,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<u64, Trouble> {
    let (source, stat) = open_source(place, entry)?;
    if let Some(seen) = seen
        && *seen != fingerprint(&stat)
    {
        let path = place.source_path(&entry.name);
        meter.info(format!("{path} changed after it was listed, it is copied as it is now"));
    }
    if already::has_file(place, entry, (&source, &stat), tools, meter)? {
        let size = beneath::size(&stat);
        meter.advance(size)?;
        return Ok(size);
    }
    let sources = [beneath::identity(&stat)];
    let name = &entry.target_name().0;
    let target_path = || place.target_path(entry.target_name());
    if beneath::size(&stat) > BUFFER_BYTES as u64 {
        // What cannot be placed in the end need not be copied first; for a small file asking costs more than it saves.
        check_way(place.target.as_fd(), name, &sources).map_err(|it| obstacle(place, entry, &it))?;
    }
    let write = |errno| Trouble::Failed(format!("write {}: {}", target_path(), why(errno)));
    let (temp, copy) = Temp::create_file(place.target).map_err(write)?;
    let inborn = Inborn::of(place.inborn, &copy).map_err(write)?;
    let size = fill(place, entry, (&source, &stat), &copy, tools, meter)?;
    keep::keep_for_file(&copy, inborn, &source, &stat, &target_path, tools, meter);
    // Some network file systems tell only now that they could not write.
    close(copy).map_err(|errno| write(Errno::from_raw_os_error(errno as i32)))?;
    temp.place(name, &sources).map_err(|it| obstacle(place, entry, &it))?;
    Ok(size)
}

/// Writes the bytes, then makes sure that they are those of one moment.
fn fill(
    place: &Place<'_>,
    entry: &CopyEntry,
    (source, stat): (&OwnedFd, &Stat),
    copy: &OwnedFd,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<u64, Trouble> {
    let read = |errno| Trouble::Failed(format!("read {}: {}", place.source_path(&entry.name), why(errno)));
    let mut pipe = Pipe::new(source, copy, tools);
    let moved = pipe.run(stat, meter).and_then(|()| match place.roots.verify {
        Verify::No => Ok(true),
        Verify::Contents => pipe.compare(meter),
    });
    if let Err(DataError::Halted) = moved {
        return Err(Trouble::Halted);
    }
    if state(&fstat(source).map_err(read)?) != state(stat) {
        return Err(Trouble::Changed);
    }
    let size = beneath::size(stat);
    let text = match moved {
        Ok(true) => return Ok(size),
        Ok(false) => format!(
            "copy {} to {}: the copy's contents differ (BLAKE3); the disk or the memory may be faulty",
            place.source_path(&entry.name),
            place.target_path(entry.target_name())
        ),
        Err(DataError::Halted) => return Err(Trouble::Halted),
        Err(DataError::Read(errno)) => return Err(read(errno)),
        Err(DataError::Write(errno)) => {
            format!("write {}: {}", place.target_path(entry.target_name()), why(errno))
        }
        Err(DataError::OtherSize(found)) => {
            let path = place.source_path(&entry.name);
            format!("read {path}: {found} bytes were found where its size promises {size}")
        }
    };
    Err(Trouble::Failed(text))
}

fn open_source(place: &Place<'_>, entry: &CopyEntry) -> Result<(OwnedFd, Stat), Trouble> {
    let failed = |why: &str| Trouble::Failed(format!("read {}: {why}", place.source_path(&entry.name)));
    // Opening a FIFO that took the file's place must not wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let source = openat(place.source, entry.name.0.as_slice(), flags, Mode::empty()).map_err(|errno| match errno {
        Errno::LOOP => failed("it became a symbolic link after it was listed"),
        Errno::NXIO => failed("it became something else than a file after it was listed"),
        errno => failed(&why(errno)),
    })?;
    let stat = fstat(&source).map_err(|errno| failed(&why(errno)))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((source, stat)),
        _ => Err(failed(&format!("it became {} after it was listed", beneath::kind_name(&stat)))),
    }
}

/// The failure to give a copy its name.
pub(super) fn obstacle(place: &Place<'_>, entry: &CopyEntry, obstacle: &Obstacle) -> Trouble {
    let target = place.target_path(entry.target_name());
    Trouble::Failed(match obstacle {
        Obstacle::SameFile => {
            format!("copy {} to {target}: they are the same file", place.source_path(&entry.name))
        }
        Obstacle::InTheWay(kind) => format!("write {target}: {kind} is in the way; move it elsewhere"),
        Obstacle::Errno(errno) => format!("write {target}: {}", why(*errno)),
    })
}

fn fingerprint(stat: &Stat) -> Fingerprint {
    let (device, inode) = beneath::identity(stat);
    Fingerprint { bytes: beneath::size(stat), device, inode, modified_ns: beneath::modified_ns(stat) }
}

/// What differs after a write. The time of change cannot be set back, so it also shows who sets the other one back.
fn state(stat: &Stat) -> (u64, i64, i64, i64) {
    let changed_ns = i64::try_from(stat.st_ctime_nsec).unwrap_or(0);
    (beneath::size(stat), beneath::modified_ns(stat), stat.st_ctime, changed_ns)
}
