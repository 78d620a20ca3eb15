//! A scenario, played without a screen, and what its events tell.
//! It does not know what any scenario is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde_json::Value;

use crate::common::run::Run;

/// How many times faster than its own time a scenario is played unless a test says otherwise.
pub const SPEED: u32 = 20;

/// A run that is over.
pub struct Played {
    /// Its exit code.
    pub code: i32,
    /// Everything that happened, in order.
    pub events: Vec<Value>,
    /// What it printed on standard error.
    pub errors: String,
}

/// A line that a function printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The task's name.
    pub task: String,
    /// The thread's number.
    pub thread: u64,
    /// The line.
    pub text: String,
    /// When, in microseconds.
    pub at_us: u64,
}

/// Something that a thread asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The task's name.
    pub task: String,
    /// "get", "put", "join".
    pub verb: String,
    /// When the parent heard of it.
    pub made_us: u64,
    /// Whether it was told that it has to wait.
    pub blocked: bool,
    /// When it was answered, if ever.
    pub answered_us: Option<u64>,
}

/// One attempt at a task, from its being handed out to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The task's name.
    pub task: String,
    /// On which process.
    pub pid: i64,
    /// When it was handed out; what it takes comes later, however late the parent hears of it.
    pub handed_us: u64,
    /// When the parent heard that it had begun.
    pub from_us: u64,
    /// When it ended.
    pub to_us: u64,
    /// How: "done", or the failure as it stands in the event.
    pub outcome: String,
}

/// Plays one of the program's own scenarios.
#[track_caller]
pub fn demo(name: &str) -> Played {
    demo_with(name, &["--speed", &SPEED.to_string(), "--seed", "1"])
}

/// The same with other flags.
#[track_caller]
pub fn demo_with(name: &str, flags: &[&str]) -> Played {
    played(Run::pooltop(["demo", name, "--progress", "json"].iter().chain(flags)))
}

/// Plays a scenario of the test's own.
#[track_caller]
pub fn text(text: &str) -> Played {
    text_with(text, &["--speed", "20", "--seed", "1"])
}

/// The same with other flags.
#[track_caller]
pub fn text_with(text: &str, flags: &[&str]) -> Played {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).expect("write the scenario");
    let file = file.to_str().expect("a plain path");
    played(Run::pooltop(["play", file, "--progress", "json"].iter().chain(flags)))
}

#[track_caller]
fn played(run: Run) -> Played {
    let finished = run.finish();
    let out = String::from_utf8(finished.stdout.clone()).expect("JSON is UTF-8");
    let events = out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    Played {
        code: finished.status.code().unwrap_or(-1),
        events: events.collect(),
        errors: String::from_utf8_lossy(&finished.stderr).into_owned(),
    }
}

