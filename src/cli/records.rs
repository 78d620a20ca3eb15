//! The flags of what deals with recorded runs: whether a run is recorded, `runs`, `replay`, `resume`, `export`. Raw, as all of them.
//! It does not know where runs are kept or what is in them.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::{Color, Flags, Looks, Progress};
use crate::notation;

/// Under the help of `replay`.
pub(super) const REPLAY_HELP: &str = "\
RUN is `latest`, a run's id or its unique beginning (see `pooltop runs`), or a journal's path. A run that is still going on is
followed. Nothing is executed, and nothing written.

Examples:
  pooltop replay latest
  pooltop replay 20260102 --from 50% --speed 4";

/// Under the help of `resume`.
pub(super) const RESUME_HELP: &str = "\
What is done stays done; what failed or never began is done. Tasks that ran when the run was cut off are in doubt: copies are
checked and done again, for commands --in-doubt decides. The same journal is continued.

Examples:
  pooltop resume latest
  pooltop resume latest --failed-only
  pooltop resume latest --in-doubt rerun";

/// Under the help of `export`.
pub(super) const EXPORT_HELP: &str = "\
  trace    for Perfetto or chrome://tracing: a track for each worker
  joblog   the columns of GNU parallel's --joblog
  csv      a line for each task
  json     the summary, and a record for each task
  cast     an asciicast of the screen, for asciinema
  svg      one picture of the screen

Examples:
  pooltop export latest --format trace -o run.json
  pooltop export latest --format cast --size 120x40 > run.cast";

/// Whether and where a run is recorded.
#[derive(Clone, Debug, Default, Args)]
pub struct Recording {
    /// Record the run in this file [default: in a folder of its own, see `pooltop runs`]
    #[arg(long, value_name = "FILE", env = "POOLTOP_RECORD")]
    pub record: Option<PathBuf>,
    /// Do not record the run
    #[arg(long, conflicts_with = "record", env = "POOLTOP_NO_RECORD", value_parser = FalseyValueParser::new())]
    pub no_record: bool,
}

/// `pooltop runs`
#[derive(Clone, Debug, Args)]
pub struct Runs {
    /// How to list them
    #[arg(long, value_name = "FORMAT", default_value = "table", env = "POOLTOP_FORMAT")]
    pub format: RunsFormat,
}

/// How runs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RunsFormat {
    /// Columns for people, the newest run first
    #[default]
    Table,
    /// One id a line, for scripts
    Ids,
    /// One object a line
    Json,
}

/// `pooltop replay`
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// Which run
    pub run: PathBuf,
    /// Play so many times faster, 0.25 to 64 [default: 1]
    #[arg(long, value_name = "X", value_parser = notation::speed_milli, env = "POOLTOP_SPEED")]
    pub speed: Option<u32>,
    /// Begin there: a time (90s, 2m), or a share (50%)
    #[arg(long, value_name = "WHERE", env = "POOLTOP_FROM")]
    pub from: Option<String>,
    /// Shorten every stretch in which nothing happens to this
    #[arg(long, value_name = "DURATION", value_parser = notation::duration_ms, env = "POOLTOP_IDLE_LIMIT")]
    pub idle_limit: Option<u64>,
    /// How to tell the run: auto is tui on a terminal, else plain
    #[arg(long, value_name = "HOW", default_value = "auto", env = "POOLTOP_PROGRESS")]
    pub progress: Progress,
    /// How it looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// `pooltop resume`
#[derive(Clone, Debug, Args)]
pub struct Resume {
    /// Which run
    pub run: PathBuf,
    /// Do only what failed, not what never began
    #[arg(long, env = "POOLTOP_FAILED_ONLY", value_parser = FalseyValueParser::new())]
    pub failed_only: bool,
    /// What becomes of commands that may have been done [default: ask on a terminal, else fail]
    #[arg(long, value_name = "WHAT", env = "POOLTOP_IN_DOUBT")]
    pub in_doubt: Option<InDoubt>,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// What becomes of commands that were cut off with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InDoubt {
    /// Ask on the terminal
    Ask,
    /// They have failed, and are named
    Fail,
    /// They are done again
    Rerun,
}

/// `pooltop export`
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// Which run
    pub run: PathBuf,
    /// What to make of it
    #[arg(long, value_name = "FORMAT", env = "POOLTOP_FORMAT")]
    pub format: ExportFormat,
    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "FILE", env = "POOLTOP_OUTPUT")]
    pub output: Option<PathBuf>,
    /// The screen's size, for cast and svg
    #[arg(long, value_name = "COLSxROWS", default_value = "120x40", env = "POOLTOP_SIZE")]
    pub size: String,
    /// The instant to show, for svg: a time (90s, 2m), or a share (50%)
    #[arg(long, value_name = "WHERE", default_value = "50%", env = "POOLTOP_AT")]
    pub at: String,
    /// Colours of the screen, for cast and svg
    #[arg(long, value_name = "WHEN", default_value = "always", env = "POOLTOP_COLOR")]
    pub color: Color,
}

/// What a run can be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Chrome's and Perfetto's JSON
    Trace,
    /// GNU parallel's job log
    Joblog,
    /// A line for each task, with a heading
    Csv,
    /// One object: the summary and all tasks
    Json,
    /// Asciicast, version 2
    Cast,
    /// One picture
    Svg,
}
