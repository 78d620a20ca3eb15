//! The question before something is lost. PURE.
//! It does not know what follows from the answer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, row, window};
use crate::model::{Source, State};
use crate::text::width;
use crate::tui::theme::{Role, Theme};

/// Draws the question whether to quit.
pub(super) fn render(area: Rect, buf: &mut Buffer, state: &State, theme: &Theme) {
    let lines = [tasks(state), grace(state)];
    let answers = [("y", "stop and quit"), ("n Enter", "go on")];
    let answer_columns: usize = answers.iter().map(|(key, does)| width(key) + width(does) + 1).sum::<usize>() + 3;
    let columns = lines.iter().map(|line| width(line)).chain([answer_columns]).max().unwrap_or(0);
    let inside = window(area, buf, u16::try_from(columns).unwrap_or(u16::MAX), 4, "Quit?", theme);
    for (at, line) in lines.iter().enumerate() {
        put(buf, row(inside, at), line, theme.style(Role::Overlay));
    }
    let mut rest = row(inside, 3);
    for (at, (key, does)) in answers.iter().enumerate() {
        if at > 0 {
            rest = put(buf, rest, "   ", theme.style(Role::Overlay));
        }
        rest = put(buf, rest, key, theme.style(Role::Key));
        rest = put(buf, rest, &format!(" {does}"), theme.style(Role::Overlay));
    }
}

fn tasks(state: &State) -> String {
    let running = match state.counts.in_flight() {
        0 => "No task is running".to_owned(),
        1 => "1 task is running".to_owned(),
        count => format!("{count} tasks are running"),
    };
    let waiting = state.counts.total() - state.counts.ended() - state.counts.in_flight();
    let more = if state.source == Source::Open { ", more may come" } else { "" };
    format!("{running}, {waiting} wait{more}.")
}

fn grace(state: &State) -> String {
    let grace_ms = state.policy.grace_ms;
    format!("They get TERM, and KILL after {}.{} s.", grace_ms / 1000, grace_ms % 1000 / 100)
}
