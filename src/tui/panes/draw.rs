//! What all panes draw with: frames, text in fixed columns, bars, scroll marks. Every text passes the sanitiser here.
//! It does not know the state of the run.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Widget};

use crate::text::{fitted, middle_cut, sanitized, width};
use crate::tui::format::eighths;
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Pane, Viewer};

/// Panes from this width on have a column of air at either side.
const AIRY: u16 = 44;

/// A line being written from the left. Nothing is written beyond its end.
pub(super) struct Cursor<'a> {
    buf: &'a mut Buffer,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Cursor<'a> {
    /// At the start of that line of the area.
    pub(super) fn new(buf: &'a mut Buffer, area: Rect, line: u16) -> Self {
        let area = area.intersection(buf.area);
        let y = area.y.saturating_add(line);
        let end = if y < area.bottom() { area.right() } else { area.x };
        Self { buf, x: area.x, y, end }
    }

    /// How many columns are left.
    pub(super) fn left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Writes as much of the text as fits.
    pub(super) fn text(&mut self, text: &str, style: Style) -> &mut Self {
        if self.left() > 0 {
            self.x = put(self.buf, (self.x, self.y), self.left(), text, style);
        }
        self
    }

    /// Leaves columns empty.
    pub(super) fn gap(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Writes a name into exactly that many columns, cut in the middle.
    pub(super) fn name(&mut self, text: &str, columns: u16, style: Style, theme: &Theme) -> &mut Self {
        let start = self.x;
        let columns = columns.min(self.left());
        let safe = sanitized(text);
        self.text(&middle_cut(&safe, usize::from(columns), theme.glyphs().ellipsis), style);
        self.x = start.saturating_add(columns);
        self
    }

    /// Writes a short text at the right end of that many columns.
    pub(super) fn number(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let start = self.x;
        let columns = columns.min(self.left());
        let used = u16::try_from(width(text)).unwrap_or(u16::MAX);
        self.gap(columns.saturating_sub(used)).text(text, style);
        self.x = start.saturating_add(columns);
        self
    }

    /// Draws a bar of that many columns, filled to that share.
    pub(super) fn bar(&mut self, share: f64, columns: u16, full: Style, theme: &Theme) -> &mut Self {
        let columns = columns.min(self.left());
        let glyphs = theme.glyphs();
        let filled = eighths(share, columns);
        for column in 0..columns {
            let here = filled.saturating_sub(u32::from(column) * 8).min(8);
            let glyph = glyphs.across[usize::try_from(here).unwrap_or(8)];
            if glyph == " " {
                self.text(glyphs.trough, theme.style(Role::Faint));
            } else {
                self.text(glyph, full);
            }
        }
        self
    }
}

/// Writes as much of the text as fits into so many columns, and gives the column after it. The one place where text
/// becomes cells: it is made harmless, and nothing of what was there shines through.
pub(in crate::tui) fn put(buf: &mut Buffer, at: (u16, u16), columns: u16, text: &str, style: Style) -> u16 {
    if !buf.area.contains(at.into()) {
        return at.0;
    }
    buf.set_stringn(at.0, at.1, sanitized(text), usize::from(columns), Style::reset().patch(style)).0
}

/// What stands on a pane's frame.
pub(super) struct Frame<'a> {
    /// Which pane, for the focus and its number.
    pub pane: Pane,
    /// At the left of the upper edge.
    pub title: &'a str,
    /// Beside the title, if there is room: what was typed by the viewer, for instance.
    pub beside: &'a str,
    /// At the right of the upper edge, if there is room.
    pub extra: &'a str,
}

/// Draws a pane's frame and gives the room inside.
pub(super) fn frame(buf: &mut Buffer, area: Rect, look: &Frame<'_>, viewer: &Viewer, theme: &Theme) -> Rect {
    let area = area.intersection(buf.area);
    let focused = viewer.focus == look.pane;
    let (border, title) = if focused { (Role::BorderFocused, Role::TitleFocused) } else { (Role::Border, Role::Title) };
    let inner = inside(area);
    Block::bordered().border_set(theme.glyphs().border).border_style(theme.style(border)).render(area, buf);
    if area.width < 8 || area.height == 0 {
        return inner;
    }
    let edge = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
    let mut cursor = Cursor::new(buf, edge, 0);
    cursor.text(" ", theme.style(border)).text(look.title, theme.style(title)).text(" ", theme.style(border));
    if !look.beside.is_empty() && cursor.left() > 6 {
        let room = usize::from(cursor.left()) - 2;
        let cut = middle_cut(&sanitized(look.beside), room, theme.glyphs().ellipsis);
        cursor.text(&cut, theme.style(Role::Key)).text(" ", theme.style(border));
    }
    let used = u16::try_from(width(&sanitized(look.extra))).unwrap_or(u16::MAX);
    if used > 0 && cursor.left() > used + 3 {
        let blank = cursor.left() - used - 3;
        cursor.gap(blank).text(" ", theme.style(border)).text(look.extra, theme.style(Role::Dim));
        cursor.text(" ", theme.style(border));
    }
    inner
}

