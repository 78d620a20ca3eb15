//! Which keys are worth their place in the footer now. PURE.
//! It does not know what else stands there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use crate::event::{PauseReason, Phase};
use crate::model::{Motion, State};
use crate::text::width;
use crate::tui::keymap::{BINDINGS, Mode, Run, When};
use crate::tui::panes::header::stuck;
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Follow, Viewer};

/// What decides which keys are useful.
pub(super) struct Situation {
    mode: Mode,
    run: Run,
    holds: Vec<When>,
}

impl Situation {
    /// In a dialog only its own keys matter.
    pub(super) fn dialog(mode: Mode) -> Self {
        Self { mode, run: Run::Live, holds: vec![When::Always] }
    }

    /// In a list that stands alone there is no run.
    pub(super) fn alone(mode: Mode, filtered: Option<When>) -> Self {
        Self { mode, run: Run::Live, holds: [When::Always, When::Ended].into_iter().chain(filtered).collect() }
    }

    pub(super) fn of(state: &State, viewer: &Viewer) -> Self {
        let mut holds = vec![When::Always];
        match (&viewer.replay, state.phase) {
            (Some(playback), _) => {
                let motion = if playback.motion == Motion::Paused { When::Still } else { When::Playing };
                holds.extend([When::Replay, motion]);
            }
            (None, phase) => holds.extend(Self::of_live(phase, state)),
        }
        if stuck(state).is_some() {
            holds.push(When::Stuck);
        }
        if viewer.follow == Follow::Frozen {
            holds.push(When::Frozen);
        }
        Self { mode: Mode::of(&viewer.overlay), run: Run::of(viewer), holds }
    }

    fn of_live(phase: Phase, state: &State) -> Vec<When> {
        match phase {
            Phase::Running | Phase::Draining => {
                let paused = state.is_paused_by(PauseReason::Asked);
                vec![When::Live, if paused { When::Paused } else { When::Working }]
            }
            Phase::Stopping | Phase::Killing => vec![When::Stopping],
            Phase::Closing | Phase::Ended => vec![When::Ended],
        }
    }
}

/// Some keys and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    rank: u8,
    keys: String,
    words: &'static str,
}

/// All that hold, in the order of the table; neighbours with the same words as one.
pub(super) fn of(situation: &Situation) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    let (mode, run) = (situation.mode, situation.run);
    for binding in BINDINGS.iter().filter(|binding| binding.modes.contains(&mode) && binding.is_for(run)) {
        for hint in binding.hints.iter().filter(|hint| situation.holds.contains(&hint.when)) {
            let key = binding.keys_shown_in(run);
            let key = key.split(' ').next().unwrap_or_default();
            match all.last_mut() {
                Some(last) if last.words == hint.words => {
                    last.keys.push(' ');
                    last.keys.push_str(key);
                }
                _ => all.push(Shown { rank: hint.rank, keys: key.to_owned(), words: hint.words }),
            }
        }
    }
    all
}

/// As many as fit into that many columns, the most useful; in the order they came in.
pub(super) fn fitting(mut hints: Vec<Shown>, room: usize) -> Vec<Shown> {
    while columns(&hints) > room {
        let Some((least, _)) = hints.iter().enumerate().max_by_key(|(_, hint)| hint.rank) else { break };
        hints.remove(least);
    }
    hints
}

/// How many columns they take.
pub(super) fn columns(hints: &[Shown]) -> usize {
    hints.iter().map(|hint| width(&hint.keys) + 1 + width(hint.words) + 2).sum::<usize>().saturating_sub(2)
}

/// Draws them from the left.
pub(super) fn render(area: Rect, buf: &mut Buffer, hints: &[Shown], theme: &Theme) {
    let mut rest = area;
    for (at, hint) in hints.iter().enumerate() {
        if at > 0 {
            rest = put(buf, rest, "  ", theme.style(Role::Dim));
        }
        rest = put(buf, rest, &hint.keys, theme.style(Role::Key));
        rest = put(buf, rest, &format!(" {}", hint.words), theme.style(Role::Dim));
    }
}
