//! The charts pane: queue depth and throughput over the run, and throughput by pool size. PURE.
//! It does not know single tasks; it draws the run's history, whole, squeezed into its columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::event::Elapsed;
use crate::model::{Bucket, MarkerKind, SizeUse, State};
use crate::text::width;
use crate::tui::format::{bytes_per_s, count, eighths, per_s};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Pane, Viewer};
use crate::tui::wrap::wrap;

use super::axis::{Axis, SPAN_US_MIN};
use super::draw::{Cursor, Frame, frame, hint, put, row};

/// A pool size used for fewer seconds than this, of the run's own time, tells nothing: what ends then was begun at another.
const SIZE_S_MIN: u64 = 1;

/// Nor does one at which fewer tasks than this have ended.
const SIZE_ENDED_MIN: u64 = 3;

/// Sizes that do as much as the best but for this share are as good, and the smallest of them is best: as the advice has it.
const SAME: f64 = 0.05;

/// How many lines the advice may take.
const ADVICE_LINES_MAX: u16 = 3;

/// Throughput is averaged over at least this long, so that single tasks are no spikes.
const SMOOTH_US: u64 = 1_000_000;

/// Draws the pane: up to three boxes, one above the other.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let sizes = sizes(state);
    let advice = state.advice().map(|advice| wrap(&advice.text, area.width.saturating_sub(4))).unwrap_or_default();
    let Boxes { depth, speed, by_size, advised } = split(area, sizes.len(), advice.len());
    render_depth(depth, buf, state, viewer, theme);
    if let Some(speed) = speed {
        render_speed(speed, buf, state, viewer, theme);
    }
    if let Some(by_size) = by_size {
        render_sizes(by_size, buf, &sizes, &shortened(advice, advised, theme), state, viewer, theme);
    }
}

/// So many lines of it; that there is more is marked.
fn shortened(mut lines: Vec<String>, most: u16, theme: &Theme) -> Vec<String> {
    let most = usize::from(most);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push_str(theme.glyphs().ellipsis);
        }
    }
    lines
}

/// The boxes' places; where there is little room, the advice is cut, then throughput over time goes, then throughput by size.
fn split(area: Rect, sizes: usize, advised: usize) -> Boxes {
    let listed = u16::try_from(sizes).unwrap_or(u16::MAX).saturating_add(2);
    let advised = u16::try_from(advised).unwrap_or(u16::MAX).min(ADVICE_LINES_MAX);
    let cut = advised.min(2);
    // What is left for the boxes above, how high the list is at most, how many lines of advice.
    let tries =
        [(6, area.height / 3, advised), (6, area.height / 3, cut), (3, area.height.saturating_sub(3 + cut), cut)];
    let fits = |&(least, most, advised): &(u16, u16, u16)| {
        let by_size = listed.min(most.max(3)) + advised;
        (area.height >= by_size + least).then_some((by_size, advised))
    };
    let (by_size, advised) = tries.iter().find_map(fits).filter(|_| sizes > 0 || advised > 0).unwrap_or((0, 0));
    let rest = area.height - by_size;
    let (depth, speed) = if rest >= 6 { (rest / 2, rest - rest / 2) } else { (rest, 0) };
    let part = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
    let some = |part: Rect| (part.height > 0).then_some(part);
    Boxes { depth: part(0, depth), speed: some(part(depth, speed)), by_size: some(part(rest, by_size)), advised }
}

#[derive(Debug)]
struct Boxes {
    depth: Rect,
    speed: Option<Rect>,
    by_size: Option<Rect>,
    advised: u16,
}

