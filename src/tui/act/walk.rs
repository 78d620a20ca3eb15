//! Moving about: which row is selected, and which part of a list is in view. PURE.
//! It does not know how rows are drawn; panes say which rows there are.

use super::steer::selected_task;
use super::{Answer, Sight};
use crate::model::State;
use crate::task::{TaskId, WorkerId};
use crate::tui::keymap::Action;
use crate::tui::panes::{channels, detail, story, tasks, workers};
use crate::tui::viewer::{Channel, DetailOf, Pane, Viewer};

/// What a page is where a pane is not on the screen.
const PAGE_HIDDEN: usize = 10;

/// Moves in the focused pane.
pub(super) fn step(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) {
    match viewer.focus {
        Pane::Workers | Pane::Charts | Pane::Timeline => step_worker(action, viewer, sight),
        Pane::Tasks => step_task(action, viewer, sight),
        Pane::Channels => step_channel(action, viewer, sight),
        Pane::Story => {
            let last = story::len(sight.shown).saturating_sub(1);
            viewer.story_back = moved(opposite(action), viewer.story_back.min(last), last, page(viewer, sight));
        }
        Pane::Detail => {
            let last = detail_last(viewer, sight);
            viewer.detail_scroll = moved(action, viewer.detail_scroll, last, page(viewer, sight));
        }
        Pane::Log => {
            // Counted from the last line, so it runs the other way.
            let last = sight.shown.log.lines().len().saturating_sub(1);
            viewer.log_back = moved(opposite(action), viewer.log_back.min(last), last, page(viewer, sight));
        }
    }
}

/// The pane beside that one that has something to show: a run without a story has no such pane on the way.
pub(super) fn pane_beside(pane: Pane, beside: fn(Pane) -> Pane, state: &State) -> Pane {
    match beside(pane) {
        Pane::Story if !story::has_story(state) => beside(Pane::Story),
        other => other,
    }
}

/// To the next task that is listed, wherever the focus is; from the last to the first.
pub(super) fn match_step(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) -> Answer {
    let order = tasks::order(sight.shown, viewer);
    if order.is_empty() {
        return Err("no task is listed".to_owned());
    }
    viewer.focus = Pane::Tasks;
    let at = viewer.task.and_then(|task| order.position(task));
    let row = match (action, at) {
        (Action::Down, Some(at)) => (at + 1) % order.len(),
        (_, Some(at)) => (at + order.len() - 1) % order.len(),
        (Action::Down, None) => 0,
        (_, None) => order.len() - 1,
    };
    select_task(order.get(row), row, viewer, sight);
    Ok(Vec::new())
}

/// From a row to its detail, and back.
pub(super) fn show_detail(viewer: &mut Viewer, sight: &Sight<'_>) -> Answer {
    if viewer.focus == Pane::Detail {
        leave_detail(viewer);
        return Ok(Vec::new());
    }
    if viewer.focus == Pane::Channels {
        viewer.channel.ok_or_else(|| "no channel is selected: j and k select one".to_owned())?;
        viewer.detail_of = DetailOf::Channel;
        viewer.focus = Pane::Detail;
        return Ok(Vec::new());
    }
    viewer.detail_of = DetailOf::Task;
    let (task, _) = selected_task(viewer, sight.shown)?;
    viewer.task = Some(task);
    viewer.focus = Pane::Detail;
    viewer.detail_scroll = 0;
    Ok(Vec::new())
}

/// Back to where the detail was asked for.
pub(super) fn leave_detail(viewer: &mut Viewer) {
    viewer.focus = match std::mem::take(&mut viewer.detail_of) {
        DetailOf::Task => Pane::Tasks,
        DetailOf::Channel => Pane::Channels,
    };
}

/// Scrolls that pane by so many lines; a selection stays in view.
pub(super) fn scroll(pane: Pane, action: Action, lines: usize, viewer: &mut Viewer, sight: &Sight<'_>) {
    match pane {
        Pane::Workers => {
            let order = workers::order(sight.shown, viewer);
            let rows = rows_of(pane, viewer, sight);
            let top = moved_by(action, viewer.workers.top, order.len().saturating_sub(rows), lines);
            viewer.workers.top = top;
            let at = viewer.worker.and_then(|id| order.iter().position(|&other| other == id));
            viewer.worker = at.and_then(|at| order.get(at.clamp(top, top + rows.max(1) - 1)).copied());
        }
        Pane::Tasks => {
            let order = tasks::order(sight.shown, viewer);
            let rows = rows_of(pane, viewer, sight);
            let top = moved_by(action, top_task(viewer, sight), order.len().saturating_sub(rows), lines);
            viewer.tasks.top = top;
            let at = viewer.task.and_then(|task| order.position(task)).unwrap_or(top);
            // Without a selection the list would follow the run again.
            viewer.task = order.get(at.clamp(top, top + rows.max(1) - 1)).or(viewer.task);
        }
        Pane::Channels => {
            let last = channels::len(sight.shown).saturating_sub(rows_of(pane, viewer, sight));
            viewer.channels_top = moved_by(action, viewer.channels_top, last, lines);
            // A selection out of view would pull the list back.
            viewer.channel = None;
        }
        Pane::Detail | Pane::Log | Pane::Story => {
            let focus = std::mem::replace(&mut viewer.focus, pane);
            for _ in 0..lines {
                step(action, viewer, sight);
            }
            viewer.focus = focus;
        }
        Pane::Charts | Pane::Timeline => {}
    }
}

