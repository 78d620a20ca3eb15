//! The default demo as it opens, at several sizes: its numbers, its rows and its frames.
//! It does not know what the demo's tasks do.

use crate::common::PATIENCE;
use crate::common::pty::{Pty, place_of, shows};

use super::stage::{Stage, assert_rows_are_processes, expect_end, header, wait_for_header, workers};

/// Its name is the first in the demo's queue: ASCII and wide characters in one.
const WIDE_NAME: &str = "Python从入门到住院.pdf";

fn cell(screen: &vt100::Screen, row: u16, column: u16) -> &str {
    screen.cell(row, column).map_or("", vt100::Cell::contents)
}

/// Whether every row of the pane that begins at `row` and column 0 ends in the same column. `None` without a pane there.
fn borders_align(screen: &vt100::Screen, row: u16) -> Option<bool> {
    let (rows, columns) = screen.size();
    let right = (1..columns.get()).find(|&column| cell(screen, row, column) == "╮")?;
    let bottom = (row + 1..rows.get()).find(|&row| cell(screen, row, 0) != "│")?;
    let ends = (row + 1..bottom).all(|row| cell(screen, row, right) == "│");
    Some(ends && cell(screen, bottom, 0) == "╰" && cell(screen, bottom, right) == "╯")
}

/// Ten times slower than it is meant to be, so that its first download still runs when a slow machine comes to look at it.
fn demo(stage: &Stage, columns: u16, rows: u16) -> Pty {
    stage.pooltop(&["--speed", "0.1"]).size(columns, rows).start()
}

/// Four workers at work, one of them at the file with the wide name, all in one frame.
#[track_caller]
fn wait_for_four_at_work(pty: &Pty) {
    let at_work = |screen: &vt100::Screen| {
        let rows = workers(screen);
        let named = rows.iter().any(|row| row.rest.starts_with("Python从"));
        rows.len() == 4 && named && rows.iter().all(|row| row.state == "busy")
    };
    pty.wait_for(at_work, "four workers at work", PATIENCE);
}

fn leave(mut pty: Pty, stage: &Stage) {
    pty.send("q");
    pty.wait_for_text("Quit?");
    pty.send("y");
    expect_end(&mut pty, stage, 4);
    assert!(pty.text().contains("interrupted with work left"), "{}", pty.text());
}

#[test]
fn the_demo_opens_with_workers_that_are_real_children() {
    let stage = Stage::new("");
    let pty = demo(&stage, 120, 40);
    wait_for_four_at_work(&pty);
    wait_for_header(&pty, "workers 4");
    assert_rows_are_processes(&pty, 4);
    let numbers = ["RUNNING 00:", "workers 4", "queue ", "in flight ", "done "];
    let has_numbers = |screen: &vt100::Screen| numbers.iter().all(|part| header(screen).contains(part));
    pty.wait_for(has_numbers, "the numbers in the header", PATIENCE);
    let seats = |screen: &vt100::Screen| workers(screen).iter().map(|row| row.seat).eq(1..=4);
    pty.wait_for(seats, "the seats from 1 to 4", PATIENCE);
    // The detail has the room for the whole name, once the task is chosen.
    for keys in ["/Python", "\r", "j"] {
        pty.send(keys);
    }
    let aligned = |screen: &vt100::Screen| {
        // What stands right of the pane with the wide name keeps its column, too.
        let right = place_of(screen, "╭ Queue depth")
            .is_some_and(|(top, left)| (top + 1..top + 3).all(|row| cell(screen, row, left) == "│"));
        right && shows(screen, WIDE_NAME) && borders_align(screen, 2) == Some(true)
    };
    pty.wait_for(aligned, "frames that are straight beside wide names", PATIENCE);
    leave(pty, &stage);
}

#[test]
fn smaller_screens_show_what_matters_and_too_small_ones_say_so() {
    let stage = Stage::new("");
    let pty = demo(&stage, 80, 24);
    for (columns, rows) in [(80, 24), (40, 10), (200, 60), (120, 40)] {
        pty.resize(columns, rows);
        wait_for_four_at_work(&pty);
        let fits = |screen: &vt100::Screen| {
            let right = screen.rows(0, u16::MAX).nth(2).unwrap_or_default();
            let full = columns < 100 && right.ends_with('╮');
            borders_align(screen, 2) == Some(true)
                && (full || shows(screen, "╭ Queue depth"))
                && header(screen).contains("workers 4")
                && screen.rows(0, u16::MAX).last().is_some_and(|footer| footer.contains("q quit"))
        };
        pty.wait_for(fits, &format!("a whole screen of {columns}x{rows}"), PATIENCE);
    }
    for (columns, rows) in [(39, 10), (40, 9), (39, 9)] {
        pty.resize(columns, rows);
        let line = format!("pooltop needs 40x10, this is {columns}x{rows}");
        pty.wait_for(|screen| screen.contents().trim_end() == line, &line, PATIENCE);
    }
    pty.resize(80, 24);
    wait_for_four_at_work(&pty);
    pty.wait_until_gone("needs 40x10");
    leave(pty, &stage);
}
