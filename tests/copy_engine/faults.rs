//! When a copy goes wrong, the final name holds what it held before, and nothing unfinished stays.
//! It does not know what a good copy looks like.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use pooltop::command::Weight;
use pooltop::task::Verify;
use pooltop::worker::Halted;
use pooltop::worker::copy::{CopyStop, is_leftover};

use crate::{Order, Stage, batches, copied, failure, is_root, names, run_acting, run_tool, skipped};

const LARGE: usize = 12 << 20;

/// A small file system of its own, to be filled up.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None`, with a message, where mounting is not allowed.
    pub fn mount(stage: &Stage, size: &str) -> Option<Self> {
        let path = stage.at("tmpfs");
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let words = ["-t", "tmpfs", "-o", &options, "tmpfs"].map(std::ffi::OsStr::new);
        if is_root() && run_tool("mount", &[&words[..], &[path.as_os_str()]].concat()) {
            return Some(Self(path));
        }
        skipped("no file system can be mounted here");
        None
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        run_tool("umount", &[self.0.as_os_str()]);
    }
}

fn append(path: &Path) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

#[test]
fn a_full_disk_leaves_the_old_file_alone() {
    let stage = Stage::new();
    let Some(tmpfs) = Tmpfs::mount(&stage, "2m") else { return };
    stage.write("src/large", vec![1; 4 << 20]);
    fs::create_dir(tmpfs.at("copy")).unwrap();
    fs::write(tmpfs.at("copy/large"), "old").unwrap();
    let ran = copied(&[stage.at("src/.")], &tmpfs.at("copy"), Order::AsSent);
    assert_eq!(ran.failures, [format!("write {}: no space left on device", tmpfs.at("copy/large").display())]);
    assert_eq!(fs::read(tmpfs.at("copy/large")).unwrap(), b"old");
    assert_eq!(names(&tmpfs.at("copy")), ["large"]);
}

#[test]
fn files_cross_file_systems_by_hand() {
    let stage = Stage::new();
    let Some(tmpfs) = Tmpfs::mount(&stage, "32m") else { return };
    let bytes: Vec<u8> = (0_u32..3 << 20).flat_map(u32::to_le_bytes).collect();
    let large = stage.write("src/large", &bytes);
    copied(&[large], &tmpfs.at("copy"), Order::AsSent).assert_silent();
    assert!(fs::read(tmpfs.at("copy")).unwrap() == bytes);
}

#[test]
fn a_halt_midway_leaves_nothing_unfinished() {
    for old in [None, Some("old")] {
        let stage = Stage::new();
        stage.write("src/large", vec![1; LARGE]);
        fs::create_dir(stage.at("copy")).unwrap();
        if let Some(old) = old {
            stage.write("copy/large", old);
        }
        let batch = &batches(&[stage.at("src/.")], &stage.at("copy"), Verify::No)[0];
        let mut unfinished = Vec::new();
        let (result, _) = run_acting(batch, &mut |done, _| {
            unfinished = names(&stage.at("copy"));
            if done > 0 { Err(Halted) } else { Ok(()) }
        });
        assert_eq!(result, Err(CopyStop::Halted));
        assert!(unfinished.iter().any(|name| is_leftover(name.as_ref())), "{unfinished:?}");
        assert_eq!(fs::read_to_string(stage.at("copy/large")).ok().as_deref(), old);
        assert_eq!(names(&stage.at("copy")).len(), old.iter().len());
    }
}

#[test]
fn a_panic_midway_leaves_nothing_unfinished() {
    let stage = Stage::new();
    stage.write("src/large", vec![1; LARGE]);
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    let died = std::panic::catch_unwind(|| run_acting(batch, &mut |_, _| panic!("on purpose")));
    assert!(died.is_err() && names(&stage.at("copy")).is_empty());
}

#[test]
fn a_file_that_keeps_changing_is_not_copied() {
    for bytes in [10, LARGE] {
        let stage = Stage::new();
        let source = stage.write("src/log", vec![1; bytes]);
        stage.write("copy/log", "old");
        let batch = &batches(&[stage.at("src/.")], &stage.at("copy"), Verify::No)[0];
        let (result, _) = run_acting(batch, &mut |_, _| {
            append(&source);
            Ok(())
        });
        assert!(failure(result).contains("changed twice while it was read"));
        assert_eq!(fs::read(stage.at("copy/log")).unwrap(), b"old");
        assert_eq!(names(&stage.at("copy")), ["log"]);
    }
}

