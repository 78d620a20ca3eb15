//! Holds the rules that no compiler holds: who may import whom, how a file begins, how long it is, what must not be in it.
//! It does not know what the code does; it reads the files as text.

mod rust;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rust::{code_of, imports, lines_without_tests};

/// Who may import whom. A room is a file or folder of `src`; arrows point down only. A room that is not in here fails the
/// test: it has to be given its place first.
const IMPORTS: &[(&str, &[&str])] = &[
    // The vocabulary: what work is, what may be asked, what happened. Nothing but each other, downwards.
    ("text", &[]),
    ("task", &["text"]),
    ("command", &["task", "text"]),
    ("event", &["command", "task", "text"]),
    ("clock", &["event"]),
    ("notation", &["command", "event"]),
    // Between the processes, and what the run has come to: pure.
    ("wire", &["command", "task", "text"]),
    ("model", &["event", "command", "task", "text"]),
    // Folders opened so that no link leads out of them: the walk and the copy both do.
    ("beneath", &[]),
    // Where work comes from.
    ("source", &["beneath", "command", "task", "text"]),
    ("scenario", &["notation", "event", "command", "task", "text"]),
    // The processes below this one; then the child and the parent, who both have some.
    ("offspring", &["event", "task"]),
    ("worker", &["wire", "offspring", "beneath", "command", "task", "text", "clock"]),
    ("pool", &["model", "wire", "offspring", "event", "command", "task", "text", "clock"]),
    // Whoever listens.
    ("journal", &["event", "command", "task", "text", "clock"]),
    ("replay", &["journal", "model", "event", "command", "task", "text", "clock"]),
    ("tui", &["model", "event", "command", "task", "text", "clock"]),
    ("headless", &["model", "event", "command", "task", "text", "clock"]),
    // It draws with the screen's own hands, where a format shows a screen.
    ("export", &["tui", "replay", "journal", "model", "event", "command", "task", "text", "clock"]),
    // Raw flags only.
    ("cli", &["notation", "command", "event", "task", "text"]),
    // The composition: everything.
    ("app", &[EVERYTHING]),
    ("main", &[EVERYTHING]),
];

const EVERYTHING: &str = "*";

/// Lines of a file, without its `#[cfg(test)] mod tests`.
const LINES_MAX: usize = 400;

/// What is looked through for what must not be there.
const OURS: &[&str] =
    &["src", "tests", "benches", "screenshots", "assets", ".ci", "README.md", "CHANGELOG.md", "Cargo.toml"];

/// Marks of unfinished work, and places that exist on one machine only. Put together here, for this file is read as well.
const FORBIDDEN_WORDS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const FORBIDDEN_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// What is wrong, each with file and line.
#[derive(Default)]
struct Findings(String);

impl Findings {
    fn add(&mut self, path: &Path, line: usize, what: &str) {
        let path = path.strip_prefix(root()).unwrap_or(path);
        writeln!(self.0, "{}:{line}: {what}", path.display()).expect("a string takes all");
    }

