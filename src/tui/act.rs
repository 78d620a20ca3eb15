//! What keys, clicks and pastes do: changes of the view, and commands to ask for. PURE.
//! It does not know the terminal, and changes nothing of the run itself: it only says what to ask.

mod dialog;
mod mouse;
mod steer;
mod walk;

use ratatui::layout::Rect;

use super::input::Mouse;
use super::keymap::{Action, BINDINGS, Key, Mode, Run, Runs, lookup, steers};
use super::panes::header::stuck;
use super::screen::{self, Layout};
use super::theme::Theme;
use super::viewer::{
    Channel, Column, DetailOf, Follow, List, Overlay, Pane, SortOrder, Toast, VerdictSeen, Viewer, Zoom,
};
use crate::command::{Command, Resize};
use crate::event::{Elapsed, Phase};
use crate::model::{State, Wish};

/// What is said to whoever asks something of the pool of a recorded run.
const NOT_IN_A_REPLAY: &str = "this is a replay: what happened cannot be changed";

/// How long a message stays.
const TOAST_MS: u64 = 4000;

/// What follows from an action beyond the view.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Ask for this.
    Ask(Command),
    /// Ask this of whoever plays the recorded run.
    Wish(Wish),
    /// Leave the screen now.
    Leave,
    /// Leave the screen when the run has ended.
    LeaveAtEnd,
    /// Stay on the screen though the run was told to stop.
    Stay,
    /// Stop the program as Ctrl-Z does.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Put this on the clipboard.
    Copy(String),
}

/// What the person sees and what is really the case.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    /// The state on the screen; behind the live one while the view is frozen.
    pub shown: &'a State,
    /// The state as it is.
    pub live: &'a State,
    /// The whole screen.
    pub area: Rect,
    /// How things look; decides where long lines break.
    pub theme: &'a Theme,
    /// The clock of the screen.
    pub now: Elapsed,
}

/// What is to be done, or why not.
type Answer = Result<Vec<Effect>, String>;

impl Sight<'_> {
    fn layout(&self, viewer: &Viewer) -> Layout {
        screen::layout(self.area, self.shown, viewer)
    }
}

/// A key was pressed.
pub(super) fn on_key(key: Key, viewer: &mut Viewer, sight: &Sight<'_>) -> Vec<Effect> {
    let mode = Mode::of(&viewer.overlay);
    match (lookup(mode, Run::of(viewer), key), key.typed()) {
        (Some(Action::Tenth), Some(digit)) => {
            let tenths = digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
            vec![Effect::Wish(Wish::Tenth(tenths))]
        }
        (Some(Action::TypeSize), Some(digit)) => {
            let effects = act(Action::TypeSize, viewer, sight);
            dialog::type_text(digit.encode_utf8(&mut [0; 4]), viewer);
            effects
        }
        (Some(action), _) => act(action, viewer, sight),
        (None, Some(char)) if mode.takes_text() => {
            dialog::type_text(char.encode_utf8(&mut [0; 4]), viewer);
            Vec::new()
        }
        (None, _) if steers(mode, key) => {
            say(viewer, sight, NOT_IN_A_REPLAY);
            Vec::new()
        }
        (None, _) => Vec::new(),
    }
}

/// Text was pasted: into a line that takes text, else nowhere.
pub(super) fn on_paste(text: &str, viewer: &mut Viewer) {
    if Mode::of(&viewer.overlay).takes_text() {
        dialog::type_text(text.lines().next().unwrap_or_default(), viewer);
    }
}

/// The mouse did something.
pub(super) fn on_mouse(mouse: Mouse, viewer: &mut Viewer, sight: &Sight<'_>) -> Vec<Effect> {
    mouse::on_mouse(mouse, viewer, sight)
}

/// Does it, or leaves a message why not.
pub(super) fn act(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) -> Vec<Effect> {
    match answer(action, viewer, sight) {
        Ok(effects) => effects,
        Err(refusal) => {
            say(viewer, sight, refusal);
            Vec::new()
        }
    }
}

