//! From the tables of a scenario to a plan; every key is checked, every problem told. PURE.
//! It does not know where the text came from, and resolves nothing but relative paths.

mod asks;
mod body;
mod calls;
mod declared;
mod functions;
mod objects;
mod steps;
mod submits;
mod task;
mod texts;
mod timed;
mod tutorial;
mod values;
mod warnings;

use std::path::Path;

use toml::de::DeTable;

use super::fields::{Fields, decimal, refuse, text, wrong_type};
use super::plan::{LauncherSpec, Plan, PolicyOverrides};
use super::problem::{Problems, ScenarioError};
use crate::event::{Story, Strategy};
use crate::notation::{Language, PoolSize, duration_ms, halt, speed_milli, timeout_ms};
use task::Tasks;

/// How long a title may be, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// How long a summary may be, in characters.
const SUMMARY_CHARS_MAX: usize = 200;

/// The most retries that can be asked for.
const RETRIES_MAX: u64 = 1000;

/// How long a text about the whole run may be, in characters.
const STORY_CHARS_MAX: usize = 1000;

const TOP_KEYS: &[&str] = &[
    "title",
    "summary",
    "watch",
    "ending",
    "retries",
    "backoff",
    "timeout",
    "halt",
    "recycle_after",
    "grace",
    "seed",
    "speed",
    "strategy",
    "pool",
    "locks",
    "shared",
    "queue",
    "pipe",
    "semaphore",
    "event",
    "link",
    "tree",
    "function",
    "parent",
    "task",
    "at",
    "tutorial",
    "compare_as",
];

const POOL_KEYS: &[&str] = &["size", "launcher", "program", "initializer"];

/// Where a text came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What it is called in messages.
    pub path: &'a str,
    /// What the plan is called.
    pub name: &'a str,
    /// What relative paths start from. `None`: there is no such place, and they are refused.
    pub folder: Option<&'a Path>,
}

/// What all readers have before their eyes.
struct Seen<'s> {
    /// The text, to find places in it.
    source: &'s str,
    language: Language,
}

/// Reads a scenario, its texts in that language. `seed` goes before the one in the text; without both it is 0.
///
/// # Errors
/// [`ScenarioError::Invalid`] with everything that is wrong with it.
pub fn parse(source: &str, origin: Origin<'_>, seed: Option<u64>, language: Language) -> Result<Plan, ScenarioError> {
    let mut problems = Problems::default();
    let table = match DeTable::parse(source) {
        Ok(table) => table,
        Err(error) => {
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            problems.add(error.span().unwrap_or(0..0), format!("this is not TOML: {what}"));
            return Err(problems.into_error(origin.path, source));
        }
    };
    let sight = Seen { source, language };
    let top = Fields::new(table.get_ref(), 0..0, "a scenario", TOP_KEYS, &mut problems);
    let seed = seed.or(top.whole("seed", 0..=u64::MAX, &mut problems)).unwrap_or(0);
    let mut tasks = Tasks::new(seed, origin.folder);
    let mut names = functions::declare(&top, &sight, &mut tasks, &mut problems);
    let mut read = functions::read(&names, &top, &sight, &mut problems);
    let pool = top.table("pool", "[pool]", POOL_KEYS, &mut problems);
    let initializer = pool.as_ref().and_then(|pool| functions::initializer(pool, &names, &mut read, &mut problems));
    for entry in top.tables("task", "[[task]]", task::KEYS, &mut problems) {
        let call = |problems: &mut Problems, repeat| calls::read(&entry, repeat, &names, &mut read, &sight, problems);
        tasks.add(&entry, call, &mut problems);
    }
    who_works(&top, &mut problems);
    let told = |key, chars_max, problems: &mut Problems| texts::told(&top, key, chars_max, language, problems);
    let title = told("title", TITLE_CHARS_MAX, &mut problems).unwrap_or(origin.name);
    let summary = told("summary", SUMMARY_CHARS_MAX, &mut problems).unwrap_or_default();
    let [watch, ending] = ["watch", "ending"].map(|key| told(key, STORY_CHARS_MAX, &mut problems));
    let mut plan = Plan {
        name: origin.name.to_owned(),
        text_hash: blake3::hash(source.as_bytes()).to_hex().as_str().into(),
        title: title.to_owned(),
        summary: summary.to_owned(),
        pool: pool.as_ref().and_then(|pool| size(pool, &mut problems)).unwrap_or(PoolSize::CPUS),
        policy: policy(&top, &mut problems),
        seed,
        timed: timed::read(&top, language, &mut problems),
        tutorial: tutorial::read(&top, &mut problems),
        compare_as: top.line("compare_as", TITLE_CHARS_MAX, &mut problems).map(str::to_owned),
        strategy: strategy(&top, &mut problems),
        launcher: pool.as_ref().and_then(|pool| launcher(pool, &mut problems)),
        main: read.main(seed),
        story: (watch.is_some() || ending.is_some())
            .then(|| Story { watch: watch.unwrap_or_default().into(), ending: ending.unwrap_or_default().into() }),
        warnings: Vec::new(),
        task_count: tasks.count(),
        copies: tasks.copies,
        entries: tasks.entries,
        trees: std::mem::take(&mut names.tree_specs),
        program: None,
    };
    if !problems.is_empty() {
        return Err(problems.into_error(origin.path, source));
    }
    plan.warnings = read.warnings(&names).into_warnings(origin.path, source);
    plan.program = read.into_program(names, initializer);
    Ok(plan)
}

