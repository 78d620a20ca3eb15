//! The last line of the screen: a message, or which keys are useful now. PURE.
//! It does not know what the keys do.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hints::{self, Situation};
use super::put;
use crate::event::Phase;
use crate::model::{Known, Playback, State};
use crate::text::{middle_cut, sanitized, width};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Follow, Overlay, Viewer};

/// Draws the line.
pub(super) fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let area = put(buf, area, " ", theme.style(Role::Text));
    if let Some(toast) = &viewer.toast {
        let text = middle_cut(&sanitized(&toast.text), area.width.into(), theme.glyphs().ellipsis);
        put(buf, area, &text, theme.style(Role::Strong));
        return;
    }
    let all = hints::of(&Situation::of(state, viewer));
    let room = usize::from(area.width);
    // The longest introduction that leaves room for the three most useful keys.
    let least = hints::columns(&hints::fitting(all.clone(), room.min(24)));
    let intro = intros(state, viewer).into_iter().find(|intro| width(intro) + 2 + least <= room).unwrap_or_default();
    let mut rest = area;
    if !intro.is_empty() {
        rest = put(buf, rest, &intro, theme.style(Role::Strong));
        rest = put(buf, rest, "  ", theme.style(Role::Text));
    }
    hints::render(rest, buf, &hints::fitting(all, rest.width.into()), theme);
}

/// What should be said before the keys, from long to short.
fn intros(state: &State, viewer: &Viewer) -> Vec<Cow<'static, str>> {
    match &viewer.replay {
        Some(playback) if viewer.overlay == Overlay::None => of_replay(playback, viewer),
        Some(_) => Vec::new(),
        None => of_live(state, viewer).iter().map(|&intro| intro.into()).collect(),
    }
}

fn of_replay(playback: &Playback, viewer: &Viewer) -> Vec<Cow<'static, str>> {
    let at_the_end = playback.position >= playback.end;
    match &playback.known {
        _ if viewer.follow == Follow::Frozen => vec!["The view is frozen.".into(), "View frozen.".into()],
        Known::Damaged { why } => {
            let why = sanitized(why);
            vec![format!("{why}; what came before is shown.").into(), format!("{why}.").into(), "DAMAGED".into()]
        }
        Known::CutOff if at_the_end => vec!["The run was cut off here.".into(), "CUT OFF".into()],
        Known::Whole if at_the_end => vec!["REPLAY, at the run's end".into(), "REPLAY".into()],
        _ => vec!["REPLAY".into()],
    }
}

fn of_live(state: &State, viewer: &Viewer) -> &'static [&'static str] {
    match (&viewer.overlay, state.phase, viewer.follow) {
        (Overlay::None, Phase::Ended, Follow::Frozen) => &["The view is frozen, the run has ended.", "View frozen."],
        (Overlay::None, _, Follow::Frozen) => &["The view is frozen, the run goes on.", "View frozen."],
        (Overlay::None, Phase::Ended, _) => {
            &["The run has ended; its results can be looked at until you quit.", "The run has ended.", "Ended."]
        }
        (Overlay::None, Phase::Stopping | Phase::Killing, _) => &["Ending what runs.", "Ending."],
        _ => &[],
    }
}
