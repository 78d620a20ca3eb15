//! The log pane: what was notable, the newest at the bottom. PURE.
//! It does not know who wrote a line; only those in view are ever looked at.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::command::Weight;
use crate::event::Elapsed;
use crate::model::{LogLine, State};
use crate::text::width;
use crate::tui::format::moment;
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Pane, Viewer};

use super::draw::{Cursor, Frame, frame, hint, range_words, row, scroll_mark, wrapped};

/// A line of the log takes at most so many on the screen, so that one long text does not push everything else away.
const WRAPPED_LINES_MAX: usize = 4;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let lines = state.log.lines();
    let end = lines.len() - viewer.log_back.min(lines.len().saturating_sub(1));
    let inner = super::draw::inside(area);
    // From the last line in view upwards, until the pane is full. Only whole ones, unless there is no room for a single one.
    let mut shown: Vec<Entry<'_>> = Vec::new();
    let mut height = 0;
    while shown.len() < end {
        let entry = Entry::of(&lines[end - 1 - shown.len()], inner.width, theme);
        height += entry.text.len();
        if height > usize::from(inner.height) && !shown.is_empty() {
            break;
        }
        shown.push(entry);
    }
    shown.reverse();
    let range = end - shown.len()..end;
    let extra = if viewer.log_back > 0 { range_words(&range, lines.len()) } else { String::new() };
    frame(buf, area, &Frame { pane: Pane::Log, title: "Log", beside: "", extra: &extra }, viewer, theme);
    if lines.is_empty() {
        hint(buf, inner, "nothing notable yet: changes of size, losses and failures are told here", theme);
        return;
    }
    let mut y = 0;
    for entry in shown {
        let (style, glyph) = (theme.style(role(entry.line.weight)), theme.glyphs().weight(entry.line.weight));
        let look = if entry.line.weight == Weight::Error { Role::Failed } else { Role::Text };
        for (at, text) in entry.text.iter().enumerate().take(usize::from(inner.height)) {
            let mut cursor = Cursor::new(buf, row(inner, y), 0);
            if at == 0 {
                cursor.text(&entry.time, theme.style(Role::Dim)).gap(1).text(glyph, style).gap(1);
            } else {
                cursor.gap(u16::try_from(width(&entry.time)).unwrap_or(0) + 3);
            }
            cursor.text(text, theme.style(look));
            y += 1;
        }
    }
    scroll_mark(buf, area, inner, lines.len(), &range, theme);
}

/// A line of the log as it stands on the screen.
struct Entry<'a> {
    line: &'a LogLine,
    time: String,
    text: Vec<String>,
}

impl<'a> Entry<'a> {
    fn of(line: &'a LogLine, columns: u16, theme: &Theme) -> Self {
        let time = moment(line.at.since(Elapsed(0)));
        let room = columns.saturating_sub(u16::try_from(width(&time)).unwrap_or(0) + 3);
        let mut text = wrapped(&line.text, room, theme);
        if text.len() > WRAPPED_LINES_MAX {
            text.truncate(WRAPPED_LINES_MAX);
            text[WRAPPED_LINES_MAX - 1].push_str(theme.glyphs().ellipsis);
        }
        Self { line, time, text }
    }
}

fn role(weight: Weight) -> Role {
    match weight {
        Weight::Info => Role::Dim,
        Weight::Skipped => Role::Waiting,
        Weight::Warning => Role::Draining,
        Weight::Error => Role::Failed,
    }
}
