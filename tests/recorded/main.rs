//! Runs of a real pool with a made-up recorder: what waits for it, what its failure means, how a run goes on, who holds the lock.
//! It does not know journals.
//!
//! The pool starts its workers from its own program, which is this one; so it has a `main` of its own, and each check a process.

#![expect(clippy::unwrap_used, reason = "a check that cannot be set up is to panic")]
#![expect(clippy::print_stdout, reason = "there is no harness that would say how the checks went")]

mod held;
mod lock;
mod resumed;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use pooltop::command::{Asker, Command as Asked, Recorded as _};
use pooltop::event::{Event, Policy, RunKind, Start, What};
use pooltop::model::{State, Update};
use pooltop::pool::{self, HangUp, Keeps, Mailbox, Pool, Samples, Settings, Subscriber};
use pooltop::task::{CommandLine, RawText, Shell, TaskId, TaskSpec, Template, Work};
use pooltop::wire::WORKER_ARGUMENT;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(30);

/// In front of a check's name: this process is to do it.
const CHECK: &str = "--check";

/// Its name, and what it does in a folder of its own.
type Check = (&'static str, fn(&Path));

const CHECKS: &[Check] = &[
    ("a_command_begins_only_when_its_beginning_is_safe", held::a_command_begins_only_when_its_beginning_is_safe),
    ("after_a_failed_record_nothing_begins_and_the_run_says_so", held::after_a_failed_record_nothing_begins),
    ("a_recorder_that_is_gone_is_a_failed_record", held::a_recorder_that_is_gone_is_a_failed_record),
    ("a_command_that_was_never_told_is_stopped_without_having_begun", held::what_was_never_told_is_stopped_at_once),
    ("a_worker_that_dies_before_it_is_told_has_begun_nothing", held::a_worker_that_dies_untold_has_begun_nothing),
    ("a_run_goes_on_from_what_it_had_come_to", resumed::a_run_goes_on_from_what_it_had_come_to),
    ("the_lock_outlives_the_parent_as_long_as_what_it_started", lock::the_lock_outlives_the_parent),
    ("commands_do_not_have_the_lock", lock::commands_do_not_have_it),
];

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = args.iter().filter_map(|word| word.to_str()).collect();
    match words[..] {
        [first, ..] if first == WORKER_ARGUMENT => pooltop::worker::main(&args[1..]),
        [lock::PARENT, folder] => {
            lock::be_the_parent(Path::new(folder));
            ExitCode::SUCCESS
        }
        [CHECK, name] => {
            let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).unwrap();
            let folder = tempfile::tempdir().unwrap();
            pool::block_signals().unwrap();
            check(folder.path());
            ExitCode::SUCCESS
        }
        _ => all(&words),
    }
}

/// As the usual harness does it, more or less: words that are no flags choose.
#[expect(clippy::disallowed_methods, reason = "each check has a process of its own")]
fn all(words: &[&str]) -> ExitCode {
    let wanted: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = CHECKS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|word| name.contains(**word)));
    let mut failed = 0;
    for (name, _) in chosen {
        if words.contains(&"--list") {
            println!("{name}: test");
            continue;
        }
        let output = Command::new(std::env::current_exe().unwrap()).args([CHECK, name]).output().unwrap();
        println!("test {name} ... {}", if output.status.success() { "ok" } else { "FAILED" });
        if !output.status.success() {
            failed += 1;
            println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
    }
    ExitCode::from(failed)
}

/// A pool under way, with this test as its recorder and as its front end.
struct Stand {
    mailbox: Mailbox,
    thread: std::thread::JoinHandle<pool::Finished>,
    events: Receiver<Arc<[Event]>>,
    updates: Receiver<Update>,
    /// What the recorder got.
    told: Vec<Event>,
}

fn settings(folder: &Path, target: u32) -> Settings {
    // Whoever is left last removes it.
    let spool = folder.join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    let policy = Policy { grace_ms: 1_000, ..Policy::default() };
    Settings {
        start: Start::new("recorded", RunKind::Command, pool::own_pid(), 2, policy),
        began_unix_us: 0,
        target,
        timed: Vec::new(),
        spool: RawText::from(spool.as_os_str()),
        output_bytes_max: 1 << 20,
        hang_up: HangUp::Stops,
        samples: Samples::NotWanted,
        program: None,
        launcher: None,
        serve: Arc::new(pooltop::worker::serve_in_parent),
        asked: None,
        recorder: None,
        resumed: None,
        lock: None,
    }
}

/// Appends a word to the ledger, by which is seen what was really done.
fn entry(folder: &Path, word: &str) -> TaskSpec {
    script(&format!("echo {word} >> {}", folder.join("ledger").display()))
}

fn script(line: &str) -> TaskSpec {
    let argv = ["sh", "-c", line].map(RawText::from).into();
    let template = Arc::new(Template { argv, shell: Shell::No });
    TaskSpec::new(Work::Command(Box::new(CommandLine { template, input: None, ordinal: 1 })))
}

fn ledger(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("ledger")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

impl Stand {
    fn start(settings: Settings) -> Self {
        // Whoever looks at neither for a while must not hold the pool up.
        let (recorder, events) = bounded(10_000);
        let (updates, followed) = bounded(10_000);
        let subscriber = Subscriber { updates, keeps: Keeps::Everything };
        let settings = Settings { recorder: Some(recorder), ..settings };
        let Pool { mailbox, thread } = pool::start(settings, vec![subscriber]).unwrap();
        Self { mailbox, thread, events, updates: followed, told: Vec::new() }
    }

    fn ask(&self, command: Asked) {
        self.mailbox.send(command, Asker::Person).unwrap();
    }

    /// Takes events until one matches; how many there are then.
    fn until(&mut self, what: &str, matches: impl Fn(&What) -> bool) -> usize {
        loop {
            if let Some(at) = self.told.iter().position(|event| matches(&event.what)) {
                return at + 1;
            }
            let batch = self.events.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what} never came"));
            self.told.extend_from_slice(&batch);
        }
    }

    fn safe(&self, events: usize) {
        self.mailbox.safe(events as u64);
    }

    fn safe_so_far(&self) {
        self.safe(self.told.len());
    }

    /// Everything is safe at once from now on, until the run is over; the state it ended in.
    fn finish(mut self) -> State {
        self.safe_so_far();
        while let Ok(batch) = self.events.recv_timeout(PATIENCE) {
            self.told.extend_from_slice(&batch);
            self.safe_so_far();
        }
        self.left()
    }

    /// The state the run ended in, which is also what its followers saw.
    fn left(self) -> State {
        let finished = self.thread.join().unwrap();
        let mut seen = State::new();
        for update in self.updates.try_iter() {
            seen.follow(&update);
        }
        assert_eq!(
            (seen.counts, seen.now, seen.phase),
            (finished.state.counts, finished.state.now, finished.state.phase)
        );
        finished.state
    }
}

fn dispatched(task: u32) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::TasksDispatched { tasks, .. } if tasks.contains(&TaskId(task)))
}

fn ended(task: u32) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::AttemptEnded { task: ended, .. } if ended.0 == task)
}