fn render_depth(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let extra = format!("{} waiting", count(state.counts.waiting().into()));
    let look = Frame { pane: Pane::Charts, title: "Queue depth", beside: "", extra: &extra };
    let inner = frame(buf, area, &look, viewer, theme);
    let axis = axis(inner, state);
    let marks = resizes(state);
    // The sizes need a line of their own, but not at the price of half the chart.
    let labelled = u16::from(!marks.is_empty() && inner.height >= 3);
    let chart = Rect { y: inner.y + labelled, height: inner.height.saturating_sub(labelled), ..inner };
    let values =
        per_column(&axis, state, |buckets| f64::from(buckets.iter().map(|bucket| bucket.depth).max().unwrap_or(0)));
    render_bars(chart, buf, &values, Role::Depth, theme);
    render_moments(chart, buf, &axis, &marks, theme);
    if labelled > 0 {
        axis.render_labels(buf, inner.y, &marks, theme);
    }
}

fn render_speed(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let unit = Unit::of(state);
    let rate = state.rate();
    let now = if unit == Unit::Bytes { rate.bytes_per_s } else { rate.tasks_per_s };
    let extra = if state.phase >= crate::event::Phase::Closing { String::new() } else { unit.words(now) };
    let look = Frame { pane: Pane::Charts, title: "Throughput", beside: "", extra: &extra };
    let inner = frame(buf, area, &look, viewer, theme);
    let axis = axis(inner, state);
    // Without a pool there is no size.
    let stepped = u16::from(inner.height >= 2 && state.pool_used);
    let chart = Rect { height: inner.height.saturating_sub(stepped), ..inner };
    let values = smoothed(&axis, state, unit);
    render_bars(chart, buf, &values, Role::Speed, theme);
    render_moments(chart, buf, &axis, &resizes(state), theme);
    if stepped > 0 {
        render_steps(row(inner, inner.height - 1), buf, &axis, state, theme);
    }
}

/// The number of workers aimed at, as a line that says every new number where it begins.
fn render_steps(area: Rect, buf: &mut Buffer, axis: &Axis, state: &State, theme: &Theme) {
    let targets = per_column(axis, state, |buckets| f64::from(buckets.last().map_or(0, |bucket| bucket.target)));
    let glyphs = theme.glyphs();
    let mut cursor = Cursor::new(buf, area, 0);
    let mut before = None;
    let mut written = 0;
    for target in targets.iter().map_while(|target| *target) {
        if written > 0 {
            written -= 1;
        } else if before == Some(target.to_bits()) {
            cursor.text(glyphs.line, theme.style(Role::Faint));
        } else {
            let label = match before {
                None => format!("size {target:.0} "),
                Some(_) => format!("{}{target:.0} ", glyphs.moment),
            };
            cursor.text(&label, theme.style(Role::Marker));
            written = width(&label) - 1;
            before = Some(target.to_bits());
        }
    }
}

