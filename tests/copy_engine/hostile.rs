//! Links, special files and names that would lead a careless copy astray.
//! It does not know what happens when disks or files fail.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use pooltop::command::Weight;
use pooltop::source::plan;
use pooltop::task::{CopyEntry, EntryKind, RawText, Verify};

use crate::compare::assert_same;
use crate::{Order, Stage, batches, copied, failure, is_root, names, run_acting, skipped};

fn make_fifo(stage: &Stage, path: &str) {
    nix::unistd::mkfifo(&stage.at(path), nix::sys::stat::Mode::S_IRWXU).unwrap();
}

#[test]
fn a_link_in_the_destination_is_never_followed() {
    let stage = Stage::new();
    stage.write("src/a/file", "mine");
    stage.write("src/b", "mine");
    stage.write("elsewhere/file", "yours");
    fs::create_dir_all(stage.at("copy/src")).unwrap();
    symlink(stage.at("elsewhere"), stage.at("copy/src/a")).unwrap();
    symlink(stage.at("elsewhere/file"), stage.at("copy/src/b")).unwrap();
    let ran = copied(&[stage.at("src")], &stage.at("copy"), Order::AsSent);
    assert_eq!(ran.notes_of(Weight::Error).len(), 1, "{ran:?}");
    assert_eq!(fs::read(stage.at("elsewhere/file")).unwrap(), b"yours");
    assert_eq!(names(&stage.at("elsewhere")), ["file"]);
    assert!(fs::symlink_metadata(stage.at("copy/src/b")).unwrap().is_file());
}

#[test]
fn a_folder_swapped_for_a_link_after_the_walk_is_not_followed() {
    for swapped in ["copy/a", "copy"] {
        let stage = Stage::new();
        stage.write("src/a/file", "mine");
        fs::create_dir_all(stage.at("elsewhere/a")).unwrap();
        let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
        fs::rename(stage.at(swapped), stage.at("aside")).unwrap();
        symlink(stage.at("elsewhere"), stage.at(swapped)).unwrap();
        let (result, _) = run_acting(batch, &mut |_, _| Ok(()));
        assert!(failure(result).starts_with("open folder "));
        assert!(names(&stage.at("elsewhere/a")).is_empty());
        assert_eq!(names(&stage.at("elsewhere")), ["a"]);
    }
}

#[test]
fn a_source_swapped_for_something_else_is_not_read() {
    let stage = Stage::new();
    let source = stage.write("src/file", "text");
    stage.write("secret", "text");
    let batch = &batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0];
    fs::remove_file(&source).unwrap();
    make_fifo(&stage, "src/file");
    assert!(failure(run_acting(batch, &mut |_, _| Ok(())).0).contains("became a FIFO"));
    fs::remove_file(&source).unwrap();
    symlink(stage.at("secret"), &source).unwrap();
    assert!(failure(run_acting(batch, &mut |_, _| Ok(())).0).contains("became a symbolic link"));
    fs::remove_file(&source).unwrap();
    fs::create_dir(&source).unwrap();
    assert!(failure(run_acting(batch, &mut |_, _| Ok(())).0).contains("became a folder"));
    fs::remove_dir(&source).unwrap();
    let _listener = UnixListener::bind(&source).unwrap();
    assert!(failure(run_acting(batch, &mut |_, _| Ok(())).0).contains("became something else than a file"));
    assert!(names(&stage.at("copy")).is_empty());
}

#[test]
fn special_files_are_told_and_left_out() {
    let stage = Stage::new();
    stage.write("src/file", "text");
    make_fifo(&stage, "src/fifo");
    let _listener = UnixListener::bind(stage.at("src/socket")).unwrap();
    let ran = copied(&[stage.at("src")], &stage.at("copy"), Order::AsSent);
    assert!(ran.failures.is_empty());
    assert_eq!(ran.notes_of(Weight::Skipped).len(), 2, "{ran:?}");
    assert_eq!(names(&stage.at("copy")), ["file"]);
}

#[test]
fn a_file_is_not_copied_onto_itself_through_another_name() {
    let stage = Stage::new();
    for name in ["hard", "soft", "back"] {
        stage.write(format!("src/{name}"), name);
        stage.write(format!("src/large {name}"), vec![1; 1 << 20]);
    }
    fs::create_dir(stage.at("copy")).unwrap();
    for prefix in ["", "large "] {
        let at = |folder: &str, name: &str| stage.at(folder).join(format!("{prefix}{name}"));
        fs::hard_link(at("src", "hard"), at("copy", "hard")).unwrap();
        symlink(at("src", "soft"), at("copy", "soft")).unwrap();
        fs::rename(at("src", "back"), at("copy", "back")).unwrap();
        symlink(at("copy", "back"), at("src", "back")).unwrap();
    }
    let ran = copied(&[stage.at("src/.")], &stage.at("copy"), Order::AsSent);
    let text = ran.failures.join("; ");
    assert_eq!(ran.tally.files, 0, "{ran:?}");
    assert_eq!(text.matches("they are the same file").count(), 5, "{text}");
    assert!(text.contains("4 of 4 files failed: ") && text.ends_with("; and 1 more"), "{text}");
    assert_eq!(fs::read(stage.at("src/hard")).unwrap(), b"hard");
    assert_eq!(fs::metadata(stage.at("src/hard")).unwrap().nlink(), 2);
    assert!(fs::symlink_metadata(stage.at("copy/soft")).unwrap().is_symlink());
    assert_eq!(fs::read(stage.at("src/back")).unwrap(), b"back");
    assert_eq!(names(&stage.at("copy")).len(), 6);
}

