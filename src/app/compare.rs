//! `pooltop compare`: the same tasks by every strategy, with or without a screen, and the result on standard output.
//! It does not know how a run is made or measured; its parts do.

mod contest;
mod data;
mod figures;
mod table;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use crossbeam_channel::{Sender, bounded};

use super::front::{self, Front};
use super::{EXIT_INTERRUPTED, Refusal, asked};
use crate::cli::{Compare, Format, Progress};
use crate::event::RunKind;
use crate::headless::Style;
use crate::notation::Language;
use crate::pool::{self, Keeps, Subscriber};
use crate::scenario::{Plan, builtin, load};
use crate::text::sanitized;
use crate::tui;
use crate::tui::compare::{Board, Left, Line, News, factor, time};
use contest::{Contest, Reins, Watch};
use figures::Report;

/// How many batches of events may lie between a run and the screen.
const BATCHES_MAX: usize = 1024;

/// A run failed, got stuck, or could not be made.
const EXIT_INCOMPLETE: u8 = 1;

/// Makes the comparison and prints it.
pub(super) fn run(compare: &Compare) -> Result<u8, Refusal> {
    if compare.flags.progress == Progress::Json {
        let text = "compare has no events to tell; write --format json for its result";
        return Err(Refusal::usage(&text));
    }
    let progress = match (compare.flags.progress, compare.format) {
        (Progress::Auto, Format::Json | Format::Csv | Format::Md) => Progress::Plain,
        (progress, _) => progress,
    };
    let front = front::choose(progress)?;
    let language = asked::language(&compare.flags);
    let contest = Contest::new(plan(&compare.scenario, compare.flags.seed, language)?, compare.clone());
    // From here on there are threads; signals are to reach the supervisor's descriptor and nothing else.
    pool::block_signals().context("block signals").map_err(Refusal::Internal)?;
    let report = match front {
        Front::Screen => on_screen(contest, front::screen_options(&compare.flags, RunKind::Scenario))?,
        Front::Headless(style) => without_screen(contest, style)?,
    };
    let text = match compare.format {
        Format::Table => {
            table::table(&report, tui::compare::glyphs(super::looks::charset(&compare.flags.looks)), columns())
        }
        Format::Md => table::markdown(&report),
        Format::Csv => data::csv(&report),
        Format::Json => data::json(&report).context("put the result together").map_err(Refusal::Internal)?,
    };
    let printed = super::print(|out| out.write_all(text.as_bytes()))?;
    Ok(match printed {
        0 if is_short(&report) => EXIT_INTERRUPTED,
        0 if !report.is_complete() => EXIT_INCOMPLETE,
        code => code,
    })
}

/// Those of the terminal that standard output goes to, if it does.
fn columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// A file if it looks like one, else a demo; and what a demo wants to be compared by instead of itself.
fn plan(scenario: &Path, seed: Option<u64>, language: Language) -> Result<Plan, Refusal> {
    let is_file = scenario.extension().is_some_and(|extension| extension == "toml")
        || scenario.as_os_str().as_encoded_bytes().contains(&b'/');
    let plan = if is_file {
        load(scenario, seed, language)?
    } else {
        builtin(&scenario.to_string_lossy())?.plan(seed, language)?
    };
    match &plan.compare_as {
        Some(other) => Ok(builtin(other)?.plan(seed, language)?),
        None => Ok(plan),
    }
}

/// Whether it was ended before all runs were made.
fn is_short(report: &Report) -> bool {
    report.rows.iter().any(|row| row.refused.is_none() && row.runs.len() < report.repeat as usize)
}

fn without_screen(mut contest: Contest, style: Style) -> Result<Report, Refusal> {
    let mut lines = Lines { told: 0, style };
    contest.run(&mut lines, &Reins::default())?;
    Ok(contest.report)
}

/// One line on standard error for each run.
struct Lines {
    told: usize,
    style: Style,
}

impl Watch for Lines {
    fn begins(&mut self, _: &Report, _: usize) -> Vec<Subscriber> {
        Vec::new()
    }

    fn ended(&mut self, report: &Report, row: usize) {
        if self.style == Style::None {
            return;
        }
        self.told += 1;
        let all = report.rows.len() * report.repeat as usize;
        let row = &report.rows[row];
        let took = row.runs.last().filter(|_| row.refused.is_none()).map(|run| time(run.total_s()));
        let told = took.into_iter().chain(row.note()).collect::<Vec<_>>().join(", ");
        let columns = all.to_string().len();
        // Where nobody reads it, it is not needed.
        let _ =
            writeln!(std::io::stderr(), "[{:>columns$}/{all}] {:<12}  {}", self.told, row.entrant, sanitized(&told));
    }
}

/// The screen on this thread, the runs on another.
fn on_screen(mut contest: Contest, options: tui::Options) -> Result<Report, Refusal> {
    let (news, heard) = bounded(4);
    let reins = Reins::default();
    let held = reins.clone();
    let runs = move || {
        let mut teller = Teller { news };
        let made = contest.run(&mut teller, &held);
        made.map(|()| contest.report)
    };
    let runs = std::thread::Builder::new().name("compare".to_owned()).spawn(runs);
    let runs = runs.context("start a thread").map_err(Refusal::Internal)?;
    let shown = catch_unwind(AssertUnwindSafe(|| tui::compare::show(&heard, &options)));
    // Whoever tells must not wait for a screen that has gone.
    drop(heard);
    if !matches!(shown, Ok(Ok(Left::Over))) {
        reins.stop();
    }
    let report = runs.join().map_err(|_| Refusal::Internal(anyhow!("the comparison's thread has panicked")))?;
    match shown {
        Ok(Ok(_)) => report,
        Ok(Err(error)) => Err(Refusal::usage(&error)),
        Err(_) => Err(Refusal::Internal(anyhow!("the screen has panicked"))),
    }
}

/// Tells the screen.
struct Teller {
    news: Sender<News>,
}

impl Watch for Teller {
    fn begins(&mut self, report: &Report, row: usize) -> Vec<Subscriber> {
        let (updates, followed) = bounded(BATCHES_MAX);
        let board = board(report, Some(row));
        // A screen that has gone wants no news.
        let _ = self.news.send(News::Begun { board, updates: followed });
        vec![Subscriber { updates, keeps: Keeps::TheLatest }]
    }

    fn ended(&mut self, report: &Report, _: usize) {
        let _ = self.news.send(News::Ended { board: board(report, None) });
    }
}

fn board(report: &Report, running: Option<usize>) -> Board {
    let longest = report.longest();
    let lines = report.rows.iter().map(|row| {
        let spread = row.time();
        Line {
            name: row.entrant.to_string(),
            time: spread.map(|spread| time(spread.median)).unwrap_or_default(),
            share: spread.zip(longest).map(|(spread, longest)| spread.median / longest),
            speed_up: report.speed_up(row).map(|speed_up| factor(speed_up) + "x").unwrap_or_default(),
            note: row.note().unwrap_or_default(),
        }
    });
    let made = report.rows.iter().map(|row| row.runs.len()).max().unwrap_or(0);
    let round = made + usize::from(running.is_some_and(|row| report.rows[row].runs.len() == made));
    Board { lines: lines.collect(), running, round: (round.max(1), report.repeat as usize) }
}
