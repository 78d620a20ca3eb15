//! Copies that are killed: the tree is whole in the end, nothing unfinished is left, and what was copied is not copied again.
//! It does not know how copies are made.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::compare;
use super::stage::{Killed, Stage, kill};
use crate::common::PATIENCE;
use crate::common::processes::wait_until;

/// Everything in a folder that is a file, with what tells one copy from another.
fn copies(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let meta = fs::symlink_metadata(&path).expect("it is there");
            if meta.is_dir() {
                waiting.push(path);
            } else {
                all.insert(path, (meta.ino(), meta.ctime(), meta.ctime_nsec()));
            }
        }
    }
    all
}

fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(pooltop::worker::copy::is_leftover)
}

/// Enough that a copy is not over before it is killed.
fn large_tree(at: &Path) {
    for folder in 0..60 {
        let folder = at.join(format!("f{}/sub{folder}", folder % 7));
        fs::create_dir_all(&folder).expect("a folder");
        for file in 0..60 {
            fs::write(folder.join(format!("file{file}")), vec![b'x'; 500 + file * 7]).expect("a file");
        }
        fs::hard_link(folder.join("file1"), folder.join("second-name")).expect("a link");
        std::os::unix::fs::symlink("file2", folder.join("symlink")).expect("a link");
    }
    for large in 0..8 {
        fs::write(at.join(format!("large{large}")), vec![b'0' + large; 3 << 20]).expect("a file");
    }
}

/// Kills a copy when so many of its tasks have ended, goes on, and compares.
fn copy_killed_after(tasks: usize, whom: Killed) {
    let stage = Stage::new();
    large_tree(&stage.at("src"));
    let run = stage.recorded("copy", &["-j2", "src", "dst"]).start();
    wait_until(
        || {
            let text = fs::read(stage.at("journal")).unwrap_or_default();
            text.split(|byte| *byte == b'\n').filter(|line| line.windows(13).any(|it| it == b"attempt_ended")).count()
                >= tasks
        },
        "so many tasks have ended",
        PATIENCE,
    );
    kill(run, whom);
    if stage.count("run_ended") > 0 {
        assert!(tasks > 100, "it was over before it was killed");
        return;
    }
    // As much as had its name; leftovers are renamed by nobody.
    let before: BTreeMap<_, _> = copies(&stage.at("dst")).into_iter().filter(|(path, _)| !is_leftover(path)).collect();
    let foreign = stage.at("dst/.pooltop-notes");
    fs::write(&foreign, "mine").expect("a file");
    let finished = stage.resume(&[]).finish().expect_code(0);
    fs::remove_file(&foreign).expect("nobody else's");
    let after = copies(&stage.at("dst"));
    let left: Vec<_> = after.keys().filter(|path| is_leftover(path)).collect();
    assert!(left.is_empty(), "unfinished copies are left: {left:?}\n{}", finished.err());
    // A hard link to a file changes when it was changed, not which file it is.
    let changed: Vec<_> = before.iter().filter(|(path, was)| after.get(*path).map(|is| is.0) != Some(was.0)).collect();
    assert!(changed.is_empty(), "copied again: {changed:?}\n{}", finished.err());
    let linked = |path: &Path| path.ends_with("file1") || path.ends_with("second-name");
    assert!(before.iter().all(|(path, was)| linked(path) || after[path] == *was), "touched again");
    assert!(!before.is_empty());
    // The file of ours in it has moved the folder's time.
    let times = fs::metadata(stage.at("src")).and_then(|src| Ok(fs::FileTimes::new().set_modified(src.modified()?)));
    fs::File::open(stage.at("dst")).and_then(|dst| dst.set_times(times?)).expect("a time is set");
    compare::assert_same(&stage.at("src"), &stage.at("dst"));
}

#[test]
fn a_copy_that_was_killed_is_whole_in_the_end_and_nothing_is_copied_twice() {
    copy_killed_after(20, Killed::Parent);
    copy_killed_after(60, Killed::ParentThenWorkers);
}

#[test]
#[ignore = "the whole sweep: some minutes"]
fn a_copy_killed_at_many_points() {
    for tasks in (1..250).step_by(15) {
        for whom in [Killed::Parent, Killed::ParentThenWorkers, Killed::WorkersThenParent] {
            copy_killed_after(tasks, whom);
        }
    }
}

#[test]
fn a_copy_that_failed_in_part_is_completed_and_its_folders_are_finished_again() {
    let stage = Stage::new();
    fs::create_dir_all(stage.at("src/sub")).expect("a folder");
    fs::write(stage.at("src/sub/file"), "new").expect("a file");
    fs::create_dir_all(stage.at("dst/src/sub/file")).expect("a folder in the way");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(stage.at("src/sub"))
        .and_then(|folder| folder.set_times(fs::FileTimes::new().set_modified(time)))
        .expect("a time is set");
    stage.recorded("copy", &["src", "dst"]).finish().expect_code(1);
    fs::remove_dir(stage.at("dst/src/sub/file")).expect("out of the way");
    stage.resume(&[]).finish().expect_code(0);
    compare::assert_same(&stage.at("src"), &stage.at("dst/src"));
}

#[test]
fn a_demos_tree_is_made_again_where_it_was_and_goes_with_the_run() {
    let stage = Stage::new();
    let run = stage.recorded("demo", &["default", "--speed", "3"]).start();
    stage.wait_for("attempt_ended", 6);
    kill(run, Killed::Parent);
    let header: Value = fs::read_to_string(stage.at("journal"))
        .ok()
        .and_then(|text| serde_json::from_str(text.lines().next()?).ok())
        .expect("a header");
    let made = PathBuf::from(header["made"][0].as_str().expect("a path"));
    assert!(made.exists(), "a killed run leaves it");
    fs::remove_dir_all(&made).expect("it goes");
    let finished = stage.resume(&["--speed", "1000"]).finish();
    assert!(!made.exists(), "it went with the run");
    let err = finished.err();
    assert!(!err.contains("FAILED  ") || !err.contains("open folder"), "{err}");
    assert_eq!(stage.count("run_ended"), 1, "{err}");
}