/// All keys of all tables but those of steps.
#[cfg(test)]
pub(super) fn all_keys() -> Vec<&'static str> {
    let objects = objects::KINDS.iter().flat_map(|kind| kind.3.iter());
    let tables = [TOP_KEYS, POOL_KEYS, task::KEYS, task::TREE_KEYS, timed::KEYS, &["params", "steps"]];
    tables.into_iter().flatten().chain(objects).copied().collect()
}

/// Either the parent has a program, or there are tasks to submit.
fn who_works(top: &Fields<'_, '_>, problems: &mut Problems) {
    match (top.get("task"), top.get("parent")) {
        (Some(_), Some(parent)) => {
            let help = "submit them in [parent] with apply_async, map or start, or leave [parent] out";
            problems.add_with_help(parent.span(), "with a [parent] there are no [[task]] entries", help);
        }
        (None, None) => {
            let help = match top.get("function") {
                Some(_) => "a function runs when it is called: [[task]] with call = \"NAME\", or start in [parent]",
                None => "for instance [[task]] with sleep = \"0s..3s\" and repeat = 10 below it",
            };
            problems.add_with_help(0..0, "a scenario needs at least one [[task]], or a [parent]", help);
        }
        _ => {}
    }
}

fn strategy(top: &Fields<'_, '_>, problems: &mut Problems) -> Strategy {
    let strategy = top.notation(
        "strategy",
        "\"process-each\"",
        |text| match text {
            "pool" => Ok(Strategy::Pool),
            "process-each" => Ok(Strategy::ProcessEach),
            "sequential" => Ok(Strategy::Sequential),
            _ => Err("a strategy is \"pool\", \"process-each\" or \"sequential\""),
        },
        problems,
    );
    strategy.unwrap_or_default()
}

fn size(pool: &Fields<'_, '_>, problems: &mut Problems) -> Option<PoolSize> {
    let Some(value) = pool.get("size") else {
        if !POOL_KEYS.iter().any(|key| pool.has(key)) {
            pool.missing("size", "4", problems);
        }
        return None;
    };
    let size = match value.get_ref() {
        toml::de::DeValue::Integer(integer) => {
            // A number too large for the type is too large for a pool, too; one below 0 is no more than none.
            let count = u64::from_str_radix(integer.as_str(), integer.radix());
            PoolSize::try_from(count.unwrap_or(if integer.as_str().starts_with('-') { 0 } else { u64::MAX }))
        }
        toml::de::DeValue::String(_) => text(value, "size", "", problems)?.parse(),
        _ => {
            wrong_type(value, "size", "a number of workers or \"cpus\"", problems);
            return None;
        }
    };
    size.inspect_err(|error| refuse(value, "size", error, problems)).ok()
}