/// The room inside a pane's frame; wide panes have some air at the sides.
pub(super) fn inside(area: Rect) -> Rect {
    let air = u16::from(area.width >= AIRY);
    Rect {
        x: area.x + 1 + air,
        y: area.y + 1,
        width: area.width.saturating_sub(2 + 2 * air),
        height: area.height.saturating_sub(2),
    }
}

/// Marks on the right edge of a pane which part of the list in these lines is in view.
pub(super) fn scroll_mark(buf: &mut Buffer, area: Rect, lines: Rect, len: usize, shown: &Range<usize>, theme: &Theme) {
    let rows = usize::from(lines.height);
    let edge = area.right().saturating_sub(1);
    if rows == 0 || shown.len() >= len || !buf.area.contains((edge, lines.y).into()) {
        return;
    }
    let size = (rows * shown.len() / len).clamp(1, rows);
    let hidden = len - shown.len();
    let start = (shown.start * (rows - size)).div_ceil(hidden.max(1)).min(rows - size);
    for row in start..start + size {
        let y = lines.y + u16::try_from(row).unwrap_or(0);
        put(buf, (edge, y), 1, theme.glyphs().thumb, theme.style(Role::Dim));
    }
}

/// Which lines of a list are in view: from `top` on, moved as little as needed to show the selected one.
pub(super) fn in_view(len: usize, rows: u16, top: usize, selected: Option<usize>) -> Range<usize> {
    let rows = usize::from(rows);
    let mut top = top.min(len.saturating_sub(rows));
    if let Some(selected) = selected.filter(|_| rows > 0) {
        top = top.clamp(selected.saturating_sub(rows - 1), selected);
    }
    top..len.min(top + rows)
}

/// "3-9 of 64", or nothing when all is in view.
pub(super) fn range_words(shown: &Range<usize>, len: usize) -> String {
    if shown.len() >= len { String::new() } else { format!("{}-{} of {len}", shown.start + 1, shown.end) }
}

/// Says in the middle of an empty pane what could be there and how.
pub(super) fn hint(buf: &mut Buffer, inner: Rect, text: &str, theme: &Theme) {
    let lines = wrapped(text, inner.width, theme);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = inner.height.saturating_sub(rows) / 2;
    for (line, text) in (top..inner.height).zip(&lines) {
        let columns = u16::try_from(width(text)).unwrap_or(u16::MAX);
        let left = inner.width.saturating_sub(columns) / 2;
        Cursor::new(buf, inner, line).gap(left).text(text, theme.style(Role::Dim));
    }
}

/// The text in lines of at most that many columns, broken between words; a longer word is cut in the middle. Harmless.
pub(super) fn wrapped(text: &str, columns: u16, theme: &Theme) -> Vec<String> {
    let columns = usize::from(columns).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in sanitized(text).split_whitespace() {
        let word = middle_cut(word, columns, theme.glyphs().ellipsis);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The line of the area, for styling all of it.
pub(super) fn row(inner: Rect, line: u16) -> Rect {
    Rect { y: inner.y.saturating_add(line), height: 1, ..inner }.intersection(inner)
}

/// A heading in exactly that many columns, with the mark of the order if it decides the order.
pub(super) fn heading(text: &str, mark: Option<&str>, columns: u16, side: Side) -> String {
    let columns = usize::from(columns);
    let mark = mark.unwrap_or("");
    let text =
        if width(text) + width(mark) <= columns || mark.is_empty() { format!("{text}{mark}") } else { mark.to_owned() };
    match side {
        Side::Left => fitted(&text, columns, ""),
        Side::Right => format!("{text:>columns$}"),
    }
}

/// Which end of its columns a text stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Background, Charset, Depth, Name};

    #[test]
    fn the_selected_line_is_always_in_view() {
        assert_eq!(in_view(100, 10, 0, None), 0..10);
        assert_eq!(in_view(100, 10, 0, Some(15)), 6..16);
        assert_eq!(in_view(100, 10, 50, Some(15)), 15..25);
        assert_eq!(in_view(100, 10, 500, None), 90..100);
        assert_eq!(in_view(3, 10, 2, Some(1)), 0..3);
        assert_eq!(in_view(5, 0, 2, Some(1)), 2..2);
    }

    #[test]
    fn the_range_is_named_only_when_something_is_hidden() {
        assert_eq!(range_words(&(2..9), 64), "3-9 of 64");
        assert_eq!(range_words(&(0..4), 4), "");
    }

    #[test]
    fn lines_break_between_words_and_long_words_are_cut() {
        let theme = Theme::new(Depth::Mono, Background::Dark, Charset::Unicode, Name::Auto);
        assert_eq!(wrapped("press + to add  one", 9, &theme), ["press +", "to add", "one"]);
        assert_eq!(wrapped("a /very/long/path.png", 9, &theme), ["a", "/ver….png"]);
        assert!(wrapped("  ", 9, &theme).is_empty());
    }

    #[test]
    fn a_heading_has_its_columns_whatever_stands_in_it() {
        assert_eq!(heading("PID", Some("^"), 6, Side::Right), "  PID^");
        assert_eq!(heading("#", Some("^"), 1, Side::Left), "^");
        assert_eq!(heading("STATE", None, 8, Side::Left), "STATE   ");
    }
}
