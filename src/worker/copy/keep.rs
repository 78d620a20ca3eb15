//! What a copy keeps beside its contents: owner, extended attributes, mode and times, set through its descriptor.
//! It does not know names or contents; what cannot be kept is told, and the copy stays.

use std::cell::Cell;
use std::os::fd::OwnedFd;

use rustix::fs::XattrFlags;
use rustix::fs::{Gid, Mode, Stat, Timespec, Timestamps, Uid};
use rustix::fs::{fchmod, fchown, fgetxattr, flistxattr, fremovexattr, fsetxattr, fstat, futimens};
use rustix::io::Errno;

use super::{Meter, Tools};

/// The kernel's limit for the names of all attributes of one file together, and for one value.
const ATTRIBUTES_BYTES_MAX: usize = 64 << 10;

/// What a folder with a default list bestows on what is made in it.
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";
const DEFAULT_LIST: &[u8] = b"system.posix_acl_default";

/// The mode a copy is made with; see `Temp::create_file`.
const MODE_MADE: u32 = 0o600;

/// Every bit of a mode that is not the kind of thing, and those that outlive a lost owner.
const MODE_BITS: u32 = 0o7777;
const MODE_BITS_WITHOUT_OWNER: u32 = 0o1777;

/// What a folder gives to a new file in it, before anything is set: the same for all, so it is asked for once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inborn {
    uid: u32,
    gid: u32,
    access_list: AccessList,
}

/// Whether a new thing has an access control list it did not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AccessList {
    None,
    Inherited,
}

impl Inborn {
    /// Reads it off the first file made in the folder.
    pub(super) fn of(known: &Cell<Option<Self>>, made: &OwnedFd) -> Result<Self, Errno> {
        if let Some(known) = known.get() {
            return Ok(known);
        }
        let found = Self::read(made)?;
        known.set(Some(found));
        Ok(found)
    }

    fn read(made: &OwnedFd) -> Result<Self, Errno> {
        let stat = fstat(made)?;
        let names = attribute_names(made).unwrap_or_default();
        let inherited = names.split(|&byte| byte == 0).any(|name| name == ACCESS_LIST);
        let access_list = if inherited { AccessList::Inherited } else { AccessList::None };
        Ok(Self { uid: stat.st_uid, gid: stat.st_gid, access_list })
    }
}

/// Gives a new file what its source has.
pub(super) fn keep_for_file(
    copy: &OwnedFd,
    inborn: Inborn,
    source: &OwnedFd,
    stat: &Stat,
    path: &dyn Fn() -> String,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) {
    let mut loss = |what: &str, errno| tools.lost(meter, what, &path(), errno);
    let bits = keep_owner(copy, (inborn.uid, inborn.gid), stat, &mut loss);
    if inborn.access_list == AccessList::Inherited {
        remove_attribute(copy, ACCESS_LIST, &mut loss);
    }
    keep_attributes(copy, source, &mut loss);
    let mode = stat.st_mode & bits;
    if mode != MODE_MADE || inborn.access_list == AccessList::Inherited {
        keep_mode(copy, mode, &mut loss);
    }
    if let Err(errno) = futimens(copy, &times(stat)) {
        loss("the times", errno);
    }
}

/// Gives a folder what its source has. Its present state is read first: it may be older than this run.
pub(super) fn keep_for_folder(
    copy: &OwnedFd,
    source: &OwnedFd,
    stat: &Stat,
    path: &dyn Fn() -> String,
    tools: &mut Tools,
    meter: &mut Meter<'_>,
) -> Result<(), Errno> {
    let present = fstat(copy)?;
    let mut loss = |what: &str, errno| tools.lost(meter, what, &path(), errno);
    let bits = keep_owner(copy, (present.st_uid, present.st_gid), stat, &mut loss);
    let present_names = attribute_names(copy).unwrap_or_default();
    let wanted_names = keep_attributes(copy, source, &mut loss);
    for list in [ACCESS_LIST, DEFAULT_LIST] {
        let has = |names: &[u8]| names.split(|&byte| byte == 0).any(|name| name == list);
        if has(&present_names) && !has(&wanted_names) {
            remove_attribute(copy, list, &mut loss);
        }
    }
    keep_mode(copy, stat.st_mode & bits, &mut loss);
    if let Err(errno) = futimens(copy, &times(stat)) {
        loss("the times", errno);
    }
    Ok(())
}