#[test]
fn a_file_that_changes_once_is_copied_as_it_is_then() {
    let stage = Stage::new();
    let source = stage.write("src/log", vec![1; LARGE]);
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    let (mut times, mut last) = (0, 0);
    let (result, _) = run_acting(batch, &mut |done, _| {
        (times, last) = (times + 1, done);
        if times == 2 {
            append(&source);
        }
        Ok(())
    });
    assert_eq!((result.unwrap().bytes, last), (LARGE as u64 + 4, LARGE as u64 + 4));
    assert!(fs::read(stage.at("copy/log")).unwrap() == fs::read(&source).unwrap());
}

#[test]
fn a_change_that_sets_the_time_back_is_noticed() {
    let stage = Stage::new();
    let source = stage.write("src/sly", vec![1; LARGE]);
    let modified = fs::metadata(&source).unwrap().modified().unwrap();
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    let (result, _) = run_acting(batch, &mut |done, _| {
        let file = fs::OpenOptions::new().write(true).open(&source).unwrap();
        file.write_all_at(&[2], LARGE as u64 - done % 7 - 1).unwrap();
        file.set_times(fs::FileTimes::new().set_modified(modified)).unwrap();
        Ok(())
    });
    assert!(failure(result).contains("changed twice"));
}

#[test]
fn a_file_changed_since_it_was_listed_is_copied_and_told() {
    let stage = Stage::new();
    let source = stage.write("src/file", "one");
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    append(&source);
    let (result, notes) = run_acting(batch, &mut |_, _| Ok(()));
    assert_eq!(result.unwrap().bytes, 7);
    assert!(
        notes.len() == 1 && notes[0].weight == Weight::Info && notes[0].text.contains("changed after it was listed")
    );
}

#[test]
fn a_file_cut_short_while_it_is_read_is_noticed() {
    let stage = Stage::new();
    let source = stage.write("src/file", vec![1; LARGE]);
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    let mut left = LARGE as u64;
    let (result, _) = run_acting(batch, &mut |_, _| {
        left = left.saturating_sub(5 << 20);
        fs::OpenOptions::new().write(true).open(&source).unwrap().set_len(left).unwrap();
        Ok(())
    });
    assert!(failure(result).contains("changed twice"));
    assert!(names(&stage.at("copy")).is_empty());
}

#[test]
fn a_copy_whose_bytes_went_wrong_does_not_get_its_name() {
    let stage = Stage::new();
    stage.write("src/file", vec![1; 300 << 10]);
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::Contents)[0];
    let (result, _) = run_acting(batch, &mut |done, total| {
        if done == total {
            let name = names(&stage.at("copy")).into_iter().find(|name| is_leftover(name.as_ref()));
            if let Some(name) = name {
                let copy = fs::OpenOptions::new().write(true).open(stage.at("copy").join(name)).unwrap();
                copy.write_all_at(&[9], 4711).unwrap();
            }
        }
        Ok(())
    });
    let text = failure(result);
    for path in ["src/file", "copy/file"] {
        assert!(text.contains(&stage.at(path).display().to_string()), "{text}");
    }
    assert!(names(&stage.at("copy")).is_empty());
}

#[test]
fn one_failure_does_not_keep_the_others_from_being_copied() {
    let stage = Stage::new();
    for at in 0..8 {
        stage.write(format!("src/{at}"), "x");
    }
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    for at in [1, 3, 4, 5, 7] {
        fs::remove_file(stage.at(format!("src/{at}"))).unwrap();
    }
    let (result, _) = run_acting(batch, &mut |_, _| Ok(()));
    let Err(CopyStop::Failed { tally, text }) = result else { panic!("{result:?}") };
    assert_eq!((tally.files, tally.bytes), (3, 3));
    assert_eq!(names(&stage.at("copy")), ["0", "2", "6"]);
    assert!(text.starts_with("5 of 8 files failed: read ") && text.ends_with("; and 2 more"), "{text}");
}
