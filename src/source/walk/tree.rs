//! What is remembered of a walked folder: its folders, and the further names of its files, until their stages come.
//! It does not touch the disk, nor know the plan's other items.

use std::rc::Rc;
use std::sync::Arc;

use crate::task::{CopyEntry, CopyRoots, EntryKind, RawText, Stage};

use super::group::Group;
use super::{Closed, FOLDERS, FURTHER_NAMES, LOCKED_FOLDERS, Outlet, batch};

/// What the later stages need of everything below one pair of folders.
pub(super) struct Tree {
    roots: Arc<CopyRoots>,
    /// Parents stand before their children, the children of one parent side by side.
    pub(super) folders: Vec<Folder>,
    /// In the order in which they were met.
    pub(super) further: Vec<FurtherName>,
}

pub(super) struct Folder {
    pub(super) parent: usize,
    pub(super) name: Box<[u8]>,
    pub(super) lock: Lock,
}

/// Whether a folder's final mode keeps its owner from passing through it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Open,
    Locked,
}

impl Lock {
    pub(super) fn of(mode: u32) -> Self {
        if mode & 0o100 == 0 { Self::Locked } else { Self::Open }
    }
}

/// The name under which a file of several names is copied.
pub(super) struct FirstName {
    pub(super) folder: usize,
    pub(super) name: Box<[u8]>,
}

/// Another name of a file that is copied under its first one.
pub(super) struct FurtherName {
    pub(super) folder: usize,
    pub(super) name: Box<[u8]>,
    pub(super) first: Rc<FirstName>,
}

impl Tree {
    /// The top folder alone.
    pub(super) fn new(roots: Arc<CopyRoots>, mode: u32) -> Self {
        let top = Folder { parent: 0, name: Box::default(), lock: Lock::of(mode) };
        Self { roots, folders: vec![top], further: Vec::new() }
    }

    /// Sends the further names of files whose first names were sent before.
    pub(super) fn send_further_names(&self, outlet: &mut Outlet<'_>) -> Result<(), Closed> {
        for same_folder in self.further.chunk_by(|a, b| a.folder == b.folder) {
            let path = self.path(same_folder[0].folder);
            let mut group = Group::default();
            for further in same_folder {
                let mut first = self.path(further.first.folder);
                push_component(&mut first, &further.first.name);
                let kind = EntryKind::HardLink { first: RawText(first) };
                let entry = CopyEntry { name: RawText(further.name.to_vec()), rename: None, kind };
                group.add(&self.roots, FURTHER_NAMES, &path, (entry, 0), outlet)?;
            }
            group.send(&self.roots, FURTHER_NAMES, path, outlet)?;
        }
        Ok(())
    }

    /// Sends the folders themselves, what is deeper first. A locked one comes last, unless it lies in another locked one.
    pub(super) fn send_folders(&self, outlet: &mut Outlet<'_>) -> Result<(), Closed> {
        let mut behind_lock = vec![Lock::Open; self.folders.len()];
        for (at, folder) in self.folders.iter().enumerate().skip(1) {
            if behind_lock[folder.parent] == Lock::Locked || self.folders[folder.parent].lock == Lock::Locked {
                behind_lock[at] = Lock::Locked;
            }
        }
        for stage in [FOLDERS, LOCKED_FOLDERS] {
            let is_due = |&at: &usize| {
                let last = self.folders[at].lock == Lock::Locked && behind_lock[at] == Lock::Open;
                last == (stage == LOCKED_FOLDERS)
            };
            let due: Vec<usize> = (1..self.folders.len()).rev().filter(is_due).collect();
            for siblings in due.chunk_by(|&a, &b| self.folders[a].parent == self.folders[b].parent) {
                self.send_siblings(stage, siblings, outlet)?;
            }
            if is_due(&0) {
                let entry = CopyEntry { name: RawText::default(), rename: None, kind: EntryKind::FolderDone };
                outlet.task(stage, batch(&self.roots, Vec::new(), vec![entry]))?;
            }
        }
        Ok(())
    }

    fn send_siblings(&self, stage: Stage, siblings: &[usize], outlet: &mut Outlet<'_>) -> Result<(), Closed> {
        let path = self.path(self.folders[siblings[0]].parent);
        let mut group = Group::default();
        for &at in siblings {
            let name = RawText(self.folders[at].name.to_vec());
            let entry = CopyEntry { name, rename: None, kind: EntryKind::FolderDone };
            group.add(&self.roots, stage, &path, (entry, 0), outlet)?;
        }
        group.send(&self.roots, stage, path, outlet)
    }

    /// A folder's path relative to both roots.
    pub(super) fn path(&self, mut at: usize) -> Vec<u8> {
        let mut names = Vec::new();
        while at != 0 {
            let folder = &self.folders[at];
            names.push(&*folder.name);
            at = folder.parent;
        }
        names.reverse();
        names.join(&b'/')
    }
}

/// Adds a component to a path.
pub(super) fn push_component(path: &mut Vec<u8>, name: &[u8]) {
    if !path.is_empty() && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}
