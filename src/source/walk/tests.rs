//! Which tasks and notes a walk sends, and in which order.
//! It does not copy anything.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;
use crate::source::plan;

struct Walked {
    submits: Vec<usize>,
    specs: Vec<TaskSpec>,
    notes: Vec<Note>,
}

impl Walked {
    /// Every task as "stage folder: names".
    fn lines(&self) -> Vec<String> {
        self.batches()
            .map(|(stage, batch)| {
                let names: Vec<_> = batch.entries.iter().map(|entry| entry.name.lossy()).collect();
                format!("{} {}: {}", stage.0, batch.folder.lossy(), names.join(" "))
            })
            .collect()
    }

    fn batches(&self) -> impl Iterator<Item = (Stage, &CopyBatch)> {
        self.specs.iter().map(|spec| match &spec.work {
            Work::Copy(batch) => (spec.stage, &**batch),
            other => panic!("{other:?}"),
        })
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.at("src")).unwrap();
        folder
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn walk(&self) -> Walked {
        Self::walk_again(&plan(&[self.at("src")], &self.at("dst")).unwrap(), &Known::default())
    }

    fn walk_again(plan: &CopyPlan, known: &Known) -> Walked {
        let mut walked = Walked { submits: Vec::new(), specs: Vec::new(), notes: Vec::new() };
        super::walk_again(plan, Verify::No, known, &mut |command| {
            match command {
                Command::Submit(specs) => {
                    walked.submits.push(specs.len());
                    walked.specs.extend(specs);
                }
                Command::Note(note) => walked.notes.push(note),
                other => panic!("{other:?}"),
            }
            Ok(())
        })
        .unwrap();
        walked
    }
}

