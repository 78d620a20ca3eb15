//! Why nothing can go on: the finding, who waits for whom, what would help, and what can be done. PURE.
//! It does not know what follows from an answer, nor how the finding was made.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, row, window};
use crate::model::State;
use crate::text::width;
use crate::tui::theme::{Role, Theme};
use crate::tui::wrap::wrap;

/// The widest the text gets; longer lines are hard to read.
const COLUMNS_MAX: u16 = 76;

/// What can be done, with its key.
const ANSWERS: [(&str, &str); 3] = [("T", "terminate and look"), ("q", "quit"), ("Esc", "look around")];

/// Draws the dialog.
pub(super) fn render(area: Rect, buf: &mut Buffer, scroll: usize, state: &State, theme: &Theme) {
    let columns = columns(area);
    let lines = lines(area, state);
    let answers = answers(columns);
    let rows = u16::try_from(lines.len() + 1 + answers.len()).unwrap_or(u16::MAX);
    let inside = window(area, buf, columns, rows, "Nothing can go on", theme);
    let below = u16::try_from(answers.len()).unwrap_or(u16::MAX).min(inside.height);
    // Without room for both, the line between text and answers goes first.
    let gap = u16::from(usize::from(inside.height) > lines.len().min(3) + answers.len());
    let text = Rect { height: inside.height.saturating_sub(below + gap), ..inside };
    let top = scroll.min(lines.len().saturating_sub(text.height.into()));
    for (at, (line, role)) in lines.iter().skip(top).take(text.height.into()).enumerate() {
        put(buf, row(text, at), line, theme.style(*role));
    }
    let (hidden_above, hidden_below) = (top > 0, lines.len() > top + usize::from(text.height));
    if gap > 0 && (hidden_above || hidden_below) {
        put(buf, row(inside, text.height.into()), "j k: more", theme.style(Role::Dim));
    }
    for (at, line) in answers.iter().enumerate() {
        let mut rest = row(inside, usize::from(text.height + gap) + at);
        for (at, (key, does)) in line.iter().enumerate() {
            let space = if at > 0 { "   " } else { "" };
            rest = put(buf, rest, space, theme.style(Role::Overlay));
            rest = put(buf, rest, key, theme.style(Role::Key));
            rest = put(buf, rest, &format!(" {does}"), theme.style(Role::Overlay));
        }
    }
}

/// The furthest the text can be scrolled on a screen of that size.
pub(in crate::tui) fn scroll_max(area: Rect, state: &State) -> usize {
    let rows = usize::from(area.height).saturating_sub(4 + answers(columns(area)).len());
    lines(area, state).len().saturating_sub(rows)
}

fn columns(area: Rect) -> u16 {
    area.width.saturating_sub(4).clamp(1, COLUMNS_MAX)
}

fn lines(area: Rect, state: &State) -> Vec<(String, Role)> {
    let Some(verdict) = &state.verdict else { return Vec::new() };
    let columns = columns(area);
    let mut lines: Vec<(String, Role)> = wrap(&verdict.text, columns).into_iter().map(|l| (l, Role::Failed)).collect();
    if !verdict.waits.is_empty() {
        lines.push((String::new(), Role::Overlay));
    }
    for wait in &verdict.waits {
        for (at, line) in wrap(untimed(wait), columns.saturating_sub(2)).into_iter().enumerate() {
            let mark = if at == 0 { "- " } else { "  " };
            lines.push((format!("{mark}{line}"), Role::Overlay));
        }
    }
    if let Some(advice) = &verdict.advice {
        lines.push((String::new(), Role::Overlay));
        lines.extend(wrap(advice, columns).into_iter().map(|line| (line, Role::Best)));
    }
    lines
}

/// A wait without the time it had lasted when this was found: what has gone by since then runs on in the panes.
fn untimed(wait: &str) -> &str {
    match wait.rsplit_once(" for ") {
        Some((rest, time)) if time.strip_suffix(" s").is_some_and(|secs| secs.parse::<f64>().is_ok()) => rest,
        _ => wait,
    }
}

/// The answers, in as many lines as they take.
fn answers(columns: u16) -> Vec<Vec<(&'static str, &'static str)>> {
    let mut lines: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    let mut used = 0;
    for answer in ANSWERS {
        let wide = width(answer.0) + 1 + width(answer.1) + 3;
        if used > 0 && used + wide > usize::from(columns) + 3 {
            lines.push(Vec::new());
            used = 0;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(answer);
        }
    }
    lines
}
