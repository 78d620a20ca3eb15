//! Where a batch is copied from and to: the two folders, held open from one batch to the next.
//! It does not know what is copied between them.

use std::cell::Cell;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;

use crate::beneath::{self, Access};
use crate::task::{CopyBatch, CopyRoots, RawText};

use super::keep::Inborn;

/// How many folders are held open beside the two roots. Neighbouring batches come from few folders.
const FOLDERS_MAX: usize = 8;

/// The roots and folders of the last batches.
#[derive(Debug, Default)]
pub(super) struct Folders {
    roots: Option<Roots>,
    open: Vec<Folder>,
    next: usize,
}

#[derive(Debug)]
struct Roots {
    named: Arc<CopyRoots>,
    source: OwnedFd,
    target: OwnedFd,
}

#[derive(Debug)]
struct Folder {
    path: RawText,
    source: OwnedFd,
    target: OwnedFd,
    inborn: Cell<Option<Inborn>>,
}

/// The two folders of one batch.
pub(super) struct Place<'a> {
    pub(super) roots: &'a CopyRoots,
    path: &'a RawText,
    /// Opened for [`Access::Pass`].
    pub(super) source: &'a OwnedFd,
    /// Opened for [`Access::Pass`].
    pub(super) target: &'a OwnedFd,
    /// The target root, opened for [`Access::Pass`].
    pub(super) target_root: &'a OwnedFd,
    /// What the target folder gives to every new file in it, once the first one has shown it.
    pub(super) inborn: &'a Cell<Option<Inborn>>,
}

impl Folders {
    /// The folders of a batch, opened unless they still are.
    ///
    /// # Errors
    /// A fragment that names the folder which cannot be opened, and why.
    pub(super) fn open(&mut self, batch: &CopyBatch) -> Result<Place<'_>, String> {
        if self.roots.as_ref().is_none_or(|roots| *roots.named != *batch.roots) {
            self.roots = None;
            self.open.clear();
            self.next = 0;
        }
        let roots = match &mut self.roots {
            Some(roots) => roots,
            none => none.insert(Roots {
                named: Arc::clone(&batch.roots),
                source: open_root(&batch.roots.source)?,
                target: open_root(&batch.roots.target)?,
            }),
        };
        let known = self.open.iter().position(|folder| folder.path == batch.folder);
        let at = if let Some(at) = known {
            at
        } else {
            let folder = open_pair(roots, &batch.folder)?;
            let at = self.next;
            self.next = (at + 1) % FOLDERS_MAX;
            if at < self.open.len() {
                self.open[at] = folder;
            } else {
                self.open.push(folder);
            }
            at
        };
        let folder = &self.open[at];
        Ok(Place {
            roots: &roots.named,
            path: &folder.path,
            source: &folder.source,
            target: &folder.target,
            target_root: &roots.target,
            inborn: &folder.inborn,
        })
    }
}

fn open_root(path: &RawText) -> Result<OwnedFd, String> {
    beneath::open_root(&path.0).map_err(|errno| cannot_open(&path.lossy(), errno))
}

fn open_pair(roots: &Roots, path: &RawText) -> Result<Folder, String> {
    let open = |root: &OwnedFd, root_path: &RawText| {
        beneath::open_folder(root.as_fd(), &path.0, Access::Pass)
            .map_err(|errno| cannot_open(&joined(root_path, &path.0, b""), errno))
    };
    Ok(Folder {
        source: open(&roots.source, &roots.named.source)?,
        target: open(&roots.target, &roots.named.target)?,
        path: path.clone(),
        inborn: Cell::new(None),
    })
}

fn cannot_open(path: &str, errno: Errno) -> String {
    match errno {
        Errno::LOOP | Errno::NOTDIR => format!("open folder {path}: a part of it is a link or no folder any more"),
        errno => format!("open folder {path}: {}", beneath::why(errno)),
    }
}

impl Place<'_> {
    /// The whole path of a thing in the source folder, for people.
    pub(super) fn source_path(&self, name: &RawText) -> String {
        joined(&self.roots.source, &self.path.0, &name.0)
    }

    /// The whole path of a thing in the target folder, for people.
    pub(super) fn target_path(&self, name: &RawText) -> String {
        joined(&self.roots.target, &self.path.0, &name.0)
    }
}

fn joined(root: &RawText, folder: &[u8], name: &[u8]) -> String {
    let mut path = root.0.clone();
    for part in [folder, name] {
        if !part.is_empty() {
            if path.last() != Some(&b'/') {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
    }
    String::from_utf8_lossy(&path).into_owned()
}
