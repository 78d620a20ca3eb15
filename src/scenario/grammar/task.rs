//! The `[[task]]` tables of a scenario: how often, under which name, what work. PURE.
//! It does not know the other tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::draw::Draw;
use super::super::entry::{Fed, NameTemplate, TaskEntry, Time, WorkEntry};
use super::super::fields::{Fields, text};
use super::super::plan::{CopyJob, CopyWhat, TreeSpec};
use super::super::problem::Problems;
use crate::notation::{Span, duration_ms, per_mille, size_bytes, span};
use crate::task::{Place, RawText, Shell, Template, Verify};

/// How many tasks all entries of a scenario may stand for together.
const TASKS_MAX: u64 = 10_000_000;

/// How long a name may be before its numbers are filled in, in characters.
const NAME_CHARS_MAX: usize = 200;

/// How many files and folders all trees of a scenario may have together, and how many bytes.
const TREE_FILES_MAX: u64 = 100_000;
const TREE_FOLDERS_MAX: u64 = 10_000;
const TREES_BYTES_MAX: u64 = 4 << 30;

/// The kinds of work, of which every entry has one.
const KINDS: &[&str] = &["nothing", "sleep", "download", "run", "shell", "copy", "call"];

pub(super) const KEYS: &[&str] =
    &["name", "repeat", "whole", "place", "nothing", "sleep", "download", "run", "shell", "copy", "call", "args"];

/// The keys of a tree, wherever it is declared.
pub(super) const TREE_KEYS: &[&str] = &["files", "folders", "size"];

/// The tutorials' downloads take so many whole seconds.
pub(super) const DOWNLOAD_TIME: Time = Time::WholeSeconds(Span { low: 5, high: 10 });

/// The entries as they are read.
pub(super) struct Tasks<'a> {
    seed: u64,
    folder: Option<&'a Path>,
    seen: u32,
    count: u64,
    tree_files: u64,
    tree_folders: u64,
    tree_bytes: u64,
    pub(super) entries: Vec<TaskEntry>,
    pub(super) copies: Vec<CopyJob>,
}

/// How durations are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Milliseconds,
    WholeSeconds,
}

impl<'a> Tasks<'a> {
    pub(super) fn new(seed: u64, folder: Option<&'a Path>) -> Self {
        Self {
            seed,
            folder,
            seen: 0,
            count: 0,
            tree_files: 0,
            tree_folders: 0,
            tree_bytes: 0,
            entries: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// How many tasks the entries stand for.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.count).unwrap_or(u32::MAX)
    }

    /// Reads one more entry; `call` reads the kind that calls a function, for so many repetitions.
    pub(super) fn add(
        &mut self,
        task: &Fields<'_, '_>,
        call: impl FnOnce(&mut Problems, u32) -> Option<WorkEntry>,
        problems: &mut Problems,
    ) {
        let place = self.seen;
        self.seen += 1;
        let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| task.has(kind)).collect();
        let kind = match kinds[..] {
            [kind] => kind,
            [] => {
                let what = format!("a [[task]] needs its work: one of {}", KINDS.join(", "));
                return problems.add(task.span.clone(), what);
            }
            [first, second, ..] => {
                let span = task.get(second).map_or(0..0, toml::Spanned::span);
                return problems
                    .add(span, format!("a [[task]] has one kind of work; this one has {first} and {second}"));
            }
        };
        if kind == "copy" {
            return self.add_copy(task, place, problems);
        }
        if !matches!(kind, "sleep" | "download")
            && let Some(value) = task.get("whole")
        {
            problems.add(value.span(), "`whole` is about how long a sleep or download takes");
        }
        if kind != "call"
            && let Some(value) = task.get("args")
        {
            problems.add(value.span(), "`args` are for a `call`");
        }
        let place_of = place_of(task, problems);
        let Some(repeat) = self.repeat(task, problems) else { return };
        let name = task.line("name", NAME_CHARS_MAX, problems).and_then(|text| name(task, text, problems));
        let work = match kind {
            "nothing" => nothing(task, problems),
            "sleep" => time(task, "sleep", rounding(task, problems), problems).map(WorkEntry::Sleep),
            "download" => download(task, problems),
            "run" => run(task, problems),
            "call" => call(problems, repeat),
            _ => shell(task, problems),
        };
        self.entries.extend(work.map(|work| TaskEntry { seat: place, repeat, name, work, place: place_of }));
    }

