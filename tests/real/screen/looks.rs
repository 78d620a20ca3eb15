//! What reaches the terminal: nothing that a name hides, no colour and no other characters than it can take, nothing idle.
//! It does not know the drawing; it reads the bytes as they came.

use std::time::Duration;

use pooltop::clock::Clock;

use crate::common::PATIENCE;
use crate::common::pty::Pty;
use crate::common::terminal::Seen;

use super::stage::{Stage, expect_end, quit, wait_for_header, wait_until_over};

/// How long nothing must be written. A key that is answered at all is answered far sooner.
const QUIET: Duration = Duration::from_secs(1);

/// The screen has to answer a key within 100 ms; a machine that does something else meanwhile takes longer. One that waited
/// for the tasks would answer after all of them.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Waits until nothing has been written for a second. What still follows from the last change may come first.
#[track_caller]
fn wait_until_quiet(pty: &Pty) {
    let clock = Clock::start();
    loop {
        let before = pty.look(|seen| seen.bytes);
        if !pty.writes_within(QUIET) {
            return;
        }
        let bytes = pty.look(|seen| seen.bytes) - before;
        assert!(clock.elapsed() < PATIENCE, "it goes on writing, {bytes} bytes just now\n{}", pty.look(Seen::picture));
    }
}

#[test]
fn hostile_names_and_output_stay_harmless() {
    let names = [
        "\x1b]0;owned\x07",
        "\u{202e}gnp.exe",
        "\u{9b}31mred",
        "a\u{2028}b\u{e0041}c",
        "\x1b[2J\x1b[?1049l",
        "e\u{301}",
    ];
    let stage = Stage::new("");
    let script =
        "printf '%s\\n' \"$1\"; printf '%s\\n' \"$1\" >&2; until test -e $STAGE/go; do sleep 0.05; done; exit 1";
    let mut args = vec!["run", "-j6", "--on-end", "stay", "--", "sh", "-c", script, "sh", "{}", ":::"];
    args.extend(names);
    let mut pty = stage.pooltop(&args).start();
    wait_for_header(&pty, "in flight 6");
    // Through lists, detail and dialogs.
    pty.send("4\x1b[15~gj\rs");
    pty.wait_for_text("[");
    stage.open("go");
    wait_for_header(&pty, "failed 6");
    wait_until_over(&pty);
    pty.send("q");
    expect_end(&mut pty, &stage, 1);
    pty.look(|seen| {
        let raw = String::from_utf8_lossy(seen.raw());
        for evil in ["\x1b]0;", "\u{202e}", "\u{9b}", "\u{2028}", "\u{e0041}", "\x1b[31mred"] {
            assert!(!raw.contains(evil), "{evil:?} has reached the terminal\n{}", seen.picture());
        }
        assert_eq!(raw.matches("\x1b[?1049l").count(), 1, "{}", seen.picture());
    });
}