impl Played {
    /// The events of that name.
    pub fn all<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |value| value["event"] == event)
    }

    /// The place of the first event that fulfils it.
    #[track_caller]
    pub fn place(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> usize {
        self.events.iter().position(wanted).unwrap_or_else(|| panic!("never: {what}\n{}", self.story()))
    }

    /// The parent's PID.
    pub fn parent(&self) -> i64 {
        self.events[0]["pid"].as_i64().expect("the first event names the parent")
    }

    /// All tasks' names, in the order of their submission.
    pub fn names(&self) -> Vec<String> {
        let specs = self.all("tasks_added").flat_map(|event| event["tasks"].as_array().into_iter().flatten());
        specs.map(|spec| spec["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The places (pool, own, parent, main) of the tasks, in the order of their submission.
    pub fn task_places(&self) -> Vec<String> {
        let specs = self.all("tasks_added").flat_map(|event| event["tasks"].as_array().into_iter().flatten());
        specs.map(|spec| spec["place"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The task's name.
    pub fn name(&self, task: &Value) -> String {
        let index = usize::try_from(task.as_u64().expect("a task's number")).expect("a small number");
        self.names().get(index).cloned().unwrap_or_default()
    }

    /// Everything printed, in order.
    pub fn said(&self) -> Vec<Said> {
        let names = self.names();
        self.all("task_said")
            .map(|event| Said {
                task: names[usize::try_from(event["task"].as_u64().expect("a task")).expect("small")].clone(),
                thread: event["thread"].as_u64().expect("a thread"),
                text: event["text"].as_str().expect("a text").to_owned(),
                at_us: event["at_us"].as_u64().expect("a time"),
            })
            .collect()
    }

    /// The printed lines alone.
    pub fn lines(&self) -> Vec<String> {
        self.said().into_iter().map(|said| said.text).collect()
    }

    /// The lines that one task printed.
    pub fn lines_of(&self, task: &str) -> Vec<String> {
        self.said().into_iter().filter(|said| said.task == task).map(|said| said.text).collect()
    }

    /// The PIDs of all workers that were processes of their own.
    pub fn pids(&self) -> BTreeSet<i64> {
        let parent = self.parent();
        self.all("worker_spawned").filter_map(|event| event["pid"].as_i64()).filter(|&pid| pid != parent).collect()
    }

    /// All attempts, in the order of their beginning; those of the parent's program left out.
    pub fn attempts(&self) -> Vec<Attempt> {
        let (names, places) = (self.names(), self.task_places());
        let mut pids: HashMap<u64, i64> = HashMap::new();
        let mut open: BTreeMap<u64, (i64, u64, u64)> = BTreeMap::new();
        let mut attempts = Vec::new();
        for event in &self.events {
            let at_us = event["at_us"].as_u64().expect("a time");
            match event["event"].as_str().expect("a name") {
                "worker_spawned" => {
                    pids.insert(event["worker"].as_u64().expect("a worker"), event["pid"].as_i64().expect("a PID"));
                }
                "worker_ready" => {
                    if let Some(pid) = event["pid"].as_i64() {
                        pids.insert(event["worker"].as_u64().expect("a worker"), pid);
                    }
                }
                "tasks_dispatched" => {
                    let pid = pids[&event["worker"].as_u64().expect("a worker")];
                    for task in event["tasks"].as_array().expect("tasks") {
                        open.insert(task.as_u64().expect("a task"), (pid, at_us, at_us));
                    }
                }
                "task_started" => {
                    if let Some((_, _, from_us)) = open.get_mut(&event["task"].as_u64().expect("a task")) {
                        *from_us = at_us;
                    }
                }
                "tasks_returned" => {
                    for task in event["tasks"].as_array().expect("tasks") {
                        open.remove(&task.as_u64().expect("a task"));
                    }
                }
                name @ ("attempt_ended" | "attempt_lost") => {
                    let task = event["task"].as_u64().expect("a task");
                    let Some((pid, handed_us, from_us)) = open.remove(&task) else { continue };
                    let outcome = if name == "attempt_lost" { &event["failure"] } else { &event["outcome"] };
                    let outcome = outcome.as_str().map_or_else(|| outcome.to_string(), str::to_owned);
                    let index = usize::try_from(task).expect("small");
                    if places[index] != "main" {
                        let task = names[index].clone();
                        attempts.push(Attempt { task, pid, handed_us, from_us, to_us: at_us, outcome });
                    }
                }
                _ => {}
            }
        }
        attempts.sort_by_key(|attempt| attempt.from_us);
        attempts
    }

    /// How many attempts overlapped at most.
    pub fn most_at_once(&self) -> usize {
        let attempts = self.attempts();
        // What ends at the moment at which another begins does not overlap with it; and one is one, even if the parent hears of
        // its beginning and its end at once.
        let at = |moment: u64| attempts.iter().filter(|one| one.from_us <= moment && moment < one.to_us).count();
        attempts.iter().map(|one| at(one.from_us).max(1)).max().unwrap_or(0)
    }

    /// All that threads asked for, in the order of their asking.
    pub fn calls(&self) -> Vec<Called> {
        let names = self.names();
        let mut open: HashMap<(u64, u64), usize> = HashMap::new();
        let mut calls: Vec<Called> = Vec::new();
        for event in &self.events {
            let key = (event["task"].as_u64().unwrap_or_default(), event["thread"].as_u64().unwrap_or_default());
            match event["event"].as_str().expect("a name") {
                "call_made" => {
                    let call = &event["call"];
                    let verb = call.as_str().map(str::to_owned);
                    let verb = verb.or_else(|| call.as_object()?.keys().next().cloned());
                    open.insert(key, calls.len());
                    calls.push(Called {
                        task: names[usize::try_from(key.0).expect("small")].clone(),
                        verb: verb.expect("a call has a name"),
                        made_us: time_us(event),
                        blocked: false,
                        answered_us: None,
                    });
                }
                "call_blocked" => calls[open[&key]].blocked = true,
                "call_answered" => calls[open[&key]].answered_us = Some(time_us(event)),
                _ => {}
            }
        }
        calls
    }

    /// What one task asked for with one verb, in order.
    pub fn calls_of(&self, task: &str, verb: &str) -> Vec<Called> {
        self.calls().into_iter().filter(|call| call.task == task && call.verb == verb).collect()
    }

    /// What a task returned.
    pub fn results(&self) -> Vec<(String, Value)> {
        self.all("result_given").map(|event| (self.name(&event["task"]), event["value"].clone())).collect()
    }

    /// The verdict's sentence, if one was reached.
    pub fn verdict(&self) -> Option<String> {
        let event = self.all("verdict_reached").next()?;
        event["verdict"]["text"].as_str().map(str::to_owned)
    }

    /// Panics unless the run ended with this code.
    #[track_caller]
    pub fn assert_code(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.story());
    }

    /// What happened, for whoever has to find out why a test failed.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for event in self.events.iter().filter(|event| event["event"] != "sampled" && event["event"] != "ticked") {
            writeln!(story, "{event}").expect("a string takes all");
        }
        story + &self.errors
    }
}

/// When it happened, in microseconds.
pub fn time_us(event: &Value) -> u64 {
    event["at_us"].as_u64().expect("a time")
}

/// A number out of a line such as "child 4711 received".
pub fn number_in(line: &str) -> i64 {
    let mut numbers = line.split(|char: char| !char.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no number in {line:?}"))
}
