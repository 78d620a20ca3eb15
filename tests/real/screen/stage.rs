//! What the tests of the screen share: a scenario in a folder of its own, whose tasks wait for the test; and reading the screen.
//! It does not know what is tested.

use std::fs;
use std::path::PathBuf;

use crate::common::gate::Gate;
use crate::common::processes::{self, Process, children_of};
use crate::common::pty::{Pty, Setup, place_of, shows};
use crate::common::{GONE_WITHIN, PATIENCE, keys};

/// Waits, in a scenario, until the test opens "go".
pub const HELD: &str = r#"shell = "until test -e $STAGE/go; do sleep 0.05; done""#;

/// A folder with a scenario in it. Its tasks find it as `$STAGE`; the program's temporary files lie in `tmp` below it.
pub struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    pub fn new(scenario: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        fs::write(folder.path().join("scenario.toml"), scenario).expect("a scenario is written");
        fs::create_dir(folder.path().join("tmp")).expect("a folder for temporary files");
        Self { folder }
    }

    /// As many tasks, named "held 1" and so on, that wait until "go" is opened.
    pub fn held(size: u32, tasks: u32) -> Self {
        Self::new(&format!("[pool]\nsize = {size}\n[[task]]\nrepeat = {tasks}\nname = \"held {{n}}\"\n{HELD}\n"))
    }

    /// The same, for tests that look at processes: the tasks wait at "gate" and start nothing meanwhile.
    pub fn gated(size: u32, tasks: u32) -> (Self, Gate) {
        let wait = "shell = \"read _ < $STAGE/gate\"";
        let stage =
            Self::new(&format!("[pool]\nsize = {size}\n[[task]]\nrepeat = {tasks}\nname = \"held {{n}}\"\n{wait}\n"));
        let gate = stage.gate();
        (stage, gate)
    }

    /// The gate that tasks know as `$STAGE/gate`.
    pub fn gate(&self) -> Gate {
        Gate::at(self.path("gate"))
    }

    /// Plays the scenario, with these further arguments.
    pub fn play(&self, args: &[&str]) -> Setup {
        let scenario = self.path("scenario.toml");
        let scenario = scenario.to_str().expect("a readable path");
        self.pooltop(&[&["play", scenario], args].concat())
    }

    /// Runs the program with these arguments in a terminal of 120x40.
    pub fn pooltop(&self, args: &[&str]) -> Setup {
        let folder = |name: &str| self.path(name).to_str().expect("a readable path").to_owned();
        Setup::pooltop(args).size(120, 40).env("STAGE", &folder("")).env("TMPDIR", &folder("tmp"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What tasks wait for is there now.
    pub fn open(&self, name: &str) {
        fs::write(self.path(name), "").expect("a file is written");
    }

    /// Waits until a task has made this file.
    #[track_caller]
    pub fn wait_for(&self, name: &str) {
        processes::wait_until(|| self.path(name).exists(), &format!("a task has written {name}"), PATIENCE);
    }

    /// Waits until there are so many lines in the file.
    #[track_caller]
    pub fn wait_for_lines(&self, name: &str, count: usize) {
        let lines = || fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count());
        processes::wait_until(|| lines() >= count, &format!("{count} lines in {name}"), PATIENCE);
    }

    /// Panics if the program has left temporary files.
    #[track_caller]
    pub fn assert_tidy(&self) {
        let left = fs::read_dir(self.path("tmp")).expect("the folder is there");
        let left: Vec<_> = left.flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// The header as it is shown.
pub fn header(screen: &vt100::Screen) -> String {
    screen.rows(0, u16::MAX).next().unwrap_or_default()
}

/// Waits until the header has this, as whole words.
#[track_caller]
pub fn wait_for_header(pty: &Pty, words: &str) {
    let has = |screen: &vt100::Screen| {
        let header = format!("{}  ", header(screen));
        header.split("  ").any(|part| part.trim() == words)
    };
    pty.wait_for(has, &format!("{words:?} in the header"), PATIENCE);
}

/// A row of the workers pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub seat: u32,
    pub pid: i32,
    pub state: String,
    pub rest: String,
}

/// The rows of the workers pane, which is the uppermost one.
pub fn workers(screen: &vt100::Screen) -> Vec<Row> {
    let rows = screen.rows(0, u16::MAX).skip(4);
    rows.take_while(|row| row.starts_with('│')).filter_map(|row| row_of(&row)).collect()
}

fn row_of(row: &str) -> Option<Row> {
    let mut words = row.trim_start_matches('│').split_whitespace();
    let seat = words.next()?.parse().ok()?;
    let pid = words.next()?.parse().ok()?;
    let _glyph = words.next()?;
    let state = words.next()?.to_owned();
    Some(Row { seat, pid, state, rest: words.collect::<Vec<_>>().join(" ") })
}

/// The worker processes in the process table, by PID.
pub fn worker_processes(pty: &Pty) -> Vec<i32> {
    let mut pids: Vec<i32> = children_of(pty.pid())
        .into_iter()
        .filter(|process| process.name.starts_with("pooltop") && !process.is_zombie())
        .map(|process| process.pid)
        .collect();
    pids.sort_unstable();
    pids
}

/// Waits until exactly so many workers are in the process table.
#[track_caller]
pub fn wait_for_workers(pty: &Pty, count: usize) {
    processes::wait_until(|| worker_processes(pty).len() == count, &format!("{count} workers in /proc"), PATIENCE);
}

/// Panics unless there come to be so many rows of workers, and each is a process whose parent is the program.
#[track_caller]
pub fn assert_rows_are_processes(pty: &Pty, count: usize) {
    let same = || {
        let mut shown: Vec<i32> = pty.look(|seen| workers(seen.screen())).iter().map(|row| row.pid).collect();
        shown.sort_unstable();
        shown.len() == count && shown == worker_processes(pty)
    };
    processes::wait_until(same, "the workers shown are those in /proc", PATIENCE);
}

/// Waits until a worker is at that task. Its PID, and its row counted from 1; which worker it is nobody can know before.
#[track_caller]
pub fn wait_for_worker_at(pty: &Pty, task: &str) -> (i32, usize) {
    let at_it = || {
        let rows = pty.look(|seen| workers(seen.screen()));
        let at = rows.iter().position(|row| row.rest.starts_with(task))?;
        Some((rows[at].pid, at + 1))
    };
    processes::wait_for_some(at_it, &format!("a worker at {task:?}"), PATIENCE)
}

/// The processes of that name that belong to the program's tasks.
pub fn commands(pty: &Pty, name: &str) -> Vec<Process> {
    processes::tagged(pty.tag()).into_iter().filter(|process| process.name == name).collect()
}

/// How many of them are in that state.
pub fn count_in_state(pty: &Pty, name: &str, state: char) -> usize {
    commands(pty, name).iter().filter(|process| process.state == state).count()
}

/// Leaves a program whose run is about to be over, and sees that all is as it was.
#[track_caller]
pub fn quit(mut pty: Pty, stage: &Stage, code: i32) {
    wait_until_over(&pty);
    pty.send("q");
    expect_end(&mut pty, stage, code);
}

/// Waits until the header says that the run is over: before that, `q` asks, or stops it.
#[track_caller]
pub fn wait_until_over(pty: &Pty) {
    let over = |screen: &vt100::Screen| {
        let header = header(screen);
        [" FINISHED ", " FAILED ", " STOPPED "].iter().any(|word| header.contains(word))
    };
    pty.wait_for(over, "the end of the run in the header", PATIENCE);
}

/// Waits for the end with this exit code, and panics unless the terminal is as found and nothing is left.
#[track_caller]
pub fn expect_end(pty: &mut Pty, stage: &Stage, code: i32) {
    let status = pty.exit_status(PATIENCE);
    processes::wait_until_none(pty.tag(), GONE_WITHIN);
    pty.assert_as_found();
    assert_eq!(status.code(), Some(code), "{}", pty.text());
    stage.assert_tidy();
}

/// Clicks on the first place where this text is.
#[track_caller]
pub fn click_on(pty: &Pty, text: &str) {
    let place = pty.look(|seen| place_of(seen.screen(), text));
    let (row, column) = place.unwrap_or_else(|| panic!("{text:?} is not on the screen\n{}", pty.text()));
    pty.send(keys::click(column, row));
}

/// Waits until a row has all of these.
#[track_caller]
pub fn wait_for_row(pty: &Pty, parts: &[&str]) {
    let has = |screen: &vt100::Screen| screen.rows(0, u16::MAX).any(|row| parts.iter().all(|part| row.contains(part)));
    pty.wait_for(has, &format!("a row with {parts:?}"), PATIENCE);
}

/// Waits until these are all on the screen, in whatever rows.
#[track_caller]
pub fn wait_for_texts(pty: &Pty, texts: &[&str]) {
    pty.wait_for(|screen| texts.iter().all(|text| shows(screen, text)), &format!("all of {texts:?}"), PATIENCE);
}