    fn repeat(&mut self, task: &Fields<'_, '_>, problems: &mut Problems) -> Option<u32> {
        let repeat = if task.has("repeat") { task.whole("repeat", 1..=TASKS_MAX, problems)? } else { 1 };
        if self.count + repeat > TASKS_MAX {
            let span = task.get("repeat").map_or(task.span.clone(), toml::Spanned::span);
            problems.add(span, format!("a scenario has at most {TASKS_MAX} tasks; with these it would have more"));
            return None;
        }
        self.count += repeat;
        u32::try_from(repeat).ok()
    }

    fn add_copy(&mut self, task: &Fields<'_, '_>, place: u32, problems: &mut Problems) {
        for key in ["name", "repeat", "whole", "place", "args"] {
            if let Some(value) = task.get(key) {
                problems.add(
                    value.span(),
                    format!("`{key}` has no meaning for a copy: every file is a task, once, under its own name"),
                );
            }
        }
        let Some(copy) = task.table("copy", "copy = { ... }", &["tree", "from", "to", "verify"], problems) else {
            return;
        };
        let verify = if copy.is_set("verify", problems) { Verify::Contents } else { Verify::No };
        let what = match (copy.get("tree"), copy.has("from") || copy.has("to")) {
            (Some(tree), true) => {
                return problems
                    .add(tree.span(), "a copy is of a `tree` made for it, or goes `from` one place `to` another");
            }
            (Some(_), false) => {
                let tree = copy.table("tree", "tree = { ... }", TREE_KEYS, problems);
                tree.and_then(|tree| self.tree(&tree, place, problems)).map(CopyWhat::Tree)
            }
            (None, _) => {
                let from = self.path(&copy, "from", problems);
                let to = self.path(&copy, "to", problems);
                from.zip(to).map(|(from, to)| CopyWhat::Paths { from, to })
            }
        };
        let after_tasks = self.count();
        self.copies.extend(what.map(|what| CopyJob { after_tasks, what, verify }));
    }

    /// A tree of files to be made; `place` is part of its seed.
    pub(super) fn tree(&mut self, tree: &Fields<'_, '_>, place: u32, problems: &mut Problems) -> Option<TreeSpec> {
        if !tree.has("files") {
            tree.missing("files", "200", problems);
        }
        if !tree.has("size") {
            tree.missing("size", "\"4 kB..2 MB\"", problems);
        }
        let files = tree.whole("files", 1..=TREE_FILES_MAX, problems);
        let folders = if tree.has("folders") { tree.whole("folders", 0..=TREE_FOLDERS_MAX, problems) } else { Some(0) };
        let size = tree.notation("size", "\"4 kB..2 MB\"", |text| span(text, size_bytes), problems);
        let (files, folders, size) = (files?, folders?, size?);
        self.tree_files += files;
        self.tree_folders += folders;
        self.tree_bytes = self.tree_bytes.saturating_add(size.high.saturating_mul(files));
        if self.tree_files > TREE_FILES_MAX || self.tree_folders > TREE_FOLDERS_MAX || self.tree_bytes > TREES_BYTES_MAX
        {
            let what = format!(
                "the trees of a scenario have at most {TREE_FILES_MAX} files, {TREE_FOLDERS_MAX} folders and {} GiB together; with this one they could have more",
                TREES_BYTES_MAX >> 30
            );
            problems.add(tree.span.clone(), what);
            return None;
        }
        let seed = Draw::new(self.seed, place, 0).word();
        Some(TreeSpec { files: u32::try_from(files).ok()?, folders: u32::try_from(folders).ok()?, size, seed })
    }

    fn path(&self, copy: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<PathBuf> {
        let Some(value) = copy.get(key) else {
            copy.missing(key, "\"photos\"", problems);
            return None;
        };
        let path = Path::new(text(value, key, "a path in quotes", problems)?);
        if path.as_os_str().is_empty() {
            problems.add(value.span(), format!("`{key}` is an empty path"));
            return None;
        }
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            problems.add(value.span(), format!("`{key}` has a NUL in it, which no path can have"));
            return None;
        }
        match self.folder {
            Some(folder) => Some(folder.join(path)),
            None if path.is_absolute() => Some(path.to_owned()),
            None => {
                problems.add(value.span(), format!("`{key}` is a relative path, but this scenario is in no folder"));
                None
            }
        }
    }
}

fn name(task: &Fields<'_, '_>, text: &str, problems: &mut Problems) -> Option<NameTemplate> {
    let span = task.get("name")?.span();
    if text.is_empty() {
        problems.add_with_help(span, "`name` is empty", "leave it out and the work's own title is shown");
        return None;
    }
    NameTemplate::parse(text).inspect_err(|error| problems.add(span, format!("`name`: {error}"))).ok()
}