fn launcher(pool: &Fields<'_, '_>, problems: &mut Problems) -> Option<LauncherSpec> {
    let program = match pool.get("program") {
        Some(value) => Some((value.span(), text(value, "program", "a program in quotes", problems)?)),
        None => None,
    };
    let Some(value) = pool.get("launcher") else {
        if let Some((at, _)) = program {
            let help = "write launcher = [\"ssh\", \"host\"] beside it";
            problems.add_with_help(at, "`program` is what pooltop is called where a `launcher` starts it", help);
        }
        return None;
    };
    let words = pool.texts("launcher", problems)?;
    let mut all = words.iter().copied().chain(program.as_ref().map(|(_, program)| *program));
    if words.is_empty() || all.any(|word| word.contains('\0')) || words[0].is_empty() {
        problems.add(value.span(), "`launcher` is a program with its arguments: launcher = [\"ssh\", \"host\"]");
        return None;
    }
    Some(LauncherSpec {
        argv: words.into_iter().map(str::to_owned).collect(),
        program: program.map(|(_, program)| program.to_owned()),
    })
}

fn policy(top: &Fields<'_, '_>, problems: &mut Problems) -> PolicyOverrides {
    let number = |key, low, high, problems: &mut Problems| {
        top.whole(key, low..=high, problems).and_then(|number| u32::try_from(number).ok())
    };
    PolicyOverrides {
        retries: number("retries", 0, RETRIES_MAX, problems),
        recycle_after: number("recycle_after", 1, u64::from(u32::MAX), problems),
        backoff_ms: top.notation("backoff", "\"250ms\"", duration_ms, problems),
        timeout_ms: top.notation("timeout", "\"30s\"", timeout_ms, problems),
        grace_ms: top.notation("grace", "\"2s\"", duration_ms, problems),
        halt: top.notation("halt", "\"soon,fail=3\"", halt, problems),
        speed_milli: speed(top, problems),
    }
}

