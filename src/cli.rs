//! The command line: argv to raw flags. Every flag has a variable `POOLTOP_*`; the order is flag, variable, scenario, default.
//! It does not know what the flags lead to: nothing is opened, started or decided here.

mod compare;
mod pages;
mod records;
mod run_words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{FalseyValueParser, PossibleValuesParser, Resettable, TypedValueParser, styling::Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::event::Halt;
use crate::notation::{self, Language, PoolSize};
use crate::task::RawText;
use crate::text::sanitized;

pub use compare::{Compare, Format};
pub use pages::{completions, exit_codes, man};
pub use records::{Export, ExportFormat, InDoubt, Recording, Replay, Resume, Runs, RunsFormat};
pub use run_words::{Inputs, RunWords};

/// The most retries that can be asked for, here as in a scenario.
const RETRIES_MAX: i64 = 1000;

/// A process pool you can watch, steer and replay
///
/// Runs any batch of work on a pool of child processes: shows every worker live, changes the pool's size with a key, loses
/// nothing. Without a command it shows a demo: downloads (played) and copies (real, of a small tree it makes and removes).
#[derive(Debug, Parser)]
#[command(
    name = "pooltop",
    version,
    long_version = pages::LONG_VERSION,
    after_help = pages::AFTER_HELP,
    styles = Styles::plain(),
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do; the default demo if nothing is said.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// How, for the default demo.
    #[command(flatten)]
    pub flags: Flags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Run a demo scenario from the program itself
    Demo(Demo),
    /// Run a scenario of your own; `pooltop help scenarios` says how to write one
    Play(Play),
    /// Run the same tasks one after the other, with a process each, and on pools of several sizes
    #[command(after_help = compare::HELP)]
    Compare(Compare),
    /// Copy files and folders in parallel
    #[command(after_help = pages::COPY_HELP)]
    Copy(Copy),
    /// Run a command for each line of input
    #[command(after_help = pages::RUN_HELP)]
    Run(Run),
    /// List recorded runs
    Runs(Runs),
    /// Watch a recorded run; executes nothing, writes nothing
    #[command(after_help = records::REPLAY_HELP)]
    Replay(Replay),
    /// Go on with what a run left unfinished
    #[command(after_help = records::RESUME_HELP)]
    Resume(Resume),
    /// Turn a recorded run into a trace, a table, a recording of the screen or a picture
    #[command(after_help = records::EXPORT_HELP)]
    Export(Export),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
    /// Explain a command, or how scenarios are written
    Help {
        /// A command, or `scenarios`
        topic: Option<String>,
    },
}

/// The topic of `pooltop help` that is no command.
pub const SCENARIOS: &str = "scenarios";

/// `pooltop demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Which scenario; without one, a list to choose from
    pub name: Option<String>,
    /// List the scenarios and what each shows; so does leaving out the name where there is no terminal
    #[arg(long)]
    pub list: bool,
    /// How to list them
    #[arg(long, value_name = "FORMAT", default_value = "table", env = "POOLTOP_FORMAT")]
    pub format: ListFormat,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// How scenarios are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// One name a line, for scripts
    Names,
    /// Names and what each shows
    #[default]
    Table,
}

