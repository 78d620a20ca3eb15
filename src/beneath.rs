//! Folders opened below a root without ever following a link, and what is read off a file's status. Used on both sides.
//! It does not know what is copied, who asked for it, nor what happens to the descriptors.

mod temp_name;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, chmod, openat, openat2};
use rustix::io::Errno;

pub use temp_name::TempName;

/// How much of a path is given to the kernel at once: below its own limit of 4096 bytes.
const PIECE_BYTES_MAX: usize = 4000;

/// What a folder is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To name things in it; needs no permission on the folder itself.
    Pass,
    /// To read its list of names and its attributes, or to change the latter.
    List,
}

impl Access {
    fn flags(self) -> OFlags {
        OFlags::DIRECTORY
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | match self {
                Self::Pass => OFlags::PATH,
                Self::List => OFlags::RDONLY,
            }
    }
}

/// Opens a folder by its absolute path, of which no part may be a symbolic link.
///
/// # Errors
/// `ELOOP` or `ENOTDIR` where a link is in the way, `EINVAL` if the path is not absolute, and whatever opening gives.
pub fn open_root(path: &[u8]) -> Result<OwnedFd, Errno> {
    let [b'/', rest @ ..] = path else { return Err(Errno::INVAL) };
    let top = openat(CWD, "/", Access::Pass.flags(), Mode::empty())?;
    open_folder(top.as_fd(), rest, Access::Pass)
}

/// Opens the folder at a relative path below `base`; the empty path is `base` itself. The path may be of any length.
///
/// # Errors
/// `ELOOP` or `ENOTDIR` where a link is in the way, `EINVAL` for `..`, and whatever opening gives.
pub fn open_folder(base: BorrowedFd<'_>, path: &[u8], access: Access) -> Result<OwnedFd, Errno> {
    if path.starts_with(b"/") || path.split(|&byte| byte == b'/').any(|part| part == b"..") {
        return Err(Errno::INVAL);
    }
    let mut rest = path;
    let mut at: Option<OwnedFd> = None;
    loop {
        let (piece, after) = split_piece(rest);
        let from = at.as_ref().map_or(base, AsFd::as_fd);
        let here = open_piece(from, piece, if after.is_empty() { access } else { Access::Pass })?;
        if after.is_empty() {
            return Ok(here);
        }
        at = Some(here);
        rest = after;
    }
}

/// As many whole components as the kernel takes at once, and the others.
fn split_piece(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= PIECE_BYTES_MAX {
        return (path, b"");
    }
    match path[..=PIECE_BYTES_MAX].iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        // One component beyond every limit: the kernel says so itself.
        None => (path, b""),
    }
}

fn open_piece(from: BorrowedFd<'_>, piece: &[u8], access: Access) -> Result<OwnedFd, Errno> {
    if piece.is_empty() {
        return openat(from, ".", access.flags(), Mode::empty());
    }
    let guarded = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(from, piece, access.flags(), Mode::empty(), guarded) {
        // Kernels before 5.6 do not have the call, and some sandboxes forbid what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => open_by_component(from, piece, access),
        other => other,
    }
}

fn open_by_component(from: BorrowedFd<'_>, piece: &[u8], access: Access) -> Result<OwnedFd, Errno> {
    let mut at = openat(from, ".", Access::Pass.flags(), Mode::empty())?;
    let mut parts = piece.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let wanted = if parts.peek().is_some() { Access::Pass } else { access };
        at = openat(&at, part, wanted.flags(), Mode::empty())?;
    }
    Ok(at)
}

/// Gives the owner every right on the folder behind a descriptor, also one opened for [`Access::Pass`].
///
/// # Errors
/// Whatever changing the mode gives; `ENOENT` where `/proc` is missing.
pub fn unlock(folder: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    // A descriptor that only names a folder takes no fchmod, and the folder's own path could be swapped for a link.
    chmod(format!("/proc/self/fd/{}", folder.as_raw_fd()), Mode::from_raw_mode(mode & 0o7777 | 0o700))
}

/// Whether these bytes can stand for one thing in a folder: not empty, no slash, neither `.` nor `..`.
#[must_use]
pub fn is_component(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

/// When the contents were last written, in nanoseconds since 1970 (negative before).
#[must_use]
pub fn modified_ns(stat: &Stat) -> i64 {
    stat.st_mtime.saturating_mul(1_000_000_000).saturating_add(i64::try_from(stat.st_mtime_nsec).unwrap_or(0))
}

/// The size in bytes.
#[must_use]
pub fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// What tells this thing from every other on the machine: device and inode.
#[must_use]
pub fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// What kind of thing it is, as people call it, with its article.
#[must_use]
pub fn kind_name(stat: &Stat) -> &'static str {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        FileType::Unknown => "a thing of an unknown kind",
    }
}

/// The system's own words for an error, as a fragment: "no space left on device".
#[must_use]
pub fn why(errno: Errno) -> String {
    let words = nix::errno::Errno::from_raw(errno.raw_os_error()).desc();
    match words.as_bytes() {
        [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_lowercase() as char, &words[1..])
        }
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_is_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("real/inner")).unwrap();
        symlink("real", dir.path().join("link")).unwrap();
        let base = fs::File::open(dir.path()).unwrap();
        for opener in [open_piece, open_by_component] {
            assert!(opener(base.as_fd(), b"real/inner", Access::List).is_ok());
            assert!(opener(base.as_fd(), b"link/inner", Access::List).is_err());
            assert!(opener(base.as_fd(), b"link", Access::Pass).is_err());
        }
        let linked = dir.path().canonicalize().unwrap().join("link");
        assert!(open_root(linked.as_os_str().as_encoded_bytes()).is_err());
    }

    #[test]
    fn nothing_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        let base = fs::File::open(dir.path()).unwrap();
        for path in [&b".."[..], b"a/..", b"a/../..", b"/etc", b"/"] {
            assert_eq!(open_folder(base.as_fd(), path, Access::Pass).unwrap_err(), Errno::INVAL, "{path:?}");
        }
        assert_eq!(open_root(b"etc").unwrap_err(), Errno::INVAL);
    }

    #[test]
    fn long_paths_are_cut_at_components() {
        let path = vec![vec![b'x'; 255]; 40].join(&b'/');
        let mut rest = path.as_slice();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, after) = split_piece(rest);
            assert!(piece.len() <= PIECE_BYTES_MAX);
            pieces.push(piece);
            rest = after;
        }
        assert_eq!(pieces.join(&b'/'), path);
    }

    #[test]
    fn a_locked_folder_can_be_unlocked_by_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let locked = dir.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o055)).unwrap();
        let base = fs::File::open(dir.path()).unwrap();
        let folder = open_folder(base.as_fd(), b"locked", Access::Pass).unwrap();
        unlock(folder.as_fd(), 0o055).unwrap();
        assert_eq!(fs::metadata(&locked).unwrap().permissions().mode() & 0o7777, 0o755);
    }

    #[test]
    fn errors_read_after_a_colon() {
        assert_eq!(why(Errno::NOSPC), "no space left on device");
        assert_eq!(why(Errno::IO), "I/O error");
    }

    #[test]
    fn names_are_one_component() {
        assert!(is_component(b"...") && is_component(b"a b") && is_component(b"\xff\n"));
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0b"] {
            assert!(!is_component(name), "{name:?}");
        }
    }
}