fn nothing(task: &Fields<'_, '_>, problems: &mut Problems) -> Option<WorkEntry> {
    if task.is_set("nothing", problems) {
        return Some(WorkEntry::Nothing);
    }
    if let Some(toml::de::DeValue::Boolean(false)) = task.get("nothing").map(toml::Spanned::get_ref) {
        problems
            .add(task.get("nothing")?.span(), "`nothing = false` says nothing; write true, or another kind of work");
    }
    None
}

pub(super) fn rounding(task: &Fields<'_, '_>, problems: &mut Problems) -> Rounding {
    if task.is_set("whole", problems) { Rounding::WholeSeconds } else { Rounding::Milliseconds }
}

/// A duration, or a span of durations, under that key.
pub(super) fn time(fields: &Fields<'_, '_>, key: &str, rounding: Rounding, problems: &mut Problems) -> Option<Time> {
    let ms = fields.notation(key, "\"2s\" or \"0s..3s\"", |text| span(text, duration_ms), problems)?;
    if rounding == Rounding::Milliseconds {
        return Some(Time::Milliseconds(ms));
    }
    let seconds = Span { low: ms.low.div_ceil(1000), high: ms.high / 1000 };
    if seconds.low > seconds.high {
        problems
            .add(fields.get(key)?.span(), format!("`{key}`: with `whole = true` there must be a whole second in it"));
        return None;
    }
    Some(Time::WholeSeconds(seconds))
}

fn download(task: &Fields<'_, '_>, problems: &mut Problems) -> Option<WorkEntry> {
    let rounding = rounding(task, problems);
    let download = task.table("download", "download = { ... }", &["size", "time", "fail", "stall"], problems)?;
    if !download.has("size") {
        download.missing("size", "\"5 MB..80 MB\"", problems);
    }
    let size = download.notation("size", "\"12 MB\" or \"5 MB..80 MB\"", |text| span(text, size_bytes), problems);
    let time = if download.has("time") { time(&download, "time", rounding, problems) } else { Some(DOWNLOAD_TIME) };
    let (fail_per_mille, stall_per_mille) = shares(&download, problems)?;
    Some(WorkEntry::Download { size: size?, time: time?, fail_per_mille, stall_per_mille })
}

/// How many attempts of a thousand break off, and how many go silent.
pub(super) fn shares(download: &Fields<'_, '_>, problems: &mut Problems) -> Option<(u16, u16)> {
    let share = |key, problems: &mut Problems| {
        if download.has(key) { download.notation(key, "\"10%\"", per_mille, problems) } else { Some(0) }
    };
    let (fail, stall) = (share("fail", problems), share("stall", problems));
    let (fail, stall) = (fail?, stall?);
    if fail + stall > 1000 {
        problems.add(download.get("stall")?.span(), "`fail` and `stall` are over 100% together");
        return None;
    }
    Some((fail, stall))
}

/// Which process does it; the pool unless told.
fn place_of(task: &Fields<'_, '_>, problems: &mut Problems) -> Place {
    let place = task.notation(
        "place",
        "\"process\"",
        |text| match text {
            "pool" => Ok(Place::Pool),
            "process" => Ok(Place::Own),
            "parent" => Ok(Place::Parent),
            _ => Err("a task is done by \"pool\", \"process\" (one of its own) or \"parent\""),
        },
        problems,
    );
    place.unwrap_or_default()
}

fn run(task: &Fields<'_, '_>, problems: &mut Problems) -> Option<WorkEntry> {
    let words = task.texts("run", problems)?;
    let span = task.get("run")?.span();
    if words.first().is_none_or(|program| program.is_empty()) {
        problems.add(span, "`run` needs a program: run = [\"program\", \"argument\"]");
        return None;
    }
    command(&words, Shell::No, span, problems)
}

fn shell(task: &Fields<'_, '_>, problems: &mut Problems) -> Option<WorkEntry> {
    let value = task.get("shell")?;
    let line = text(value, "shell", "a line for the shell in quotes", problems)?;
    if line.trim().is_empty() {
        problems.add(value.span(), "`shell` is an empty line");
        return None;
    }
    command(&[line], Shell::Sh, value.span(), problems)
}

fn command(words: &[&str], shell: Shell, span: std::ops::Range<usize>, problems: &mut Problems) -> Option<WorkEntry> {
    if words.iter().any(|word| word.contains('\0')) {
        problems.add(span, "a command cannot have a NUL in it");
        return None;
    }
    // An input without a place would be appended, which nobody asks for by saying how often a command runs.
    let has_place = words.iter().any(|word| word.contains("{}"));
    let template = Arc::new(Template { argv: words.iter().map(|&word| RawText::from(word)).collect(), shell });
    Some(WorkEntry::Command { template, fed: if has_place { Fed::Number } else { Fed::Nothing } })
}
