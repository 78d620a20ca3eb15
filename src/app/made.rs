//! Folders that are made for a run and go with it, and those of a run that is gone on with.
//! It does not know what is put into them.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What the names of all of them begin with.
const PREFIX: &str = "pooltop-demo-";

/// A folder that goes when this is dropped, unless it stays.
#[derive(Debug)]
pub(super) struct Made {
    path: PathBuf,
    fate: Fate,
}

/// What becomes of a folder in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is removed.
    Goes,
    /// It stays.
    Stays,
}

/// Whether a former run's folder was still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was, with what is in it.
    Whole,
    /// It was made again, and is empty.
    Anew,
}

impl Made {
    /// A new one.
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        Ok(Self { path: folder.keep(), fate: Fate::Goes })
    }

    /// That of a former run; made again if it is gone. It stays until [`Self::goes`] is called. The path is not trusted: only
    /// what [`Self::new`] could have made, in this place and by this user, is taken for a made folder.
    pub(super) fn former(path: &Path) -> io::Result<(Self, Found)> {
        if !is_ours(path, &std::env::temp_dir()) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "that is no place where such folders are made"));
        }
        let found = match path.symlink_metadata() {
            Ok(there) if there.is_dir() && there.uid() == rustix::process::geteuid().as_raw() => Found::Whole,
            Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "something else is there now")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().mode(0o700).create(path)?;
                Found::Anew
            }
            Err(error) => return Err(error),
        };
        // What was made here and now must not be left behind.
        let fate = if found == Found::Anew { Fate::Goes } else { Fate::Stays };
        Ok((Self { path: path.to_owned(), fate }, found))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on it goes.
    pub(super) fn goes(&mut self) {
        self.fate = Fate::Goes;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.fate == Fate::Goes {
            // What cannot be removed stays in the folder for temporary things.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether that is the path of a made folder: right in the folder for temporary things, and called so.
fn is_ours(path: &Path, temporary: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_bytes).and_then(|name| name.strip_prefix(PREFIX.as_bytes()));
    let is_name = name.is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_alphanumeric));
    is_name && path.parent() == Some(temporary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_have_been_made_here_is_taken_for_made() {
        let temporary = Path::new("/var/tmp");
        for path in ["/var/tmp/pooltop-demo-aB3x", "/var/tmp//pooltop-demo-1"] {
            assert!(is_ours(Path::new(path), temporary), "{path}");
        }
        for path in [
            "/var/tmp/pooltop-demo-",
            "/var/tmp/pooltop-demo-a b",
            "/var/tmp/pooltop-demo-a/b",
            "/var/tmp/pooltop-demo-..",
            "/var/tmp/x/pooltop-demo-a",
            "/var/pooltop-demo-a",
            "/var/tmp/../tmp/pooltop-demo-a",
            "/var/tmp/mine",
            "pooltop-demo-a",
            "",
        ] {
            assert!(!is_ours(Path::new(path), temporary), "{path}");
        }
    }

    #[test]
    fn a_former_folder_stays_until_the_run_has_begun_and_is_made_again_where_it_is_gone() {
        let path = Made::new().unwrap().path().to_owned();
        assert!(!path.exists(), "dropped");
        assert_eq!(Made::former(&path).unwrap().1, Found::Anew);
        assert!(!path.exists(), "made again, and dropped");
        std::fs::create_dir(&path).unwrap();
        let (mut former, found) = Made::former(&path).unwrap();
        assert_eq!(found, Found::Whole);
        former.goes();
        drop(former);
        assert!(!path.exists());
        std::os::unix::fs::symlink("/", &path).unwrap();
        assert!(Made::former(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(Made::former(Path::new("/etc")).is_err());
    }
}