/// `pooltop play`
#[derive(Debug, Args)]
pub struct Play {
    /// The scenario, in TOML
    pub file: PathBuf,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// `pooltop copy`
#[derive(Debug, Args)]
pub struct Copy {
    /// Files and folders, and last where to
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    pub paths: Vec<PathBuf>,
    /// Read every copy again and compare it with its source, by BLAKE3, before it gets its name
    #[arg(long, env = "POOLTOP_VERIFY", value_parser = FalseyValueParser::new())]
    pub verify: bool,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// `pooltop run`
#[derive(Debug, Args)]
pub struct Run {
    /// The command with {} where an input goes; behind ::: the inputs
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub words: Vec<OsString>,
    /// Read inputs from this file instead of standard input
    #[arg(short = 'a', long, value_name = "FILE", env = "POOLTOP_ARG_FILE")]
    pub arg_file: Option<PathBuf>,
    /// Inputs are separated by NUL, as `find -print0` writes them
    #[arg(short = '0', long, env = "POOLTOP_NULL", value_parser = FalseyValueParser::new())]
    pub null: bool,
    /// Let `sh -c` read the command; inputs are quoted
    #[arg(long, env = "POOLTOP_SHELL", value_parser = FalseyValueParser::new())]
    pub shell: bool,
    /// Pass output on in the order of the inputs
    #[arg(short = 'k', long, env = "POOLTOP_KEEP_ORDER", value_parser = FalseyValueParser::new())]
    pub keep_order: bool,
    /// Keep at most this much of each stream of a command
    #[arg(long, value_name = "SIZE", default_value = "1 GiB", value_parser = notation::size_bytes, env = "POOLTOP_OUTPUT_MAX")]
    pub output_max: u64,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// What all runs share.
#[derive(Clone, Debug, Default, Args)]
pub struct Flags {
    /// Workers at first: N, +N or -N (more or fewer than the CPUs), N% (of the CPUs) [default: the CPUs this process may use]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, env = "POOLTOP_JOBS")]
    pub jobs: Option<PoolSize>,
    /// Try a failed task again, so many times [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=RETRIES_MAX), env = "POOLTOP_RETRIES")]
    pub retries: Option<u32>,
    /// Wait before the second attempt; doubles with each further one [default: 250ms]
    #[arg(long, value_name = "DURATION", value_parser = notation::duration_ms, env = "POOLTOP_BACKOFF")]
    pub backoff: Option<u64>,
    /// End an attempt that runs longer
    #[arg(long, value_name = "DURATION", value_parser = notation::timeout_ms, env = "POOLTOP_TIMEOUT")]
    pub timeout: Option<u64>,
    /// Time between TERM and KILL when something is stopped [default: 2s]
    #[arg(long, value_name = "DURATION", value_parser = notation::duration_ms, env = "POOLTOP_GRACE")]
    pub grace: Option<u64>,
    /// Stop early: never, or now|soon,fail|success|done=N|N% [default: never]
    #[arg(long, value_name = "WHEN", value_parser = notation::halt, env = "POOLTOP_HALT")]
    pub halt: Option<Halt>,
    /// Replace a worker after it has done N tasks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "POOLTOP_RECYCLE_AFTER")]
    pub recycle_after: Option<u32>,
    /// Repeat every random choice
    #[arg(long, value_name = "N", env = "POOLTOP_SEED")]
    pub seed: Option<u64>,
    /// Let simulated time go X times faster, 0.01 to 1000 [default: 1]
    #[arg(long, value_name = "X", value_parser = notation::speed_milli, env = "POOLTOP_SPEED")]
    pub speed: Option<u32>,
    /// Tell scenarios in this language [default: as the locale says]
    #[arg(long, value_name = "LANGUAGE", value_parser = languages(), env = "POOLTOP_LANG")]
    pub lang: Option<Language>,
    /// How to tell the run: auto is tui on a terminal, else plain
    #[arg(long, value_name = "HOW", default_value = "auto", env = "POOLTOP_PROGRESS")]
    pub progress: Progress,
    /// When the run is over: stay on the screen or close it; auto stays for scenarios
    #[arg(long, value_name = "WHAT", default_value = "auto", env = "POOLTOP_ON_END")]
    pub on_end: OnEnd,
    /// Whether it is recorded.
    #[command(flatten)]
    pub recording: Recording,
    /// How it looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// How the screen looks.
#[derive(Clone, Debug, Default, Args)]
pub struct Looks {
    /// Colours of the screen
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "POOLTOP_COLOR")]
    pub color: Color,
    /// Looks of the screen: auto asks the terminal for its background
    #[arg(long, value_name = "NAME", default_value = "auto", env = "POOLTOP_THEME")]
    pub theme: Theme,
    /// Draw with ASCII only
    #[arg(long, env = "POOLTOP_ASCII", value_parser = FalseyValueParser::new())]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, env = "POOLTOP_NO_MOUSE", value_parser = FalseyValueParser::new())]
    pub no_mouse: bool,
}

/// How a run is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// The screen on a terminal, else plain lines
    #[default]
    Auto,
    /// The screen
    Tui,
    /// One line for each change of state, on standard error
    Plain,
    /// One event a line, on standard output
    Json,
    /// Only what the commands print
    None,
}

/// What happens when the run is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnEnd {
    /// Scenarios stay, copies and commands close
    #[default]
    Auto,
    /// The screen stays until q
    Stay,
    /// The screen closes
    Close,
}

/// Whether the screen has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// As terminal and environment (`NO_COLOR`) say
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The looks of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Dark or light, by the terminal's background
    #[default]
    Auto,
    /// For dark backgrounds
    Dark,
    /// For light backgrounds
    Light,
    /// Strong contrasts
    HighContrast,
    /// No colours
    Mono,
}

impl Copy {
    /// The sources, and where they go.
    pub fn split(&self) -> (&[PathBuf], &PathBuf) {
        let (target, sources) = self.paths.split_last().expect("BUG: the parser wants two paths at least");
        (sources, target)
    }
}

