//! The list of demos: it is filtered, runs what is chosen, takes the person back, and leaves the terminal as it was.
//! It does not know what the demos do.

use nix::sys::signal::Signal;

use crate::common::PATIENCE;
use crate::common::keys;
use crate::common::pty::{Pty, shows};

use super::stage::{Stage, expect_end, wait_for_header, wait_for_row, wait_for_texts};

fn list(stage: &Stage) -> Pty {
    let pty = stage.pooltop(&["demo", "--speed", "100", "--seed", "7"]).start();
    wait_for_texts(&pty, &["╭ Demos", "pool-of-four", "downloads-pool", "Enter run"]);
    pty
}

#[test]
fn a_demo_is_found_run_and_left_for_the_list_again() {
    let stage = Stage::new("");
    let mut pty = list(&stage);
    pty.send("/of-four");
    pty.wait_until_gone("downloads-pool");
    wait_for_row(&pty, &["╭ Demos / of-four", "1 of "]);
    pty.send(keys::ENTER);
    wait_for_header(&pty, "done 5/5");
    pty.wait_for_text(" FINISHED ");
    pty.send("q");
    wait_for_texts(&pty, &["╭ Demos / of-four", "pool-of-four"]);
    // Once more, and away from it while it runs.
    pty.send(keys::ESCAPE);
    pty.wait_for_text("downloads-pool");
    pty.send(keys::ENTER);
    wait_for_header(&pty, "done 5/5");
    pty.send("q");
    pty.wait_for_text("╭ Demos");
    // All of this is one visit to the terminal's other screen: nothing of the shell was seen in between.
    pty.look(|seen| {
        let raw = String::from_utf8_lossy(seen.raw());
        assert_eq!(
            (raw.matches("\x1b[?1049h").count(), raw.matches("\x1b[?1049l").count()),
            (1, 0),
            "{}",
            seen.picture()
        );
    });
    pty.send("q");
    expect_end(&mut pty, &stage, 0);
}

#[test]
fn a_run_that_is_stopped_by_a_key_leads_back_and_by_a_signal_ends_all() {
    let stage = Stage::new("");
    let mut pty = stage.pooltop(&["demo", "--grace", "200ms"]).start();
    pty.wait_for_text("╭ Demos");
    pty.send(keys::ENTER);
    pty.wait_for_text(" RUNNING ");
    pty.send(keys::ctrl('c'));
    pty.wait_for_text("╭ Demos");
    pty.send(keys::ENTER);
    pty.wait_for_text(" RUNNING ");
    pty.signal(Signal::SIGTERM);
    expect_end(&mut pty, &stage, 4);

    let mut pty = list(&stage);
    pty.signal(Signal::SIGTERM);
    expect_end(&mut pty, &stage, 4);
}

#[test]
fn the_list_fits_every_size_and_follows_it() {
    let stage = Stage::new("");
    let mut pty = list(&stage);
    for (columns, rows) in [(80, 24), (40, 10), (200, 60)] {
        pty.resize(columns, rows);
        let fits = |screen: &vt100::Screen| {
            let upper = screen.rows(0, u16::MAX).nth(1).unwrap_or_default();
            let lower = screen.rows(0, u16::MAX).nth(usize::from(rows) - 2).unwrap_or_default();
            upper.ends_with('╮') && lower.ends_with('╯') && shows(screen, "default")
        };
        pty.wait_for(fits, &format!("a whole list of {columns}x{rows}"), PATIENCE);
    }
    pty.resize(39, 9);
    pty.wait_for_text("pooltop needs 40x10");
    pty.resize(80, 24);
    pty.wait_for_text("╭ Demos");
    pty.send("q");
    expect_end(&mut pty, &stage, 0);
}
