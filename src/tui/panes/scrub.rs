//! The bar of a replay: which instant is shown, how fast, what lies behind and ahead, and what is worth going to. PURE.
//! It does not know who plays the run.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::event::Elapsed;
use crate::model::{Known, MomentKind, Motion, Playback};
use crate::text::width;
use crate::tui::format::{clock, count, eighths, moment, share};
use crate::tui::theme::{Role, Theme};

use super::draw::{Cursor, put, row};

/// From this width on there is room for glyphs and tenths of seconds.
const WIDE: u16 = 60;

/// The words at both ends, and where the bar lies between them.
struct Parts {
    lead: String,
    bar: Rect,
    tail: String,
}

/// Draws the bar in the last line, and throughput above it if there is another.
pub fn render(area: Rect, buf: &mut Buffer, playback: &Playback, theme: &Theme) {
    if area.height == 0 {
        return;
    }
    let line = row(area, area.height - 1);
    let parts = parts(line, playback, theme);
    let style = theme.style(Role::Marker);
    Cursor::new(buf, line, 0).text(&parts.lead, style);
    render_bar(parts.bar, buf, playback, theme);
    let tail = Rect { x: parts.bar.right(), width: area.right() - parts.bar.right(), ..line };
    let look = if matches!(playback.known, Known::Damaged { .. }) { Role::Failed } else { Role::Text };
    Cursor::new(buf, tail, 0).text(&parts.tail, theme.style(look));
    if area.height > 1 {
        render_curve(Rect { y: area.y, ..parts.bar }, buf, playback, theme);
        let events = format!(" event {} ", count(playback.event));
        Cursor::new(buf, row(area, 0), 0).text(&events, theme.style(Role::Dim));
        let all = Rect { y: area.y, ..tail };
        Cursor::new(buf, all, 0).text(&format!(" of {}", count(playback.events)), theme.style(Role::Dim));
    }
}

/// The instant under that cell.
pub fn hit(area: Rect, at: Position, playback: &Playback, theme: &Theme) -> Option<Elapsed> {
    let bar = parts(row(area, area.height.checked_sub(1)?), playback, theme).bar;
    if bar.width == 0 || at.x < bar.x || at.x >= bar.right() {
        return None;
    }
    // The two ends are the two ends, however few columns there are.
    let steps = u128::from(bar.width.max(2) - 1);
    let us = u128::from(playback.end.0) * u128::from(at.x - bar.x) / steps;
    u64::try_from(us).ok().map(Elapsed)
}

fn parts(line: Rect, playback: &Playback, theme: &Theme) -> Parts {
    let wide = line.width >= WIDE;
    let glyphs = theme.glyphs();
    let (glyph, word) = match playback.motion {
        Motion::Following if playback.is_live() => (glyphs.busy, "LIVE"),
        Motion::Paused if playback.position >= playback.end => (glyphs.paused, "at the end"),
        Motion::Paused => (glyphs.paused, "paused"),
        Motion::Playing | Motion::Following => (glyphs.watch, "playing"),
    };
    let speed = f64::from(playback.speed_milli) / 1000.0;
    let (from, to) = (playback.position.since(Elapsed(0)), playback.end.since(Elapsed(0)));
    let lead = if wide {
        let words = format!("{glyph} {word} {speed}x");
        format!(" {words:<15} {} ", clock(from))
    } else {
        format!(" {word} {speed}x {} ", moment(from))
    };
    let what = match &playback.known {
        Known::Reading { per_mille } => format!(" reading {}%", per_mille / 10),
        Known::Growing => " so far".to_owned(),
        Known::Whole => String::new(),
        Known::CutOff => " cut off".to_owned(),
        Known::Damaged { .. } => " damaged".to_owned(),
    };
    let tail = if wide { format!(" {}{what} ", clock(to)) } else { format!(" {}", moment(to)) };
    let columns = |text: &str| u16::try_from(width(text)).unwrap_or(u16::MAX);
    let start = columns(&lead).min(line.width);
    let bar = line.width - start;
    let bar = Rect { x: line.x + start, width: bar.saturating_sub(columns(&tail)), ..line };
    Parts { lead, bar, tail }
}

fn render_bar(bar: Rect, buf: &mut Buffer, playback: &Playback, theme: &Theme) {
    let head = column(playback.position, bar, playback);
    let mut kinds: Vec<Option<MomentKind>> = vec![None; bar.width.into()];
    for moment in playback.moments.iter() {
        if let Some(kind) = kinds.get_mut(usize::from(column(moment.at, bar, playback))) {
            *kind = (*kind).max(Some(moment.kind));
        }
    }
    let glyphs = theme.glyphs();
    for (column, kind) in (0..bar.width).zip(kinds) {
        let (glyph, role) = match kind {
            _ if column == head => (glyphs.busy, Role::Strong),
            Some(kind) => mark(kind, theme),
            None if column < head => (glyphs.passed, Role::Bar),
            None => (glyphs.line, Role::Faint),
        };
        put(buf, (bar.x + column, bar.y), 1, glyph, theme.style(role));
    }
}

