//! What a run that is gone on with has tasks for already, so that a second walk of the same folders leaves it out. PURE.
//! It does not know the disk, nor what became of those tasks.

use std::collections::HashSet;

use crate::task::{CopyBatch, CopyEntry, EntryKind};

/// Things by their paths, those below each pair of roots for themselves.
#[derive(Clone, Debug, Default)]
pub struct Known {
    things: HashSet<Box<[u8]>>,
    finishes: HashSet<Box<[u8]>>,
    notes: HashSet<Box<str>>,
}

/// Whether a task is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is still to be done.
    Open,
    /// It has ended, however.
    Ended,
}

impl Known {
    /// Takes in a task that the run has.
    pub fn add(&mut self, batch: &CopyBatch, progress: Progress) {
        for entry in &batch.entries {
            match (&entry.kind, progress) {
                // A second walk opens the folders it comes through, so they have to be finished again.
                (EntryKind::FolderDone, Progress::Ended) => {}
                (EntryKind::FolderDone, Progress::Open) => {
                    self.finishes.insert(key(batch, entry));
                }
                _ => {
                    self.things.insert(key(batch, entry));
                }
            }
        }
    }

    /// Takes in what was told of something that is not copied.
    pub fn add_note(&mut self, text: &str) {
        self.notes.insert(text.into());
    }

    /// Whether that was told.
    pub(super) fn is_told(&self, text: &str) -> bool {
        self.notes.contains(text)
    }

    /// Takes out of a task what is known. `None` where nothing is left of it.
    pub(super) fn leave_out(&self, mut batch: CopyBatch) -> Option<CopyBatch> {
        if self.things.is_empty() && self.finishes.is_empty() {
            return Some(batch);
        }
        let mut entries = std::mem::take(&mut batch.entries);
        entries.retain(|entry| {
            let known = if entry.kind == EntryKind::FolderDone { &self.finishes } else { &self.things };
            !known.contains(&key(&batch, entry))
        });
        batch.entries = entries;
        (!batch.entries.is_empty()).then_some(batch)
    }
}

/// No path holds a NUL.
fn key(batch: &CopyBatch, entry: &CopyEntry) -> Box<[u8]> {
    let roots = &batch.roots;
    let parts = [&roots.source.0, &roots.target.0, &batch.folder.0, &entry.name.0, &entry.target_name().0];
    parts.map(Vec::as_slice).join(&0).into()
}
