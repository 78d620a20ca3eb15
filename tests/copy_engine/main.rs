//! Copies real folders through the walk and the copier, in one process, and compares the result with the source.
//! It does not know the pool: tasks are run stage by stage, in both orders that workers could choose.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its files is to panic")]

mod again;
mod compare;
mod faithful;
mod faults;
mod hostile;

use std::fs;
use std::path::{Path, PathBuf};

use pooltop::command::{Command, Note, Weight};
use pooltop::source::{plan, walk};
use pooltop::task::{CopyBatch, Tally, TaskSpec, Verify, Work};
use pooltop::worker::copy::{Copier, CopyStop};
use pooltop::worker::{Halted, Watch};

/// A folder for one test, removed afterwards with everything in it, however deep or locked.
pub struct Stage(PathBuf);

impl Default for Stage {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap().keep().canonicalize().unwrap())
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }

    /// Writes a file, with the folders it lies in.
    pub fn write(&self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !is_root() {
            run_tool("chmod", &["-R".as_ref(), "u+rwx".as_ref(), self.0.as_os_str()]);
        }
        run_tool("rm", &["-rf".as_ref(), self.0.as_os_str()]);
    }
}

/// Runs a program of the system and says whether it succeeded.
#[expect(clippy::disallowed_methods, reason = "a test's own set-up, no task of the program")]
pub fn run_tool(program: &str, args: &[&std::ffi::OsStr]) -> bool {
    let null = std::process::Stdio::null;
    std::process::Command::new(program).args(args).stdout(null()).stderr(null()).status().is_ok_and(|it| it.success())
}

/// Which of the waiting tasks of a stage is taken.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    AsSent,
    Reversed,
}

/// What came of a whole copy.
#[derive(Debug, Default)]
pub struct Ran {
    pub tally: Tally,
    pub notes: Vec<Note>,
    pub failures: Vec<String>,
}

impl Ran {
    /// Fails the test unless everything was copied without a word.
    pub fn assert_silent(&self) {
        assert!(self.failures.is_empty() && self.notes.is_empty(), "{self:?}");
    }

    pub fn notes_of(&self, weight: Weight) -> Vec<&str> {
        self.notes.iter().filter(|note| note.weight == weight).map(|note| &*note.text).collect()
    }
}

/// A watch that keeps notes and lets a test act whenever progress is told.
pub struct Acting<'a> {
    pub notes: Vec<Note>,
    pub last: (u64, u64),
    pub act: &'a mut dyn FnMut(u64, u64) -> Result<(), Halted>,
}

impl<'a> Acting<'a> {
    pub fn new(act: &'a mut dyn FnMut(u64, u64) -> Result<(), Halted>) -> Self {
        Self { notes: Vec::new(), last: (0, 0), act }
    }
}

impl Watch for Acting<'_> {
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Halted> {
        assert!(done <= total, "{done} of {total}");
        self.last = (done, total);
        (self.act)(done, total)
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

/// Walks, without running any task.
pub fn walked(sources: &[PathBuf], target: &Path, verify: Verify) -> (Vec<TaskSpec>, Vec<Note>) {
    let plan = plan(sources, target).unwrap();
    let (mut specs, mut notes) = (Vec::new(), Vec::new());
    walk(&plan, verify, &mut |command| {
        match command {
            Command::Submit(more) => specs.extend(more),
            Command::Note(note) => notes.push(note),
            other => panic!("{other:?}"),
        }
        Ok(())
    })
    .unwrap();
    (specs, notes)
}

/// Walks and runs everything with two copiers that take turns.
pub fn copied(sources: &[PathBuf], target: &Path, order: Order) -> Ran {
    let (mut specs, notes) = walked(sources, target, Verify::No);
    if let Order::Reversed = order {
        specs.reverse();
    }
    specs.sort_by_key(|spec| spec.stage);
    let mut ran = Ran { notes, ..Ran::default() };
    let mut copiers = [Copier::default(), Copier::default()];
    for (at, spec) in specs.iter().enumerate() {
        let batch = batch_of(spec);
        let mut act = |_, _| Ok(());
        let mut watch = Acting::new(&mut act);
        match copiers[at % 2].run(batch, 1, &mut watch) {
            Ok(tally) => {
                assert_eq!(tally.files, batch.files());
                assert_eq!(watch.last.0, watch.last.1, "not at the end: {}", batch.title());
                ran.tally.bytes += tally.bytes;
                ran.tally.files += tally.files;
            }
            Err(CopyStop::Failed { tally, text }) => {
                ran.tally.files += tally.files;
                ran.failures.push(text);
            }
            Err(CopyStop::Halted) => panic!("nobody asked"),
        }
        ran.notes.extend(watch.notes);
    }
    ran
}

pub fn batch_of(spec: &TaskSpec) -> &CopyBatch {
    match &spec.work {
        Work::Copy(batch) => batch,
        other => panic!("{other:?}"),
    }
}

/// The batches of the first stage.
pub fn batches(sources: &[PathBuf], target: &Path, verify: Verify) -> Vec<CopyBatch> {
    let (specs, _) = walked(sources, target, verify);
    specs.iter().filter(|spec| spec.stage.0 == 0).map(|spec| batch_of(spec).clone()).collect()
}

/// Runs one batch while `act` is called at every progress.
pub fn run_acting(
    batch: &CopyBatch,
    act: &mut dyn FnMut(u64, u64) -> Result<(), Halted>,
) -> (Result<Tally, CopyStop>, Vec<Note>) {
    let mut watch = Acting::new(act);
    let result = Copier::default().run(batch, 1, &mut watch);
    (result, watch.notes)
}

pub fn failure(result: Result<Tally, CopyStop>) -> String {
    match result {
        Err(CopyStop::Failed { text, .. }) => text,
        other => panic!("{other:?}"),
    }
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().display().to_string()).collect();
    names.sort();
    names
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says why a test does nothing here.
#[expect(clippy::print_stderr, reason = "a test that did nothing is not to look like one that passed")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
