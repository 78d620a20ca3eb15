//! Vocabulary: what a copy task is about. One task holds one large file, or many small things of one folder.
//! It does not know how bytes are moved, nor who walked the tree.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RawText, TITLE_BYTES_MAX};

/// Entries of one folder, to be copied by one worker in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyBatch {
    /// Where from and where to, shared by all batches of one argument.
    pub roots: Arc<CopyRoots>,
    /// The folder, relative to both roots; empty for the roots themselves. Never absolute, never with `..`.
    pub folder: RawText,
    /// What to copy; never empty.
    pub entries: Vec<CopyEntry>,
}

impl CopyBatch {
    /// "img_0017.png", or "img_0001.png and 15 more".
    #[must_use]
    pub fn title(&self) -> String {
        let Some(first) = self.entries.first() else { return "nothing".to_owned() };
        let name = if first.name.0.is_empty() { &self.roots.source.0 } else { &first.name.0 };
        let name = String::from_utf8_lossy(&name[..name.len().min(TITLE_BYTES_MAX)]);
        match self.entries.len() {
            1 => name.into_owned(),
            n => format!("{name} and {} more", n - 1),
        }
    }

    /// How many entries people count as files.
    #[must_use]
    pub fn files(&self) -> u32 {
        let files = self.entries.iter().filter(|entry| entry.kind.is_file()).count();
        u32::try_from(files).unwrap_or(u32::MAX)
    }

    /// The sum over all entries.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.kind.bytes()))
    }
}

/// The two folders a copy goes between, and what is asked of every file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CopyRoots {
    /// An existing folder, absolute.
    pub source: RawText,
    /// An existing folder, absolute. Nothing outside it is ever written, links inside it are never followed.
    pub target: RawText,
    /// Whether contents are compared afterwards.
    pub verify: Verify,
}

/// Whether a finished copy is read again and compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Trust the kernel.
    #[default]
    No,
    /// Compare BLAKE3 of source and copy, before the copy gets its name.
    Contents,
}

/// One thing to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyEntry {
    /// Its name in the source folder. One component. Empty: the folder itself.
    pub name: RawText,
    /// Its name in the target folder where that differs. One component.
    pub rename: Option<RawText>,
    /// What it was when the folder was listed.
    pub kind: EntryKind,
}

impl CopyEntry {
    /// Its name in the target folder.
    #[must_use]
    pub fn target_name(&self) -> &RawText {
        self.rename.as_ref().unwrap_or(&self.name)
    }
}

/// What a thing in a folder is, and what is needed to copy it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file.
    File(Fingerprint),
    /// A symbolic link, copied as a link.
    Symlink,
    /// Another name of a file that an earlier stage has copied to `first`, a path relative to the target root.
    HardLink { first: RawText },
    /// A folder whose files are all there: gets its mode, owner and times.
    FolderDone,
}

impl EntryKind {
    /// Whether people count it as a file: everything but a folder.
    #[must_use]
    pub fn is_file(&self) -> bool {
        !matches!(self, Self::FolderDone)
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::File(seen) => seen.bytes,
            Self::Symlink | Self::HardLink { .. } | Self::FolderDone => 0,
        }
    }
}

/// What the walk saw of a file; the copy compares, so that a file that changes meanwhile is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Its size.
    pub bytes: u64,
    /// The device it is on.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// When it was last written, in nanoseconds since 1970 (negative before).
    pub modified_ns: i64,
}
