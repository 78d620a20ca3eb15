//! Copies come out like their sources, whatever the sources are.
//! It does not know what happens when something goes wrong.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use pooltop::command::Weight;
use pooltop::task::Verify;
use pooltop::worker::copy::{Copier, is_leftover};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, XattrFlags, mkdirat, openat, setxattr, statat};

use crate::compare::assert_same;
use crate::{Acting, Order, Stage, batch_of, copied, is_root, names, skipped, walked};

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn set_age(path: &Path, nanoseconds: u64) {
    let times = fs::FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_nanos(nanoseconds));
    fs::File::open(path).unwrap().set_times(times).unwrap();
}

/// A folder with one of everything that can be copied by anybody.
fn zoo(stage: &Stage) -> PathBuf {
    let longest = "n".repeat(255);
    let names: [&[u8]; 9] = [
        b"plain",
        longest.as_bytes(),
        b"\xff\xfe not UTF-8",
        b"new\nline",
        b"\x1b[31mred\x1b[0m",
        "Python从入门到住院.pdf".as_bytes(),
        b" leading and trailing ",
        b"-rf",
        b".pooltop-notes",
    ];
    for (at, name) in names.iter().enumerate() {
        let path = stage.write(Path::new("src").join(OsStr::from_bytes(name)), vec![7; at * 1000]);
        set_age(&path, 1_000_000_000_123_456_789 + at as u64);
    }
    stage.write("src/sub/deeper/file", vec![1; 300 << 10]);
    stage.write("src/sub/exactly-a-buffer", vec![2; 256 << 10]);
    stage.write("src/sub/large", vec![3; (5 << 20) + 17]);
    fs::create_dir(stage.at("src/empty folder")).unwrap();
    symlink("plain", stage.at("src/link")).unwrap();
    symlink("nowhere/at all", stage.at("src/dangling")).unwrap();
    symlink("/etc/passwd", stage.at("src/absolute")).unwrap();
    symlink("loop-b", stage.at("src/loop-a")).unwrap();
    symlink("loop-a", stage.at("src/loop-b")).unwrap();
    symlink("..", stage.at("src/sub/up")).unwrap();
    fs::hard_link(stage.at("src/plain"), stage.at("src/sub/hard")).unwrap();
    fs::hard_link(stage.at("src/plain"), stage.at("src/a first by name")).unwrap();
    fs::hard_link(stage.at("src/dangling"), stage.at("src/sub/hard dangling")).unwrap();
    setxattr(stage.at("src/plain"), "user.colour", b"blue\0green", XattrFlags::empty()).unwrap();
    setxattr(stage.at("src/sub"), "user.kind", &[9; 2000], XattrFlags::empty()).unwrap();
    set_mode(&stage.at("src/sub/large"), 0o4755);
    stage.write("src/read-only/file", "x");
    set_mode(&stage.at("src/read-only/file"), 0o444);
    stage.write("src/nobody/file", "y");
    for folder in ["src/read-only", "src/nobody", "src/empty folder", "src/sub/deeper", "src/sub", "src"] {
        set_age(&stage.at(folder), 1_234_567_890_987_654_321);
    }
    set_mode(&stage.at("src/read-only"), 0o555);
    if is_root() {
        set_mode(&stage.at("src/nobody/file"), 0o000);
        set_mode(&stage.at("src/nobody"), 0o000);
        std::os::unix::fs::chown(stage.at("src/sub/deeper"), Some(1234), Some(4321)).unwrap();
        std::os::unix::fs::chown(stage.at("src/sub/large"), Some(1234), Some(4321)).unwrap();
        set_mode(&stage.at("src/sub/large"), 0o6755);
        std::os::unix::fs::lchown(stage.at("src/link"), Some(1234), Some(4321)).unwrap();
        setxattr(stage.at("src/sub/large"), "trusted.secret", b"s", XattrFlags::empty()).unwrap();
    }
    stage.at("src")
}

#[test]
fn one_of_everything_comes_out_the_same_in_any_order() {
    let stage = Stage::new();
    let source = zoo(&stage);
    for order in [Order::AsSent, Order::Reversed] {
        let copy = stage.at(format!("{order:?}"));
        copied(std::slice::from_ref(&source), &copy, order).assert_silent();
        assert_same(&source, &copy);
    }
}

#[test]
fn a_second_copy_over_the_first_changes_nothing_and_repairs_what_was_spoilt() {
    let stage = Stage::new();
    let source = zoo(&stage);
    let copy = stage.at("copy");
    copied(std::slice::from_ref(&source), &copy, Order::AsSent).assert_silent();
    fs::remove_file(copy.join("link")).unwrap();
    fs::write(copy.join("link"), "no link").unwrap();
    fs::write(copy.join("sub/exactly-a-buffer"), "spoilt").unwrap();
    fs::remove_file(copy.join("sub/hard")).unwrap();
    fs::write(copy.join("sub/hard"), "alone").unwrap();
    let again = [source.join(".")];
    copied(&again, &copy, Order::Reversed).assert_silent();
    assert_same(&source, &copy);
}

