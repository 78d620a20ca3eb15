//! Copies one file of a tree of the run to the tree's copy, as a copy task would.
//! It does not know who made the tree.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, mkdirat, statat};
use rustix::io::Errno;

use super::thread::Thread;
use super::transfer::Part;
use super::{Stepped, Stop};
use crate::beneath::{self, Access};
use crate::task::{CopyBatch, CopyEntry, CopyRoots, EntryKind, Fingerprint, RawText, Verify};
use crate::worker::copy::CopyStop;

impl Thread<'_, '_> {
    /// Copies the file at this path, relative to the tree's folder.
    pub(super) fn copy_file(&mut self, tree: u16, path: &str) -> Stepped<()> {
        let Some(tree) = self.run.program.trees.get(usize::from(tree)) else {
            return Err("there is no such tree".into());
        };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !beneath::is_component(name.as_bytes()) || !folder.split('/').all(is_plain) && !folder.is_empty() {
            return Err(format!("{path:?} is no path within tree {}", tree.name).into());
        }
        let cannot = |what: &str, errno: Errno| format!("{what} {path}: {}", beneath::why(errno));
        let kind = seen(&tree.from.0, folder, name).map_err(|errno| cannot("read", errno))?;
        let Some(kind) = kind else { return Err(format!("{path} is neither a file nor a link").into()) };
        make_folders(&tree.to.0, folder).map_err(|errno| cannot("make the folder of", errno))?;
        let roots = CopyRoots { source: tree.from.clone(), target: tree.to.clone(), verify: Verify::No };
        let batch = CopyBatch {
            roots: Arc::new(roots),
            folder: RawText::from(folder),
            entries: vec![CopyEntry { name: RawText::from(name), rename: None, kind }],
        };
        let mut copier = std::mem::take(&mut self.copier);
        let outcome = copier.run(&batch, self.run.attempt, &mut Part::of(self));
        self.copier = copier;
        match outcome {
            Ok(tally) => {
                self.run.count(tally.bytes, u64::from(tally.files));
                Ok(())
            }
            Err(CopyStop::Halted) => Err(Stop::Halted),
            Err(CopyStop::Failed { text, .. }) => Err(text.into()),
        }
    }
}

fn is_plain(part: &str) -> bool {
    beneath::is_component(part.as_bytes())
}

/// What there is to copy; none if it is nothing that a function copies.
fn seen(root: &[u8], folder: &str, name: &str) -> Result<Option<EntryKind>, Errno> {
    let root = beneath::open_root(root)?;
    let folder = beneath::open_folder(root.as_fd(), folder.as_bytes(), Access::Pass)?;
    let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let (device, inode) = beneath::identity(&stat);
    let modified_ns = beneath::modified_ns(&stat);
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            Some(EntryKind::File(Fingerprint { bytes: beneath::size(&stat), device, inode, modified_ns }))
        }
        FileType::Symlink => Some(EntryKind::Symlink),
        _ => None,
    })
}

/// The folders of a path, where they are not there yet. Several workers may make the same at once.
fn make_folders(root: &[u8], folder: &str) -> Result<(), Errno> {
    let mut at: OwnedFd = beneath::open_root(root)?;
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        match mkdirat(&at, part, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        at = beneath::open_folder(at.as_fd(), part.as_bytes(), Access::Pass)?;
    }
    Ok(())
}
