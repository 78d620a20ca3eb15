//! What keys do while something lies over the panes. PURE.
//! It does not know how the dialogs look.

use super::{Answer, Effect, Sight, act, say, steer};
use crate::command::{Command, Resize};
use crate::tui::keymap::{Action, Binding, Run};
use crate::tui::overlay::{help, palette, signals, verdict};
use crate::tui::viewer::{Overlay, Viewer};

/// How long a typed line may get.
const TYPED_CHARS_MAX: usize = 200;

/// How many digits a size may have.
const SIZE_DIGITS_MAX: usize = 4;

/// Accept, cancel, erase.
pub(super) fn answer(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) -> Answer {
    match action {
        Action::Accept => accept(viewer, sight),
        Action::Cancel => {
            if matches!(std::mem::take(&mut viewer.overlay), Overlay::Filter { .. }) {
                viewer.filter.clear();
            }
            Ok(Vec::new())
        }
        Action::Erase => {
            if let Some(text) = typed(viewer) {
                text.pop();
                start_again(viewer);
            }
            Ok(Vec::new())
        }
        _ => {
            if let Some(text) = typed(viewer) {
                text.clear();
                start_again(viewer);
            }
            Ok(Vec::new())
        }
    }
}

/// Text for the line that takes text. What is no digit is no size.
pub(super) fn type_text(text: &str, viewer: &mut Viewer) {
    let is_size = matches!(viewer.overlay, Overlay::Size { .. });
    let room = if is_size { SIZE_DIGITS_MAX } else { TYPED_CHARS_MAX };
    let Some(line) = typed(viewer) else { return };
    for char in text.chars().filter(|char| if is_size { char.is_ascii_digit() } else { !char.is_control() }) {
        if line.chars().count() < room {
            line.push(char);
        }
    }
    start_again(viewer);
}

/// Moves in the dialog's list.
pub(super) fn choose(action: Action, viewer: &mut Viewer, sight: &Sight<'_>) {
    let run = Run::of(viewer);
    let (count, page) = match &viewer.overlay {
        Overlay::Help { filter, .. } => (help::entries(filter, run).len(), help::page(sight.area)),
        Overlay::Palette { typed, .. } => (palette::entries(typed, run).len(), palette::page(sight.area)),
        Overlay::Signals { .. } => (signals::SIGNALS.len(), signals::SIGNALS.len()),
        Overlay::Verdict { .. } => {
            (verdict::scroll_max(sight.area, sight.live) + 1, usize::from(sight.area.height / 2).max(1))
        }
        _ => return,
    };
    let (Overlay::Help { chosen, .. }
    | Overlay::Palette { chosen, .. }
    | Overlay::Signals { chosen, .. }
    | Overlay::Verdict { scroll: chosen }) = &mut viewer.overlay
    else {
        return;
    };
    let last = count.saturating_sub(1);
    *chosen = match action {
        Action::Down => *chosen + 1,
        Action::Up => chosen.saturating_sub(1),
        Action::PageDown => *chosen + page,
        Action::PageUp => chosen.saturating_sub(page),
        Action::First => 0,
        _ => last,
    }
    .min(last);
}

fn accept(viewer: &mut Viewer, sight: &Sight<'_>) -> Answer {
    let of = Run::of(viewer);
    match std::mem::take(&mut viewer.overlay) {
        Overlay::None => Ok(Vec::new()),
        Overlay::Help { chosen, filter } => Ok(run(help::entries(&filter, of).get(chosen).copied(), viewer, sight)),
        Overlay::Palette { typed, chosen } => Ok(run(palette::entries(&typed, of).get(chosen).copied(), viewer, sight)),
        Overlay::Signals { task, chosen } => {
            let signal = signals::SIGNALS.get(chosen).map(|&signal| signal as i32);
            Ok(signal.map(|signal| Effect::Ask(Command::SignalTask(task, signal))).into_iter().collect())
        }
        Overlay::ConfirmQuit => Ok(steer::quit_now(viewer, sight.live)),
        Overlay::Verdict { .. } => super::answer(Action::Terminate, viewer, sight),
        Overlay::Filter { typed } => {
            viewer.filter = typed;
            viewer.focus = crate::tui::viewer::Pane::Tasks;
            Ok(Vec::new())
        }
        Overlay::Size { typed } => match typed.parse() {
            Ok(workers) => steer::resize(Resize::To(workers), sight.live),
            Err(_) => Err("no number was typed; the size stays".to_owned()),
        },
    }
}

fn run(binding: Option<&'static Binding>, viewer: &mut Viewer, sight: &Sight<'_>) -> Vec<Effect> {
    match binding {
        None => Vec::new(),
        Some(binding) if binding.is_offered() => act(binding.action, viewer, sight),
        Some(_) => {
            say(viewer, sight, "that key works in dialogs only");
            Vec::new()
        }
    }
}

fn typed(viewer: &mut Viewer) -> Option<&mut String> {
    match &mut viewer.overlay {
        Overlay::Help { filter: typed, .. }
        | Overlay::Palette { typed, .. }
        | Overlay::Filter { typed }
        | Overlay::Size { typed } => Some(typed),
        Overlay::None | Overlay::Signals { .. } | Overlay::ConfirmQuit | Overlay::Verdict { .. } => None,
    }
}

/// Another text, another list: its first line is chosen.
fn start_again(viewer: &mut Viewer) {
    if let Overlay::Help { chosen, .. } | Overlay::Palette { chosen, .. } = &mut viewer.overlay {
        *chosen = 0;
    }
}
