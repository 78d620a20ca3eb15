//! Copies the entries of one batch, each under a temporary name that becomes the final one only when all of it is there.
//! It does not know who walked the tree, what else is copied, or what a failure leads to.
//!
//! A small file costs about twelve system calls: open and fstat the source, create the temporary file, read, write,
//! fstat the source again, list its attributes, fchmod, utimensat, close, rename, close. Files are not synced: a copy survives
//! the death of any process, but, as with `cp`, a power cut may lose what the kernel has not written yet.

mod already;
mod data;
mod file;
mod folder;
mod keep;
mod link;
mod place;
mod temp;

use std::collections::HashSet;
use std::ffi::OsStr;

use crate::beneath;
use crate::command::{Note, Weight};
use crate::task::{CopyBatch, CopyEntry, EntryKind, Tally};
use crate::worker::{Halted, Watch};

use already::Began;
use place::{Folders, Place};

/// How many failures of a batch are named; the rest is counted.
const NAMED_FAILURES_MAX: usize = 3;

/// How many kinds of loss are remembered as told. Each is an attribute's name.
const TOLD_MAX: usize = 256;

/// Copies batches one after the other and keeps open what the next one is likely to need.
#[derive(Debug, Default)]
pub struct Copier {
    folders: Folders,
    tools: Tools,
    began: Option<Began>,
}

/// What every copy needs and none of them owns.
#[derive(Debug, Default)]
struct Tools {
    buffer: Vec<u8>,
    told: HashSet<String>,
    /// The run's beginning, where an earlier attempt may have copied some of it since then.
    again: Option<Began>,
}

/// Why a batch was not copied, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyStop {
    /// The task was told to end; nothing unfinished is left behind.
    Halted,
    /// Some entries failed; the others were copied.
    Failed {
        /// What was copied all the same.
        tally: Tally,
        /// Which failed and why: a lowercase fragment that names the first few.
        text: String,
    },
}

impl From<Halted> for CopyStop {
    fn from(Halted: Halted) -> Self {
        Self::Halted
    }
}

/// Why one entry was not copied.
#[derive(Debug)]
enum Trouble {
    /// The task was told to end.
    Halted,
    /// The source changed under our hands; once more may help.
    Changed,
    /// It cannot be copied, and why.
    Failed(String),
}

impl From<Halted> for Trouble {
    fn from(Halted: Halted) -> Self {
        Self::Halted
    }
}

/// How far the batch is, and the way to tell.
struct Meter<'a> {
    watch: &'a mut dyn Watch,
    done: u64,
    total: u64,
}

impl Meter<'_> {
    fn advance(&mut self, bytes: u64) -> Result<(), Halted> {
        self.done += bytes;
        // A file that grew since it was listed must not push the task beyond its end.
        self.total = self.total.max(self.done);
        self.pulse()
    }

    fn pulse(&mut self) -> Result<(), Halted> {
        self.watch.progress(self.done, self.total)
    }

    fn info(&mut self, text: String) {
        self.watch.note(Note::new(Weight::Info, text));
    }

    fn skipped(&mut self, text: String) {
        self.watch.note(Note::new(Weight::Skipped, text));
    }
}

impl Tools {
    /// Tells once in the life of this worker that a kind of attribute cannot be kept: a whole tree lacks it in the same way.
    fn lost(&mut self, meter: &mut Meter<'_>, what: &str, path: &str, errno: rustix::io::Errno) {
        if self.told.len() < TOLD_MAX && self.told.insert(what.to_owned()) {
            let why = beneath::why(errno);
            meter.skipped(format!("could not keep {what} of {path}: {why} (said once, more may follow)"));
        }
    }
}

impl Copier {
    /// One that leaves alone what an earlier attempt has copied since the run began: microseconds since 1970.
    pub fn of_run_since(unix_us: i64) -> Self {
        Self { began: Some(Began(i128::from(unix_us) * 1000)), ..Self::default() }
    }

