//! Whether an earlier attempt of the same run has copied a thing already, so that it need not be copied again.
//! It does not know which attempt it was, nor keep a list of what was copied: the copy itself tells.
//!
//! A copy gets its name only when contents and attributes are complete. So what has the source's kind, size, time and mode, and
//! was last changed after the run began and after the source was, is the work of this run, or as good as it.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};

use crate::beneath;
use crate::task::{CopyEntry, Verify};
use crate::worker::Halted;

use super::data::{DataError, Pipe};
use super::place::Place;
use super::{Meter, Tools};

/// The bits of a mode that a copy has from its source.
const MODE_BITS: u32 = 0o7777;

/// How far the time of a change may lie before the moment in which it was made: the kernel's coarse clock moves in ticks.
const TICK_NS: i128 = 10_000_000;

/// When the run began: nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Began(pub(super) i128);

/// Whether the file is there. Where copies are verified, its contents are compared.
pub(super) fn has_file(
    place: &Place<'_>,
    entry: &CopyEntry,
    (source, stat): (&OwnedFd, &Stat),
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<bool, Halted> {
    let Some(began) = tools.again else { return Ok(false) };
    let name = entry.target_name().0.as_slice();
    let Ok(there) = statat(place.target, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(false) };
    if !is_ours(&there, stat, began) || there.st_mode & MODE_BITS != stat.st_mode & MODE_BITS {
        return Ok(false);
    }
    match place.roots.verify {
        Verify::No => Ok(true),
        Verify::Contents => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let Ok(copy) = openat(place.target, name, flags, Mode::empty()) else { return Ok(false) };
            let is_same = match Pipe::new(source, &copy, tools).compare(meter) {
                Ok(is_same) => is_same,
                Err(DataError::Halted) => return Err(Halted),
                // Whoever copies it again meets the error again, and tells it.
                Err(_) => false,
            };
            // Neither may have changed while it was read.
            let is_as_before =
                |file: &OwnedFd, before: &Stat| fstat(file).is_ok_and(|now| state(&now) == state(before));
            Ok(is_same && is_as_before(source, stat) && is_as_before(&copy, &there))
        }
    }
}

/// Whether the symbolic link is there, and leads where the source leads.
pub(super) fn has_symlink(place: &Place<'_>, entry: &CopyEntry, stat: &Stat, leads_to: &[u8], tools: &Tools) -> bool {
    let Some(began) = tools.again else { return false };
    let name = entry.target_name().0.as_slice();
    statat(place.target, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|there| is_ours(&there, stat, began))
        && readlinkat(place.target, name, Vec::new()).is_ok_and(|there| there.as_bytes() == leads_to)
}

fn is_ours(there: &Stat, source: &Stat, Began(began): Began) -> bool {
    let kind = |stat: &Stat| FileType::from_raw_mode(stat.st_mode);
    kind(there) == kind(source)
        && beneath::size(there) == beneath::size(source)
        && beneath::modified_ns(there) == beneath::modified_ns(source)
        && changed_ns(there) + TICK_NS >= began
        // In one tick of the kernel's clock nobody knows which came first.
        && changed_ns(there) > changed_ns(source)
        // Another name of the source is no copy of it; that is told by whoever tries to make one.
        && beneath::identity(there) != beneath::identity(source)
}

fn changed_ns(stat: &Stat) -> i128 {
    i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec)
}

fn state(stat: &Stat) -> (u64, u64, u64, i128) {
    let (device, inode) = beneath::identity(stat);
    (device, inode, beneath::size(stat), changed_ns(stat))
}
