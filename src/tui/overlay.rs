//! What lies over the panes, and the footer below them. PURE.
//! It does not know what keys do: the table of keys says so.

mod confirm;
pub(super) mod footer;
pub(super) mod help;
mod hints;
pub(super) mod lines;
mod list;
pub(super) mod palette;
pub(super) mod signals;
pub(super) mod verdict;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};

use super::keymap::{Mode, Run, When};
use super::theme::{Role, Theme};
use super::viewer::{Overlay, Viewer};
use crate::model::State;
use crate::text::{end_cut, sanitized, width};

/// Draws what lies over the panes, and the footer.
pub(super) fn render(area: Rect, footer: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    // The footer says which keys the dialog has.
    let area = Rect { height: footer.y.saturating_sub(area.y).min(area.height), ..area };
    match &viewer.overlay {
        Overlay::None | Overlay::Filter { .. } | Overlay::Size { .. } => {}
        Overlay::Help { chosen, filter } => help::render(area, buf, *chosen, filter, Run::of(viewer), theme),
        Overlay::Palette { typed, chosen } => palette::render(area, buf, typed, *chosen, Run::of(viewer), theme),
        Overlay::Signals { task, chosen } => signals::render(area, buf, *task, *chosen, state, theme),
        Overlay::ConfirmQuit => confirm::render(area, buf, state, theme),
        Overlay::Verdict { scroll } => verdict::render(area, buf, *scroll, state, theme),
    }
    match &viewer.overlay {
        Overlay::Filter { typed } => lines::filter(footer, buf, typed, theme),
        Overlay::Size { typed } => lines::size(footer, buf, typed, state.target, theme),
        _ => footer::render(footer, buf, state, viewer, theme),
    }
}

/// A box in the middle, of that size or as large as there is room for; gives the room inside.
fn window(area: Rect, buf: &mut Buffer, columns: u16, rows: u16, title: &str, theme: &Theme) -> Rect {
    let outer = centred(area, columns.saturating_add(4), rows.saturating_add(2));
    // A wide character that would reach under the left edge would cover the frame.
    for y in outer.top()..outer.bottom() {
        let beside = outer.x.checked_sub(1).and_then(|x| buf.cell_mut((x, y)));
        if let Some(cell) = beside.filter(|cell| width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
    Clear.render(outer, buf);
    buf.set_style(outer, theme.style(Role::Overlay));
    Block::bordered()
        .border_set(theme.glyphs().border)
        .border_style(theme.style(Role::OverlayBorder))
        .render(outer, buf);
    let room = usize::from(outer.width.saturating_sub(4));
    let title = end_cut(&sanitized(title), room.saturating_sub(2));
    if !title.is_empty() {
        put(buf, Rect { height: 1, ..inner(outer, 2, 0) }, &format!(" {title} "), theme.style(Role::TitleFocused));
    }
    inner(outer, 2, 1)
}

/// Draws the keys of a list that stands alone.
pub(super) fn keys(area: Rect, buf: &mut Buffer, mode: Mode, filtered: Option<When>, theme: &Theme) {
    let area = put(buf, area, " ", theme.style(Role::Text));
    let all = hints::of(&hints::Situation::alone(mode, filtered));
    hints::render(area, buf, &hints::fitting(all, area.width.into()), theme);
}

fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

fn inner(outer: Rect, columns: u16, rows: u16) -> Rect {
    Rect {
        x: outer.x + columns.min(outer.width),
        y: outer.y + rows.min(outer.height),
        width: outer.width.saturating_sub(2 * columns),
        height: outer.height.saturating_sub(2 * rows),
    }
}

/// The row of that number in the area; empty below its end.
fn row(area: Rect, number: usize) -> Rect {
    let number = u16::try_from(number).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + number, height: 1.min(area.height - number), ..area }
}

/// Writes one line, made harmless and cut at the area's right edge; gives what is left of the line.
fn put(buf: &mut Buffer, area: Rect, text: &str, style: Style) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let (end, _) = buf.set_stringn(area.x, area.y, sanitized(text), area.width.into(), style);
    let used = end.saturating_sub(area.x).min(area.width);
    Rect { x: area.x + used, width: area.width - used, ..area }
}

/// The end of what was typed, as much as there is room for, and the cursor behind it; gives what is left of the line.
fn put_typed(buf: &mut Buffer, area: Rect, typed: &str, room: usize, theme: &Theme) -> Rect {
    let safe = sanitized(typed);
    let mut tail: &str = &safe;
    while width(tail) > room.saturating_sub(1) {
        let mut chars = tail.chars();
        chars.next();
        tail = chars.as_str();
    }
    let left = put(buf, area, tail, theme.style(Role::Strong));
    put(buf, left, " ", Style::new().add_modifier(ratatui::style::Modifier::REVERSED))
}

#[cfg(test)]
mod tests;
