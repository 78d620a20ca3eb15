//! Walks the folders of a plan, creates their counterparts and turns what it meets into tasks, the first ones at once.
//! It does not copy anything, nor know who does; what it cannot turn into a task it tells.
//!
//! Stages: files and links first, then further names of files (the first name must be there), then the folders' own modes and
//! times (nothing may be made in a folder afterwards), and last the folders that lock even their owner out (no worker may
//! have to pass through them any more).

mod group;
mod known;
mod list;
mod tree;

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, mkdirat, statat};
use rustix::io::Errno;

use crate::beneath::{self, why};
use crate::command::{Command, Note, Weight};
use crate::task::{CopyBatch, CopyEntry, CopyRoots, EntryKind, Fingerprint, RawText, Stage, TaskSpec, Verify, Work};

use super::target::{CopyPlan, CopyPlanItem, Shape};
pub use known::{Known, Progress};
use list::Lister;

/// How many tasks travel together. The first ones travel in smaller groups, so that no worker waits for the walk.
const SUBMIT_TASKS_MAX: usize = 256;
const SUBMIT_TASKS_FIRST: usize = 4;

/// The stages, in the order of the module's description.
const CONTENTS: Stage = Stage(0);
const FURTHER_NAMES: Stage = Stage(1);
const FOLDERS: Stage = Stage(2);
const LOCKED_FOLDERS: Stage = Stage(3);

/// Nobody takes commands any more: the run is ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// Walks everything in the plan and gives the tasks and notes to `sink`. Does not send [`Command::Close`]. Meant for a
/// thread of its own: it takes as long as listing all folders takes, and the first tasks are sent after the first files.
///
/// # Errors
/// [`Closed`] as soon as the sink says so. Everything else is told as a [`Command::Note`] and the walk goes on.
pub fn walk(
    plan: &CopyPlan,
    verify: Verify,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    walk_again(plan, verify, &Known::default(), sink)
}

/// The same for a run that has some of the tasks already.
///
/// # Errors
/// As [`walk`].
pub fn walk_again(
    plan: &CopyPlan,
    verify: Verify,
    known: &Known,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    let mut outlet = Outlet { sink, known, tasks: Vec::new(), limit: SUBMIT_TASKS_FIRST };
    if let Some(folder) = &plan.create
        && let Err(errno) = create_folder(folder, Mode::from_raw_mode(0o777))
    {
        return outlet.note(Weight::Error, format!("create folder {}: {}", folder.display(), why(errno)));
    }
    // All destinations must be known before the first folder is listed, but not be held open: arguments can be many.
    let mut targets = Vec::new();
    let mut items = Vec::new();
    for item in &plan.items {
        if let Some(ends) = Ends::open(item, verify, &mut outlet)? {
            targets.push(ends.target_identity);
            items.push(item);
        }
    }
    let mut trees = Vec::new();
    for item in items {
        let Some(ends) = Ends::open(item, verify, &mut outlet)? else { continue };
        match &item.shape {
            Shape::Tree => trees.push(Lister::walk(ends, &targets, &mut outlet)?),
            Shape::One { name, rename } => one(&ends, name, rename.as_deref(), &mut outlet)?,
        }
    }
    for tree in &trees {
        tree.send_further_names(&mut outlet)?;
    }
    for tree in &trees {
        tree.send_folders(&mut outlet)?;
    }
    outlet.flush()
}

/// Lets the owner into the folder that a finished [`EntryKind::FolderDone`] is about, for more is to be copied into it. Gives
/// the task that finishes it again.
#[must_use]
pub fn finish_again(roots: &Arc<CopyRoots>, folder: &RawText, entry: &CopyEntry) -> TaskSpec {
    let mut path = folder.0.clone();
    if !entry.target_name().0.is_empty() {
        tree::push_component(&mut path, &entry.target_name().0);
    }
    let opened = beneath::open_root(&roots.target.0)
        .and_then(|target| beneath::open_folder(target.as_fd(), &path, beneath::Access::Pass));
    if let Ok(folder) = opened
        && let Ok(stat) = rustix::fs::fstat(&folder)
    {
        unlock_if_needed(&folder, stat.st_mode);
    }
    let work = Work::Copy(Box::new(batch(roots, folder.0.clone(), vec![entry.clone()])));
    TaskSpec { stage: LOCKED_FOLDERS, ..TaskSpec::new(work) }
}

/// The two folders of one item, held open.
struct Ends {
    roots: Arc<CopyRoots>,
    source: OwnedFd,
    target: OwnedFd,
    source_mode: u32,
    target_identity: (u64, u64),
}

