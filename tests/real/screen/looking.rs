//! Keys and mouse that change only the view: filter, order, selection, detail, zoom, help, palette, freezing.
//! It does not know what is drawn where beyond the words it looks for.

use crate::common::PATIENCE;
use crate::common::keys;
use crate::common::pty::{Pty, place_of, shows};

use super::stage::{Stage, click_on, quit, wait_for_header, wait_for_row, wait_for_texts};

/// Thirty that are done, one that failed with something to say, and two that wait.
const MIXED: &str = r#"
[pool]
size = 2
[[task]]
name = "crooked"
shell = "echo first words; echo last words >&2; exit 2"
[[task]]
repeat = 30
name = "quick {n:02}"
nothing = true
[[task]]
repeat = 4
name = "held {n}"
shell = "until test -e $STAGE/go; do sleep 0.05; done"
"#;

fn mixed(stage: &Stage) -> Pty {
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "done 30/35");
    wait_for_header(&pty, "in flight 2");
    wait_for_header(&pty, "failed 1");
    // Both were perhaps given to one worker, behind tasks that took no time; then one of them is asked back. From when
    // two run, nothing moves any more.
    let runs = |row: &String| row.contains("held") && row.contains("running");
    pty.wait_for(|screen| screen.rows(0, u16::MAX).filter(runs).count() == 2, "two tasks that run", PATIENCE);
    pty
}

fn end(pty: Pty, stage: &Stage) {
    stage.open("go");
    wait_for_header(&pty, "done 34/35");
    quit(pty, stage, 1);
}

/// The numbers in the tasks pane, from above.
fn listed(screen: &vt100::Screen) -> Vec<u32> {
    let rows: Vec<String> = screen.rows(0, u16::MAX).collect();
    let Some(heading) = rows.iter().position(|row| row.contains("╭ Tasks")) else { return Vec::new() };
    rows[heading + 1..]
        .iter()
        .take_while(|row| row.starts_with('│'))
        .filter_map(|row| row.trim_start_matches('│').split_whitespace().next()?.parse().ok())
        .collect()
}

#[track_caller]
fn wait_for_list(pty: &Pty, condition: impl Fn(&[u32]) -> bool, what: &str) {
    pty.wait_for(|screen| condition(&listed(screen)), what, PATIENCE);
}

#[test]
fn the_filter_lists_what_matches_and_enter_shows_why_a_task_failed() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    pty.send("/failed");
    wait_for_list(&pty, |list| list == [1], "the failed task alone");
    pty.send(keys::ENTER);
    pty.wait_for_text("/ failed");
    pty.send(format!("n{}", keys::ENTER));
    wait_for_texts(&pty, &["crooked", "exit 2", "TRY WORKER", "OUTPUT", "first words", "last words"]);
    wait_for_row(&pty, &["Detail task 1"]);
    wait_for_row(&pty, &["failed", "attempt 1/1"]);
    pty.send(format!("/{}held", keys::ctrl('u')));
    wait_for_list(&pty, |list| list == [32, 33, 34, 35], "the held tasks");
    pty.send(keys::ESCAPE);
    wait_for_list(&pty, |list| list.len() > 4, "all tasks");
    end(pty, &stage);
}

#[test]
fn order_and_selection_follow_the_keys() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    pty.send("n");
    pty.wait_for_text("Detail task 1");
    pty.send("G");
    pty.wait_for_text("Detail task 35");
    pty.send("k");
    pty.wait_for_text("Detail task 34");
    pty.send(format!("g{}", keys::DOWN));
    pty.wait_for_text("Detail task 2 ");
    pty.send("g");
    wait_for_list(&pty, |list| list.first() == Some(&1), "the first task first");
    pty.send("I");
    wait_for_list(&pty, |list| list.windows(2).all(|pair| pair[0] > pair[1]), "the order is reversed");
    pty.send("I>");
    // By title: the crooked one, then those that are held.
    pty.send("g");
    wait_for_list(&pty, |list| list.starts_with(&[1, 32, 33, 34, 35, 2]), "the order of titles");
    end(pty, &stage);
}