fn mark(kind: MomentKind, theme: &Theme) -> (&'static str, Role) {
    let glyphs = theme.glyphs();
    match kind {
        MomentKind::Resize => (glyphs.moment, Role::Marker),
        MomentKind::Failure => (glyphs.failed, Role::Failed),
        MomentKind::Loss => (glyphs.alert, Role::Failed),
        MomentKind::Resumed => (glyphs.starting, Role::Marker),
        MomentKind::Verdict => (glyphs.blocked, Role::Blocked),
    }
}

/// Tasks done in the time of each column.
fn render_curve(area: Rect, buf: &mut Buffer, playback: &Playback, theme: &Theme) {
    let mut done = vec![0_u64; area.width.into()];
    for (step, count) in playback.curve.iter().enumerate() {
        let at = Elapsed((step as u64).saturating_mul(playback.curve_step_us));
        if let Some(done) = done.get_mut(usize::from(column(at, area, playback))) {
            *done += u64::from(*count);
        }
    }
    let top = done.iter().copied().max().unwrap_or(0);
    for (x, done) in (area.x..area.right()).zip(done) {
        let filled = usize::try_from(eighths(share(done, top), 1)).unwrap_or(8).min(8);
        put(buf, (x, area.y), 1, theme.glyphs().up[filled], theme.style(Role::Speed));
    }
}

/// The column of an instant, from the bar's left end.
fn column(at: Elapsed, bar: Rect, playback: &Playback) -> u16 {
    let last = bar.width.saturating_sub(1);
    let column = u128::from(at.0) * u128::from(last) / u128::from(playback.end.0.max(1));
    u16::try_from(column).unwrap_or(last).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moment;
    use crate::tui::theme::{Background, Charset, Depth, Name};

    fn playback(position_s: u64, end_s: u64) -> Playback {
        let moment = |at_s: u64, kind| Moment { at: Elapsed(at_s * 1_000_000), kind };
        Playback {
            position: Elapsed(position_s * 1_000_000),
            end: Elapsed(end_s * 1_000_000),
            event: 12,
            events: 340,
            misses: 0,
            motion: Motion::Playing,
            speed_milli: 4000,
            known: Known::Whole,
            moments: [moment(20, MomentKind::Resize), moment(60, MomentKind::Loss)].into(),
            curve: [1, 2, 3, 4, 0, 0, 2, 2, 1, 1].into(),
            curve_step_us: 10_000_000,
            kept: None,
        }
    }

    fn drawn(columns: u16, playback: &Playback, charset: Charset) -> Vec<String> {
        let theme = Theme::new(Depth::Mono, Background::Dark, charset, Name::Auto);
        let area = Rect::new(0, 0, columns, 2);
        let mut buf = Buffer::empty(area);
        render(area, &mut buf, playback, &theme);
        (0..2).map(|y| (0..columns).map(|x| buf[(x, y)].symbol().to_owned()).collect()).collect()
    }

    #[test]
    fn the_bar_says_in_words_and_signs_where_one_is() {
        let lines = drawn(80, &playback(40, 100), Charset::Unicode);
        assert!(lines[1].starts_with(" ▸ playing 4x    00:40.0 ━"), "{lines:?}");
        assert!(lines[1].trim_end().ends_with("01:40.0"), "{lines:?}");
        for sign in ["┊", "!", "●", "─"] {
            assert_eq!(lines[1].matches(sign).count().min(1), 1, "{sign} {lines:?}");
        }
        assert!(lines[0].contains("event 12") && lines[0].contains("█"), "{lines:?}");
        let ascii = drawn(80, &Playback { known: Known::CutOff, ..playback(40, 100) }, Charset::Ascii);
        assert!(ascii.iter().all(|line| line.is_ascii()) && ascii[1].contains("cut off"), "{ascii:?}");
    }

    #[test]
    fn a_click_goes_to_the_instant_under_it() {
        let theme = Theme::new(Depth::Mono, Background::Dark, Charset::Unicode, Name::Auto);
        for columns in [40, 80, 120] {
            let (area, playback) = (Rect::new(0, 20, columns, 2), playback(40, 100));
            let bar = parts(row(area, 1), &playback, &theme).bar;
            let hit = |x| hit(area, Position { x, y: 21 }, &playback, &theme);
            assert_eq!((hit(bar.x), hit(bar.right() - 1)), (Some(Elapsed(0)), Some(playback.end)));
            assert_eq!((hit(0), hit(bar.right())), (None, None));
            for x in bar.x..bar.right() {
                assert!(column(hit(x).unwrap(), bar, &playback).abs_diff(x - bar.x) <= 1);
            }
        }
    }

    #[test]
    fn a_run_of_no_time_and_a_screen_of_no_room_are_drawn() {
        for columns in [0, 1, 5, 20, 40] {
            drawn(columns, &playback(0, 0), Charset::Unicode);
        }
    }
}
