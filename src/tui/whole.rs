//! The whole of a screen: panes, footer, and what lies over them. PURE.
//! It does not know whether a terminal shows it, or a file is made of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay;
use super::screen::{self, Layout};
use super::theme::Theme;
use super::viewer::{Overlay, Viewer};
use crate::model::State;

/// Draws it. `shown` is behind `live` while the view is frozen; what lies over the panes is about the run as it is.
pub fn render(buf: &mut Buffer, shown: &State, live: &State, viewer: &Viewer, theme: &Theme) {
    let area = buf.area;
    screen::render(buf, area, shown, viewer, theme);
    match screen::layout(area, shown, viewer) {
        Layout::Fits(places) => overlay::render(area, places.footer, buf, live, viewer, theme),
        // A question that waits for an answer is shown however little room there is.
        Layout::TooSmall { .. } if viewer.overlay != Overlay::None && area.height > 0 => {
            let last = Rect { y: area.bottom() - 1, height: 1, ..area };
            overlay::render(area, last, buf, live, viewer, theme);
        }
        Layout::TooSmall { .. } => {}
    }
}