fn render_sizes(
    area: Rect,
    buf: &mut Buffer,
    sizes: &[(u32, SizeUse)],
    advice: &[String],
    state: &State,
    viewer: &Viewer,
    theme: &Theme,
) {
    let unit = Unit::of(state);
    let top = sizes.iter().map(|(_, used)| unit.rate(used)).fold(0.0, f64::max);
    let most = || sizes.iter().find(|(_, used)| unit.rate(used) >= top * (1.0 - SAME)).map(|&(size, _)| size);
    // Where bytes are drawn and tasks are what counts, the longest bar is the best of what is drawn.
    let agrees = unit == Unit::Tasks || state.unit() == crate::model::Unit::Bytes;
    let found = state.best_size().filter(|best| agrees && sizes.iter().any(|(size, _)| size == best));
    let best = found.or_else(most);
    let title = if theme.glyphs().border.horizontal_top.is_ascii() {
        "Throughput x pool size"
    } else {
        "Throughput × pool size"
    };
    let inner = frame(buf, area, &Frame { pane: Pane::Charts, title, beside: "", extra: "" }, viewer, theme);
    let digits = sizes.iter().map(|(size, _)| size.to_string().len()).max().unwrap_or(1);
    let advised = u16::try_from(advice.len()).unwrap_or(0).min(inner.height.saturating_sub(1));
    let listed = inner.height - advised;
    for (line, text) in (listed..inner.height).zip(advice) {
        Cursor::new(buf, row(inner, line), 0).text(text, theme.style(Role::Best));
    }
    let chosen = worth_showing(sizes, usize::from(listed), best, state.ready());
    for (line, (size, used)) in (0..listed).zip(chosen) {
        let rate = unit.rate(used);
        let winner = best == Some(*size) && sizes.len() > 1;
        let role = if winner { Role::Best } else { Role::Text };
        let figure = unit.words(rate);
        let mut cursor = Cursor::new(buf, row(inner, line), 0);
        cursor.text(&format!("size {size:>digits$} "), theme.style(role));
        let tail: u16 = if sizes.len() > 1 { 10 + 5 } else { 10 };
        let bar = cursor.left().saturating_sub(tail + 2);
        if bar >= 4 {
            let (left, right) = theme.glyphs().scale;
            let share = if top > 0.0 { rate / top } else { 0.0 };
            let filled = if winner { Role::Best } else { Role::Bar };
            cursor.text(left, theme.style(Role::Faint));
            cursor.bar(share, bar, theme.style(filled), theme).text(right, theme.style(Role::Faint));
        }
        cursor.number(&figure, 10, theme.style(role));
        if winner {
            cursor.text(" best", theme.style(Role::Best));
        }
    }
    if sizes.is_empty() {
        hint(buf, inner, "no size has been used for long enough", theme);
    }
}

/// The sizes that tell something, with what was got done at them.
fn sizes(state: &State) -> Vec<(u32, SizeUse)> {
    let used = state.history.by_size().iter();
    let enough_us = state.long_us(SIZE_S_MIN);
    let tells = |used: &SizeUse| used.time_us >= enough_us && used.done >= SIZE_ENDED_MIN;
    used.filter(|(size, used)| **size > 0 && tells(used)).map(|(&size, &used)| (size, used)).collect()
}

/// When there are more sizes than lines: the best, the present one, and those used longest, by size.
fn worth_showing(sizes: &[(u32, SizeUse)], lines: usize, best: Option<u32>, ready: u32) -> Vec<&(u32, SizeUse)> {
    let mut chosen: Vec<&(u32, SizeUse)> = sizes.iter().collect();
    let must = |size: u32| Some(size) == best || size == ready;
    chosen.sort_by_key(|(size, used)| std::cmp::Reverse((must(*size), used.time_us)));
    chosen.truncate(lines);
    chosen.sort_by_key(|(size, _)| *size);
    chosen
}

/// What throughput is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Bytes,
    Tasks,
}

impl Unit {
    /// Bytes, where most tasks are about bytes.
    fn of(state: &State) -> Self {
        let mostly_bytes = state.bytes_total > 0 && state.tasks_without_bytes < state.counts.total().div_ceil(2);
        if mostly_bytes { Self::Bytes } else { Self::Tasks }
    }