impl Run {
    /// The command and its inputs.
    ///
    /// # Errors
    /// When there is no command, or inputs come from two places.
    pub fn split(&self) -> Result<RunWords, clap::Error> {
        run_words::split(&self.words, self.arg_file.as_deref())
    }
}

/// Reads argv, the program's name included.
///
/// # Errors
/// Help, version and mistakes alike; [`clap::Error::print`] prints them where they belong. Their text is safe for a terminal.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = without_empty_variables(Cli::command());
    command
        .try_get_matches_from_mut(args)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .and_then(explained)
        .map_err(|error| if error.use_stderr() { mistake(error.kind(), &error.render().to_string()) } else { error })
}

/// `pooltop help` in the words of clap: its own help, or a command's. A topic of ours passes.
fn explained(cli: Cli) -> Result<Cli, clap::Error> {
    let Some(Action::Help { topic }) = &cli.action else { return Ok(cli) };
    let command = Cli::command();
    let topic = match topic.as_deref() {
        Some(SCENARIOS) => return Ok(cli),
        Some(topic) if command.find_subcommand(topic).is_none() => {
            let commands = command.get_subcommands().map(clap::Command::get_name);
            let known = commands.chain([SCENARIOS]).collect::<Vec<_>>().join(", ");
            let text = format!("there is no help about {topic}; there is help about {known}\n");
            return Err(clap::Error::raw(ErrorKind::InvalidValue, text));
        }
        topic => topic,
    };
    let words = std::iter::once("pooltop").chain(topic).chain(["--help"]);
    // What a question for help leads to is help, as an error of that kind.
    command.try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches))
}

/// The languages there are.
fn languages() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::NAMES).try_map(|name| name.parse::<Language>())
}

/// `POOLTOP_JOBS= pooltop` says "without POOLTOP_JOBS"; clap would take the empty text for a value.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if is_empty { argument.env(Resettable::Reset) } else { argument }
    });
    command.mut_subcommands(without_empty_variables)
}

/// A mistake, made safe: clap repeats what was typed, and as an error of its own prints it as it is.
fn mistake(kind: ErrorKind, text: &str) -> clap::Error {
    let text = text.trim_end();
    // The new error puts its own word in front again.
    let lines = text.strip_prefix("error: ").unwrap_or(text).lines().map(|line| format!("{}\n", sanitized(line)));
    clap::Error::raw(kind, lines.collect::<String>())
}