#[test]
fn holes_stay_holes() {
    let stage = Stage::new();
    let path = stage.write("src/sparse", "");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"start", 0).unwrap();
    file.write_all_at(&vec![5; 70_000], 10 << 20).unwrap();
    file.set_len(64 << 20).unwrap();
    let all_hole = stage.write("src/nothing", "");
    fs::OpenOptions::new().write(true).open(&all_hole).unwrap().set_len(100_000).unwrap();
    copied(&[stage.at("src")], &stage.at("copy"), Order::AsSent).assert_silent();
    assert_same(&stage.at("src"), &stage.at("copy"));
    let blocks = |path: &str| fs::metadata(stage.at(path)).unwrap().blocks();
    assert!(blocks("copy/sparse") <= blocks("src/sparse") + 16, "{}", blocks("copy/sparse"));
    assert_eq!(blocks("copy/nothing"), 0);
}

#[test]
fn good_copies_pass_the_comparison() {
    let stage = Stage::new();
    let source = zoo(&stage);
    let (specs, _) = walked(std::slice::from_ref(&source), &stage.at("copy"), Verify::Contents);
    let mut act = |_, _| Ok(());
    let mut watch = Acting::new(&mut act);
    let mut copier = Copier::default();
    for spec in &specs {
        copier.run(batch_of(spec), 1, &mut watch).unwrap();
    }
    assert_same(&source, &stage.at("copy"));
}

#[test]
fn a_single_file_may_get_another_name() {
    let stage = Stage::new();
    let file = stage.write("folder/from", "text");
    set_age(&file, 5_000_000_001);
    copied(std::slice::from_ref(&file), &stage.at("folder/to"), Order::AsSent).assert_silent();
    copied(std::slice::from_ref(&file), &stage.at(""), Order::AsSent).assert_silent();
    for copy in ["folder/to", "from"] {
        assert_same(&file, &stage.at(copy));
    }
    assert_eq!(names(&stage.at("folder")), ["from", "to"]);
}

#[test]
fn several_sources_make_a_folder() {
    let stage = Stage::new();
    let sources = [stage.write("a/1", "one"), stage.write("2", "two"), stage.at("a")];
    copied(&sources, &stage.at("new"), Order::Reversed).assert_silent();
    assert_eq!(names(&stage.at("new")), ["1", "2", "a"]);
    assert_same(&stage.at("a"), &stage.at("new/a"));
}