#[test]
fn files_come_first_in_the_order_of_names_and_folders_last_deepest_first() {
    let folder = Folder::new();
    fs::create_dir_all(folder.at("src/b/deep")).unwrap();
    fs::create_dir_all(folder.at("src/empty")).unwrap();
    for file in ["src/z", "src/a", "src/b/x", "src/b/deep/y"] {
        fs::write(folder.at(file), file).unwrap();
    }
    symlink("nowhere", folder.at("src/link")).unwrap();
    fs::hard_link(folder.at("src/a"), folder.at("src/b/also-a")).unwrap();
    let walked = folder.walk();
    assert_eq!(
        walked.lines(),
        ["0 : a link z", "0 b: x", "0 b/deep: y", "1 b: also-a", "2 b: deep", "2 : empty b", "2 : "]
    );
    assert!(walked.notes.is_empty());
    let (_, further) = walked.batches().nth(3).unwrap();
    assert_eq!(further.entries[0].kind, EntryKind::HardLink { first: RawText::from("a") });
    assert!(folder.at("dst/b/deep").is_dir() && folder.at("dst/empty").is_dir());
    assert_eq!(fs::metadata(folder.at("dst/b")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_that_locks_its_owner_out_comes_after_what_is_in_it() {
    let folder = Folder::new();
    for (path, mode) in [("src/shut", 0o755), ("src/shut/inner", 0o755), ("src/read-only", 0o555)] {
        fs::create_dir(folder.at(path)).unwrap();
        fs::set_permissions(folder.at(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir(folder.at("src/shut/shut-too")).unwrap();
    let mode = fs::Permissions::from_mode(0o055);
    fs::set_permissions(folder.at("src/shut/shut-too"), mode.clone()).unwrap();
    let may_pass_everything = rustix::process::geteuid().is_root();
    if may_pass_everything {
        fs::set_permissions(folder.at("src/shut"), mode).unwrap();
        assert_eq!(folder.walk().lines(), ["2 shut: shut-too inner", "2 : read-only", "2 : ", "3 : shut"]);
    } else {
        let lines = folder.walk().lines();
        assert_eq!(lines, ["2 shut: inner", "2 : shut read-only", "2 : ", "3 shut: shut-too"]);
    }
}

#[test]
fn small_files_share_a_task_and_a_large_one_has_its_own() {
    let folder = Folder::new();
    for at in 0..40 {
        fs::write(folder.at(&format!("src/s{at:02}")), "x").unwrap();
    }
    for at in 0..10 {
        fs::write(folder.at(&format!("src/t{at}")), vec![0; 128 << 10]).unwrap();
    }
    fs::write(folder.at("src/large"), vec![0; (128 << 10) + 1]).unwrap();
    let walked = folder.walk();
    let mut sizes: Vec<_> = walked.batches().map(|(_, batch)| (batch.entries.len(), batch.bytes())).collect();
    assert!(sizes.iter().all(|&(entries, bytes)| entries <= 16 && bytes <= 1 << 20), "{sizes:?}");
    sizes.sort_unstable();
    assert_eq!(sizes.iter().map(|size| size.0).sum::<usize>(), 52);
    assert!(sizes.contains(&(1, (128 << 10) + 1)) && sizes.len() <= 8, "{sizes:?}");
}

#[test]
fn the_first_tasks_do_not_wait_for_the_rest() {
    let folder = Folder::new();
    for at in 0..600 {
        let path = folder.at(&format!("src/{at:03}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), "x").unwrap();
    }
    let walked = folder.walk();
    assert_eq!(walked.submits[..4], [4, 8, 16, 32]);
    assert!(walked.submits.iter().all(|&tasks| tasks <= 256));
    let plan = plan(&[folder.at("src")], &folder.at("again")).unwrap();
    let mut commands = 0;
    let ended = walk(&plan, Verify::No, &mut |_| {
        commands += 1;
        Err(Closed)
    });
    assert_eq!((ended, commands), (Err(Closed), 1));
}

#[test]
fn what_is_not_copied_is_told() {
    let folder = Folder::new();
    nix::unistd::mkfifo(&folder.at("src/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.at("src/socket")).unwrap();
    fs::write(folder.at("src/.pooltop-0000-1-1"), "half").unwrap();
    fs::create_dir_all(folder.at("src/trap/inside")).unwrap();
    fs::create_dir(folder.at("dst")).unwrap();
    fs::create_dir(folder.at("dst/src")).unwrap();
    symlink("/", folder.at("dst/src/trap")).unwrap();
    let walked = folder.walk();
    let mut notes: Vec<_> = walked.notes.iter().map(|note| (note.weight, note.text.to_string())).collect();
    notes.sort_unstable_by_key(|note| note.1.clone());
    let top = folder.at("").display().to_string();
    assert_eq!(
        notes,
        [
            (Weight::Skipped, format!("{top}src/.pooltop-0000-1-1 is the rest of an unfinished copy")),
            (Weight::Skipped, format!("{top}src/fifo is a FIFO, which is not copied")),
            (Weight::Skipped, format!("{top}src/socket is a socket, which is not copied")),
            (
                Weight::Error,
                format!("create folder {top}dst/src/trap: a symbolic link is in the way; move it elsewhere")
            ),
        ]
        .map(|(weight, text)| (weight, text))
    );
    assert_eq!(walked.lines(), ["2 : "]);
}

#[test]
fn a_destination_that_turns_up_inside_is_not_entered() {
    let folder = Folder::new();
    fs::create_dir_all(folder.at("src/sub")).unwrap();
    // As if a mount had appeared after the arguments were looked at.
    let item = CopyPlanItem { source: folder.at("src"), target: folder.at("src/sub"), shape: Shape::Tree };
    let mut notes = Vec::new();
    let mut tasks = Vec::new();
    walk(&CopyPlan { create: None, items: vec![item] }, Verify::No, &mut |command| {
        match command {
            Command::Note(note) => notes.push(note.text),
            Command::Submit(specs) => tasks.extend(specs),
            other => panic!("{other:?}"),
        }
        Ok(())
    })
    .unwrap();
    assert_eq!((notes.len(), tasks.len()), (1, 1));
    assert!(notes[0].contains("the destination itself"));
}

#[test]
fn what_a_run_has_already_is_left_out_and_finished_folders_are_finished_again() {
    let folder = Folder::new();
    fs::create_dir(folder.at("src/sub")).unwrap();
    for name in ["a", "b", "sub/c"] {
        fs::write(folder.at("src").join(name), name).unwrap();
    }
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.at("src/fifo"),
        rustix::fs::FileType::Fifo,
        Mode::RUSR,
        rustix::fs::makedev(0, 0),
    )
    .unwrap();
    let plan = plan(&[folder.at("src")], &folder.at("dst")).unwrap();
    let first = Folder::walk_again(&plan, &Known::default());
    assert_eq!(first.lines(), ["0 : a b", "0 sub: c", "2 : sub", "2 : "]);
    let mut known = Known::default();
    known.add_note(&first.notes[0].text);
    for (at, (_, batch)) in first.batches().enumerate() {
        let progress = if at == 2 { Progress::Ended } else { Progress::Open };
        if at != 1 {
            known.add(batch, progress);
        }
    }
    fs::write(folder.at("src/new"), "new").unwrap();
    let second = Folder::walk_again(&plan, &known);
    assert_eq!(second.lines(), ["0 : new", "0 sub: c", "2 : sub"]);
    assert!(first.notes.len() == 1 && second.notes.is_empty());
}