/// A word as bytes.
fn raw(word: &std::ffi::OsStr) -> RawText {
    RawText::from(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Cli, String> {
        let args = std::iter::once("pooltop").chain(words.iter().copied()).map(OsString::from);
        super::parse(args).map_err(|error| error.to_string())
    }

    fn run(words: &[&str]) -> Run {
        match parse(words).unwrap().action {
            Some(Action::Run(run)) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_is_the_default_demo_and_takes_flags() {
        let cli = parse(&["-j", "6", "--seed", "7", "--speed", "2.5"]).unwrap();
        assert!(cli.action.is_none());
        assert_eq!(cli.flags.jobs, Some(PoolSize::Count(6)));
        assert_eq!((cli.flags.seed, cli.flags.speed), (Some(7), Some(2500)));
    }

    #[test]
    fn jobs_are_written_as_for_make_xargs_and_parallel() {
        for (text, size) in [
            ("4", PoolSize::Count(4)),
            ("+2", PoolSize::More(2)),
            ("-1", PoolSize::Fewer(1)),
            ("50%", PoolSize::Percent(50)),
        ] {
            assert_eq!(parse(&["-j", text]).unwrap().flags.jobs, Some(size), "{text}");
            assert_eq!(parse(&[&format!("-j{text}")]).unwrap().flags.jobs, Some(size), "{text}");
        }
    }

    #[test]
    fn a_command_keeps_its_own_flags() {
        let run = run(&["run", "-j4", "--", "sh", "-c", "exit 1", "-j9"]);
        assert_eq!(run.words, ["sh", "-c", "exit 1", "-j9"]);
        assert_eq!(run.flags.jobs, Some(PoolSize::Count(4)));
        let run = self::run(&["run", "-k", "grep", "-c", "x", "{}", ":::", "a", "-b"]);
        assert!(run.keep_order);
        assert_eq!(run.words, ["grep", "-c", "x", "{}", ":::", "a", "-b"]);
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (words, hint) in [
            (&["run", "--halt", "sometimes", "--", "x"][..], "soon,fail=3"),
            (&["--speed", "0"], "0.01 to 1000"),
            (&["--timeout", "soon"], "250ms"),
            (&["--timeout", "0"], "leave it out"),
            (&["--retries", "1001"], "1000"),
            (&["-j", "many"], "4, +2 or -1"),
            (&["copy", "only-one"], "2"),
            (&["run"], "<COMMAND>"),
            (&["--progress", "lines"], "plain"),
            (&["demmo"], "demo"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.contains(hint), "{words:?}: {error}");
        }
    }

    #[test]
    fn no_escape_that_was_typed_comes_back() {
        for words in [
            &["dem\u{1b}]0;x\u{7}"][..],
            &["-j", "\u{1b}[31m\u{202e}"],
            &["play", "a", "\u{1b}[2J\u{9b}31m\nx"],
            &["--sp\u{1b}[2J"],
        ] {
            let args = std::iter::once("pooltop").chain(words.iter().copied()).map(OsString::from);
            let error = super::parse(args).unwrap_err();
            // What print() writes on a terminal.
            let told = error.render().ansi().to_string();
            assert!(told.starts_with("error: ") && !told.starts_with("error: error"), "{told}");
            assert!(!told.chars().any(|char| char.is_control() && char != '\n' || char == '\u{202e}'), "{told:?}");
            assert_eq!(error.exit_code(), 2);
        }
        let help = super::parse(["pooltop", "--help"].map(OsString::from)).unwrap_err();
        assert_eq!(help.exit_code(), 0);
    }

    #[test]
    fn help_explains_commands_and_scenarios() {
        let told = |words: &[&str]| {
            let args = std::iter::once("pooltop").chain(words.iter().copied()).map(OsString::from);
            let error = super::parse(args).unwrap_err();
            (error.exit_code(), error.to_string())
        };
        assert_eq!(told(&["help"]), told(&["--help"]));
        assert_eq!(told(&["help", "run"]), told(&["run", "--help"]));
        assert_eq!(told(&["help", "run"]).0, 0);
        let (code, text) = told(&["help", "banana\u{1b}[2J"]);
        assert!(code == 2 && text.contains("scenarios") && !text.contains('\u{1b}'), "{text:?}");
        let scenarios = parse(&["help", "scenarios"]).unwrap().action;
        assert!(matches!(scenarios, Some(Action::Help { topic: Some(topic) }) if topic == SCENARIOS));
    }

    #[test]
    fn a_language_is_one_of_ours() {
        assert_eq!(parse(&["--lang", "zh"]).unwrap().flags.lang, Some(Language::Chinese));
        assert_eq!(parse(&[]).unwrap().flags.lang, None);
        assert!(parse(&["--lang", "de"]).unwrap_err().contains("[possible values: en, zh]"));
    }

    #[test]
    fn a_flag_goes_before_its_variable() {
        // A variable that Cargo sets for tests, and to a number, stands for ours; it cannot be set here.
        let minor: u32 = std::env::var("CARGO_PKG_VERSION_MINOR").unwrap().parse().unwrap();
        let command = || {
            Cli::command()
                .mut_subcommand("run", |run| run.mut_arg("retries", |retries| retries.env("CARGO_PKG_VERSION_MINOR")))
        };
        let retries = |words: &[&str]| {
            let matches = command().try_get_matches_from(words).unwrap();
            match Cli::from_arg_matches(&matches).unwrap().action {
                Some(Action::Run(run)) => run.flags.retries,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(retries(&["pooltop", "run", "x"]), Some(minor));
        assert_eq!(retries(&["pooltop", "run", "--retries", "77", "x"]), Some(77));
    }

    #[test]
    fn an_empty_variable_is_none() {
        // Cargo sets this one to nothing where the package names its licence otherwise.
        assert_eq!(std::env::var("CARGO_PKG_LICENSE_FILE").as_deref(), Ok(""));
        let command = Cli::command().mut_arg("jobs", |jobs| jobs.env("CARGO_PKG_LICENSE_FILE"));
        assert!(command.clone().try_get_matches_from(["pooltop"]).is_err());
        assert!(without_empty_variables(command).try_get_matches_from(["pooltop"]).is_ok());
    }

    #[test]
    fn every_flag_has_a_variable() {
        let command = Cli::command();
        let commands = command.get_subcommands().chain([&command]);
        let flags = commands.flat_map(clap::Command::get_arguments).filter(|argument| !argument.is_positional());
        for argument in flags.filter(|argument| !["help", "version", "list"].contains(&argument.get_id().as_str())) {
            let variable = argument.get_env().unwrap_or_else(|| panic!("{} has none", argument.get_id()));
            let expected = format!("POOLTOP_{}", argument.get_id().as_str().to_uppercase());
            assert_eq!(variable.to_str(), Some(expected.as_str()));
        }
    }
}
