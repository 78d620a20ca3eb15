//! A folder whose files are all there: cleared of dead leftovers, then given its source's mode, owner, attributes and times.
//! It does not know what is in it, nor which folders are still open.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::fstat;
use rustix::io::Errno;

use crate::beneath::{self, Access, why};
use crate::task::CopyEntry;

use super::place::Place;
use super::temp::sweep;
use super::{Meter, Tools, Trouble, keep};

/// Finishes the folder that the entry names; the batch's own folder where the name is empty.
pub(super) fn finish(
    place: &Place<'_>,
    entry: &CopyEntry,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<(), Trouble> {
    for name in [&entry.name.0, &entry.target_name().0] {
        if !name.is_empty() && !beneath::is_component(name) {
            let name = String::from_utf8_lossy(name);
            return Err(Trouble::Failed(format!("finish folder {name:?}: it is not the name of one folder")));
        }
    }
    let failed = |path: String, errno| Trouble::Failed(format!("finish folder {path}: {}", why(errno)));
    let target_path = || place.target_path(entry.target_name());
    let source =
        open_source(place.source, &entry.name.0).map_err(|errno| failed(place.source_path(&entry.name), errno))?;
    let stat = fstat(&source).map_err(|errno| failed(place.source_path(&entry.name), errno))?;
    let target = open_target(place.target, &entry.target_name().0).map_err(|errno| failed(target_path(), errno))?;
    sweep(&target);
    keep::keep_for_folder(&target, &source, &stat, &target_path, tools, meter)
        .map_err(|errno| failed(target_path(), errno))
}

/// Removes what an earlier attempt at this batch left half done, should it have been killed.
pub(super) fn sweep_again(place: &Place<'_>) {
    // A folder that cannot be listed is swept when it is finished.
    if let Ok(folder) = beneath::open_folder(place.target.as_fd(), b"", Access::List) {
        sweep(&folder);
    }
}

fn open_source(parent: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    match beneath::open_folder(parent.as_fd(), name, Access::List) {
        // Mode and times can be read all the same; that the attributes cannot is told when they are asked for.
        Err(Errno::ACCESS) => beneath::open_folder(parent.as_fd(), name, Access::Pass),
        other => other,
    }
}

fn open_target(parent: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    match beneath::open_folder(parent.as_fd(), name, Access::List) {
        // It was finished before, by an attempt that did not live to tell.
        Err(Errno::ACCESS) => {
            let folder = beneath::open_folder(parent.as_fd(), name, Access::Pass)?;
            beneath::unlock(folder.as_fd(), fstat(&folder)?.st_mode)?;
            beneath::open_folder(folder.as_fd(), b"", Access::List)
        }
        other => other,
    }
}
