//! A copy that is tried again leaves alone what an earlier attempt of the same run has completed, and nothing else.
//! It does not know why it is tried again.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use pooltop::clock;
use pooltop::task::{CopyBatch, Tally, Verify};
use pooltop::worker::copy::Copier;

use crate::compare::assert_same;
use crate::faithful::{set_age, set_mode};
use crate::{Acting, Stage, batch_of, batches, walked};

/// Copies as an attempt of a run that began then.
fn attempt(batch: &CopyBatch, attempt: u16, began_us: i64) -> Tally {
    let mut act = |_, _| Ok(());
    let mut watch = Acting::new(&mut act);
    let tally = Copier::of_run_since(began_us).run(batch, attempt, &mut watch).unwrap();
    assert_eq!(watch.last.0, watch.last.1, "not at the end");
    tally
}

/// Which file is there: a copy that was made anew is another one.
fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// Waits until the kernel's clock shows another time than when this was changed.
fn wait_for_a_tick(changed: &Path) {
    let probe = changed.with_file_name("probe");
    let time = |path: &Path| fs::symlink_metadata(path).map(|meta| (meta.ctime(), meta.ctime_nsec())).unwrap();
    while {
        fs::write(&probe, "x").unwrap();
        time(&probe) <= time(changed)
    } {}
    fs::remove_file(probe).unwrap();
}

/// A folder with a file of 1000 bytes, copied by a run that began just before.
fn copied_once(verify: Verify) -> (Stage, CopyBatch, i64) {
    let stage = Stage::new();
    let file = stage.write("src/file", [7; 1000]);
    set_age(&file, 1_000_000_007);
    wait_for_a_tick(&file);
    let batch = batches(&[stage.at("src/.")], &stage.at("copy"), verify).remove(0);
    let began = clock::wall_us();
    assert_eq!(attempt(&batch, 1, began), Tally { bytes: 1000, files: 1 });
    (stage, batch, began)
}

#[test]
fn what_is_there_is_counted_and_left_alone() {
    for verify in [Verify::No, Verify::Contents] {
        let (stage, batch, began) = copied_once(verify);
        let copy = stage.at("copy/file");
        let before = (inode(&copy), fs::metadata(&copy).unwrap().ctime_nsec());
        assert_eq!(attempt(&batch, 2, began), Tally { bytes: 1000, files: 1 });
        assert_eq!((inode(&copy), fs::metadata(&copy).unwrap().ctime_nsec()), before);
        // A first attempt is asked to copy, whatever is there.
        attempt(&batch, 1, began);
        assert_ne!(inode(&copy), before.0);
    }
}

#[test]
fn what_was_there_before_the_run_is_copied() {
    let (stage, batch, _) = copied_once(Verify::No);
    let before = inode(&stage.at("copy/file"));
    attempt(&batch, 2, clock::wall_us() + 1_000_000);
    assert_ne!(inode(&stage.at("copy/file")), before);
}

#[test]
fn a_source_that_changed_is_copied_again() {
    let (stage, batch, began) = copied_once(Verify::No);
    let source = stage.write("src/file", [8; 1000]);
    attempt(&batch, 2, began);
    assert_same(&source, &stage.at("copy/file"));
    // Size and time are as they were.
    fs::write(&source, [9; 1000]).unwrap();
    let time = fs::metadata(stage.at("copy/file")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&source).unwrap().set_modified(time).unwrap();
    attempt(&batch, 2, began);
    assert!(fs::read(stage.at("copy/file")).unwrap() == [9; 1000]);
}

#[test]
fn a_copy_that_somebody_changed_is_made_again() {
    let (stage, batch, began) = copied_once(Verify::No);
    let copy = stage.at("copy/file");
    fs::write(&copy, [8; 1000]).unwrap();
    attempt(&batch, 2, began);
    assert_same(&stage.at("src/file"), &copy);
    set_mode(&copy, 0o751);
    attempt(&batch, 2, began);
    assert_same(&stage.at("src/file"), &copy);
    fs::remove_file(&copy).unwrap();
    symlink("elsewhere", &copy).unwrap();
    attempt(&batch, 2, began);
    assert_same(&stage.at("src/file"), &copy);
}

#[test]
fn where_copies_are_verified_those_that_are_there_are_read() {
    let (stage, batch, began) = copied_once(Verify::Contents);
    let copy = stage.at("copy/file");
    fs::write(&copy, [8; 1000]).unwrap();
    set_age(&copy, 1_000_000_007);
    attempt(&batch, 2, began);
    assert_same(&stage.at("src/file"), &copy);
}

#[test]
fn links_and_holes_and_folders_come_out_the_same() {
    let stage = Stage::new();
    stage.write("src/sub/first", "one");
    fs::hard_link(stage.at("src/sub/first"), stage.at("src/second")).unwrap();
    symlink("sub/first", stage.at("src/link")).unwrap();
    let sparse = fs::File::create(stage.at("src/sparse")).unwrap();
    sparse.set_len(9 << 20).unwrap();
    wait_for_a_tick(&stage.at("src/sparse"));
    set_age(&stage.at("src/sub"), 1_000_000_007);
    let (specs, _) = walked(&[stage.at("src/.")], &stage.at("copy"), Verify::No);
    let began = clock::wall_us();
    let all = |number| {
        specs.iter().fold(Tally::default(), |sum, spec| {
            let tally = attempt(batch_of(spec), number, began);
            Tally { bytes: sum.bytes + tally.bytes, files: sum.files + tally.files }
        })
    };
    let first = all(1);
    let paths = ["copy/sub/first", "copy/second", "copy/link", "copy/sparse"];
    let before = paths.map(|path| inode(&stage.at(path)));
    assert_eq!(all(2), first);
    assert_eq!(paths.map(|path| inode(&stage.at(path))), before);
    assert_same(&stage.at("src"), &stage.at("copy"));
    // The first name has gone, so both are made again, and are one file again.
    fs::remove_file(stage.at("copy/sub/first")).unwrap();
    fs::remove_file(stage.at("copy/link")).unwrap();
    symlink("somewhere/else", stage.at("copy/link")).unwrap();
    assert_eq!(all(2), first);
    assert_same(&stage.at("src"), &stage.at("copy"));
}

#[test]
fn a_source_under_another_name_is_no_copy() {
    let stage = Stage::new();
    stage.write("src/file", "text");
    let began = clock::wall_us() - 1_000_000;
    let batch = batches(&[stage.at("src/.")], &stage.at("copy"), Verify::No).remove(0);
    fs::hard_link(stage.at("src/file"), stage.at("copy/file")).unwrap();
    let mut act = |_, _| Ok(());
    let failed = Copier::of_run_since(began).run(&batch, 2, &mut Acting::new(&mut act));
    assert!(crate::failure(failed).contains("they are the same file"));
}
