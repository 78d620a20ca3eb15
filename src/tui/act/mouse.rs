//! Clicks and the wheel. PURE.
//! It does not know where panes are: the layout says so, and each pane says what is under a cell of it.

use ratatui::layout::Position;

use super::{Effect, Sight, dialog, reverse, sort_by, walk};
use crate::model::{Way, Wish};
use crate::tui::input::{Mouse, MouseDid};
use crate::tui::keymap::Action;
use crate::tui::panes::{Hit, channels, scrub, tasks, workers};
use crate::tui::screen::Layout;
use crate::tui::viewer::{Column, List, Overlay, Pane, Viewer};

/// How many lines a notch of the wheel is.
const WHEEL_LINES: usize = 3;

/// How much of a recorded run a notch of the wheel is, over its bar.
const WHEEL_MS: u32 = 1000;

pub(super) fn on_mouse(mouse: Mouse, viewer: &mut Viewer, sight: &Sight<'_>) -> Vec<Effect> {
    let wish = (viewer.overlay == Overlay::None).then(|| on_bar(mouse, viewer, sight)).flatten();
    if let Some(wish) = wish {
        return vec![Effect::Wish(wish)];
    }
    on_panes(mouse, viewer, sight);
    Vec::new()
}

/// What somebody wants who uses the mouse on the bar of a recorded run.
fn on_bar(mouse: Mouse, viewer: &Viewer, sight: &Sight<'_>) -> Option<Wish> {
    let Layout::Fits(places) = sight.layout(viewer) else { return None };
    let area = places.scrub?;
    let at = Position { x: mouse.column, y: mouse.row };
    let playback = viewer.replay.as_deref().filter(|_| area.contains(at))?;
    match mouse.did {
        MouseDid::Click => scrub::hit(area, at, playback, sight.theme).map(Wish::To),
        MouseDid::WheelUp => Some(Wish::By(Way::Back, WHEEL_MS)),
        MouseDid::WheelDown => Some(Wish::By(Way::On, WHEEL_MS)),
    }
}

fn on_panes(mouse: Mouse, viewer: &mut Viewer, sight: &Sight<'_>) {
    let wheel = match mouse.did {
        MouseDid::Click => None,
        MouseDid::WheelUp => Some(Action::Up),
        MouseDid::WheelDown => Some(Action::Down),
    };
    if viewer.overlay != Overlay::None {
        if let Some(action) = wheel {
            dialog::choose(action, viewer, sight);
        }
        return;
    }
    let Some((pane, area)) = sight.layout(viewer).pane_at(mouse.column, mouse.row) else { return };
    if let Some(action) = wheel {
        walk::scroll(pane, action, WHEEL_LINES, viewer, sight);
        return;
    }
    // What is under the pointer is found before the focus changes where things are.
    let at = Position { x: mouse.column, y: mouse.row };
    match pane {
        Pane::Workers => match workers::hit(area, at, sight.shown, viewer) {
            Some(Hit::Heading(column)) => head(column, &mut viewer.workers),
            Some(Hit::Row(worker)) => {
                let order = workers::order(sight.shown, viewer);
                let row = order.iter().position(|&other| other == worker).unwrap_or(0);
                walk::select_worker(worker, row, viewer, sight);
            }
            None => {}
        },
        Pane::Tasks => match tasks::hit(area, at, sight.shown, viewer) {
            Some(Hit::Heading(column)) => head(column, &mut viewer.tasks),
            Some(Hit::Row(task)) => {
                viewer.tasks.top = tasks::top(area, sight.shown, viewer);
                viewer.task = Some(task);
                viewer.detail_scroll = 0;
            }
            None => {}
        },
        Pane::Channels => {
            if let Some(channel) = channels::hit(area, at, sight.shown, viewer) {
                walk::select_channel(channel, viewer, sight);
            }
        }
        Pane::Charts | Pane::Timeline | Pane::Detail | Pane::Log | Pane::Story => {}
    }
    viewer.focus = pane;
}

/// The first click on a heading sorts by it, the next one turns the order round.
fn head<C: Column>(column: C, list: &mut List<C>) {
    if list.column == column {
        reverse(list);
    } else {
        sort_by(column, list);
    }
}
