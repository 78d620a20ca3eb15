//! A journal in a folder of its own, the runs on it, and how they are killed.
//! It does not know what the runs do.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::PATIENCE;
use crate::common::processes::{self, wait_until};
use crate::common::run::{Finished, Run, Running};

/// A folder with a journal in it.
pub struct Stage(tempfile::TempDir);

impl Stage {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.at(name).to_str().expect("a readable path").to_owned()
    }

    pub fn lines(&self) -> usize {
        fs::read(self.at("journal")).unwrap_or_default().split(|byte| *byte == b'\n').count().saturating_sub(1)
    }

    /// The journal's whole lines but the first.
    pub fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.at("journal")).expect("a journal");
        text.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event["event"] == name).count()
    }

    /// What comes behind the name of the command, on this journal.
    pub fn recorded(&self, command: &str, args: &[&str]) -> Run {
        let journal = self.text("journal");
        let head = [command, "--record", &journal, "--progress", "plain"];
        Run::pooltop(head.into_iter().chain(args.iter().copied()).collect::<Vec<_>>()).dir(self.0.path())
    }

    pub fn resume(&self, args: &[&str]) -> Run {
        let journal = self.text("journal");
        let head = ["resume", &journal, "--progress", "plain"];
        Run::pooltop(head.into_iter().chain(args.iter().copied()).collect::<Vec<_>>())
    }

    /// Waits until the journal has so many lines, or the run has ended.
    pub fn wait_for_lines(&self, run: &Running, lines: usize) {
        let is_there = || self.lines() >= lines || !processes::is_alive(run.pid());
        wait_until(is_there, "the journal grows", PATIENCE);
    }

    /// Waits until so many of these have happened.
    pub fn wait_for(&self, event: &str, count: usize) {
        wait_until(|| self.at("journal").exists() && self.count(event) >= count, event, PATIENCE);
    }
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Killed {
    Parent,
    /// And then its workers, before they can clean up.
    ParentThenWorkers,
    /// And then the parent, before it can tell.
    WorkersThenParent,
}

/// Kills, and waits for the end of all that can end.
pub fn kill(run: Running, whom: Killed) -> Finished {
    let workers: Vec<i32> = processes::children_of(run.pid()).iter().map(|child| child.pid).collect();
    let kill_workers = || workers.iter().for_each(|pid| _ = processes::send_signal(*pid, Signal::SIGKILL));
    if whom == Killed::WorkersThenParent {
        kill_workers();
    }
    // It may have ended by itself meanwhile.
    processes::send_signal(run.pid(), Signal::SIGKILL);
    if whom == Killed::ParentThenWorkers {
        kill_workers();
    }
    run.finish()
}