/// After the state has changed: lets go of what is no longer there.
pub(super) fn settle(viewer: &mut Viewer, sight: &Sight<'_>) {
    if viewer.toast.as_ref().is_some_and(|toast| sight.now >= toast.until) {
        viewer.toast = None;
    }
    if let Some(id) = viewer.worker
        && sight.shown.workers.get(id).is_none()
    {
        // Whoever took the seat is what the person had in view.
        let successor = sight.shown.workers.seat_of(id).and_then(|slot| sight.shown.workers.at(slot));
        viewer.worker = successor.map(|worker| worker.id);
    }
    if viewer.channel.is_none() {
        viewer.detail_of = DetailOf::Task;
    }
    if let Some(Channel::Wire(id)) = viewer.channel
        && sight.shown.workers.get(id).is_none()
    {
        viewer.channel = None;
    }
    settle_verdict(viewer, sight.live);
    viewer.task = viewer.task.filter(|&task| sight.shown.task(task).is_some());
    match viewer.overlay {
        Overlay::Signals { task, .. } if !steer::takes_signals(task, sight.live) => {
            viewer.overlay = Overlay::None;
            say(viewer, sight, format!("task {task} does not run any more"));
        }
        Overlay::ConfirmQuit if sight.live.phase == Phase::Ended => viewer.overlay = Overlay::None,
        Overlay::Size { .. } if sight.live.phase > Phase::Running => viewer.overlay = Overlay::None,
        _ => {}
    }
}

/// The verdict is shown once by itself, as soon as no other dialog is open; it goes away when it does not hold any more.
fn settle_verdict(viewer: &mut Viewer, live: &State) {
    if stuck(live).is_none() {
        viewer.verdict_seen = VerdictSeen::No;
        if matches!(viewer.overlay, Overlay::Verdict { .. }) {
            viewer.overlay = Overlay::None;
        }
    } else if viewer.verdict_seen == VerdictSeen::No && viewer.overlay == Overlay::None && viewer.replay.is_none() {
        viewer.verdict_seen = VerdictSeen::Yes;
        viewer.overlay = Overlay::Verdict { scroll: 0 };
    }
}

/// Leaves a message for a few seconds.
pub(super) fn say(viewer: &mut Viewer, sight: &Sight<'_>, text: impl Into<String>) {
    viewer.toast = Some(Toast { text: text.into(), until: sight.now.plus_ms(TOAST_MS) });
}

fn answer(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) -> Answer {
    let asks = |action| BINDINGS.iter().any(|binding| binding.action == action && binding.runs == Runs::Live);
    if viewer.replay.is_some() && asks(action) {
        return Err(NOT_IN_A_REPLAY.to_owned());
    }
    match action {
        Action::Wish(wish) => Ok(vec![Effect::Wish(wish)]),
        Action::Tenth => Err("0 to 9 jump to that many tenths of the run".to_owned()),
        Action::Grow => steer::resize(Resize::By(1), sight.live),
        Action::Shrink => steer::resize(Resize::By(-1), sight.live),
        Action::TypeSize => {
            steer::can_resize(sight.live)?;
            viewer.overlay = Overlay::Size { typed: String::new() };
            Ok(Vec::new())
        }
        Action::Tune => steer::tune(sight.live),
        Action::Terminate => steer::terminate(viewer, sight.live),
        Action::Verdict => {
            steer::is_stuck(sight.live)?;
            viewer.overlay = Overlay::Verdict { scroll: 0 };
            Ok(Vec::new())
        }
        Action::TogglePool => steer::toggle_pool(sight.live),
        Action::Drain => steer::drain(sight.live),
        Action::Replace => steer::replace(viewer, sight.live),
        Action::ToggleTask => steer::toggle_task(viewer, sight.live),
        Action::Stop => steer::stop(viewer, sight.live),
        Action::Kill => steer::kill(viewer, sight.live),
        Action::Signal => steer::open_signals(viewer, sight.live),
        Action::Retry => steer::retry(viewer, sight.live),
        Action::Copy => steer::copy(viewer, sight),
        Action::Quit | Action::QuitNow if viewer.replay.is_some() => Ok(vec![Effect::Leave]),
        Action::Quit => Ok(steer::quit(viewer, sight.live)),
        Action::QuitNow => Ok(steer::quit_now(viewer, sight.live)),
        Action::Suspend => Ok(vec![Effect::Suspend]),
        Action::Redraw => Ok(vec![Effect::Redraw]),
        Action::Accept | Action::Cancel | Action::Erase | Action::EraseAll => dialog::answer(action, viewer, sight),
        Action::Down | Action::Up | Action::PageDown | Action::PageUp | Action::First | Action::Last => {
            if viewer.overlay == Overlay::None {
                walk::step(action, viewer, sight);
            } else {
                dialog::choose(action, viewer, sight);
            }
            Ok(Vec::new())
        }
        Action::NextMatch => walk::match_step(Action::Down, viewer, sight),
        Action::PreviousMatch => walk::match_step(Action::Up, viewer, sight),
        Action::Detail => walk::show_detail(viewer, sight),
        other => {
            look(other, viewer, sight)?;
            Ok(Vec::new())
        }
    }
}

