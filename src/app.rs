//! The composition root: from the command line to a run and its front end. Nothing else knows both sides.
//! It does not decide how tasks are run or shown; it puts the parts together.

mod asked;
mod compare;
mod export;
mod feed;
mod front;
mod job;
mod last_resort;
mod looks;
mod made;
mod picker;
mod recording;
mod replay;
mod resume;
mod runs;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{self, Action, Cli, ListFormat};
use crate::notation::Language;
use crate::pool;
use crate::scenario::{BUILTINS, Colours, GRAMMAR, ScenarioError};
use crate::text::sanitized;
use job::Job;

/// Wrong usage, or a wrong scenario: nothing was started.
pub const EXIT_USAGE: u8 = 2;

/// The run could not be recorded as asked, or not to its end.
pub const EXIT_NOT_RECORDED: u8 = 3;

/// The run was ended before all was done, or before all was told.
pub const EXIT_INTERRUPTED: u8 = 4;

/// An error of the program itself.
pub const EXIT_INTERNAL: u8 = 70;

/// Standard output was closed by its reader; what a shell shows for SIGPIPE.
pub const EXIT_OUTPUT_CLOSED: u8 = 141;

/// Why nothing was started.
#[derive(Debug)]
enum Refusal {
    /// The person can do something about it. The text is safe for a terminal and complete.
    Usage(String),
    /// It was to be recorded, and cannot be. The text is as above.
    NotRecorded(String),
    /// Nobody can.
    Internal(anyhow::Error),
}

/// The whole program but for workers.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::parse(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, mistakes to standard error; a reader that left wanted no more of it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(EXIT_USAGE));
        }
    };
    match act(cli) {
        Ok(code) => ExitCode::from(code),
        Err(Refusal::Usage(text)) => {
            complain(&text);
            ExitCode::from(EXIT_USAGE)
        }
        Err(Refusal::NotRecorded(text)) => {
            complain(&text);
            ExitCode::from(EXIT_NOT_RECORDED)
        }
        Err(Refusal::Internal(error)) => {
            complain(&format!("error: {}", sanitized(&format!("{error:#}"))));
            ExitCode::from(EXIT_INTERNAL)
        }
    }
}

fn act(cli: Cli) -> Result<u8, Refusal> {
    let job = match cli.action {
        None => Job::builtin(None, cli.flags)?,
        Some(Action::Demo(demo)) if demo.list || (demo.name.is_none() && !front::has_screen(demo.flags.progress)?) => {
            let language = asked::language(&demo.flags);
            return print(|out| list_demos(demo.format, language, out));
        }
        Some(Action::Demo(demo)) if demo.name.is_none() => return picker::run(&demo.flags),
        Some(Action::Demo(demo)) => Job::builtin(demo.name.as_deref(), demo.flags)?,
        Some(Action::Play(play)) => Job::play(&play.file, play.flags)?,
        Some(Action::Compare(wanted)) => return compare::run(&wanted),
        Some(Action::Copy(copy)) => Job::copy(&copy)?,
        Some(Action::Run(run)) => Job::run(&run)?,
        Some(Action::Runs(wanted)) => return runs::run(&wanted),
        Some(Action::Replay(wanted)) => return replay::run(&wanted),
        Some(Action::Resume(wanted)) => return resume::run(&wanted),
        Some(Action::Export(wanted)) => return export::run(&wanted),
        Some(Action::Completions { shell }) => {
            return print(|out| {
                cli::completions(shell, out);
                Ok(())
            });
        }
        // Help about anything else was given by the command line itself.
        Some(Action::Help { .. }) => return print(|out| out.write_all(GRAMMAR.as_bytes())),
        Some(Action::Man) => return print(|out| cli::man(&crate::tui::keymap::roff(), out)),
    };
    // From here on there are threads; signals are to reach the supervisor's descriptor and nothing else.
    pool::block_signals().context("block signals").map_err(Refusal::Internal)?;
    front::run(job)
}

fn list_demos(format: ListFormat, language: Language, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    if format == ListFormat::Names {
        return BUILTINS.iter().try_for_each(|builtin| writeln!(out, "{}", builtin.name));
    }
    let columns = BUILTINS.iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
    for builtin in BUILTINS {
        let summary = builtin.plan(None, language).map(|plan| plan.summary).unwrap_or_default();
        writeln!(out, "{:columns$}  {}", builtin.name, sanitized(&summary))?;
    }
    Ok(())
}

/// Prints to standard output in one go.
fn print(page: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Result<u8, Refusal> {
    let mut text = Vec::new();
    page(&mut text).context("put the text together").map_err(Refusal::Internal)?;
    let mut out = std::io::stdout();
    match out.write_all(&text).and_then(|()| out.flush()) {
        Ok(()) => Ok(0),
        Err(_) => Ok(EXIT_OUTPUT_CLOSED),
    }
}

fn complain(text: &str) {
    // Where standard error is closed there is nobody to complain to.
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Refusal {
    /// "error: copy a to b: ..." in one line, made safe.
    fn usage(error: &dyn std::fmt::Display) -> Self {
        Self::Usage(format!("error: {}", sanitized(&error.to_string())))
    }
}

impl From<ScenarioError> for Refusal {
    fn from(error: ScenarioError) -> Self {
        Self::Usage(error.render(Colours::Never))
    }
}

impl From<clap::Error> for Refusal {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error.render().to_string().trim_end().to_owned())
    }
}