    fn rate(self, used: &SizeUse) -> f64 {
        match self {
            Self::Bytes => used.bytes_per_s(),
            Self::Tasks => used.tasks_per_s(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "drawn in eighths of a line")]
    fn amount(self, bucket: &Bucket) -> f64 {
        match self {
            Self::Bytes => bucket.bytes as f64,
            Self::Tasks => f64::from(bucket.done),
        }
    }

    fn words(self, rate: f64) -> String {
        match self {
            Self::Bytes => bytes_per_s(rate),
            Self::Tasks => per_s(rate),
        }
    }
}

fn axis(inner: Rect, state: &State) -> Axis {
    let to = Elapsed(state.now.0.max(SPAN_US_MIN));
    Axis { from: Elapsed(0), to, x: inner.x, columns: inner.width }
}

fn resizes(state: &State) -> Vec<(Elapsed, String)> {
    let markers = state.history.markers().iter();
    markers
        .filter_map(|marker| match marker.kind {
            MarkerKind::Resize { from, to } => Some((marker.at, format!("{from}->{to}"))),
            MarkerKind::Loss | MarkerKind::Failure => None,
        })
        .collect()
}

/// One value a column, from the buckets that fall into it; none for what is still to come.
fn per_column(axis: &Axis, state: &State, value: impl Fn(&[Bucket]) -> f64) -> Vec<Option<f64>> {
    let buckets = state.history.buckets();
    let step_us = state.history.bucket_us();
    let index = |at: Elapsed| usize::try_from(at.0 / step_us).unwrap_or(usize::MAX).min(buckets.len());
    (0..axis.columns)
        .map(|column| {
            let (from, to) = (axis.moment(column), axis.moment(column + 1));
            if from > state.now {
                return None;
            }
            let start = index(from).min(buckets.len().saturating_sub(1));
            let end = index(to).max(start + 1);
            Some(value(&buckets[start..end]))
        })
        .collect()
}

/// The rate in each column, averaged over the time before its end.
fn smoothed(axis: &Axis, state: &State, unit: Unit) -> Vec<Option<f64>> {
    let buckets = state.history.buckets();
    let step_us = state.history.bucket_us();
    (0..axis.columns)
        .map(|column| {
            let (from, to) = (axis.moment(column), axis.moment(column + 1).min(state.now));
            if from > state.now {
                return None;
            }
            let reach_us = (to.0.saturating_sub(from.0)).max(SMOOTH_US).max(step_us);
            let end = usize::try_from(to.0.div_ceil(step_us)).unwrap_or(usize::MAX).clamp(1, buckets.len());
            let reach = usize::try_from(reach_us.div_ceil(step_us)).unwrap_or(1).min(end);
            let amount: f64 = buckets[end - reach..end].iter().map(|bucket| unit.amount(bucket)).sum();
            let secs = Elapsed(step_us.saturating_mul(reach as u64)).secs();
            Some(amount / secs)
        })
        .collect()
}

/// Bars from below, the highest as high as the area.
fn render_bars(area: Rect, buf: &mut Buffer, values: &[Option<f64>], role: Role, theme: &Theme) {
    let top = values.iter().flatten().copied().fold(0.0_f64, f64::max);
    if top <= 0.0 || area.height == 0 {
        return;
    }
    let style = theme.style(role);
    for (x, value) in (area.x..area.right()).zip(values) {
        let filled = eighths(value.unwrap_or(0.0) / top, area.height);
        for line in 0..area.height {
            let here = filled.saturating_sub(u32::from(line) * 8).min(8);
            if here > 0 {
                let glyph = theme.glyphs().up[usize::try_from(here).unwrap_or(8)];
                put(buf, (x, area.bottom() - 1 - line), 1, glyph, style);
            }
        }
    }
}

/// A line at every change of size, behind the bars.
fn render_moments(area: Rect, buf: &mut Buffer, axis: &Axis, marks: &[(Elapsed, String)], theme: &Theme) {
    for (at, _) in marks {
        let x = axis.column(*at);
        for y in area.y..area.bottom() {
            if buf.cell((x, y)).is_some_and(|cell| cell.symbol() == " ") {
                put(buf, (x, y), 1, theme.glyphs().moment, theme.style(Role::Marker));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a size brings, and what is advised, is what a run that changes its size is watched for.
    #[test]
    fn sizes_and_advice_outlast_throughput_over_time() {
        let boxes = |height, sizes, advised| split(Rect::new(0, 0, 44, height), sizes, advised);
        let all = boxes(14, 2, 3);
        assert!(all.speed.is_some() && all.by_size.is_some_and(|area| area.height == 7), "{all:?}");
        let low = boxes(10, 5, 3);
        assert!(low.speed.is_none() && low.by_size.is_some_and(|area| area.height == 7), "{low:?}");
        assert_eq!((low.advised, low.depth.height), (2, 3));
        assert!(boxes(5, 5, 3).by_size.is_none() && boxes(20, 0, 0).by_size.is_none());
    }
}
