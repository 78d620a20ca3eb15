//! The scenarios that come with the program: the texts under `assets/scenarios`, in the order in which they are listed.
//! It does not know what is in them; they are read like anyone's file.

use std::path::Path;

use super::grammar::{Origin, parse};
use super::plan::Plan;
use super::problem::ScenarioError;
use super::suggest::nearest;
use crate::notation::Language;
use crate::text::sanitized;

/// What `pooltop` without arguments runs.
pub const DEFAULT: &str = "default";

/// One scenario of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

macro_rules! table {
    ($($name:literal),* $(,)?) => {
        &[$(Builtin { name: $name, text: include_str!(concat!("../../assets/scenarios/", $name, ".toml")) }),*]
    };
}

/// All of them.
pub const BUILTINS: &[Builtin] = table![
    "default",
    "downloads-sequential",
    "downloads-process-each",
    "downloads-pool",
    "two-loops",
    "queue-download-analyse",
    "queue-stops-early",
    "queue-bounded",
    "pool-of-three",
    "folder-copy",
    "folder-copy-progress",
    "pipe-greeting",
    "semaphore-guests",
    "event-flag",
    "event-result",
    "pool-vs-processes",
    "tiny-tasks",
    "apply-sync",
    "apply-async",
    "async-close-join",
    "parent-exits-early",
    "callback",
    "callback-fails",
    "hello-process",
    "producer-consumer",
    "producer-consumer-no-sentinel",
    "pipe-sender-receiver",
    "pipe-kept-end",
    "pool-map",
    "run-child",
    "pool-of-four",
    "thread-loop",
    "balance-race",
    "thread-local",
    "processes-do-not-share",
    "workers-elsewhere",
    "shared-link",
    "chaos",
    "resize-tour",
    "flaky-downloads",
];

impl Builtin {
    /// Its plan, texts in that language. `seed` goes before its own.
    ///
    /// # Errors
    /// None, as a test holds; but a text remains a text.
    pub fn plan(&self, seed: Option<u64>, language: Language) -> Result<Plan, ScenarioError> {
        let path = format!("{}.toml", self.name);
        parse(self.text, Origin { path: &path, name: self.name, folder: None }, seed, language)
    }
}

/// The one of that name.
///
/// # Errors
/// [`ScenarioError::Unknown`] with a suggestion, or all names.
pub fn builtin(name: &str) -> Result<&'static Builtin, ScenarioError> {
    BUILTINS.iter().find(|builtin| builtin.name == name).ok_or_else(|| {
        let names = || BUILTINS.iter().map(|builtin| builtin.name);
        let hint = match nearest(name, names()) {
            Some(meant) => format!("did you mean {meant}?"),
            None if Path::new(name).extension().is_some_and(|extension| extension == "toml") => {
                format!("for a file, write pooltop play {}", sanitized(name))
            }
            None => "pooltop demo --list names them all".to_owned(),
        };
        ScenarioError::Unknown { name: sanitized(name).into_owned(), hint }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command::Resize, Resize::To};
    use crate::scenario::CopyWhat;
    use crate::task::{TaskSpec, Work};

    fn plan(name: &str) -> Plan {
        builtin(name).unwrap().plan(None, Language::English).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names and durations in milliseconds.
    fn durations(tasks: impl Iterator<Item = TaskSpec>) -> Vec<(String, u64)> {
        tasks
            .map(|task| match &task.work {
                Work::Sleep { duration_ms } => (task.title().into_owned(), *duration_ms),
                Work::Download(download) => (task.title().into_owned(), download.duration_ms),
                work => panic!("{work:?}"),
            })
            .collect()
    }

    #[test]
    fn every_file_is_in_the_table_and_can_be_run() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut listed: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.name).collect();
        listed.sort_unstable();
        assert_eq!(files, listed);
        for Builtin { name, .. } in BUILTINS {
            let plan = plan(name);
            assert!(plan.title != plan.name && !plan.summary.is_empty(), "{name} has no title or summary");
            let does_something = plan.main.is_some() || plan.tasks().count() + plan.copies.len() > 0;
            assert!(does_something, "{name} does nothing");
            let told = plan.story.as_ref().is_some_and(|story| !story.watch.is_empty() && !story.ending.is_empty());
            assert!(told || *name == DEFAULT, "{name} does not say what to watch and what it showed");
            // Only the program whose very fault it is has something to be warned of.
            assert_eq!(plan.warnings.is_empty(), *name != "pipe-kept-end", "{name}: {:?}", plan.warnings);
        }
    }

    #[test]
    fn a_wrong_name_gets_a_suggestion() {
        let hint = |name: &str| builtin(name).unwrap_err().to_string();
        assert_eq!(hint("pool-of-for"), "there is no scenario pool-of-for; did you mean pool-of-four?");
        assert!(hint("banana").ends_with("; pooltop demo --list names them all"));
        assert!(hint("mine.toml").ends_with("for a file, write pooltop play mine.toml"));
    }

    #[test]
    fn the_default_lasts_about_a_minute_and_mixes_downloads_with_copies() {
        let plan = plan(DEFAULT);
        assert_eq!((plan.pool.resolve(64), plan.policy.retries), (4, Some(2)));
        let tasks = durations(plan.tasks());
        let total_ms: u64 = tasks.iter().map(|(_, ms)| ms).sum();
        assert!((200_000..260_000).contains(&total_ms), "{total_ms} ms of work for 4");
        assert!(tasks.iter().any(|(name, _)| name.is_ascii()) && tasks.iter().any(|(name, _)| !name.is_ascii()));
        assert!(plan.copies.iter().all(|copy| matches!(copy.what, CopyWhat::Tree(_))));
        assert!(plan.copies.iter().any(|copy| (1..plan.task_count()).contains(&copy.after_tasks)));
        assert!(!plan.timed.is_empty());
    }

    #[test]
    fn the_tutorials_facts_are_kept() {
        let downloads = plan("downloads-sequential");
        let tasks = durations(downloads.tasks());
        assert_eq!((tasks.len(), &tasks[0].0[..], &tasks[1].0[..]), (2, "Python从入门到住院.pdf", "Peking Hot.avi"));
        assert!(tasks.iter().all(|(_, ms)| ms % 1000 == 0 && (5000..=10_000).contains(ms)), "{tasks:?}");

        let size = |name: &str| plan(name).pool.resolve(64);
        assert_eq!(["downloads-pool", "pool-of-four", "pool-of-three", "pool-map"].map(size), [4, 4, 3, 64]);

        let tour = plan("resize-tour");
        let sizes: Vec<_> =
            tour.timed.iter().filter(|at| matches!(at.command, Resize(_))).map(|at| &at.command).collect();
        assert_eq!((tour.pool.resolve(64), sizes), (2, vec![&Resize(To(8)), &Resize(To(3))]));

        let flaky = plan("flaky-downloads");
        assert!(
            flaky.policy.retries > Some(0) && flaky.policy.backoff_ms.is_some() && flaky.policy.timeout_ms.is_some()
        );
        let shares = |task: TaskSpec| match task.work {
            Work::Download(download) => download.fail_per_mille > 0 && download.stall_per_mille > 0,
            _ => false,
        };
        assert!(flaky.tasks().any(shares));

        let copy = plan("folder-copy");
        assert_eq!((copy.pool.resolve(64), copy.task_count(), copy.copies.len()), (64, 0, 1));
    }
}
