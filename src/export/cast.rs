//! An asciicast (version 2) of the screen, as it would have looked to somebody who watched the run.
//! It does not know terminals: what is written is what the screen would have sent to one.

use std::io::{self, BufRead, Write};

use ratatui::buffer::Buffer;
use serde::Serialize;

use super::{Broken, Follow, Screen, command_line, draw, follow};
use crate::event::{Elapsed, Event, What};
use crate::journal::{Header, Reader};
use crate::model::State;
use crate::tui;
use crate::tui::theme::Theme;

/// The least between two frames.
const FRAME_US: u64 = 100_000;

/// The longer a run has been going on the further apart its frames are: as if it had been given so many from its beginning.
const FRAMES_WANTED: u64 = 5_000;

/// Players are asked to shorten what lies further apart than this.
const IDLE_LIMIT_S: f64 = 2.0;

/// No cursor, empty.
const ENTER: &str = "\x1b[?25l\x1b[0m\x1b[2J";

pub(super) fn write<R: BufRead>(
    header: &Header,
    reader: &mut Reader<R>,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let first = Heading {
        version: 2,
        width: screen.columns,
        height: screen.rows,
        timestamp: header.started_unix_us.div_euclid(1_000_000),
        idle_time_limit: IDLE_LIMIT_S,
        title: &command_line(header),
    };
    serde_json::to_writer(&mut *out, &first)?;
    out.write_all(b"\n")?;
    let mut film =
        Film { theme: screen.theme(), shown: screen.blank(), next: screen.blank(), due: None, last: None, out };
    film.put(ENTER)?;
    let (state, broken) = follow(reader, &mut film)?;
    if film.due.is_some() {
        film.last = Some(state.now);
        film.frame(&state)?;
    }
    film.put(&format!("\x1b[{};1H\x1b[?25h", screen.rows))?;
    Ok(broken)
}

/// The first line. Readers that guess the format look for the version at its beginning.
#[derive(Serialize)]
struct Heading<'a> {
    version: u8,
    width: u16,
    height: u16,
    timestamp: i64,
    idle_time_limit: f64,
    title: &'a str,
}

struct Film<'a> {
    theme: Theme,
    shown: Buffer,
    next: Buffer,
    /// When what has changed since the last frame is to be shown.
    due: Option<Elapsed>,
    /// When the last frame was shown; none before the first.
    last: Option<Elapsed>,
    out: &'a mut dyn Write,
}

impl Follow for Film<'_> {
    fn before(&mut self, state: &State, event: &Event) -> io::Result<()> {
        if let Some(due) = self.due.filter(|due| event.at > *due) {
            self.due = None;
            self.last = Some(due);
            self.frame(state)?;
        }
        Ok(())
    }

    fn after(&mut self, _: &State, event: &Event) -> io::Result<()> {
        // Signs of life cannot be seen.
        let seen = !matches!(event.what, What::WorkerAsked { .. } | What::WorkerAnswered { .. });
        if self.due.is_none() && seen {
            // The first frame comes with the first thing that happens.
            let due = self
                .last
                .map_or(event.at, |last| Elapsed(last.0.saturating_add((last.0 / FRAMES_WANTED).max(FRAME_US))));
            self.due = Some(due.max(event.at));
        }
        Ok(())
    }
}

impl Film<'_> {
    /// Shows the state as it was then; nothing is written where nothing looks different.
    fn frame(&mut self, state: &State) -> io::Result<()> {
        self.next.reset();
        draw(&mut self.next, state, &self.theme);
        let mut bytes = Vec::new();
        tui::changes(&self.shown, &self.next, &mut bytes);
        std::mem::swap(&mut self.shown, &mut self.next);
        if bytes.is_empty() {
            return Ok(());
        }
        self.put(&String::from_utf8_lossy(&bytes))
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        let seconds = self.last.unwrap_or_default().secs();
        serde_json::to_writer(&mut *self.out, &Output(seconds, "o", text))?;
        self.out.write_all(b"\n")
    }
}

/// A piece of output: when, what sort of thing it is, what.
#[derive(Serialize)]
struct Output<'a>(f64, &'static str, &'a str);
