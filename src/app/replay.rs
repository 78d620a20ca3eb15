//! `pooltop replay`: shows a recorded run, on the screen or in lines.
//! It does not know how a journal is written. It starts no process, and opens files for reading only.

use std::io::Write as _;
use std::path::PathBuf;
use std::thread::Builder;

use anyhow::Context as _;
use crossbeam_channel::{Sender, bounded};

use super::front::{self, Front};
use super::{EXIT_INTERNAL, EXIT_OUTPUT_CLOSED, Refusal, looks};
use crate::cli::Replay;
use crate::command::{Ask, Command};
use crate::event::Elapsed;
use crate::headless::{self, Ending, Files, Order, Style};
use crate::journal;
use crate::model::{Known, State};
use crate::notation;
use crate::pool;
use crate::replay::{self, Film, Fold, FoldError, From, Next, Options, Telling, tell};
use crate::text::sanitized;
use crate::tui;

/// The journal is damaged: not all of the run was shown.
const EXIT_DAMAGED: u8 = 1;

/// How many batches may lie between the one who reads and the one who prints.
const BATCHES_MAX: usize = 16;

/// The speed on the screen if none is asked for.
const SPEED_MILLI: u32 = 1000;

/// Does it.
pub(super) fn run(wanted: &Replay) -> Result<u8, Refusal> {
    let from = wanted.from.as_deref().map(from).transpose().map_err(|error| Refusal::usage(&error))?;
    let found = journal::find(&wanted.run).map_err(|error| Refusal::usage(&error))?;
    let open = || Fold::open(&found.journal).map_err(|error| cannot(&found.journal, &error));
    let fold = open()?;
    let live = found.journal.clone();
    let is_live = move || journal::is_live(&live);
    match front::choose(wanted.progress)? {
        Front::Screen => on_screen(wanted, fold, found.output, from, is_live),
        Front::Headless(style) => {
            let from = match from {
                Some(share @ From::Share(_)) => share.of(end_of(open()?)),
                Some(From::At(at)) => at,
                None => Elapsed(0),
            };
            let telling = Telling { from, speed_milli: wanted.speed, idle_limit_ms: wanted.idle_limit };
            in_lines(style, fold, found.output, telling, is_live)
        }
    }
}

fn cannot(journal: &std::path::Path, error: &FoldError) -> Refusal {
    Refusal::usage(&format_args!("cannot replay {}: {error}", journal.display()))
}

/// A time, or a share of the run.
fn from(text: &str) -> Result<From, notation::BadNotation> {
    if text.trim_end().ends_with('%') {
        return notation::per_mille(text).map(From::Share);
    }
    notation::duration_ms(text).map(|ms| From::At(Elapsed(0).plus_ms(ms)))
}

/// When the last event was that can be believed.
fn end_of(mut fold: Fold) -> Elapsed {
    while let Next::Event(event) = fold.read_on() {
        if fold.apply(&event).is_err() {
            break;
        }
    }
    fold.last()
}

fn on_screen(
    wanted: &Replay,
    fold: Fold,
    output: PathBuf,
    from: Option<From>,
    is_live: impl Fn() -> bool + Send + 'static,
) -> Result<u8, Refusal> {
    // From here on there are threads; signals are to reach one of them and end the program in good order.
    pool::block_signals().context("block signals").map_err(Refusal::Internal)?;
    pool::when_the_end_is_wanted(|code| {
        tui::restore();
        std::process::exit(code.into());
    })
    .context("wait for signals")
    .map_err(Refusal::Internal)?;
    let film = Film::new(fold, wanted.idle_limit);
    let options = Options { speed_milli: wanted.speed.unwrap_or(SPEED_MILLI), from };
    let (playing, updates) =
        replay::play(film, output, options, is_live).context("start a thread").map_err(Refusal::Internal)?;
    let ending = tui::replay(updates, &playing, &looks::options(&wanted.looks, tui::OnEnd::Stay));
    if let Err(error) = ending {
        return Err(Refusal::usage(&error));
    }
    let Some(shown) = playing.end() else { return Ok(EXIT_INTERNAL) };
    tui::print_last(&last_words(&shown.state, &shown.known));
    Ok(exit_code(&shown.known))
}

fn in_lines(
    style: Style,
    fold: Fold,
    output: PathBuf,
    telling: Telling,
    is_live: impl Fn() -> bool + Send + 'static,
) -> Result<u8, Refusal> {
    let (updates, followed) = bounded(BATCHES_MAX);
    let (stop, stopped) = bounded(1);
    let reader = Builder::new().name("reader".to_owned());
    let reader = reader.spawn(move || tell(fold, telling, &updates, &stopped, &is_live));
    let reader = reader.context("start a thread").map_err(Refusal::Internal)?;
    let options =
        headless::Options { style, order: Order::AsEnded, spool: output, files: Files::LeftAlone, asked: None };
    let (_, ending) = headless::run(&followed, &Audience { stop }, options);
    drop(followed);
    let Ok(told) = reader.join() else { return Ok(EXIT_INTERNAL) };
    if ending == Ending::OutputClosed {
        return Ok(EXIT_OUTPUT_CLOSED);
    }
    let words = match style {
        Style::Plain => last_words(told.fold.state(), &told.known),
        Style::Json | Style::None => why_not_all(&told.known).unwrap_or_default(),
    };
    // Where nobody reads it, it is not needed.
    let _ = std::io::stderr().write_all(words.as_bytes());
    Ok(exit_code(&told.known))
}

/// Nothing can be asked of what is over. That nobody listens any more is heard.
struct Audience {
    stop: Sender<()>,
}

impl Ask for Audience {
    fn ask(&self, command: Command) {
        if matches!(command, Command::Stop | Command::Kill) {
            let _ = self.stop.try_send(());
        }
    }
}

fn exit_code(known: &Known) -> u8 {
    if matches!(known, Known::Damaged { .. }) { EXIT_DAMAGED } else { 0 }
}

/// The summary that stays: of the run as it stood at its end, wherever one looked last.
fn last_words(state: &State, known: &Known) -> String {
    let instead = match known {
        Known::Whole => None,
        Known::Growing => Some("goes on"),
        Known::Reading { .. } => Some("not read to its end, goes on"),
        Known::CutOff => Some("cut off"),
        Known::Damaged { .. } => Some("journal damaged"),
    };
    let lines = headless::summary_of_replay(state, instead).into_iter();
    lines.fold(String::new(), |text, line| text + &line + "\n") + &why_not_all(known).unwrap_or_default()
}

/// Why what was shown is not the whole run.
fn why_not_all(known: &Known) -> Option<String> {
    match known {
        Known::Damaged { why } => Some(format!("error: {}; what came before was shown\n", sanitized(why))),
        Known::CutOff => Some("the run was cut off; `pooltop resume` goes on with it\n".to_owned()),
        Known::Whole | Known::Growing | Known::Reading { .. } => None,
    }
}

#[cfg(test)]
mod tests;
