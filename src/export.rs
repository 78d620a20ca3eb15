//! A recorded run turned into what other tools read: a trace, tables, a recording of the screen, a picture.
//! It does not know where journals and results lie; it reads from one end and writes to the other, and opens no path that is
//! named in a journal.

mod cast;
mod csv;
mod joblog;
mod json;
mod ledger;
mod svg;
mod trace;
mod utc;

use std::fmt;
use std::io::{self, BufRead, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use thiserror::Error;

use crate::event::{Elapsed, Event};
use crate::journal::{Damage, DamageKind, Header, OpenError, Reader};
use crate::model::{IllegalEvent, State};
use crate::text::sanitized;
use crate::tui::theme::{Background, Charset, Depth, Name, Theme};
use crate::tui::{Viewer, screen, whole};

pub use svg::picture;

/// What a run can be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Chrome's trace events, for Perfetto.
    Trace,
    /// GNU parallel's job log.
    Joblog,
    /// A line for each task, with a heading.
    Csv,
    /// The summary and all tasks.
    Json,
    /// An asciicast of the screen.
    Cast(Screen),
    /// The screen at one instant.
    Svg(Screen, Elapsed),
}

/// The screen that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    columns: u16,
    rows: u16,
    depth: Depth,
}

/// A size no screen of ours has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the screen needs at least {}x{} and has at most {COLUMNS_MAX}x{ROWS_MAX}",
    screen::COLUMNS_MIN,
    screen::LINES_MIN
)]
pub struct BadSize;

/// The most that is drawn; what is larger has no reader.
const COLUMNS_MAX: u16 = 500;
/// See [`COLUMNS_MAX`].
const ROWS_MAX: u16 = 200;

/// Whether the screen has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// All there are.
    All,
    /// None.
    None,
}

impl Screen {
    /// A screen of that size.
    ///
    /// # Errors
    /// When it is too small to show anything, or larger than any.
    pub fn new(columns: u16, rows: u16, colours: Colours) -> Result<Self, BadSize> {
        let fits =
            (screen::COLUMNS_MIN..=COLUMNS_MAX).contains(&columns) && (screen::LINES_MIN..=ROWS_MAX).contains(&rows);
        let depth = match colours {
            Colours::All => Depth::True,
            Colours::None => Depth::Mono,
        };
        if fits { Ok(Self { columns, rows, depth }) } else { Err(BadSize) }
    }

    fn blank(self) -> Buffer {
        Buffer::empty(Rect::new(0, 0, self.columns, self.rows))
    }

    fn theme(self) -> Theme {
        Theme::new(self.depth, Background::Dark, Charset::Unicode, Name::Dark)
    }
}

/// Why nothing came of it.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It is no journal.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The result cannot be written.
    #[error("{0}")]
    Write(#[from] io::Error),
}

/// Where a journal stops to tell of a run. What came before it is exported.
#[derive(Debug)]
pub enum Broken {
    /// The file is damaged there.
    Damaged(Damage),
    /// The line is as it was written, and cannot be true after those before it.
    Impossible { line: u64, event: IllegalEvent },
}

impl Broken {
    /// Whether nothing is wrong but that the last line has no end.
    pub fn is_torn(&self) -> bool {
        matches!(self, Self::Damaged(Damage::Line { kind: DamageKind::Torn, .. }))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => damage.fmt(f),
            Self::Impossible { line, event } => write!(f, "line {line}: it cannot have happened: {event}"),
        }
    }
}

/// Writes what a journal tells in that format.
///
/// # Errors
/// When it is no journal, or the result cannot be written.
pub fn export(from: impl BufRead, format: Format, out: &mut dyn Write) -> Result<Option<Broken>, ExportError> {
    let (header, mut reader) = Reader::open(from)?;
    let reader = &mut reader;
    let broken = match format {
        Format::Trace => trace::write(&header, reader, out),
        Format::Joblog => joblog::write(&header, reader, out),
        Format::Csv => csv::write(reader, out),
        Format::Json => json::write(&header, reader, out),
        Format::Cast(screen) => cast::write(&header, reader, screen, out),
        Format::Svg(screen, at) => svg::write(&header, reader, screen, at, out),
    };
    Ok(broken?)
}

/// How long a run was, as far as its journal is true.
///
/// # Errors
/// When it is no journal.
pub fn length(from: impl BufRead) -> Result<Elapsed, OpenError> {
    let (_, mut reader) = Reader::open(from)?;
    let mut last = Elapsed::default();
    while let Ok(Some(entry)) = reader.next() {
        last = last.max(entry.event.at);
    }
    Ok(last)
}

/// Whoever is led through a run's events.
trait Follow {
    /// This is what happens next.
    fn before(&mut self, _state: &State, _event: &Event) -> io::Result<()> {
        Ok(())
    }

    /// It has happened.
    fn after(&mut self, _state: &State, _event: &Event) -> io::Result<()> {
        Ok(())
    }
}

/// Leads somebody through all events, to the end or to where they stop being true.
fn follow<R: BufRead>(reader: &mut Reader<R>, who: &mut dyn Follow) -> io::Result<(State, Option<Broken>)> {
    follow_until(reader, Elapsed(u64::MAX), who)
}

/// The same for those that happened up to that moment.
fn follow_until<R: BufRead>(
    reader: &mut Reader<R>,
    until: Elapsed,
    who: &mut dyn Follow,
) -> io::Result<(State, Option<Broken>)> {
    let mut state = State::new();
    loop {
        let entry = match reader.next() {
            Ok(Some(entry)) if entry.event.at <= until => entry,
            Ok(_) => return Ok((state, None)),
            Err(damage) => return Ok((state, Some(Broken::Damaged(damage)))),
        };
        who.before(&state, &entry.event)?;
        if let Err(event) = state.apply(&entry.event) {
            // The header is the first line.
            return Ok((state, Some(Broken::Impossible { line: entry.seq + 1, event })));
        }
        who.after(&state, &entry.event)?;
    }
}

/// Draws the screen as somebody sees it who touches nothing.
fn draw(buf: &mut Buffer, state: &State, theme: &Theme) {
    whole::render(buf, state, state, &Viewer::default(), theme);
}

/// The command line of a run, in one harmless line.
fn command_line(header: &Header) -> String {
    let words = header.command.iter().map(|word| word.lossy().into_owned());
    let quoted = words.map(|word| shlex::try_quote(&word).map(std::borrow::Cow::into_owned).unwrap_or(word));
    sanitized(&quoted.collect::<Vec<_>>().join(" ")).into_owned()
}

/// Seconds with as many digits as matter: "12.034567".
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests;
