//! Removes old runs: those of more than thirty days, more than a hundred, more than a gigabyte. What is live is never removed,
//! nor is the newest.
//! It does not know what is in a run. It removes folders that are named like a run's, lie in the folder of runs, and are no links.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::find::{JOURNAL, run_ids};
use super::{Brief, RunId};

/// How long a run is kept after it was last written.
pub const AGE_MAX: Duration = Duration::from_hours(30 * 24);

/// How many runs are kept.
pub const RUNS_MAX: usize = 100;

/// How much they may take.
pub const BYTES_MAX: u64 = 1_000_000_000;

/// How the folder of a run is called while it is being removed.
const REMOVED: &str = ".removed-";

/// A run that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    id: RunId,
    age: Duration,
    bytes: u64,
    life: Life,
}

/// Whether somebody is at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    Over,
}

/// Which are to go, of all runs, the newest first.
fn doomed(runs: &[Kept]) -> Vec<&RunId> {
    let (mut count, mut bytes) = (0, 0_u64);
    let mut doomed = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let fits = count < RUNS_MAX && bytes.saturating_add(run.bytes) <= BYTES_MAX && run.age <= AGE_MAX;
        if at > 0 && run.life == Life::Over && !fits {
            doomed.push(&run.id);
            continue;
        }
        count += 1;
        bytes = bytes.saturating_add(run.bytes);
    }
    doomed
}

/// Removes what is too much. What cannot be removed stays until the next time.
///
/// # Errors
/// When the folder of runs cannot be read.
pub fn tidy(folder: &Path, now_unix_us: i64) -> io::Result<()> {
    let runs: Vec<Kept> = run_ids(folder)?.into_iter().filter_map(|id| look(folder, id, now_unix_us).ok()).collect();
    for id in doomed(&runs) {
        let _ = remove(folder, id);
    }
    // What was being removed when somebody pulled the plug.
    for entry in folder.read_dir()?.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(REMOVED));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn look(folder: &Path, id: RunId, now_unix_us: i64) -> io::Result<Kept> {
    let run = folder.join(&*id.0);
    let journal = run.join(JOURNAL);
    // Of a run without a journal the folder itself is all there is to go by.
    let written = journal.metadata().or_else(|_| run.metadata())?.modified()?;
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = Duration::from_micros(u64::try_from(now_unix_us).unwrap_or(0));
    let life = if super::is_live(&journal) { Life::Live } else { Life::Over };
    let bytes = match Brief::read(&journal) {
        Some(brief) => brief.bytes,
        None => bytes_in(&run),
    };
    Ok(Kept { id, age: now.saturating_sub(written), bytes, life })
}

/// How much the files in a run's folder take, as far as they can be read. No links are followed.
pub fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else { return 0 };
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(kind) if kind.is_dir() => bytes_in(&entry.path()),
        Ok(kind) => kind.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).fold(0, u64::saturating_add)
}

/// Takes its lock, so that nobody goes on with it; its name, so that nobody finds it; then its files.
fn remove(folder: &Path, id: &RunId) -> io::Result<()> {
    let run = folder.join(&*id.0);
    let _lock = match File::options().append(true).open(run.join(JOURNAL)) {
        Ok(file) => {
            file.try_lock()?;
            Some(file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if !run.symlink_metadata()?.is_dir() {
        return Ok(());
    }
    let removed = folder.join(format!("{REMOVED}{id}"));
    std::fs::rename(&run, &removed)?;
    std::fs::remove_dir_all(removed)
}

#[cfg(test)]
mod tests {
    use super::super::find::as_id;
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    /// Runs of so many days, bytes and lives, the newest first.
    fn runs(of: &[(u32, u64, Life)]) -> Vec<Kept> {
        let kept = |(at, &(days, bytes, life)): (usize, &(u32, u64, Life))| Kept {
            id: RunId(at.to_string().into()),
            age: DAY * days,
            bytes,
            life,
        };
        of.iter().enumerate().map(kept).collect()
    }

    fn doomed_of(of: &[(u32, u64, Life)]) -> Vec<String> {
        doomed(&runs(of)).into_iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_old_the_many_and_the_large_go_but_never_the_newest_or_a_live_one() {
        use Life::{Live, Over};
        let nothing: [&str; 0] = [];
        assert_eq!(doomed_of(&[(0, 1, Over), (30, 1, Over), (31, 1, Over), (31, 1, Live)]), ["2"]);
        assert_eq!(doomed_of(&[(31, 2 * BYTES_MAX, Over)]), nothing);
        assert_eq!(doomed_of(&[(0, BYTES_MAX, Over), (1, 1, Over), (1, 0, Over)]), ["1"]);
        let (half, more) = (BYTES_MAX / 2, BYTES_MAX / 2 + 1);
        assert_eq!(doomed_of(&[(0, half, Over), (1, more, Over), (2, half, Over), (3, 1, Over)]), ["1", "3"]);
        let mut many = vec![(0, 0, Over); 102];
        many[101].2 = Live;
        assert_eq!(doomed_of(&many), ["100"]);
    }

    #[test]
    fn only_runs_of_ours_are_removed_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        std::fs::create_dir(&precious).unwrap();
        std::fs::write(precious.join("file"), "all I have").unwrap();
        let runs = folder.path().join("runs");
        for id in ["20250101-000000-0000", "20250102-000000-0000", "20250103-000000-0000", "notes"] {
            std::fs::create_dir_all(runs.join(id).join("output")).unwrap();
            std::fs::write(runs.join(id).join(JOURNAL), "x").unwrap();
            std::os::unix::fs::symlink(&precious, runs.join(id).join("output/link")).unwrap();
        }
        std::os::unix::fs::symlink(&precious, runs.join("20240101-000000-0000")).unwrap();
        std::fs::create_dir(runs.join(".removed-20240101-000000-0001")).unwrap();
        let live = File::open(runs.join("20250102-000000-0000").join(JOURNAL)).unwrap();
        live.lock().unwrap();
        tidy(&runs, crate::clock::wall_us()).unwrap();
        assert_eq!(runs.read_dir().unwrap().count(), 5, "nothing is that old but what was half removed");
        tidy(&runs, crate::clock::wall_us() + 40 * 86_400_000_000).unwrap();
        let mut left: Vec<_> =
            runs.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort_unstable();
        assert_eq!(left, ["20240101-000000-0000", "20250102-000000-0000", "20250103-000000-0000", "notes"]);
        assert_eq!(as_id("notes"), None);
        assert_eq!(std::fs::read(precious.join("file")).unwrap(), b"all I have");
    }
}