fn speed(top: &Fields<'_, '_>, problems: &mut Problems) -> Option<u32> {
    let value = top.get("speed")?;
    let Some(number) = decimal(value) else {
        wrong_type(value, "speed", "a number", problems);
        return None;
    };
    speed_milli(number).inspect_err(|error| refuse(value, "speed", error, problems)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::Strategy;

    use super::*;
    use crate::command::{Command, Note, Resize, Weight};
    use crate::event::{Amount, Ended, Halt, Urgency};
    use crate::notation::Span;
    use crate::scenario::{Colours, CopyJob, CopyWhat, load};
    use crate::task::{Download, RawText, Shell, Slot, TaskSpec, Verify, Work};

    fn seeded(text: &str, seed: Option<u64>) -> Result<Plan, ScenarioError> {
        parse(
            text,
            Origin { path: "tour.toml", name: "tour", folder: Some(Path::new("here")) },
            seed,
            Language::English,
        )
    }

    fn plan(text: &str) -> Plan {
        seeded(text, None).unwrap_or_else(|error| panic!("{}", error.render(Colours::Never)))
    }

    fn tasks(text: &str) -> Vec<TaskSpec> {
        plan(text).tasks().collect()
    }

    #[test]
    fn everything_that_can_be_said_about_a_run() {
        let plan = plan(
            "title = \"t\"\nsummary = \"s\"\nretries = 2\nbackoff = \"250ms\"\ntimeout = \"1m30s\"\nhalt = \"soon,fail=10%\"\n\
             recycle_after = 100\ngrace = \"1.5s\"\nseed = 18446744073709551615\nspeed = 2.5\npool = { size = \"50%\" }\n\
             [[task]]\nnothing = true\n",
        );
        assert_eq!((plan.name.as_str(), plan.title.as_str(), plan.summary.as_str()), ("tour", "t", "s"));
        assert_eq!((plan.pool, plan.seed), (PoolSize::Percent(50), u64::MAX));
        let policy = PolicyOverrides {
            retries: Some(2),
            backoff_ms: Some(250),
            timeout_ms: Some(90_000),
            halt: Some(Halt::When { urgency: Urgency::Soon, ended: Ended::Fail, amount: Amount::Percent(10) }),
            recycle_after: Some(100),
            grace_ms: Some(1500),
            speed_milli: Some(2500),
        };
        assert_eq!(plan.policy, policy);
    }

    #[test]
    fn nothing_needs_to_be_said_but_the_work() {
        let plan = plan("[[task]]\nnothing = true\n");
        assert_eq!((plan.title.as_str(), plan.summary.as_str(), plan.pool), ("tour", "", PoolSize::CPUS));
        assert_eq!((plan.policy, plan.seed, plan.copies.len()), (PolicyOverrides::default(), 0, 0));
    }

    #[test]
    fn entries_become_tasks_in_the_order_of_the_file() {
        let plan = plan(
            "[[task]]\nname = \"a{n}\"\nrepeat = 2\nsleep = \"2s\"\n[[task]]\ncopy = { from = \"x\", to = \"/y\", verify = true }\n\
             [[task]]\nnothing = true\n",
        );
        let all: Vec<TaskSpec> = plan.tasks().collect();
        let sleep = || TaskSpec::new(Work::Sleep { duration_ms: 2000 });
        assert_eq!(all, [sleep().named("a1"), sleep().named("a2"), TaskSpec::new(Work::Nothing)]);
        assert_eq!((plan.tasks().len(), plan.task_count()), (3, 3));
        let what = CopyWhat::Paths { from: "here/x".into(), to: "/y".into() };
        assert_eq!(plan.copies, [CopyJob { after_tasks: 2, what, verify: Verify::Contents }]);
    }

    #[test]
    fn downloads_have_the_tutorials_time_unless_told() {
        let download = |task: TaskSpec| match task.work {
            Work::Download(download) => download,
            work => panic!("{work:?}"),
        };
        let all = tasks("[[task]]\nrepeat = 50\ndownload = { size = \"1 MB..2 MB\" }\n");
        let all: Vec<Download> = all.into_iter().map(download).collect();
        assert!(all.iter().all(|one| one.duration_ms % 1000 == 0 && (5000..=10_000).contains(&one.duration_ms)));
        assert!(all.iter().all(|one| (1_000_000..=2_000_000).contains(&one.bytes)));
        assert!(all.iter().any(|one| one.bytes != all[0].bytes) && all.iter().any(|one| one.seed != all[0].seed));
        let one =
            tasks("[[task]]\ndownload = { size = \"1 MB\", time = \"250ms\", fail = \"10%\", stall = \"2.5%\" }\n")
                .remove(0);
        let one = download(one);
        assert_eq!((one.bytes, one.duration_ms, one.fail_per_mille, one.stall_per_mille), (1_000_000, 250, 100, 25));
    }

    #[test]
    fn whole_seconds_are_drawn_whole() {
        let all = tasks("[[task]]\nrepeat = 50\nsleep = \"500ms..3500ms\"\nwhole = true\n");
        let mut seconds: Vec<u64> = all
            .iter()
            .map(|task| match task.work {
                Work::Sleep { duration_ms } => duration_ms,
                ref work => panic!("{work:?}"),
            })
            .collect();
        seconds.sort_unstable();
        seconds.dedup();
        assert_eq!(seconds, [1000, 2000, 3000]);
    }

    #[test]
    fn the_seed_decides_and_a_flag_goes_before_the_file() {
        let text = "seed = 7\n[[task]]\nrepeat = 5\nsleep = \"0s..100s\"\n";
        let drawn = |seed| seeded(text, seed).unwrap().tasks().collect::<Vec<_>>();
        assert_eq!(drawn(None), drawn(Some(7)));
        assert_ne!(drawn(None), drawn(Some(8)));
        // Held for good: the same file and seed mean the same run in every version.
        assert_eq!(drawn(None)[0].work, Work::Sleep { duration_ms: 43_710 });
    }

    #[test]
    fn commands_get_the_number_only_where_there_is_a_place_for_it() {
        let words = |task: &TaskSpec| match &task.work {
            Work::Command(command) => command.expand(Slot(0)),
            work => panic!("{work:?}"),
        };
        let raw = |words: &[&str]| words.iter().map(|&word| RawText::from(word)).collect::<Vec<_>>();
        let all = tasks("[[task]]\nrepeat = 2\nrun = [\"echo\", \"a{}.{#}\"]\n");
        assert_eq!(words(&all[1]), raw(&["echo", "a2.2"]));
        let all = tasks("[[task]]\nrepeat = 2\nrun = [\"true\"]\n");
        assert_eq!(words(&all[1]), raw(&["true"]));
        let all = tasks("[[task]]\nrepeat = 2\nshell = \"sleep {}; echo done\"\n");
        assert_eq!(words(&all[1]), raw(&["sh", "-c", "sleep 2; echo done"]));
        assert!(matches!(&all[0].work, Work::Command(command) if command.template.shell == Shell::Sh));
    }

    #[test]
    fn trees_are_made_from_the_seed() {
        let tree = |text: &str| match &plan(text).copies[0].what {
            CopyWhat::Tree(tree) => *tree,
            CopyWhat::Paths { from, .. } => panic!("{from:?}"),
        };
        let text = "[[task]]\ncopy = { tree = { files = 200, folders = 8, size = \"4 kB..2 MB\" } }\n";
        let made = tree(text);
        assert_eq!((made.files, made.folders, made.size), (200, 8, Span { low: 4000, high: 2_000_000 }));
        assert_eq!(made, tree(text));
        assert_ne!(made.seed, tree(&format!("seed = 1\n{text}")).seed);
    }

    #[test]
    fn timed_commands_are_in_the_order_of_time() {
        let text = "[[task]]\nnothing = true\n[[at]]\ntime = \"3s\"\nresize = 8\n[[at]]\ntime = \"1s\"\npause = true\n\
                    [[at]]\ntime = \"3s\"\nresize = \"-2\"\n[[at]]\ntime = \"0s\"\nnote = \"hello\"\n[[at]]\ntime = \"2s\"\nresume = true\n\
                    [[at]]\ntime = \"9s\"\ndrain = true\n[[at]]\ntime = \"10s\"\nstop = true\n";
        let timed: Vec<_> = plan(text).timed.into_iter().map(|timed| (timed.at_ms, timed.command)).collect();
        let expected = [
            (0, Command::Note(Note::new(Weight::Info, "hello"))),
            (1000, Command::PausePool),
            (2000, Command::ResumePool),
            (3000, Command::Resize(Resize::To(8))),
            (3000, Command::Resize(Resize::By(-2))),
            (9000, Command::Drain),
            (10_000, Command::Stop),
        ];
        assert_eq!(timed, expected);
    }

    /// Pieces from which almost a scenario can be put together.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "[[task]]\n",
            "[[at]]\n",
            "[pool]\n",
            "size = ",
            "repeat = ",
            "name = ",
            "sleep = ",
            "download = ",
            "copy = ",
            "tree = ",
            "files = ",
            "time = ",
            "resize = ",
            "run = ",
            "title = ",
            "seed = ",
            "{ ",
            " }",
            "[",
            "]",
            ", ",
            "\n",
            "= ",
            "true",
            "\"3s\"",
            "\"0s..3s\"",
            "\"5 MB\"",
            "\"{n:04}\"",
            "\"\\u001b\"",
            "\"照片\"",
            "17",
            "-1",
            "1e9",
            "0x7f",
            "99999999999999999999",
            "nan",
            "1979-05-27",
            "'''",
            "\"",
            "#",
            ".",
            "\u{feff}",
            "\u{1b}",
            "\0",
            "\r",
            "照",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in prop_oneof![pieces(), "\\PC{0,200}", "[\\x00-\\x7f]{0,200}"]) {
            match seeded(&text, None) {
                Ok(plan) => {
                    prop_assert!(plan.task_count() <= 10_000_000);
                    prop_assert!(plan.tasks().take(100).count() <= 100);
                }
                Err(error) => {
                    let told = error.render(Colours::Never);
                    prop_assert!(told.len() < 20_000);
                    prop_assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{:?}", told);
                }
            }
        }

        #[test]
        fn bytes_are_a_file_like_any_other(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.toml");
            std::fs::write(&path, bytes).unwrap();
            let _ = load(&path, None, Language::English).map_err(|error| error.render(Colours::Never));
        }
    }
}