/// The times of last access and last writing, for the calls that set them.
pub(super) fn times(stat: &Stat) -> Timestamps {
    let nanoseconds = |part| i64::try_from(part).unwrap_or(0);
    Timestamps {
        last_access: Timespec { tv_sec: stat.st_atime, tv_nsec: nanoseconds(stat.st_atime_nsec) },
        last_modification: Timespec { tv_sec: stat.st_mtime, tv_nsec: nanoseconds(stat.st_mtime_nsec) },
    }
}

/// Sets owner and group where they differ, and says which bits of the mode may follow.
fn keep_owner(copy: &OwnedFd, (uid, gid): (u32, u32), wanted: &Stat, loss: &mut dyn FnMut(&str, Errno)) -> u32 {
    if (uid, gid) == (wanted.st_uid, wanted.st_gid) {
        return MODE_BITS;
    }
    let owner = Some(Uid::from_raw(wanted.st_uid));
    let group = Some(Gid::from_raw(wanted.st_gid));
    let Err(errno) = fchown(copy, owner, group) else { return MODE_BITS };
    // Those who may not give a file away may still hand it to another of their own groups.
    let group_kept = gid == wanted.st_gid || fchown(copy, None, group).is_ok();
    loss(if group_kept { "the owner" } else { "owner and group" }, errno);
    // A program that runs as its owner must not come to run as somebody else.
    MODE_BITS_WITHOUT_OWNER
}

fn keep_mode(copy: &OwnedFd, mode: u32, loss: &mut dyn FnMut(&str, Errno)) {
    if let Err(errno) = fchmod(copy, Mode::from_raw_mode(mode)) {
        loss("the mode", errno);
    }
}

/// Sets every attribute of the source, and says their names, each ended by a zero byte.
fn keep_attributes(copy: &OwnedFd, source: &OwnedFd, loss: &mut dyn FnMut(&str, Errno)) -> Vec<u8> {
    let names = match attribute_names(source) {
        Ok(names) => names,
        Err(errno) => {
            loss("the extended attributes", errno);
            return Vec::new();
        }
    };
    if names.is_empty() {
        return names;
    }
    let mut value = vec![0_u8; ATTRIBUTES_BYTES_MAX];
    for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let kept = fgetxattr(source, name, value.as_mut_slice())
            .and_then(|bytes| fsetxattr(copy, name, &value[..bytes], XattrFlags::empty()));
        match kept {
            // Removed between the two calls: there is nothing to keep.
            Ok(()) | Err(Errno::NODATA) => {}
            Err(errno) => loss(&format!("the attribute {}", String::from_utf8_lossy(name)), errno),
        }
    }
    names
}

fn remove_attribute(copy: &OwnedFd, name: &[u8], loss: &mut dyn FnMut(&str, Errno)) {
    match fremovexattr(copy, name) {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
        Err(errno) => loss("the lack of an access control list", errno),
    }
}

/// The names of all attributes, each ended by a zero byte; none where the file system knows no attributes.
fn attribute_names(file: &OwnedFd) -> Result<Vec<u8>, Errno> {
    let mut few = [0_u8; 512];
    match flistxattr(file, few.as_mut_slice()) {
        Ok(bytes) => Ok(few[..bytes].to_vec()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Vec::new()),
        Err(Errno::RANGE) => {
            let mut many = vec![0_u8; ATTRIBUTES_BYTES_MAX];
            let bytes = flistxattr(file, many.as_mut_slice())?;
            many.truncate(bytes);
            Ok(many)
        }
        Err(errno) => Err(errno),
    }
}