/// The colours in the control sequences that were sent, as they were written.
fn colours(seen: &Seen) -> Vec<String> {
    let raw = String::from_utf8_lossy(seen.raw());
    let sequences = raw.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|char: char| !char.is_ascii_digit() && !matches!(char, ';' | ':'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    let is_colour = |number: &str| matches!(number.parse(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107));
    sequences.filter(|sequence| sequence.split([';', ':']).any(is_colour)).collect()
}

#[test]
fn colour_adds_and_is_left_out_when_told() {
    for (variable, coloured) in [("NO_COLOR", false), ("SOMETHING_ELSE", true)] {
        let stage = Stage::held(2, 3);
        let pty = stage.play(&[]).env(variable, "1").start();
        wait_for_header(&pty, "in flight 2");
        pty.send("j?");
        pty.wait_for_text(" Keys ─");
        stage.open("go");
        wait_for_header(&pty, "done 3/3");
        let colours = pty.look(colours);
        assert_eq!(!colours.is_empty(), coloured, "{variable}: {colours:?}");
        pty.send("?");
        pty.wait_until_gone(" Keys ─");
        quit(pty, &stage, 0);
    }
}

#[test]
fn ascii_is_all_that_is_drawn_with_when_told() {
    for (args, language) in [(&["--ascii"][..], "C.UTF-8"), (&[][..], "C")] {
        let stage = Stage::held(2, 3);
        let pty = stage.play(args).env("LANG", language).start();
        wait_for_header(&pty, "in flight 2");
        pty.send("j+?");
        pty.wait_for_text(" Keys ");
        pty.send("?");
        wait_for_header(&pty, "workers 3");
        stage.open("go");
        wait_for_header(&pty, "done 3/3");
        let others: String =
            pty.look(|seen| String::from_utf8_lossy(seen.raw()).chars().filter(|char| !char.is_ascii()).collect());
        assert_eq!(others, "", "{args:?} {language}");
        quit(pty, &stage, 0);
    }
}

#[test]
fn where_no_screen_can_be_drawn_lines_are_printed() {
    for (variable, value) in [("TERM", "dumb"), ("CI", "true")] {
        let stage = Stage::held(2, 3);
        stage.open("go");
        let mut pty = stage.play(&[]).env(variable, value).start();
        expect_end(&mut pty, &stage, 0);
        assert!(!pty.look(|seen| seen.raw().contains(&0x1b)), "{}", pty.text());
        assert!(pty.text().contains("3 of 3 done") && pty.text().contains("held 3"), "{}", pty.text());
    }
}

#[test]
fn nothing_is_written_when_nothing_happens() {
    let stage = Stage::held(2, 3);
    let pty = stage.play(&[]).start();
    wait_for_header(&pty, "in flight 2");
    pty.send(" ");
    pty.wait_for_text(" PAUSED ");
    wait_until_quiet(&pty);
    pty.send(" ");
    pty.wait_for_text(" RUNNING ");
    stage.open("go");
    wait_for_header(&pty, "done 3/3");
    wait_until_quiet(&pty);
    quit(pty, &stage, 0);
}

/// How long it takes until a key's effect is seen.
#[track_caller]
fn answer_time(pty: &Pty) -> Duration {
    let clock = Clock::start();
    pty.send("?");
    pty.wait_for_text(" Keys ─");
    let took = clock.elapsed();
    pty.send("?");
    pty.wait_until_gone(" Keys ─");
    took
}

/// The most memory the program has had, in KiB.
fn memory_kib(pty: &Pty) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel tells");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn keys_are_answered_while_a_hundred_thousand_tasks_run() {
    let held = "shell = \"until test -e $STAGE/go; do sleep 0.05; done\"";
    let stage = Stage::new(&format!(
        "[pool]\nsize = 4\n[[task]]\nrepeat = 2\nname = \"held {{n}}\"\n{held}\n[[task]]\nrepeat = 100000\nnothing = true\n"
    ));
    let pty = stage.play(&[]).start();
    pty.wait_for_text(" RUNNING ");
    let mut times = Vec::new();
    let clock = Clock::start();
    while !pty.text().contains("done 100k/") {
        assert!(clock.elapsed() < PATIENCE, "not all are done after {PATIENCE:?}\n{}", pty.text());
        times.push(answer_time(&pty));
    }
    // The long list is there now, and has to be sorted and searched.
    pty.send("G>/");
    pty.send("nothing\r");
    times.push(answer_time(&pty));
    times.sort_unstable();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    let memory = memory_kib(&pty) / 1024;
    println!("{} keys answered, the median within {median:?}, all within {longest:?}; {memory} MiB", times.len());
    assert!(median < ANSWERS_WITHIN, "{times:?}");
    assert!(memory < 100, "{memory} MiB");
    stage.open("go");
    pty.wait_for_text(" FINISHED ");
    quit(pty, &stage, 0);
}