#[test]
fn a_folder_or_device_in_the_way_is_named() {
    let stage = Stage::new();
    for name in ["a", "b", "c"] {
        stage.write(format!("src/{name}"), "x");
    }
    stage.write("src/large", vec![0; 1 << 20]);
    symlink("x", stage.at("src/link")).unwrap();
    for folder in ["copy/a/inside", "copy/large", "copy/link"] {
        fs::create_dir_all(stage.at(folder)).unwrap();
    }
    make_fifo(&stage, "copy/b");
    let ran = copied(&[stage.at("src/.")], &stage.at("copy"), Order::AsSent);
    let text = ran.failures.join("; ");
    assert_eq!(text.matches("a folder is in the way").count(), 3, "{text}");
    assert_eq!(text.matches("a FIFO is in the way").count(), 1, "{text}");
    assert!(stage.at("copy/a/inside").is_dir() && stage.at("copy/c").is_file());
    assert_eq!(names(&stage.at("copy")), ["a", "b", "c", "large", "link"]);
}

#[test]
fn a_further_name_is_not_given_to_an_older_file() {
    let stage = Stage::new();
    stage.write("src/a", "new");
    fs::hard_link(stage.at("src/a"), stage.at("src/b")).unwrap();
    // The first name cannot be copied, so what the second would be linked to is not its file.
    fs::create_dir_all(stage.at("copy/a")).unwrap();
    let ran = copied(&[stage.at("src/.")], &stage.at("copy"), Order::AsSent);
    assert_eq!(ran.failures.len(), 2, "{ran:?}");
    assert!(ran.failures[1].contains("not a copy of the same file"), "{ran:?}");
    assert!(!stage.at("copy/b").exists());
}

#[test]
fn names_that_lead_out_are_refused() {
    let stage = Stage::new();
    stage.write("src/file", "text");
    stage.write("secret", "text");
    fs::create_dir(stage.at("elsewhere")).unwrap();
    let good = batches(&[stage.at("src")], &stage.at("copy"), Verify::No)[0].clone();
    let EntryKind::File(seen) = good.entries[0].kind else { panic!() };
    let name = |name: &str| RawText::from(name);
    for (folder, source, target) in [
        ("", "../secret", None),
        ("", "file", Some("../elsewhere/file")),
        ("", "file", Some("..")),
        ("", "file", Some("")),
        ("..", "secret", None),
        ("/etc", "passwd", None),
        ("sub/../..", "secret", None),
    ] {
        let entry = CopyEntry { name: name(source), rename: target.map(name), kind: EntryKind::File(seen) };
        let mut batch = good.clone();
        (batch.folder, batch.entries) = (name(folder), vec![entry]);
        failure(run_acting(&batch, &mut |_, _| Ok(())).0);
    }
    for first in ["../secret", "/etc/passwd", "..", ""] {
        let kind = EntryKind::HardLink { first: name(first) };
        let mut batch = good.clone();
        batch.entries = vec![CopyEntry { name: name("file"), rename: None, kind }];
        failure(run_acting(&batch, &mut |_, _| Ok(())).0);
    }
    let mut batch = good.clone();
    batch.entries = vec![CopyEntry { name: name("../elsewhere"), rename: None, kind: EntryKind::FolderDone }];
    failure(run_acting(&batch, &mut |_, _| Ok(())).0);
    assert!(names(&stage.at("copy")).is_empty() && names(&stage.at("elsewhere")).is_empty());
}

#[test]
fn a_destination_inside_the_source_is_refused() {
    let stage = Stage::new();
    stage.write("src/sub/file", "x");
    symlink("src/sub", stage.at("way-in")).unwrap();
    for target in ["src/new", "src/sub", "way-in", "way-in/new"] {
        assert!(plan(&[stage.at("src")], &stage.at(target)).is_err(), "{target}");
    }
}

#[test]
fn what_may_not_be_read_is_told_and_the_rest_is_copied() {
    if is_root() {
        skipped("root may read everything");
        return;
    }
    let stage = Stage::new();
    stage.write("src/closed/file", "x");
    stage.write("src/secret", "x");
    stage.write("src/open", "x");
    for path in ["src/closed", "src/secret"] {
        fs::set_permissions(stage.at(path), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let ran = copied(&[stage.at("src")], &stage.at("copy"), Order::AsSent);
    assert_eq!(ran.notes_of(Weight::Error).len(), 1, "{ran:?}");
    assert_eq!(ran.failures.len(), 1, "{ran:?}");
    assert_eq!(names(&stage.at("copy")), ["closed", "open"]);
    assert_same(&stage.at("src/open"), &stage.at("copy/open"));
}
