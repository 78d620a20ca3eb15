//! How failures are put into words, and which names are ours.
//! It does not touch the disk; `tests/copy_engine` does.

use super::*;

fn text(count: usize, entries: usize) -> Option<String> {
    let mut failures = Failures::default();
    for at in 0..count {
        failures.add(format!("read /{at}: gone"));
    }
    failures.into_text(entries)
}

#[test]
fn the_first_few_failures_are_named_and_all_are_counted() {
    assert_eq!(text(0, 16), None);
    assert_eq!(text(1, 1).as_deref(), Some("read /0: gone"));
    assert_eq!(text(1, 2).as_deref(), Some("1 of 2 files failed: read /0: gone"));
    assert_eq!(
        text(5, 16).as_deref(),
        Some("5 of 16 files failed: read /0: gone; read /1: gone; read /2: gone; and 2 more")
    );
}

#[test]
fn only_names_that_this_program_makes_are_leftovers() {
    for name in [".pooltop-00ff-1a2b-0", ".pooltop-ffff-7fffffff-ffffffff"] {
        assert!(is_leftover(OsStr::new(name)), "{name}");
    }
    for name in [".pooltop-", ".pooltop-notes", "pooltop-00ff-1-0", ".pooltop-00ff-1-0.txt", ".pooltop-00ff-01-0"] {
        assert!(!is_leftover(OsStr::new(name)), "{name}");
    }
}