impl Ends {
    /// Opens both, the target created where it may be missing. `None`: that was told to be impossible.
    fn open(item: &CopyPlanItem, verify: Verify, outlet: &mut Outlet<'_>) -> Result<Option<Self>, Closed> {
        match Self::try_open(item, verify) {
            Ok(ends) => Ok(Some(ends)),
            Err((path, errno)) => {
                outlet.note(Weight::Error, format!("open folder {}: {}", path.display(), why(errno)))?;
                Ok(None)
            }
        }
    }

    fn try_open(item: &CopyPlanItem, verify: Verify) -> Result<Self, (&Path, Errno)> {
        let at_source = |errno| (item.source.as_path(), errno);
        let at_target = |errno| (item.target.as_path(), errno);
        let source = beneath::open_root(item.source.as_os_str().as_bytes()).map_err(at_source)?;
        if item.shape == Shape::Tree {
            create_folder(&item.target, Mode::RWXU).map_err(at_target)?;
        }
        let target = beneath::open_root(item.target.as_os_str().as_bytes()).map_err(at_target)?;
        let stat = rustix::fs::fstat(&target).map_err(at_target)?;
        if item.shape == Shape::Tree {
            unlock_if_needed(&target, stat.st_mode);
        }
        let roots = CopyRoots {
            source: RawText::from(item.source.as_os_str()),
            target: RawText::from(item.target.as_os_str()),
            verify,
        };
        let source_mode = rustix::fs::fstat(&source).map_err(at_source)?.st_mode;
        let target_identity = beneath::identity(&stat);
        Ok(Self { roots: Arc::new(roots), source, target, source_mode, target_identity })
    }
}

/// Creates a folder in one that exists; one that is there already serves as well.
fn create_folder(path: &Path, mode: Mode) -> Result<(), Errno> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let parent = beneath::open_root(parent.as_os_str().as_bytes())?;
    match mkdirat(&parent, name, mode) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Lets the owner into a folder that was there before, as every new one does until it is finished.
fn unlock_if_needed(folder: &OwnedFd, mode: u32) {
    if mode & 0o700 != 0o700 {
        // If that is not allowed, the first file copied into it says so.
        let _ = beneath::unlock(folder.as_fd(), mode);
    }
}

/// Sends the one file or link that an item is about.
fn one(
    ends: &Ends,
    name: &std::ffi::OsStr,
    rename: Option<&std::ffi::OsStr>,
    outlet: &mut Outlet<'_>,
) -> Result<(), Closed> {
    let path = || Path::new(ends.roots.source.as_os()).join(name).display().to_string();
    let stat = match statat(&ends.source, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(errno) => return outlet.note(Weight::Error, format!("look at {}: {}", path(), why(errno))),
    };
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File(fingerprint(&stat)),
        FileType::Symlink => EntryKind::Symlink,
        _ => {
            let kind = beneath::kind_name(&stat);
            return outlet.note(Weight::Error, format!("copy {}: it became {kind} after it was looked at", path()));
        }
    };
    let entry = CopyEntry { name: RawText::from(name), rename: rename.map(RawText::from), kind };
    outlet.task(CONTENTS, batch(&ends.roots, Vec::new(), vec![entry]))
}

fn batch(roots: &Arc<CopyRoots>, folder: Vec<u8>, entries: Vec<CopyEntry>) -> CopyBatch {
    CopyBatch { roots: Arc::clone(roots), folder: RawText(folder), entries }
}

fn fingerprint(stat: &rustix::fs::Stat) -> Fingerprint {
    let (device, inode) = beneath::identity(stat);
    Fingerprint { bytes: beneath::size(stat), device, inode, modified_ns: beneath::modified_ns(stat) }
}

/// The way out: collects tasks into commands.
struct Outlet<'a> {
    sink: &'a mut dyn FnMut(Command) -> Result<(), Closed>,
    known: &'a Known,
    tasks: Vec<TaskSpec>,
    limit: usize,
}

impl Outlet<'_> {
    fn task(&mut self, stage: Stage, batch: CopyBatch) -> Result<(), Closed> {
        let Some(batch) = self.known.leave_out(batch) else { return Ok(()) };
        self.tasks.push(TaskSpec { stage, ..TaskSpec::new(Work::Copy(Box::new(batch))) });
        if self.tasks.len() < self.limit {
            return Ok(());
        }
        self.limit = (self.limit * 2).min(SUBMIT_TASKS_MAX);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Closed> {
        if self.tasks.is_empty() {
            return Ok(());
        }
        (self.sink)(Command::Submit(std::mem::take(&mut self.tasks)))
    }

    fn note(&mut self, weight: Weight, text: String) -> Result<(), Closed> {
        if self.known.is_told(&text) {
            return Ok(());
        }
        (self.sink)(Command::Note(Note::new(weight, text)))
    }
}

#[cfg(test)]
mod tests;