/// Selects that worker and brings it into view.
pub(super) fn select_worker(worker: WorkerId, at: usize, viewer: &mut Viewer, sight: &Sight<'_>) {
    viewer.worker = Some(worker);
    viewer.workers.top = in_view(viewer.workers.top, at, rows_of(Pane::Workers, viewer, sight));
}

/// Selects that channel and brings it into view.
pub(super) fn select_channel(channel: Channel, viewer: &mut Viewer, sight: &Sight<'_>) {
    viewer.channel = Some(channel);
    viewer.detail_scroll = 0;
    if let Some(at) = channels::position(channel, sight.shown) {
        viewer.channels_top = in_view(viewer.channels_top, at, rows_of(Pane::Channels, viewer, sight));
    }
}

fn step_channel(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) {
    let order = channels::order(sight.shown);
    let Some(last) = order.len().checked_sub(1) else { return };
    let at = viewer.channel.and_then(|channel| order.iter().position(|&other| other == channel));
    let row = match at {
        Some(at) => moved(action, at, last, rows_of(Pane::Channels, viewer, sight).max(1)),
        None => entered(action, 0, last, last),
    };
    select_channel(order[row], viewer, sight);
}

fn step_worker(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) {
    let order = workers::order(sight.shown, viewer);
    let Some(last) = order.len().checked_sub(1) else { return };
    let at = viewer.worker.and_then(|id| order.iter().position(|&other| other == id));
    let row = match at {
        Some(at) => moved(action, at, last, rows_of(Pane::Workers, viewer, sight).max(1)),
        None => entered(action, 0, last, last),
    };
    select_worker(order[row], row, viewer, sight);
}

fn step_task(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) {
    let order = tasks::order(sight.shown, viewer);
    let Some(last) = order.len().checked_sub(1) else { return };
    let rows = rows_of(Pane::Tasks, viewer, sight).max(1);
    let row = if let Some(at) = viewer.task.and_then(|task| order.position(task)) {
        moved(action, at, last, rows)
    } else {
        let top = top_task(viewer, sight);
        entered(action, top.min(last), (top + rows - 1).min(last), last)
    };
    select_task(order.get(row), row, viewer, sight);
}

fn select_task(task: Option<TaskId>, row: usize, viewer: &mut Viewer, sight: &Sight<'_>) {
    let top = top_task(viewer, sight);
    viewer.tasks.top = in_view(top, row, rows_of(Pane::Tasks, viewer, sight));
    viewer.task = task;
    viewer.detail_of = DetailOf::Task;
    viewer.detail_scroll = 0;
}

/// The furthest the detail can be scrolled.
fn detail_last(viewer: &Viewer, sight: &Sight<'_>) -> usize {
    let Some(area) = sight.layout(viewer).area_of(Pane::Detail) else { return 0 };
    let len = detail::len(area, sight.shown, viewer, sight.theme);
    len.saturating_sub(rows_of(Pane::Detail, viewer, sight))
}

/// The first row in view, which without a selection is where the run is.
fn top_task(viewer: &Viewer, sight: &Sight<'_>) -> usize {
    match sight.layout(viewer).area_of(Pane::Tasks) {
        Some(area) => tasks::top(area, sight.shown, viewer),
        None => viewer.tasks.top,
    }
}

fn rows_of(pane: Pane, viewer: &Viewer, sight: &Sight<'_>) -> usize {
    match (pane, sight.layout(viewer).area_of(pane)) {
        (Pane::Workers, Some(area)) => workers::rows(area).into(),
        (Pane::Tasks, Some(area)) => tasks::rows(area).into(),
        (Pane::Channels, Some(area)) => channels::rows(area).into(),
        (_, Some(area)) => area.height.saturating_sub(2).into(),
        (_, None) => PAGE_HIDDEN,
    }
}

fn page(viewer: &Viewer, sight: &Sight<'_>) -> usize {
    rows_of(viewer.focus, viewer, sight).max(1)
}

/// Where the first step into a list leads, of which the rows from `top` to `bottom` are in view.
fn entered(action: Action, top: usize, bottom: usize, last: usize) -> usize {
    match action {
        Action::First => 0,
        Action::Last => last,
        Action::Up | Action::PageUp => bottom,
        _ => top,
    }
}

fn moved(action: Action, at: usize, last: usize, page: usize) -> usize {
    match action {
        Action::Down | Action::Up => moved_by(action, at, last, 1),
        Action::PageDown => moved_by(Action::Down, at, last, page),
        Action::PageUp => moved_by(Action::Up, at, last, page),
        Action::First => 0,
        Action::Last => last,
        _ => at,
    }
}

fn moved_by(action: Action, at: usize, last: usize, lines: usize) -> usize {
    if action == Action::Down { at.saturating_add(lines).min(last) } else { at.min(last).saturating_sub(lines) }
}

fn opposite(action: Action) -> Action {
    match action {
        Action::Down => Action::Up,
        Action::Up => Action::Down,
        Action::PageDown => Action::PageUp,
        Action::PageUp => Action::PageDown,
        Action::First => Action::Last,
        Action::Last => Action::First,
        other => other,
    }
}

/// The list moves as little as needed to show that row.
fn in_view(top: usize, row: usize, rows: usize) -> usize {
    top.clamp(row.saturating_sub(rows.max(1) - 1), row)
}
