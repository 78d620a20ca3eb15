//! How the list of demos looks. PURE.
//! It does not know what keys do.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Block, Widget};

use super::{Line, Offer, Picker};
use crate::text::{fitted, middle_cut, sanitized, width};
use crate::tui::keymap::When;
use crate::tui::overlay::{keys, lines};
use crate::tui::panes::put;
use crate::tui::screen::{COLUMNS_MIN, LINES_MIN};
use crate::tui::theme::{Role, Theme};
use crate::tui::wrap::wrap;

/// From this width on there is room for a summary beside the name.
const SUMMARIES_FROM: u16 = 60;

/// How many lines the chosen one's summary gets below the list.
const ABOUT_ROWS: u16 = 2;

/// The longest a name may be.
const NAME_COLUMNS_MAX: usize = 32;

/// The frame: one line, one column and its air at either side.
fn inside(area: Rect) -> Rect {
    let body = body(area);
    Rect { x: body.x + 2, y: body.y + 1, width: body.width.saturating_sub(4), height: body.height.saturating_sub(2) }
}

/// Between the header and the footer.
fn body(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area }
}

/// Where the list is, above what is said about the chosen one.
fn list(area: Rect) -> Rect {
    let inside = inside(area);
    Rect { height: inside.height.saturating_sub(ABOUT_ROWS + 1), ..inside }
}

/// How many rows of the list a screen of that size shows.
pub(super) fn rows(area: Rect) -> usize {
    list(area).height.into()
}

/// Which of the rows in view is under that cell.
pub(super) fn row_at(area: Rect, at: Position) -> Option<usize> {
    let list = list(area);
    list.contains(at).then(|| usize::from(at.y - list.y))
}

/// Draws everything.
pub(super) fn render(area: Rect, buf: &mut Buffer, offers: &[Offer], picker: &Picker, theme: &Theme) {
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        let text = format!("pooltop needs {COLUMNS_MIN}x{LINES_MIN}, this is {}x{}", area.width, area.height);
        put(buf, (area.x, area.y), area.width, &text, theme.style(Role::Text));
        return;
    }
    let listed = picker.listed(offers);
    let x = put(buf, (area.x + 1, area.y), area.width - 1, "pooltop", theme.style(Role::TitleFocused));
    let title = if area.width >= SUMMARIES_FROM { "demos: choose what to watch" } else { "demos" };
    put(buf, (x + 2, area.y), area.right().saturating_sub(x + 2), title, theme.style(Role::Strong));
    Block::bordered()
        .border_set(theme.glyphs().border)
        .border_style(theme.style(Role::BorderFocused))
        .render(body(area), buf);
    render_titles(area, buf, listed.len(), offers.len(), picker, theme);
    render_list(list(area), buf, &listed, offers, picker, theme);
    render_about(area, buf, &listed, offers, picker, theme);
    let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
    match picker.line {
        Line::Open => lines::picker(footer, buf, &picker.filter, theme),
        Line::Closed => {
            let filtered = (!picker.filter.is_empty()).then_some(When::Filtered);
            keys(footer, buf, picker.mode(), filtered, theme);
        }
    }
}

fn render_titles(area: Rect, buf: &mut Buffer, listed: usize, all: usize, picker: &Picker, theme: &Theme) {
    let body = body(area);
    let shown = rows(area).min(listed.saturating_sub(picker.top));
    let range = match (shown < listed, listed < all) {
        (true, _) => format!(" {}-{} of {listed} ", picker.top + 1, picker.top + shown),
        (false, true) => format!(" {listed} of {all} "),
        (false, false) => format!(" {all} "),
    };
    let beside = if picker.filter.is_empty() { String::new() } else { format!("/ {} ", sanitized(&picker.filter)) };
    let room = usize::from(body.width).saturating_sub(2 + 9 + width(&range));
    let beside = middle_cut(&beside, room, theme.glyphs().ellipsis);
    let x = put(buf, (body.x + 1, body.y), body.width - 2, " Demos ", theme.style(Role::TitleFocused));
    put(buf, (x, body.y), body.right().saturating_sub(x + 1), &beside, theme.style(Role::Dim));
    let at = body.right().saturating_sub(2 + u16::try_from(width(&range)).unwrap_or(0));
    put(buf, (at, body.y), body.right().saturating_sub(at + 1), &range, theme.style(Role::Dim));
}

fn render_list(area: Rect, buf: &mut Buffer, listed: &[usize], offers: &[Offer], picker: &Picker, theme: &Theme) {
    if listed.is_empty() {
        put(buf, (area.x, area.y), area.width, "no demo has that in it: Esc lists all", theme.style(Role::Dim));
        return;
    }
    let ellipsis = theme.glyphs().ellipsis;
    let summaries = area.width >= SUMMARIES_FROM - 4;
    let longest = offers.iter().map(|offer| width(&offer.name)).max().unwrap_or(0);
    let most = if summaries { NAME_COLUMNS_MAX } else { usize::from(area.width) };
    let columns = longest.min(most);
    for (y, &at) in (area.y..area.bottom()).zip(listed.iter().skip(picker.top)) {
        let offer = &offers[at];
        let name = fitted(&sanitized(&offer.name), columns, ellipsis);
        let x = put(buf, (area.x, y), area.width, &name, theme.style(Role::Key));
        if summaries {
            let room = area.right().saturating_sub(x + 2);
            let summary = sanitized(&offer.summary);
            let summary = cut(&summary, room.into(), ellipsis);
            put(buf, (x + 2, y), room, &summary, theme.style(Role::Text));
        }
        if at == picker.chosen {
            // A list without colour is told by the same mark as every other.
            buf.set_style(Rect { y, height: 1, ..area }, theme.style(Role::Selected));
        }
    }
}

/// The chosen one's whole summary.
fn render_about(area: Rect, buf: &mut Buffer, listed: &[usize], offers: &[Offer], picker: &Picker, theme: &Theme) {
    let inside = inside(area);
    let rule = inside.bottom().saturating_sub(ABOUT_ROWS + 1);
    let line = theme.glyphs().line.repeat(inside.width.into());
    put(buf, (inside.x, rule), inside.width, &line, theme.style(Role::Faint));
    let Some(offer) = listed.contains(&picker.chosen).then(|| offers.get(picker.chosen)).flatten() else { return };
    let lines = wrap(&offer.summary, inside.width);
    let more = lines.len() > usize::from(ABOUT_ROWS);
    for (at, text) in (0..ABOUT_ROWS).zip(&lines) {
        let y = rule + 1 + at;
        let x = put(buf, (inside.x, y), inside.width, text, theme.style(Role::Dim));
        if more && at + 1 == ABOUT_ROWS {
            put(buf, (x, y), inside.right().saturating_sub(x), theme.glyphs().ellipsis, theme.style(Role::Dim));
        }
    }
}

/// A sentence is cut at its end; its beginning says what it is about.
fn cut(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    format!("{}{ellipsis}", crate::text::end_cut(text, columns.saturating_sub(width(ellipsis))))
}
