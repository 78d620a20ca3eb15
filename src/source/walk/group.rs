//! Small entries of one folder put together into tasks of a sensible size.
//! It does not know where they were found.

use std::sync::Arc;

use crate::task::{CopyEntry, CopyRoots, EntryKind, Stage};

use super::{Closed, Outlet, batch};

/// How many entries, and how many payload bytes, one task holds.
const TASK_ENTRIES_MAX: usize = 16;
const TASK_BYTES_MAX: u64 = 1 << 20;

/// How long the paths in one task may be together: some tens of tasks share a frame of the wire.
const TASK_TEXT_BYTES_MAX: usize = 24 << 10;

/// Entries of one folder that will share a task.
#[derive(Default)]
pub(super) struct Group {
    entries: Vec<CopyEntry>,
    bytes: u64,
    text_bytes: usize,
}

impl Group {
    /// Takes one more; sends what is there where it would become too much.
    pub(super) fn add(
        &mut self,
        roots: &Arc<CopyRoots>,
        stage: Stage,
        folder: &[u8],
        (entry, bytes): (CopyEntry, u64),
        outlet: &mut Outlet<'_>,
    ) -> Result<(), Closed> {
        let first_bytes = match &entry.kind {
            EntryKind::HardLink { first } => first.0.len(),
            _ => 0,
        };
        let text_bytes = entry.name.0.len() + first_bytes;
        let is_full = self.entries.len() >= TASK_ENTRIES_MAX
            || self.bytes + bytes > TASK_BYTES_MAX
            || self.text_bytes + text_bytes > TASK_TEXT_BYTES_MAX;
        if is_full {
            std::mem::take(self).send(roots, stage, folder.to_vec(), outlet)?;
        }
        self.bytes += bytes;
        self.text_bytes += text_bytes;
        self.entries.push(entry);
        Ok(())
    }

    /// Sends what is there.
    pub(super) fn send(
        self,
        roots: &Arc<CopyRoots>,
        stage: Stage,
        folder: Vec<u8>,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), Closed> {
        if self.entries.is_empty() {
            return Ok(());
        }
        outlet.task(stage, batch(roots, folder, self.entries))
    }
}
