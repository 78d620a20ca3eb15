//! `pooltop replay` on the real program: what was recorded is shown again, wherever one goes in it, and nothing else happens.
//! It does not know how a journal is read; it records runs, damages their journals, and looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::common::processes::children_of;
use crate::common::pty::{Pty, Setup, place_of, shows};
use crate::common::run::Run;
use crate::common::{PATIENCE, keys};

const TOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journals/resize-tour.jsonl");

/// A recorded run in a folder of its own.
struct Record {
    folder: tempfile::TempDir,
}

impl Record {
    /// Of a run that takes place now; options go behind the subcommand.
    fn of(subcommand: &str, args: &[&str]) -> (Self, String) {
        let record = Self { folder: tempfile::tempdir().expect("a folder for the test") };
        let journal = record.name();
        let options = [subcommand, "--progress", "plain", "--record", &journal];
        let run = Run::pooltop([&options, args].concat()).finish();
        (record, run.expect_code(0).err())
    }

    /// Of a run that grew from two workers to eight and shrank to three, in 1.6 seconds, once.
    fn tour() -> Self {
        let record = Self { folder: tempfile::tempdir().expect("a folder for the test") };
        fs::copy(TOUR, record.path()).expect("the record is there");
        record
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run.jsonl")
    }

    fn name(&self) -> String {
        self.path().to_str().expect("a readable path").to_owned()
    }

    fn replay(&self, args: &[&str]) -> Setup {
        Setup::pooltop([&["replay", &self.name()], args].concat()).size(120, 40)
    }

    fn lines(&self, args: &[&str]) -> Run {
        Run::pooltop([&["replay", &self.name()], args].concat())
    }

    /// Changes a byte somewhere behind the middle; gives the number of that line.
    fn damage(&self) -> usize {
        let mut bytes = fs::read(self.path()).expect("a journal");
        let at = bytes.len() * 2 / 3;
        bytes[at] ^= 1;
        fs::write(self.path(), &bytes).expect("the journal can be written");
        bytes[..at].split(|&byte| byte == b'\n').count()
    }

    /// Names, contents and times of everything in the folder.
    fn traces(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let mut all = traces_in(self.folder.path());
        all.sort();
        all
    }
}

fn traces_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let data = fs::metadata(folder).expect("the folder is there");
    let mut all = vec![(folder.to_owned(), Vec::new(), data.modified().expect("a time"))];
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let (path, data) = (entry.path(), entry.metadata().expect("the file is there"));
        if data.is_dir() {
            all.extend(traces_in(&path));
        } else {
            all.push((path.clone(), fs::read(&path).expect("a readable file"), data.modified().expect("a time")));
        }
    }
    all
}

/// Stands still at the beginning, however far it has been played.
#[track_caller]
fn stand_still(pty: &Pty) {
    pty.wait_for_text("REPLAY");
    pty.send(format!(".{}", keys::HOME));
    wait_for_the_beginning(pty);
}

/// Waits until the bar says that the beginning is shown, and stands still.
#[track_caller]
fn wait_for_the_beginning(pty: &Pty) {
    let is_there = |row: String| row.contains("paused") && row.contains(" 00:00.0 ");
    pty.wait_for(|screen| screen.rows(0, u16::MAX).any(is_there), "the beginning", PATIENCE);
}

fn quit(mut pty: Pty, code: i32) -> String {
    pty.send("q");
    let status = pty.exit_status(PATIENCE);
    pty.assert_as_found();
    assert_eq!(status.code(), Some(code), "{}", pty.text());
    pty.text()
}

/// The events of a journal without what numbers and closes its lines.
fn events_in(journal: &str) -> Vec<serde_json::Value> {
    let values = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let mut events: Vec<_> = values.filter(|value| value.get("event").is_some()).collect();
    for object in events.iter_mut().filter_map(serde_json::Value::as_object_mut) {
        object.remove("seq");
        object.remove("crc");
    }
    events
}

#[test]
fn any_instant_can_be_gone_to_and_nothing_else_happens() {
    let record = Record::tour();
    let before = record.traces();
    let pty = record.replay(&["--speed", "0.25"]).start();
    stand_still(&pty);
    pty.wait_for_text("paused 0.25x");
    // The first marker is the growth to eight, the second the shrinking to three.
    pty.send("m");
    pty.wait_for_text("workers 2 -> 8");
    pty.send("m");
    pty.wait_for_text("workers 8 -> 3");
    pty.send("m");
    pty.wait_for_text("there is no marker that way");
    pty.send("M");
    pty.wait_for_text("workers 2 -> 8");
    // Event by event to what was before the size and the starts of six workers, all at one time, and on again.
    pty.wait_for_text("(6 starting)");
    pty.send(",".repeat(20));
    pty.wait_for_text("workers 2   ");
    pty.send(".".repeat(20));
    pty.wait_for_text("(6 starting)");
    pty.send("]]]");
    pty.wait_for_text("paused 2x");
    // What asks something of the pool asks nothing.
    for key in ["+", "x", "X", "p", "d", "r", "R", "s", "a"] {
        pty.send(key);
        pty.wait_for_text("this is a replay: what happened cannot be changed");
        pty.send(keys::ESCAPE);
        pty.wait_until_gone("this is a replay");
    }
    assert!(children_of(pty.pid()).is_empty(), "a replay starts nothing");
    pty.send(keys::END);
    pty.wait_for_text("FINISHED");
    pty.wait_for_text("at the end");
    let left = quit(pty, 0);
    assert!(left.contains("a resize tour: done in") && left.contains("(replayed)"), "{left}");
    assert!(left.contains("60 of 60 done"), "{left}");
    assert_eq!(record.traces(), before, "a replay writes nothing");
}