    #[track_caller]
    fn report(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

#[test]
fn nobody_imports_from_above() {
    let mut findings = Findings::default();
    for path in rust_files("src") {
        let Some(room) = room_of(&path) else { continue };
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == room) else {
            findings.add(&path, 1, &format!("the room {room} has no place in the import table of tests/tidy/main.rs"));
            continue;
        };
        if allowed.contains(&EVERYTHING) {
            continue;
        }
        for (line, imported) in imports(&code_of(&read(&path)), &module_of(&path)) {
            if imported != room && !allowed.contains(&imported.as_str()) {
                let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                findings.add(&path, line, &format!("{room} must not import {imported}; it may import {may}"));
            }
        }
    }
    findings.report();
}

#[test]
fn the_table_has_no_circle() {
    // Each room imports only what stands before it, but for the last two, which import everything.
    for (at, (room, allowed)) in IMPORTS.iter().enumerate() {
        for imported in allowed.iter().filter(|imported| **imported != EVERYTHING) {
            assert!(
                IMPORTS[..at].iter().any(|(name, _)| name == imported),
                "{room} imports {imported}, which stands below it"
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_what_it_does_not_know() {
    let mut findings = Findings::default();
    for path in all_rust_files() {
        let text = read(&path);
        let mut lines = text.lines();
        // The library's front page is ARCHITECTURE.md.
        if lines.next().is_some_and(|line| line.starts_with("#![doc = include_str!")) {
            continue;
        }
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        if header.is_empty() {
            findings.add(&path, 1, "does not begin with `//!` and a sentence that says what the file is for");
        } else if header.len() < 2 {
            findings.add(&path, 2, "has no second `//!` line that says what the file does not know");
        }
    }
    findings.report();
}

#[test]
fn files_are_short_enough_to_read() {
    let mut findings = Findings::default();
    // A file of tests is a list; it may be twice as long.
    let most = |path: &Path| if path.ends_with("tests.rs") { 2 * LINES_MAX } else { LINES_MAX };
    for path in all_rust_files() {
        let lines = lines_without_tests(&code_of(&read(&path)));
        let most = most(&path);
        if lines > most {
            findings.add(&path, most + 1, &format!("{lines} lines are more than {most} (not counting `mod tests`)"));
        }
    }
    findings.report();
}

#[test]
fn what_the_code_map_names_exists() {
    let mut findings = Findings::default();
    let path = root().join("src/ARCHITECTURE.md");
    let known = names_below(&root().join("src"));
    for (at, line) in read(&path).lines().enumerate() {
        for name in path_like_words(line) {
            let trimmed = name.trim_start_matches("src/").trim_end_matches('/');
            // In a tree a name stands without the folders above it.
            let exists = root().join(name).exists()
                || known.iter().any(|path| path == trimmed || path.ends_with(&format!("/{trimmed}")));
            if !exists {
                findings.add(&path, at + 1, &format!("{name} does not exist"));
            }
        }
    }
    findings.report();
}

#[test]
fn nothing_is_left_unfinished_and_no_path_is_of_one_machine() {
    let mut findings = Findings::default();
    for path in OURS.iter().flat_map(|name| files_below(&root().join(name))) {
        // Pictures are not text.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            for word in FORBIDDEN_WORDS.iter().filter(|word| has_word(line, word)) {
                findings.add(&path, at + 1, &format!("{word} marks something unfinished"));
            }
            for place in FORBIDDEN_PATHS.iter().filter(|place| line.contains(*place)) {
                findings.add(&path, at + 1, &format!("{place} is a place on one machine"));
            }
        }
    }
    findings.report();
}

/// Words that look like a file or folder of ours: in code blocks and backticks, ending in `.rs` or `/`, without patterns.
fn path_like_words(line: &str) -> impl Iterator<Item = &str> {
    let is_of_path =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '/' | '.' | '*' | '{' | '<');
    let words = line.split(move |char| !is_of_path(char));
    words.filter(|word| {
        let is_path = Path::new(word).extension().is_some_and(|extension| extension == "rs") || word.ends_with('/');
        is_path && word.len() > 1 && !word.starts_with('/') && !word.contains(['*', '{', '<'])
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_of_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        !is_of_word(line[..at].chars().next_back()) && !is_of_word(line[at + word.len()..].chars().next())
    })
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.flat_map(|entry| files_below(&entry.path())).collect();
    files.sort();
    files
}

fn all_rust_files() -> impl Iterator<Item = PathBuf> {
    ["src", "tests", "benches", "screenshots"].into_iter().flat_map(rust_files)
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = files_below(&root().join(folder));
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
}

/// The paths of all files and folders below, relative, with `/`.
fn names_below(folder: &Path) -> BTreeSet<String> {
    let files = files_below(folder);
    let relative = files.iter().filter_map(|path| path.strip_prefix(folder).ok());
    relative.flat_map(Path::ancestors).filter_map(Path::to_str).map(str::to_owned).collect()
}

/// The module a file is, as names from the crate's root down.
fn module_of(path: &Path) -> Vec<String> {
    let relative = path.strip_prefix(root().join("src")).expect("a file of src").with_extension("");
    let mut names: Vec<String> = relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.pop_if(|name| name == "mod");
    names
}

/// The room a file of `src` belongs to; none for the list of rooms itself.
fn room_of(path: &Path) -> Option<String> {
    module_of(path).into_iter().next().filter(|room| room != "lib")
}

#[test]
fn words_are_told_apart() {
    let words = path_like_words("| `pool/planner.rs` | `wire/` | src/{a,b}.rs e.g. a/b");
    assert_eq!(words.collect::<Vec<_>>(), ["pool/planner.rs", "wire/"]);
    assert!(has_word("a XY: b", "XY") && !has_word("aXYb XYZ", "XY"));
}