#[test]
fn two_thousand_folders_deep() {
    const LEVELS: usize = 2000;
    let stage = Stage::new();
    fs::create_dir(stage.at("src")).unwrap();
    let open = |parent: &rustix::fd::OwnedFd, name: &str| {
        openat(parent, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
    };
    let top = openat(CWD, stage.at("src"), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let mut at = open(&top, ".");
    for level in 0..LEVELS {
        let name = format!("level{level:04}");
        mkdirat(&at, &name, Mode::RWXU).unwrap();
        at = open(&at, &name);
    }
    drop(openat(&at, "bottom", OFlags::WRONLY | OFlags::CREATE, Mode::RUSR).unwrap());
    let ran = copied(&[stage.at("src")], &stage.at("copy"), Order::AsSent);
    ran.assert_silent();
    assert_eq!(ran.tally.files, 1);
    let mut at = openat(CWD, stage.at("copy"), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    for level in 0..LEVELS {
        at = open(&at, &format!("level{level:04}"));
    }
    assert!(statat(&at, "bottom", AtFlags::empty()).is_ok());
}

#[test]
fn a_folder_in_a_folder_with_a_default_list_gets_no_rights_it_lacked() {
    let stage = Stage::new();
    stage.write("src/sub/file", "private");
    set_mode(&stage.at("src/sub/file"), 0o640);
    fs::create_dir(stage.at("out")).unwrap();
    // Version 2, then owner, user 1234, group, mask and others, as the kernel stores them.
    let mut list = vec![2, 0, 0, 0];
    for (tag, id) in [(1_u16, u32::MAX), (2, 1234), (4, u32::MAX), (16, u32::MAX), (32, u32::MAX)] {
        list.extend(tag.to_le_bytes());
        list.extend(7_u16.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    if setxattr(stage.at("out"), "system.posix_acl_default", &list, XattrFlags::empty()).is_err() {
        skipped("this file system has no access control lists");
        return;
    }
    copied(&[stage.at("src")], &stage.at("out"), Order::AsSent).assert_silent();
    assert_same(&stage.at("src"), &stage.at("out/src"));
}

#[test]
fn what_a_dead_worker_left_is_removed() {
    let stage = Stage::new();
    stage.write("src/sub/file", vec![1; 100]);
    fs::create_dir_all(stage.at("copy/sub")).unwrap();
    let mut seen = None;
    let (specs, _) = walked(&[stage.at("src/.")], &stage.at("copy"), Verify::No);
    let folder = stage.at("copy/sub");
    let mut act = |_, _| {
        seen = seen.take().or_else(|| names(&folder).into_iter().find(|name| is_leftover(OsStr::new(name))));
        Ok(())
    };
    Copier::default().run(batch_of(&specs[0]), 1, &mut Acting::new(&mut act)).unwrap();
    // The same name, but of a process that cannot exist.
    let mine = format!("-{:x}-", std::process::id());
    let dead = seen.unwrap().replace(&mine, "-7fffffff-");
    let second_attempt = stage.write(Path::new("copy/sub").join(&dead), "half");
    Copier::default().run(batch_of(&specs[0]), 2, &mut Acting::new(&mut |_, _| Ok(()))).unwrap();
    assert!(!second_attempt.exists());
    stage.write(Path::new("copy/sub").join(&dead), "half");
    stage.write(Path::new("copy").join(&dead), "half");
    copied(&[stage.at("src/.")], &stage.at("copy"), Order::AsSent).assert_silent();
    assert_same(&stage.at("src"), &stage.at("copy"));
}

#[test]
fn finishing_a_folder_twice_is_harmless() {
    let stage = Stage::new();
    stage.write("src/sub/file", "x");
    let (specs, _) = walked(&[stage.at("src")], &stage.at("copy"), Verify::No);
    set_mode(&stage.at("src/sub"), 0o311);
    set_age(&stage.at("src"), 77);
    let mut copier = Copier::default();
    let finishing = specs.iter().filter(|spec| spec.stage.0 >= 2);
    for spec in specs.iter().chain(finishing) {
        copier.run(batch_of(spec), 1, &mut Acting::new(&mut |_, _| Ok(()))).unwrap();
    }
    for folder in ["src/sub", "copy/sub"] {
        assert_eq!(fs::metadata(stage.at(folder)).unwrap().mode() & 0o7777, 0o311);
        set_mode(&stage.at(folder), 0o755);
    }
    assert_same(&stage.at("src"), &stage.at("copy"));
}

#[test]
fn a_lost_owner_is_told_once_and_takes_the_rights_of_a_program_with_it() {
    if is_root() {
        skipped("root may give files away; run as another user");
        return;
    }
    let stage = Stage::new();
    let theirs = [PathBuf::from("/etc/passwd"), PathBuf::from("/etc/group"), PathBuf::from("/usr/bin/su")];
    if theirs.iter().any(|path| fs::metadata(path).is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw()))
    {
        skipped("these files belong to this very user");
        return;
    }
    fs::create_dir(stage.at("copy")).unwrap();
    let present: Vec<PathBuf> = theirs.into_iter().filter(|path| fs::File::open(path).is_ok()).collect();
    let (specs, _) = walked(&present, &stage.at("copy"), Verify::No);
    let mut act = |_, _| Ok(());
    let mut watch = Acting::new(&mut act);
    let mut copier = Copier::default();
    for spec in &specs {
        copier.run(batch_of(spec), 1, &mut watch).unwrap();
    }
    assert_eq!(watch.notes.len(), 1, "{:?}", watch.notes);
    assert!(watch.notes[0].weight == Weight::Skipped && watch.notes[0].text.contains("owner and group"));
    for path in present {
        let copy = fs::metadata(stage.at("copy").join(path.file_name().unwrap())).unwrap();
        let source = fs::metadata(path).unwrap();
        assert_eq!(copy.mode(), source.mode() & !0o6000);
        assert_eq!((copy.mtime(), copy.mtime_nsec()), (source.mtime(), source.mtime_nsec()));
    }
}

#[test]
fn what_cannot_be_kept_is_told_once() {
    let stage = Stage::new();
    let Some(tmpfs) = crate::faults::Tmpfs::mount(&stage, "1m") else { return };
    for at in 0..3 {
        let path = stage.write(format!("src/{at}"), "x");
        // A name space that tmpfs does not have.
        setxattr(&path, "user.colour", b"blue", XattrFlags::empty()).unwrap();
        setxattr(&path, "system.posix_acl_access", &[2, 0, 0, 0], XattrFlags::empty()).ok();
    }
    let ran = copied(&[stage.at("src")], &tmpfs.at("copy"), Order::AsSent);
    assert!(ran.failures.is_empty(), "{ran:?}");
    let kept = rustix::fs::getxattr(tmpfs.at("copy/0"), "user.colour", &mut [0_u8; 16][..]).is_ok();
    let told = ran.notes_of(Weight::Skipped);
    if kept {
        assert!(told.is_empty(), "{told:?}");
    } else {
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("user.colour"), "{told:?}");
    }
}