#[test]
fn what_only_looks_works_at_any_instant() {
    let record = Record::tour();
    let pty = record.replay(&[]).start();
    stand_still(&pty);
    pty.send("5t");
    pty.wait_until_gone("╭ Workers");
    pty.send("t");
    pty.wait_for_text("╭ Workers");
    pty.send("/done");
    pty.send(keys::ENTER);
    pty.wait_for_text("/ done");
    pty.send(format!("n{}", keys::ENTER));
    pty.wait_for_text("TRY WORKER");
    pty.send("?");
    pty.wait_for_text("In a replay");
    pty.wait_until_gone("Aim at one worker more");
    pty.send(keys::ESCAPE);
    pty.wait_until_gone("In a replay");
    pty.send(":slower");
    pty.wait_for_text("Half as fast");
    pty.send(keys::ENTER);
    pty.wait_for_text("paused 0.5x");
    pty.resize(80, 24);
    pty.wait_for(|screen| screen.size().1.get() == 80 && shows(screen, "REPLAY"), "80x24", PATIENCE);
    pty.resize(40, 10);
    pty.wait_for(|screen| shows(screen, "paused 0.5x"), "the bar in 40x10", PATIENCE);
    quit(pty, 0);
}

#[test]
fn a_click_on_the_bar_goes_there() {
    let record = Record::tour();
    let pty = record.replay(&[]).start();
    stand_still(&pty);
    pty.send("5");
    pty.wait_until_gone(" 00:00.0 ");
    let (row, column) =
        pty.look(|seen| place_of(seen.screen(), "●━").or_else(|| place_of(seen.screen(), "━●"))).expect("a bar");
    let start = pty.look(|seen| place_of(seen.screen(), "━━━━")).map_or(column, |(_, column)| column);
    pty.send(keys::click(start, row));
    wait_for_the_beginning(&pty);
    quit(pty, 0);
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (journal, go) = (folder.path().join("run.jsonl"), folder.path().join("go"));
    let (journal, go) = (journal.to_str().expect("a path"), go.to_str().expect("a path"));
    let held = format!("until test -e '{go}'; do sleep 0.05; done; echo held back");
    let live =
        Run::pooltop(["run", "-j2", "--progress", "none", "--record", journal, "--shell", &held, ":::", "1", "2", "3"]);
    let live = live.start();
    crate::common::processes::wait_until(|| Path::new(journal).exists(), "a journal", PATIENCE);
    let pty = Setup::pooltop(["replay", journal]).size(120, 40).start();
    pty.wait_for_text("REPLAY LIVE");
    pty.wait_for_text("done 0/3");
    let told = Run::pooltop(["replay", journal, "--progress", "plain"]).start();
    told.wait_for_errors(|text| text.contains("worker 1 started"), "what has happened");
    fs::write(go, "").expect("a file is written");
    live.finish().expect_code(0);
    pty.wait_for_text("FINISHED");
    pty.wait_for_text("at the end");
    let left = quit(pty, 0);
    assert!(left.contains("3 of 3 done"), "{left}");
    let told = told.finish().expect_code(0);
    assert!(told.err().contains("3 of 3 done") && told.err().contains("(replayed)"), "{}", told.err());
    assert_eq!(told.out().matches("held back").count(), 3);
}

#[test]
fn damage_ends_the_film_there_and_is_said() {
    let record = Record::tour();
    let line = record.damage();
    let pty = record.replay(&[]).start();
    pty.wait_for_text(&format!("the journal is damaged from line {line} on"));
    pty.send(keys::END);
    pty.wait_for_text("at the end");
    let left = quit(pty, 1);
    assert!(left.contains("what came before was shown"), "{left}");
    let told = record.lines(&["--progress", "plain"]).finish().expect_code(1);
    assert!(told.err().contains(&format!("the journal is damaged from line {line} on")), "{}", told.err());
    assert!(told.err().contains("worker 1 started"), "{}", told.err());
    let json = record.lines(&["--progress", "json"]).finish().expect_code(1);
    assert_eq!(json.out().lines().count(), line - 2);
}

