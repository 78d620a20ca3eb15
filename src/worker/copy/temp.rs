//! Unfinished copies: made under a name of their own, given the final one when whole, removed when not.
//! It does not know what is in them.
//!
//! A named file that is renamed was measured against one without a name that is linked (`O_TMPFILE`, `linkat`): 22 against 21
//! microseconds a file on ext4, a file written straight under its final name 20. Linking cannot replace an existing file
//! and not every file system has unnamed files, so both ways would be needed; renaming alone does it all.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags};
use rustix::fs::{openat, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::beneath::{self, TempName};

/// How often another ordinal is tried where a name is taken. A dead process of the same PID left a few at most.
const NAMES_TRIED_MAX: u32 = 1000;

/// How much of a folder's list is read at once.
const LIST_BYTES: usize = 32 << 10;

/// In what the kernel tells of a process, whatever its own clock ticks like.
const TICKS_PER_S: i64 = 100;

/// How much later a process has to have begun than a thing was made, to be none that made it: both times are rounded.
const BEGAN_SLACK_S: i64 = 5;

/// An unfinished copy in a folder; removed when dropped.
pub(super) struct Temp<'a> {
    folder: BorrowedFd<'a>,
    name: String,
}

/// Why a copy did not get its final name.
pub(super) enum Obstacle {
    /// What stands there is the source itself.
    SameFile,
    /// Something stands there that is not replaced, with its kind.
    InTheWay(&'static str),
    /// The system says no.
    Errno(Errno),
}

impl From<Errno> for Obstacle {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl<'a> Temp<'a> {
    /// Makes something new under an unused name by `make`, which is to fail with `EEXIST` where the name is taken.
    pub(super) fn create<T>(
        folder: &'a OwnedFd,
        mut make: impl FnMut(BorrowedFd<'_>, &str) -> Result<T, Errno>,
    ) -> Result<(Self, T), Errno> {
        static ORDINAL: AtomicU32 = AtomicU32::new(0);
        let folder = folder.as_fd();
        for _ in 0..NAMES_TRIED_MAX {
            let ordinal = ORDINAL.fetch_add(1, Ordering::Relaxed);
            let name = TempName { host: host(), pid: own_pid(), ordinal }.to_string();
            match make(folder, &name) {
                Ok(thing) => return Ok((Self { folder, name }, thing)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        Err(Errno::EXIST)
    }

    /// Makes an empty file that nobody else can open, readable and writable here.
    pub(super) fn create_file(folder: &'a OwnedFd) -> Result<(Self, OwnedFd), Errno> {
        Self::create(folder, |folder, name| {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(folder, name, flags, Mode::RUSR | Mode::WUSR)
        })
    }

    /// The temporary name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Gives it its final name, in place of a file or link that has it, unless that is one of the `sources`.
    pub(super) fn place(mut self, name: &[u8], sources: &[(u64, u64)]) -> Result<(), Obstacle> {
        // In a fresh destination this one call does it and also proves that nothing was in the way.
        match renameat_with(self.folder, &self.name, self.folder, name, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // Where the file system cannot refuse to replace, the plain call follows the same check.
            Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                check_way(self.folder, name, sources)?;
                renameat(self.folder, &self.name, self.folder, name)?;
            }
            Err(errno) => return Err(errno.into()),
        }
        self.name.clear();
        Ok(())
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            // Nothing more can be done about a file that cannot be removed; its name tells whose it was.
            let _ = unlinkat(self.folder, &self.name, AtFlags::empty());
        }
    }
}

/// Whether a copy may take this name. The first of the sources is what is copied, a second one what it leads to. Links are
/// replaced, never written through.
pub(super) fn check_way(folder: BorrowedFd<'_>, name: &[u8], sources: &[(u64, u64)]) -> Result<(), Obstacle> {
    let there = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) => there,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    };
    match FileType::from_raw_mode(there.st_mode) {
        // A link in place of what it leads to would lead nowhere.
        _ if sources.contains(&beneath::identity(&there)) => Err(Obstacle::SameFile),
        FileType::RegularFile => Ok(()),
        // A link to the source would be harmless to replace, but whoever made it meant the two to be one.
        FileType::Symlink => match statat(folder, name, AtFlags::empty()) {
            Ok(behind) if sources.first() == Some(&beneath::identity(&behind)) => Err(Obstacle::SameFile),
            _ => Ok(()),
        },
        _ => Err(Obstacle::InTheWay(beneath::kind_name(&there))),
    }
}

/// Removes unfinished copies whose makers are dead from a folder opened for listing. Best effort: what cannot be removed stays.
pub(super) fn sweep(folder: &OwnedFd) {
    let mut buffer = Vec::with_capacity(LIST_BYTES);
    let mut dead = Vec::new();
    let mut list = RawDir::new(folder, buffer.spare_capacity_mut());
    while let Some(Ok(entry)) = list.next() {
        if let Some(name) = TempName::parse(entry.file_name().to_bytes())
            && is_dead(folder, name)
        {
            dead.push(name.to_string());
        }
    }
    for name in dead {
        // A folder of such a name is not ours; unlinkat refuses it.
        let _ = unlinkat(folder, &name, AtFlags::empty());
    }
}

/// Whether the maker is gone. A process of the same number is another one if it is called otherwise than this one and began
/// after the thing was last changed; either alone would not do, for programs are renamed and clocks are set.
fn is_dead(folder: &OwnedFd, name: TempName) -> bool {
    if name.host != host() || name.pid == own_pid() {
        return false;
    }
    let Some(pid) = Pid::from_raw(name.pid).filter(|_| name.pid > 0) else { return false };
    if test_kill_process(pid) == Err(Errno::SRCH) {
        return true;
    }
    let made = statat(folder, name.to_string(), AtFlags::SYMLINK_NOFOLLOW);
    let (Ok(made), Some(there), Some(own)) = (made, Process::of(name.pid), Process::of(own_pid())) else {
        return false;
    };
    // A zombie writes nothing, and may wait for ever for somebody to ask how it died.
    there.is_zombie || there.name != own.name && there.began_s > made.st_ctime.saturating_add(BEGAN_SLACK_S)
}

/// What the kernel tells of a process.
struct Process {
    name: String,
    is_zombie: bool,
    /// Seconds since 1970.
    began_s: i64,
}

impl Process {
    fn of(pid: i32) -> Option<Self> {
        let of_system = std::fs::read_to_string("/proc/stat").ok()?;
        let booted: i64 = of_system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let of_process = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let of_process = String::from_utf8_lossy(&of_process);
        // The name, in brackets, may hold anything; what is counted comes behind it.
        let (name, rest) = of_process.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let is_zombie = matches!(fields.next()?, "Z" | "X");
        let ticks: i64 = fields.nth(18)?.parse().ok()?;
        let name = name.split_once('(')?.1.to_owned();
        Some(Self { name, is_zombie, began_s: booted + ticks / TICKS_PER_S })
    }
}

fn own_pid() -> i32 {
    static PID: OnceLock<i32> = OnceLock::new();
    *PID.get_or_init(|| rustix::process::getpid().as_raw_nonzero().get())
}

/// Sixteen bits of the machine's name; a PID from elsewhere must not be looked up here.
fn host() -> u16 {
    static HOST: OnceLock<u16> = OnceLock::new();
    *HOST.get_or_init(|| {
        let name = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
        std::ffi::OsStr::from_bytes(&name)
            .as_bytes()
            .iter()
            .fold(0x811c_u16, |hash, &byte| (hash ^ u16::from(byte)).wrapping_mul(0x0193).rotate_left(3))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A name that a process which no longer exists would have left.
    pub(in super::super) fn dead_name(ordinal: u32) -> String {
        // Beyond the largest PID the kernel gives out.
        TempName { host: host(), pid: i32::MAX, ordinal }.to_string()
    }

    #[test]
    fn only_the_dead_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = TempName { host: !host(), pid: i32::MAX, ordinal: 0 }.to_string();
        let alive = TempName { host: host(), pid: own_pid(), ordinal: 0 }.to_string();
        for name in [&dead_name(1), &foreign, &alive, &".pooltop-notes".to_owned()] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join(dead_name(2))).unwrap();
        sweep(&std::fs::File::open(dir.path()).unwrap().into());
        let mut left: Vec<String> =
            std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let mut expected = vec![foreign, alive, ".pooltop-notes".to_owned(), dead_name(2)];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn a_process_that_began_later_did_not_make_it() {
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get();
        let now = crate::clock::wall_us() / 1_000_000;
        let found = Process::of(parent).unwrap();
        assert!((now - 400 * 86_400..=now + 1).contains(&found.began_s), "{} at {now}", found.began_s);
        assert_ne!(found.name, Process::of(own_pid()).unwrap().name);
        let dir = tempfile::tempdir().unwrap();
        let folder = std::fs::File::open(dir.path()).unwrap().into();
        let name = TempName { host: host(), pid: parent, ordinal: 0 };
        std::fs::write(dir.path().join(name.to_string()), "x").unwrap();
        assert!(!is_dead(&folder, name), "it was there before");
        assert!(is_dead(&folder, TempName { pid: i32::MAX, ..name }));
    }

    #[test]
    fn an_unplaced_copy_vanishes() {
        let dir = tempfile::tempdir().unwrap();
        let folder: OwnedFd = std::fs::File::open(dir.path()).unwrap().into();
        drop(Temp::create_file(&folder).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let (temp, _file) = Temp::create_file(&folder).unwrap();
        assert!(temp.place(b"kept", &[]).is_ok());
        assert!(dir.path().join("kept").exists());
    }
}
