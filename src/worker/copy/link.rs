//! Symbolic links and further names of one file: made under a temporary name where the final one is taken.
//! It does not know where a symbolic link leads, nor whether anything is there.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, FileType, Gid, Stat, Uid};
use rustix::fs::{chownat, linkat, readlinkat, renameat, statat, symlinkat, utimensat};
use rustix::io::Errno;

use crate::beneath::{self, Access, why};
use crate::task::{CopyEntry, RawText};

use super::file::{self, obstacle};
use super::keep;
use super::place::Place;
use super::temp::{Obstacle, Temp, check_way};
use super::{Meter, Tools, Trouble, already};

/// Copies a symbolic link as a link, with its owner and times.
pub(super) fn copy_symlink(
    place: &Place<'_>,
    entry: &CopyEntry,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<(), Trouble> {
    let name = entry.name.0.as_slice();
    let target_path = || place.target_path(entry.target_name());
    let read = |errno: Errno| {
        let reason = if errno == Errno::INVAL { "it is no symbolic link any more".to_owned() } else { why(errno) };
        Trouble::Failed(format!("read {}: {reason}", place.source_path(&entry.name)))
    };
    let stat = source_stat(place, entry)?;
    let leads_to = readlinkat(place.source, name, Vec::new()).map_err(read)?;
    if already::has_symlink(place, entry, &stat, leads_to.as_bytes(), tools) {
        return Ok(());
    }
    let (temp, ()) = Temp::create(place.target, |folder, temp| symlinkat(leads_to.as_c_str(), folder, temp))
        .map_err(|errno| Trouble::Failed(format!("write {}: {}", target_path(), why(errno))))?;
    let mut lost = |what: &str, errno| tools.lost(meter, what, &target_path(), errno);
    let made = statat(place.target, temp.name(), AtFlags::SYMLINK_NOFOLLOW);
    if made.is_ok_and(|made| (made.st_uid, made.st_gid) != (stat.st_uid, stat.st_gid)) {
        let (owner, group) = (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
        if let Err(errno) = chownat(place.target, temp.name(), owner, group, AtFlags::SYMLINK_NOFOLLOW) {
            lost("the owner", errno);
        }
    }
    if let Err(errno) = utimensat(place.target, temp.name(), &keep::times(&stat), AtFlags::SYMLINK_NOFOLLOW) {
        lost("the times", errno);
    }
    let sources = sources_of_link(place, entry, &stat);
    temp.place(&entry.target_name().0, &sources).map_err(|it| obstacle(place, entry, &it))
}

/// Gives a file that was copied before another name; says how many bytes had to be copied because that is not possible.
pub(super) fn copy_hard_link(
    place: &Place<'_>,
    entry: &CopyEntry,
    first: &RawText,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<u64, Trouble> {
    let stat = source_stat(place, entry)?;
    let not_there = |reason: &str| {
        let target = place.target_path(entry.target_name());
        Trouble::Failed(format!("link {target} to {}: {reason}", first.lossy()))
    };
    let (folder, name) = match first.0.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&first.0[..slash], &first.0[slash + 1..]),
        None => (&b""[..], first.0.as_slice()),
    };
    if !beneath::is_component(name) {
        return Err(not_there("that is not the path of a file"));
    }
    let folder = beneath::open_folder(place.target_root.as_fd(), folder, Access::Pass)
        .map_err(|errno| not_there(&why(errno)))?;
    let original = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| not_there(&why(errno)))?;
    if !is_copy_of(&original, &stat) {
        // An older file of that name is there because the first copy failed; a link to it would spread the failure.
        return Err(not_there("what is there is not a copy of the same file"));
    }
    match link(place, entry, (&folder, name), &original, &stat) {
        Ok(()) => Ok(0),
        Err(Obstacle::Errno(errno @ (Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP | Errno::XDEV))) => {
            tools.lost(meter, "the link to its other names", &place.target_path(entry.target_name()), errno);
            copy_alone(place, entry, &stat, tools, meter)
        }
        Err(it) => Err(obstacle(place, entry, &it)),
    }
}

fn link(
    place: &Place<'_>,
    entry: &CopyEntry,
    (folder, first): (&OwnedFd, &[u8]),
    original: &Stat,
    source: &Stat,
) -> Result<(), Obstacle> {
    let name = entry.target_name().0.as_slice();
    match linkat(folder, first, place.target, name, AtFlags::empty()) {
        Ok(()) => return Ok(()),
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    let present = statat(place.target, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if beneath::identity(&present) == beneath::identity(original) {
        return Ok(());
    }
    check_way(place.target.as_fd(), name, &[beneath::identity(source)])?;
    let (temp, ()) = Temp::create(place.target, |to, temp| linkat(folder, first, to, temp, AtFlags::empty()))?;
    // Renaming one name of a file over another does nothing and leaves both, so the temporary one is always removed.
    renameat(place.target, temp.name(), place.target, name)?;
    Ok(())
}

fn copy_alone(
    place: &Place<'_>,
    entry: &CopyEntry,
    stat: &Stat,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<u64, Trouble> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => copy_symlink(place, entry, tools, meter).map(|()| 0),
        _ => file::copy(place, entry, None, tools, meter),
    }
}

/// Whether one looks like the finished copy of the other. File systems with coarse times keep at least the second.
fn is_copy_of(copy: &Stat, source: &Stat) -> bool {
    FileType::from_raw_mode(copy.st_mode) == FileType::from_raw_mode(source.st_mode)
        && (copy.st_size, copy.st_mtime) == (source.st_size, source.st_mtime)
}

fn source_stat(place: &Place<'_>, entry: &CopyEntry) -> Result<Stat, Trouble> {
    statat(place.source, entry.name.0.as_slice(), AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| Trouble::Failed(format!("read {}: {}", place.source_path(&entry.name), why(errno))))
}

/// The link itself and what it leads to: a link that took the place of what it leads to would lead nowhere.
fn sources_of_link(place: &Place<'_>, entry: &CopyEntry, stat: &Stat) -> Vec<(u64, u64)> {
    let behind = statat(place.source, entry.name.0.as_slice(), AtFlags::empty());
    std::iter::once(stat).chain(behind.as_ref().ok()).map(beneath::identity).collect()
}