#[test]
fn zoom_and_tab_change_what_has_the_screen() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    pty.send("z");
    pty.wait_until_gone("╭ Tasks");
    pty.wait_for_text("╭ Workers");
    for (key, pane) in [
        (keys::TAB, "╭ Queue depth"),
        (keys::TAB, "╭ Timeline"),
        (keys::TAB, "╭ Tasks"),
        (keys::TAB, "╭ Detail"),
        (keys::TAB, "╭ Log"),
        // This run has no story to stop at.
        (keys::TAB, "╭ Channels"),
        (keys::TAB, "╭ Workers"),
        (keys::SHIFT_TAB, "╭ Channels"),
        ("t", "╭ Timeline"),
    ] {
        pty.send(key);
        pty.wait_for(|screen| shows(screen, pane), pane, PATIENCE);
    }
    pty.send("t");
    wait_for_texts(&pty, &["╭ Workers", "╭ Timeline", "╭ Tasks", "╭ Detail", "╭ Log"]);
    end(pty, &stage);
}

#[test]
fn help_and_palette_find_actions_and_run_them() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    pty.send("?");
    wait_for_texts(&pty, &[" Keys ─", "find: "]);
    pty.send("freeze the pool");
    pty.wait_until_gone("Draw the whole screen anew");
    pty.send(keys::ENTER);
    pty.wait_until_gone(" Keys ─");
    pty.wait_for_text(" PAUSED ");

    pty.send(":");
    pty.wait_for_text(" Actions ─");
    pty.send("resume");
    wait_for_row(&pty, &["pause or resume the pool"]);
    pty.send(keys::ENTER);
    pty.wait_until_gone(" Actions ─");
    pty.wait_for_text(" RUNNING ");

    pty.send(keys::F1);
    pty.wait_for_text(" Keys ─");
    pty.send("?");
    pty.wait_until_gone(" Keys ─");
    end(pty, &stage);
}

#[test]
fn a_frozen_view_stays_while_the_run_goes_on() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    pty.send("Z");
    pty.wait_for_text("VIEW FROZEN");
    stage.open("go");
    // Told in the footer, for the header must not move.
    pty.wait_for_text("the run has ended; Z shows it");
    wait_for_header(&pty, "done 30/35");
    pty.wait_for_text("The view is frozen, the run has ended.");
    wait_for_header(&pty, "done 30/35");
    pty.send("Z");
    wait_for_header(&pty, "done 34/35");
    quit(pty, &stage, 1);
}

#[test]
fn the_mouse_selects_scrolls_and_sorts() {
    let stage = Stage::new(MIXED);
    let pty = mixed(&stage);
    assert!(pty.look(|seen| seen.modes().mouse));
    click_on(&pty, "33 held 2");
    wait_for_row(&pty, &["Detail task 33"]);
    pty.send("g");
    wait_for_list(&pty, |list| list.first() == Some(&1), "the list from its beginning");
    let (row, column) = pty.look(|seen| place_of(seen.screen(), "╭ Tasks")).expect("the pane");
    pty.send(keys::wheel_down(column + 5, row + 3));
    wait_for_list(&pty, |list| list.first() == Some(&4), "three lines further");
    pty.send(keys::wheel_up(column + 5, row + 3));
    wait_for_list(&pty, |list| list.first() == Some(&1), "three lines back");
    // The number's heading once more turns the order round.
    pty.send(keys::click(column + 3, row + 1));
    wait_for_list(&pty, |list| list.windows(2).all(|pair| pair[0] > pair[1]), "the order is reversed");
    pty.send(keys::click(column + 6, row + 1));
    pty.send("g");
    wait_for_list(&pty, |list| list.starts_with(&[1, 32, 33]), "the order of titles");
    end(pty, &stage);
}
