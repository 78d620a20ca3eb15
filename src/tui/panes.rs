//! The parts of the screen, one file each: what of the state they show and how. PURE.
//! It does not know where on the screen they are, nor which keys the viewer pressed.

mod axis;
mod draw;
mod waits;

pub mod channels;
pub mod charts;
pub mod detail;
pub mod header;
pub mod log;
pub mod scrub;
pub mod story;
pub mod tasks;
pub mod timeline;
pub mod workers;

#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
pub(super) mod talk;
#[cfg(test)]
mod talk_tests;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::theme::Theme;
use super::viewer::{Pane, Viewer};
use crate::model::State;

pub(super) use draw::put;

/// What of a list is under a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit<C, Id> {
    /// The heading of that column.
    Heading(C),
    /// That row.
    Row(Id),
}

/// Draws that pane.
pub fn render(pane: Pane, area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    match pane {
        Pane::Workers => workers::render(area, buf, state, viewer, theme),
        Pane::Charts => charts::render(area, buf, state, viewer, theme),
        Pane::Timeline => timeline::render(area, buf, state, viewer, theme),
        Pane::Tasks => tasks::render(area, buf, state, viewer, theme),
        Pane::Detail => detail::render(area, buf, state, viewer, theme),
        Pane::Log => log::render(area, buf, state, viewer, theme),
        Pane::Channels => channels::render(area, buf, state, viewer, theme),
        Pane::Story => story::render(area, buf, state, viewer, theme),
    }
}