/// What changes only the view.
fn look(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) -> Result<(), String> {
    match action {
        Action::NextPane => viewer.focus = walk::pane_beside(viewer.focus, Pane::next, sight.shown),
        Action::PreviousPane => viewer.focus = walk::pane_beside(viewer.focus, Pane::previous, sight.shown),
        Action::Focus(pane) => viewer.focus = pane,
        Action::Zoom => {
            viewer.zoom = match viewer.zoom {
                Zoom::All => Zoom::Focused,
                Zoom::Focused => Zoom::All,
            }
        }
        Action::Timeline if viewer.focus == Pane::Timeline && viewer.zoom == Zoom::Focused => {
            viewer.focus = Pane::Workers;
            viewer.zoom = Zoom::All;
        }
        Action::Timeline => {
            viewer.focus = Pane::Timeline;
            viewer.zoom = Zoom::Focused;
        }
        Action::Freeze => {
            viewer.follow = match viewer.follow {
                Follow::Live => Follow::Frozen,
                Follow::Frozen => Follow::Live,
            }
        }
        Action::Filter => viewer.overlay = Overlay::Filter { typed: viewer.filter.clone() },
        Action::Help => viewer.overlay = Overlay::Help { chosen: 0, filter: String::new() },
        Action::Palette => viewer.overlay = Overlay::Palette { typed: String::new(), chosen: 0 },
        Action::SortLeft | Action::SortRight | Action::SortReverse => return sort(action, viewer),
        Action::Back => back(viewer),
        _ => {}
    }
    Ok(())
}

/// One step back towards the view as it was at the start.
fn back(viewer: &mut Viewer) {
    if viewer.toast.take().is_some() {
    } else if viewer.zoom == Zoom::Focused {
        viewer.zoom = Zoom::All;
    } else if viewer.focus == Pane::Detail {
        walk::leave_detail(viewer);
    } else if !viewer.filter.is_empty() {
        viewer.filter.clear();
    } else {
        viewer.task = None;
        viewer.worker = None;
        viewer.channel = None;
        viewer.log_back = 0;
        viewer.story_back = 0;
    }
}

fn sort(action: Action, viewer: &mut Viewer) -> Result<(), String> {
    match viewer.focus {
        Pane::Workers => sort_list(action, &mut viewer.workers),
        Pane::Tasks => sort_list(action, &mut viewer.tasks),
        _ => return Err("only workers and tasks can be sorted: Tab goes there".to_owned()),
    }
    Ok(())
}

fn sort_list<C: Column>(action: Action, list: &mut List<C>) {
    let count = C::ALL.len();
    let at = C::ALL.iter().position(|&column| column == list.column).unwrap_or(0);
    match action {
        Action::SortLeft => sort_by(C::ALL[(at + count - 1) % count], list),
        Action::SortRight => sort_by(C::ALL[(at + 1) % count], list),
        _ => reverse(list),
    }
}

fn sort_by<C: Column>(column: C, list: &mut List<C>) {
    list.column = column;
    list.order = column.order_first();
}

fn reverse<C>(list: &mut List<C>) {
    list.order = match list.order {
        SortOrder::Ascending => SortOrder::Descending,
        SortOrder::Descending => SortOrder::Ascending,
    };
}

#[cfg(test)]
mod tests;
