//! The flags of `pooltop compare`. Raw, as all of them.
//! It does not know what is compared, nor how the result looks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Flags;
use crate::command::WORKERS_MAX;

/// Under the help of `compare`.
pub(super) const HELP: &str = "\
Every run does the same tasks with the same seed: one after the other in the parent itself; with a process for each task, all
at once; on a pool of each size. Timed resizes of the scenario are left out, since sizes are what is compared.

  time        from the start of the run until its last process has gone, in real seconds
  speed-up    the time of the sequential run, divided by this one's
  efficiency  speed-up divided by the workers; with a process each, by the tasks, for all are there at once;
              - where a run took less than 0.1 s, since chance has too much of that
  processes   how many were started in all
  start-up    of all the time that processes were there, the share between the decision to start one and its hello
  memory      resident, of all these processes together, the parent not among them, at the largest sample; - where no sample,
              once a second, met nearly as many as there were at once: in short runs, and in very large pools

Tasks of which a scenario says where they run (place, start) stay there, whatever the strategy, and the table says so. With --repeat the runs take turns, and the median is shown; json and
csv tell the range as well. The exit code is 1 if a run got stuck, failed, or could not be made.

Examples:
  pooltop compare downloads-pool --speed 10
  pooltop compare mine.toml --sizes 1,4,16 --repeat 5 --format md";

/// `pooltop compare`
#[derive(Clone, Debug, Args)]
pub struct Compare {
    /// A demo (see `pooltop demo --list`), or a file: its name ends in .toml or has a / in it
    pub scenario: PathBuf,
    /// Pool sizes [default: 1, 2, 4, ... to twice the CPUs, 8 and the tasks at most; and the scenario's own]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=i64::from(WORKERS_MAX)), env = "POOLTOP_SIZES")]
    pub sizes: Vec<u32>,
    /// Run everything so many times, in turns
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000), env = "POOLTOP_REPEAT")]
    pub repeat: u32,
    /// How to print the result on standard output
    #[arg(long, value_name = "HOW", default_value = "table", env = "POOLTOP_FORMAT")]
    pub format: Format,
    /// How.
    #[command(flatten)]
    pub flags: Flags,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns and bars
    #[default]
    Table,
    /// One object, with every single run
    Json,
    /// A line for each row, under a heading
    Csv,
    /// A table in Markdown
    Md,
}
