//! Everything that recording does to files, behind a seam: what may fail on a disk can be made to fail by a test.
//! It does not know what is written.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use thiserror::Error;

/// The files a journal lies in.
pub trait Disk: Send + Sync {
    /// Makes a folder for its owner alone. One that is there is an error.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file for its owner alone, to be written from its beginning. One that is there is an error.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Target>>;

    /// Opens a file that is there, to be written from its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn Target>>;

    /// Gives a file its name, unless there is one of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// What was made or renamed in this folder is there after a crash.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is written.
pub trait Target: Send {
    /// Writes some of these bytes behind what there is; says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// What was written is there after a crash.
    fn sync(&mut self) -> io::Result<()>;

    /// Only so many bytes are left of it; writing goes on there.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
}

/// The disk there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        Ok(Box::new(OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Some filesystems cannot promise it. A second name for the file promises the same.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                std::fs::hard_link(from, to).and_then(|()| std::fs::remove_file(from))
            }
            other => Ok(other?),
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl Target for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }
}

/// What could not be done, and to which file.
#[derive(Debug, Error)]
#[error("{doing} {}: {error}", path.display())]
pub struct DiskError {
    /// Reads after "failed to".
    pub doing: &'static str,
    /// To this.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl DiskError {
    /// For `map_err`.
    pub(super) fn when(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self { doing, path, error }
    }
}
