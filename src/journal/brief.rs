//! What a run came to, in a small file beside its journal, so that a list of runs need not read them all. It is trusted in nothing:
//! whoever reads it holds it to the journal's length.
//! It does not know how runs are shown.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Its name, in the run's folder.
pub const BRIEF: &str = "summary.json";

/// How long it may be.
const BYTES_MAX: u64 = 4 << 10;

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// How it ended.
    pub outcome: Outcome,
    /// Tasks that are done.
    pub done: u64,
    /// Tasks that failed.
    pub failed: u64,
    /// All tasks.
    pub total: u64,
    /// How long it took, as its own clock has it.
    pub took_us: u64,
    /// How long the journal is.
    pub journal_bytes: u64,
    /// How much everything takes that is kept of it.
    pub bytes: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All is done.
    Done,
    /// Something failed.
    Failed,
    /// Nothing could go on.
    Stuck,
    /// With work left.
    Interrupted,
    /// Because it could not be recorded any more.
    NotRecorded,
}

impl Brief {
    /// Puts it beside the journal, in one piece.
    ///
    /// # Errors
    /// When it cannot be written. Nobody needs it.
    pub fn write(&self, journal: &Path) -> io::Result<()> {
        let (path, unnamed) = (beside(journal, BRIEF), beside(journal, ".summary.json.new"));
        std::fs::write(&unnamed, serde_json::to_vec(self)?)?;
        std::fs::rename(unnamed, path)
    }

    /// The one beside that journal, if it is about what is in there now.
    pub fn read(journal: &Path) -> Option<Self> {
        let mut text = Vec::new();
        File::open(beside(journal, BRIEF)).ok()?.take(BYTES_MAX).read_to_end(&mut text).ok()?;
        let brief: Self = serde_json::from_slice(&text).ok()?;
        (journal.metadata().ok()?.len() == brief.journal_bytes).then_some(brief)
    }

    /// What is beside the journal is not true any more.
    pub fn forget(journal: &Path) {
        let _ = std::fs::remove_file(beside(journal, BRIEF));
    }
}

fn beside(journal: &Path, name: &str) -> PathBuf {
    journal.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_believed_as_long_as_the_journal_is_as_long_as_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        std::fs::write(&journal, "12345").unwrap();
        let brief =
            Brief { outcome: Outcome::Done, done: 1, failed: 0, total: 1, took_us: 3, journal_bytes: 5, bytes: 9 };
        brief.write(&journal).unwrap();
        assert_eq!(Brief::read(&journal), Some(brief));
        std::fs::write(&journal, "123456").unwrap();
        assert_eq!(Brief::read(&journal), None);
        std::fs::write(&journal, "12345").unwrap();
        for garbage in [&b""[..], b"[]", &[b' '; 10_000]] {
            std::fs::write(folder.path().join(BRIEF), garbage).unwrap();
            assert_eq!(Brief::read(&journal), None);
        }
    }
}
