//! Finds recorded runs: the folder they are kept in, and the one that somebody means by `latest`, an id, its beginning, or a path.
//! It does not know what is in a journal. It writes nothing.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::RunId;
use crate::task::KEPT_SPOOL;

/// A run's journal, in the run's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// The folder with what a run's commands printed, in the run's folder.
pub const OUTPUT: &str = KEPT_SPOOL;

/// Names the newest run.
const LATEST: &str = "latest";

/// How many runs are named when more than one is meant.
const NAMED_MAX: usize = 3;

/// What an id looks like: digits where there are zeros, hexadecimal digits where there are letters.
const SHAPE: &[u8] = b"00000000-000000-xxxx";

/// A run that was found. Its journal need not be there, nor be whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its journal.
    pub journal: PathBuf,
    /// The folder with what its commands printed; it need not be there.
    pub output: PathBuf,
    /// What to call it: its folder's name, or its journal's if that lies elsewhere.
    pub id: RunId,
}

/// Why no run is meant.
#[derive(Debug, Error)]
pub enum FindError {
    /// There is no folder of runs.
    #[error(transparent)]
    NoFolder(#[from] NoRunsFolder),
    /// It cannot be read.
    #[error("read {}: {error}", folder.display())]
    Unreadable { folder: PathBuf, error: std::io::Error },
    /// Nothing has been recorded.
    #[error("no run is recorded in {}", .0.display())]
    NoRuns(PathBuf),
    /// Nothing of that name.
    #[error("there is no run and no file {name:?} (see `pooltop runs`)")]
    Nothing { name: PathBuf },
    /// More than one.
    #[error("{name} is the beginning of {count} runs, for instance {}", examples.join(", "))]
    Many { name: Box<str>, count: usize, examples: Vec<String> },
}

/// Why there is no folder to keep runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no folder to keep runs in: neither XDG_STATE_HOME nor HOME is an absolute path")]
pub struct NoRunsFolder;

/// Where runs are kept. It need not be there.
///
/// # Errors
/// When the surroundings name no place for it.
pub fn runs_folder() -> Result<PathBuf, NoRunsFolder> {
    runs_folder_by(|name| std::env::var_os(name))
}

fn runs_folder_by(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoRunsFolder> {
    // A relative one is to be ignored, says the standard that has the variable.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    Ok(state.ok_or(NoRunsFolder)?.join("pooltop/runs"))
}

/// Finds the run that is meant.
///
/// # Errors
/// When none is, or more than one.
pub fn find(name: &Path) -> Result<Found, FindError> {
    let is_path = name.as_os_str().as_bytes().contains(&b'/');
    if is_path {
        return at(name).ok_or_else(|| FindError::Nothing { name: name.to_owned() });
    }
    match runs_folder().map_err(FindError::from).and_then(|folder| find_in(&folder, name)) {
        // Somebody's own file, where no run is meant. For one called `latest` there is `./latest`.
        Err(FindError::Nothing { .. } | FindError::NoFolder(_)) if name.exists() => {
            at(name).ok_or_else(|| FindError::Nothing { name: name.to_owned() })
        }
        found => found,
    }
}

/// Finds a run in a folder of runs.
fn find_in(folder: &Path, name: &Path) -> Result<Found, FindError> {
    let ids = run_ids(folder).map_err(|error| FindError::Unreadable { folder: folder.to_owned(), error })?;
    let nothing = || FindError::Nothing { name: name.to_owned() };
    if name == Path::new(LATEST) {
        let newest = ids.iter().find(|id| folder.join(&*id.0).join(JOURNAL).is_file());
        return newest.map(|id| in_folder(folder, id)).ok_or_else(|| FindError::NoRuns(folder.to_owned()));
    }
    let Some(start) = name.to_str().filter(|start| !start.is_empty()) else { return Err(nothing()) };
    let mut meant = ids.iter().filter(|id| id.0.starts_with(start));
    match (meant.next(), meant.count()) {
        (None, _) => Err(nothing()),
        (Some(id), 0) => Ok(in_folder(folder, id)),
        (Some(_), more) => {
            let examples = ids.iter().filter(|id| id.0.starts_with(start)).take(NAMED_MAX).map(ToString::to_string);
            Err(FindError::Many { name: start.into(), count: more + 1, examples: examples.collect() })
        }
    }
}

/// The run of that id in a folder of runs.
pub fn in_folder(folder: &Path, id: &RunId) -> Found {
    let run = folder.join(&*id.0);
    Found { journal: run.join(JOURNAL), output: run.join(OUTPUT), id: id.clone() }
}

/// A journal of any name, or a run's folder.
fn at(path: &Path) -> Option<Found> {
    let kind = path.metadata().ok()?;
    let named = |path: &Path| RunId(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into());
    if kind.is_dir() {
        return Some(Found { journal: path.join(JOURNAL), output: path.join(OUTPUT), id: named(path) });
    }
    let in_its_folder = path.file_name().is_some_and(|name| name == JOURNAL);
    match path.parent().filter(|folder| in_its_folder && folder.join(OUTPUT).is_dir()) {
        Some(folder) => Some(Found { journal: path.to_owned(), output: folder.join(OUTPUT), id: named(folder) }),
        None => Some(beside(path)),
    }
}

/// The run whose journal is that file of somebody's own.
pub fn beside(journal: &Path) -> Found {
    let mut output = journal.as_os_str().to_owned();
    output.push(".");
    output.push(KEPT_SPOOL);
    let id = RunId(journal.file_name().unwrap_or(journal.as_os_str()).to_string_lossy().into());
    Found { journal: journal.to_owned(), output: output.into(), id }
}

/// The ids of all runs in a folder of runs, the newest first. Whatever else lies there is none. A folder that is not there has
/// none.
///
/// # Errors
/// When it cannot be read.
pub fn run_ids(folder: &Path) -> std::io::Result<Vec<RunId>> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Of a link nothing is known, and nothing of it is ours.
        if let (Some(id), true) = (entry.file_name().to_str().and_then(as_id), entry.file_type()?.is_dir()) {
            ids.push(id);
        }
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// Whether that is a run's id.
pub fn as_id(name: &str) -> Option<RunId> {
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        other => byte == other,
    };
    (name.len() == SHAPE.len() && name.as_bytes().iter().zip(SHAPE).all(fits)).then(|| RunId(name.into()))
}

/// Whether somebody is writing this journal, or works for whoever did: a writer and its workers hold a lock on it.
/// A file that is not there is written by nobody.
pub fn is_live(journal: &Path) -> bool {
    // A shared lock, so that several can look at once. It is gone with the file.
    File::open(journal).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::super::made_up::until_dead;
    use super::*;

    fn folder_with(ids: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for id in ids {
            std::fs::create_dir(folder.path().join(id)).unwrap();
            std::fs::write(folder.path().join(id).join(JOURNAL), "").unwrap();
        }
        folder
    }

    fn meant(folder: &Path, name: &str) -> Result<String, String> {
        find_in(folder, Path::new(name)).map(|found| found.id.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn runs_are_kept_where_the_surroundings_say_and_only_in_absolute_places() {
        let by = |state: Option<&str>, home: Option<&str>| {
            runs_folder_by(|name| if name == "HOME" { home } else { state }.map(OsString::from))
        };
        assert_eq!(by(Some("/s"), Some("/h")).unwrap(), Path::new("/s/pooltop/runs"));
        for state in [None, Some(""), Some("state"), Some("./s")] {
            assert_eq!(by(state, Some("/h")).unwrap(), Path::new("/h/.local/state/pooltop/runs"));
        }
        assert!(by(None, None).unwrap_err().to_string().contains("neither XDG_STATE_HOME nor HOME"));
        assert!(by(Some("x"), Some("h")).is_err());
    }

    #[test]
    fn a_run_is_named_by_its_id_its_unique_beginning_or_as_the_latest() {
        let ids = ["20260102-030405-0a1b", "20260102-030405-ffff", "20260103-000000-0000"];
        let folder = folder_with(&ids);
        for other in ["notes", "20260104-000000-000G", "20260104-000000-00000"] {
            std::fs::create_dir(folder.path().join(other)).unwrap();
        }
        std::os::unix::fs::symlink("/", folder.path().join("20260105-000000-0000")).unwrap();
        // A run that was cut off before it had a journal is not the latest one that there is to see.
        std::fs::create_dir(folder.path().join("20260104-000000-0000")).unwrap();
        let mean = |name| meant(folder.path(), name);
        assert_eq!(mean("latest").unwrap(), ids[2]);
        assert_eq!(mean(ids[0]).unwrap(), ids[0]);
        assert_eq!(mean("20260103").unwrap(), ids[2]);
        assert!(mean("20260102").unwrap_err().contains("the beginning of 2 runs"), "{:?}", mean("20260102"));
        for nothing in ["", "3", "20260105", "notes", "20260102-030405-0a1bc"] {
            assert!(mean(nothing).unwrap_err().contains("there is no run"), "{nothing}");
        }
        assert!(meant(&folder.path().join("none"), "latest").unwrap_err().contains("no run is recorded in"));
    }

    #[test]
    fn a_path_names_a_journal_or_a_runs_folder() {
        let folder = folder_with(&["20260102-030405-0a1b"]);
        let run = folder.path().join("20260102-030405-0a1b");
        std::fs::create_dir(run.join(OUTPUT)).unwrap();
        let by_folder = find(&run).unwrap();
        assert_eq!(by_folder, find(&run.join(JOURNAL)).unwrap());
        assert_eq!(by_folder, in_folder(folder.path(), &RunId("20260102-030405-0a1b".into())));
        let own = folder.path().join("mine.log");
        std::fs::write(&own, "").unwrap();
        let found = find(&own).unwrap();
        assert_eq!((found.output, &*found.id.0), (folder.path().join("mine.log.output"), "mine.log"));
        assert!(find(&folder.path().join("not there")).is_err());
    }

    #[test]
    fn a_journal_is_live_as_long_as_somebody_holds_its_lock() {
        let folder = folder_with(&["20260102-030405-0a1b"]);
        let path = folder.path().join("20260102-030405-0a1b").join(JOURNAL);
        assert!(!is_live(&path) && !is_live(folder.path().join("none").as_path()));
        let held = File::open(&path).unwrap();
        held.try_lock().unwrap();
        let inherited = held.try_clone().unwrap();
        drop(held);
        assert!(is_live(&path));
        drop(inherited);
        until_dead(&path);
    }
}
