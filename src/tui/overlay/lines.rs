//! Lines being typed in the footer's place: the filter, the size. PURE.
//! It does not know what is made of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hints::{self, Situation};
use super::{put, put_typed};
use crate::command::WORKERS_MAX;
use crate::tui::keymap::Mode;
use crate::tui::theme::{Role, Theme};

/// Draws the filter line.
pub(super) fn filter(area: Rect, buf: &mut Buffer, typed: &str, theme: &Theme) {
    line(area, buf, "filter: ", typed, Mode::Filter, theme);
}

/// Draws the size line.
pub(super) fn size(area: Rect, buf: &mut Buffer, typed: &str, target: u32, theme: &Theme) {
    line(area, buf, &format!("size (now {target}, at most {WORKERS_MAX}): "), typed, Mode::Size, theme);
}

/// Draws the line that filters a list that stands alone.
pub(in crate::tui) fn picker(area: Rect, buf: &mut Buffer, typed: &str, theme: &Theme) {
    line(area, buf, "filter: ", typed, Mode::PickerFilter, theme);
}

fn line(area: Rect, buf: &mut Buffer, prompt: &str, typed: &str, mode: Mode, theme: &Theme) {
    let area = put(buf, area, " ", theme.style(Role::Text));
    let hints = hints::of(&Situation::dialog(mode));
    let rest = put(buf, area, prompt, theme.style(Role::Key));
    // What is typed has the room; hints stand at the right where they fit beside it.
    let room = usize::from(rest.width).saturating_sub(hints::columns(&hints) + 2).max(usize::from(rest.width) / 2);
    let rest = put_typed(buf, rest, typed, room, theme);
    let chosen = hints::fitting(hints, usize::from(rest.width).saturating_sub(2));
    let gap = usize::from(rest.width).saturating_sub(hints::columns(&chosen) + 1);
    let gap = u16::try_from(gap).unwrap_or(0);
    let right = Rect { x: rest.x + gap.min(rest.width), width: rest.width.saturating_sub(gap), ..rest };
    hints::render(right, buf, &chosen, theme);
}
