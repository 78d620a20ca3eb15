//! A list in a box, with a line for what is typed: what help and palette have in common. PURE.
//! It does not know what the lines mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_typed, row, window};
use crate::text::{fitted, sanitized, width};
use crate::tui::theme::{Role, Theme};

/// A line of the list: a heading, or something that can be chosen.
pub(super) enum Line<'a> {
    Heading(&'a str),
    Choice { left: String, right: &'a str },
}

/// What the list looks like.
pub(super) struct Look<'a> {
    pub title: &'a str,
    /// Before what is typed.
    pub prompt: &'a str,
    /// How wide the box may get.
    pub columns_max: u16,
    /// How wide the left part is.
    pub left: usize,
    /// How many lines there are when nothing is typed; the box keeps that height while the list gets shorter.
    pub lines_all: usize,
    /// More about the chosen line, shown below the list where there is room.
    pub about: &'a str,
    /// What an empty list says.
    pub nothing: &'a str,
}

/// How many lines of the list a screen of that size shows.
pub(super) fn page(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(ROWS_AROUND)).max(1)
}

/// The frame, the line of what is typed, one empty row above and below the box where there is room.
const ROWS_AROUND: u16 = 5;

/// How many lines more about the chosen one gets, and how many the list must have for that.
const ABOUT_ROWS: u16 = 2;
/// See [`ABOUT_ROWS`].
const ABOUT_FROM: u16 = 10;

/// Draws the box; the chosen line, counted without headings, is in view.
pub(super) fn render(
    area: Rect,
    buf: &mut Buffer,
    look: &Look<'_>,
    typed: &str,
    chosen: usize,
    lines: &[Line<'_>],
    theme: &Theme,
) {
    let columns = look.columns_max.min(area.width.saturating_sub(6));
    let rows = page(area).min(look.lines_all.max(1));
    let height = u16::try_from(rows + 1).unwrap_or(u16::MAX);
    let inside = window(area, buf, columns, height, look.title, theme);
    let prompt = put(buf, row(inside, 0), look.prompt, theme.style(Role::Key));
    put_typed(buf, prompt, typed, prompt.width.into(), theme);
    let mut list = Rect { y: inside.y + 1.min(inside.height), height: inside.height.saturating_sub(1), ..inside };
    if !look.about.is_empty() && list.height >= ABOUT_FROM {
        list.height -= ABOUT_ROWS;
        let below = Rect { y: list.bottom(), height: ABOUT_ROWS, ..list };
        for (at, line) in wrapped(look.about, below.width.into()).iter().take(below.height.into()).enumerate() {
            put(buf, row(below, at), line, theme.style(Role::Dim));
        }
    }
    if lines.is_empty() {
        put(buf, row(list, 0), look.nothing, theme.style(Role::Dim));
        return;
    }
    let left = look.left.min(usize::from(columns) / 3);
    let (top, chosen_line) = window_top(lines, chosen, list.height.into());
    for (at, line) in lines.iter().enumerate().skip(top).take(list.height.into()) {
        let place = row(list, at - top);
        match line {
            Line::Heading(text) => {
                put(buf, place, text, theme.style(Role::Heading));
            }
            Line::Choice { left: words, right } => {
                let words = fitted(&sanitized(words), left, theme.glyphs().ellipsis);
                let rest = put(buf, place, &words, theme.style(Role::Key));
                let rest = put(buf, rest, "  ", theme.style(Role::Overlay));
                put(buf, rest, right, theme.style(Role::Overlay));
                if Some(at) == chosen_line {
                    buf.set_style(place, theme.style(Role::Selected));
                }
            }
        }
    }
}

/// In lines of at most that many columns, broken between words.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The first line in view, and which one is chosen. A heading stays with the first line under it.
fn window_top(lines: &[Line<'_>], chosen: usize, rows: usize) -> (usize, Option<usize>) {
    let mut choices = lines.iter().enumerate().filter(|(_, line)| matches!(line, Line::Choice { .. }));
    let Some(at) = choices.nth(chosen).map(|(at, _)| at) else { return (0, None) };
    let under_heading = at > 0 && matches!(lines[at - 1], Line::Heading(_));
    let first = if under_heading && rows > 1 { at - 1 } else { at };
    // The chosen line stands in the middle where the list goes on at both ends.
    let top = at.saturating_sub(rows / 2).min(lines.len().saturating_sub(rows)).min(first);
    (top, Some(at))
}