#[test]
fn a_run_that_was_cut_off_says_so() {
    let record = Record::tour();
    let text = fs::read_to_string(record.path()).expect("a journal");
    let some: Vec<&str> = text.lines().take(120).collect();
    // The last line is torn, as a writer leaves it that is killed.
    fs::write(record.path(), format!("{}\n{{\"seq\":120,\"at", some.join("\n"))).expect("a journal is written");
    let pty = record.replay(&["--from", "100%"]).start();
    pty.wait_for_text("The run was cut off here.");
    let left = quit(pty, 0);
    assert!(left.contains("cut off after"), "{left}");
    assert_eq!(record.lines(&["--progress", "json"]).finish().expect_code(0).out().lines().count(), 119);
}

#[test]
fn lines_are_those_of_the_live_run() {
    let (record, live) =
        Record::of("run", &["-j1", "--retries", "1", "sh", "-c", "echo {}; echo no {} >&2", ":::", "a", "b"]);
    let before = record.traces();
    let told = record.lines(&["--progress", "plain"]).finish().expect_code(0);
    let of_tasks = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with('[') || line.starts_with("no "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(of_tasks(&told.err()), of_tasks(&live));
    assert_eq!(told.out(), "a\nb\n");
    assert_eq!(record.lines(&["--progress", "none"]).finish().expect_code(0).out(), "a\nb\n");
    assert_eq!(record.traces(), before);
}

#[test]
fn json_is_what_the_journal_has() {
    let (record, _) = Record::of("demo", &["pool-of-four", "--speed", "20"]);
    let told = record.lines(&["--progress", "json"]).finish().expect_code(0);
    let journal = events_in(&fs::read_to_string(record.path()).expect("a journal"));
    assert_eq!(events_in(&told.out()), journal);
    // From an instant on: what happened since.
    let half = record.lines(&["--progress", "json", "--from", "50%"]).finish().expect_code(0);
    let half = events_in(&half.out());
    assert!(!half.is_empty() && half.len() < journal.len());
    assert_eq!(half[..], journal[journal.len() - half.len()..]);
}

#[test]
fn what_kept_output_is_too_long_for_an_event_is_read_from_its_file() {
    let long = "seq 30000; echo {} is the last line #";
    let (record, _) = Record::of("run", &["-j1", "--shell", long, ":::", "x"]);
    let told = record.lines(&["--progress", "none"]).finish().expect_code(0).out();
    assert!(told.len() > 150_000 && told.ends_with("x is the last line\n"), "{}", told.len());
    let pty = record.replay(&["--from", "100%"]).start();
    pty.wait_for_text("FINISHED");
    pty.send(format!("n{}G", keys::ENTER));
    pty.wait_for_text("x is the last line");
    pty.wait_for_text("before this are not shown");
    quit(pty, 0);
}

#[test]
fn nobody_who_listens_is_no_reason_to_go_on() {
    let record = Record::tour();
    let script = format!(
        "'{}' replay '{}' --progress json | head -n 3; echo ${{PIPESTATUS[0]}}",
        crate::common::POOLTOP,
        record.name()
    );
    let run = Run::program("/bin/bash", ["-c", &script]).finish().expect_code(0);
    let lines: Vec<String> = run.out().lines().map(str::to_owned).collect();
    assert!(lines.len() == 4 && (lines[3] == "141" || lines[3] == "0"), "{lines:?}");
    // At a speed at which there is time for the reader to leave.
    let script = script.replace("--progress json", "--progress json --speed 1");
    let run = Run::program("/bin/bash", ["-c", &script]).finish().expect_code(0);
    assert!(run.out().ends_with("\n141\n"), "{}", run.out());
}

#[test]
fn no_colour_where_none_is_wanted_and_no_run_where_there_is_none() {
    let record = Record::tour();
    let pty = record.replay(&[]).env("NO_COLOR", "1").start();
    pty.wait_for_text("REPLAY");
    pty.look(|seen| {
        for (row, column) in (0..40).flat_map(|row| (0..120).map(move |column| (row, column))) {
            let cell = seen.screen().cell(row, column).expect("a cell");
            assert_eq!(cell.fgcolor(), vt100::Color::Default);
        }
    });
    quit(pty, 0);
    let none = Run::pooltop(["replay", "20200101"]).finish().expect_code(2);
    assert!(none.err().starts_with("error: "), "{}", none.err());
    let other = record.folder.path().join("other");
    fs::write(&other, "something else\n").expect("a file is written");
    let other = Run::pooltop(["replay", other.to_str().expect("a path")]).finish().expect_code(2);
    assert!(other.err().contains("not that of a journal"), "{}", other.err());
}

#[test]
fn a_signal_ends_a_replay_and_gives_the_terminal_back() {
    let record = Record::tour();
    let mut pty = record.replay(&[]).start();
    pty.wait_for_text("REPLAY");
    pty.signal(nix::sys::signal::Signal::SIGTERM);
    let status = pty.exit_status(PATIENCE);
    pty.assert_as_found();
    assert_eq!(status.code(), Some(143));
}