    /// Copies the batch's entries in order, those after a failed one too. `attempt` counts from 1; a later attempt starts
    /// by removing what a dead predecessor left half done. Each entry counts as one file of the tally, those that were
    /// copied before too.
    ///
    /// # Errors
    /// [`CopyStop::Halted`] when the watch says so, [`CopyStop::Failed`] when at least one entry could not be copied.
    pub fn run(&mut self, batch: &CopyBatch, attempt: u16, watch: &mut dyn Watch) -> Result<Tally, CopyStop> {
        let mut tally = Tally::default();
        if attempt > 1 {
            // What failed may have failed because a folder was replaced while it was held open here.
            self.folders = Folders::default();
        }
        self.tools.again = self.began.filter(|_| attempt > 1);
        let place = match self.folders.open(batch) {
            Ok(place) => place,
            Err(text) => return Err(CopyStop::Failed { tally, text }),
        };
        if attempt > 1 {
            folder::sweep_again(&place);
        }
        let mut meter = Meter { watch, done: 0, total: batch.bytes() };
        let mut failures = Failures::default();
        for entry in &batch.entries {
            match copy_entry(&place, entry, &mut self.tools, &mut meter) {
                Ok(bytes) => {
                    tally.bytes += bytes;
                    tally.files += u32::from(entry.kind.is_file());
                }
                Err(Trouble::Halted) => return Err(CopyStop::Halted),
                Err(Trouble::Changed) => failures.add(file::keeps_changing(&place, entry)),
                Err(Trouble::Failed(text)) => failures.add(text),
            }
            meter.pulse()?;
        }
        match failures.into_text(batch.entries.len()) {
            None => Ok(tally),
            Some(text) => Err(CopyStop::Failed { tally, text }),
        }
    }
}

fn copy_entry(place: &Place<'_>, entry: &CopyEntry, tools: &mut Tools, meter: &mut Meter<'_>) -> Result<u64, Trouble> {
    if let EntryKind::FolderDone = entry.kind {
        return folder::finish(place, entry, tools, meter).map(|()| 0);
    }
    for name in [&entry.name, entry.target_name()] {
        if !beneath::is_component(&name.0) {
            return Err(Trouble::Failed(format!(
                "copy {:?}: it is not the name of one thing in a folder",
                name.lossy()
            )));
        }
    }
    match &entry.kind {
        EntryKind::File(seen) => file::copy(place, entry, Some(seen), tools, meter),
        EntryKind::Symlink => link::copy_symlink(place, entry, tools, meter).map(|()| 0),
        EntryKind::HardLink { first } => link::copy_hard_link(place, entry, first, tools, meter),
        EntryKind::FolderDone => Ok(0),
    }
}

/// Removes what processes that are gone have left half done where this batch goes. Best effort; nothing else is touched.
pub fn sweep(batch: &CopyBatch) {
    if let Ok(place) = Folders::default().open(batch) {
        folder::sweep_again(&place);
    }
}

/// Whether this is the name of an unfinished copy, of this program and of whatever process.
#[must_use]
pub fn is_leftover(name: &OsStr) -> bool {
    beneath::TempName::parse(name.as_encoded_bytes()).is_some()
}

#[derive(Default)]
struct Failures {
    named: Vec<String>,
    count: usize,
}

impl Failures {
    fn add(&mut self, text: String) {
        self.count += 1;
        if self.named.len() < NAMED_FAILURES_MAX {
            self.named.push(text);
        }
    }

    fn into_text(mut self, entries: usize) -> Option<String> {
        match (self.count, entries) {
            (0, _) => None,
            (1, 1) => self.named.pop(),
            (count, _) => {
                let more = count - self.named.len();
                let named = self.named.join("; ");
                let rest = if more == 0 { String::new() } else { format!("; and {more} more") };
                Some(format!("{count} of {entries} files failed: {named}{rest}"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
