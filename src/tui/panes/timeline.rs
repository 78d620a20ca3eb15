//! The timeline pane: one row a seat, one block an attempt, over the time of the run. PURE.
//! It does not know why an attempt was made; blocks that were forgotten are left blank, not shown as idle.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::event::{Elapsed, Phase};
use crate::model::{Block, BlockKind, LANE_BLOCKS_MAX, Lane, MarkerKind, State, Stretch};
use crate::task::Slot;
use crate::text::{middle_cut, sanitized, width};
use crate::tui::format::age;
use crate::tui::theme::{Glyphs, Role, Theme};
use crate::tui::viewer::{Pane, Viewer, Zoom};

use super::axis::{Axis, SPAN_US_ENDED_MIN, SPAN_US_MIN};
use super::draw::{Cursor, Frame, frame, hint, in_view, put, range_words, row};
use super::waits::seat;

/// A run longer than this is shown from its end.
const WINDOW_US: u64 = 60_000_000;

/// The fewest columns a title is legible in; in fewer, the task's number says more.
const TITLE_COLUMNS_MIN: usize = 9;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let (from, to) = window(state, viewer);
    let marks: Vec<(Elapsed, String)> = resizes(state, from, to);
    let inside = area.height.saturating_sub(2);
    // A line for the sizes, if that leaves three seats; and always one for the axis.
    let marked = u16::from(!marks.is_empty() && inside >= 5);
    let rows = inside.saturating_sub(1 + marked);
    let seats = seats(state, from, to, rows);
    let selected = viewer.worker.and_then(|worker| state.workers.seat_of(worker));
    let selected = selected.and_then(|slot| seats.iter().position(|&seat| seat == slot));
    let shown = in_view(seats.len(), rows, 0, selected);
    let extra = extra(state, from, &range_words(&shown, seats.len()), theme);
    let look = Frame { pane: Pane::Timeline, title: "Timeline", beside: "", extra: &extra };
    let inner = frame(buf, area, &look, viewer, theme);
    if seats.is_empty() {
        hint(buf, inner, "no worker has been here yet", theme);
        return;
    }
    let label = u16::try_from(state.timeline.lanes().len().max(1).ilog10() + 1).unwrap_or(1).max(2);
    let longest = seats.iter().map(|&slot| width(&seat_label(slot, state))).max().unwrap_or(0);
    let label = label.max(u16::try_from(longest).unwrap_or(0));
    let lanes = Rect { x: inner.x + label + 1, width: inner.width.saturating_sub(label + 1), ..inner };
    let axis = Axis { from, to, x: lanes.x, columns: lanes.width };
    // With room to spare, the seats stand a line apart.
    let pitch = if usize::from(rows) >= 2 * seats.len() { 2 } else { 1 };
    for (line, slot) in (0..rows).step_by(pitch).zip(&seats[shown]) {
        let chosen = selected.is_some_and(|at| seats[at] == *slot);
        let style = theme.style(if chosen { Role::HeadingSorted } else { Role::Dim });
        Cursor::new(buf, row(inner, line), 0).number(&seat_label(*slot, state), label, style);
        if let Some(lane) = state.timeline.lane(*slot) {
            render_lane(row(lanes, line), buf, lane, &axis, state, theme);
        }
    }
    let last = rows.min(u16::try_from(seats.len() * pitch).unwrap_or(rows));
    for (at, _) in &marks {
        render_moment(buf, lanes, last, axis.column(*at), theme);
    }
    if marked > 0 {
        axis.render_labels(buf, lanes.y + last, &marks, theme);
    }
    axis.render_ticks(buf, lanes.y + last + marked, theme);
}

/// The part of the run that is shown: all of it until it gets long, then its end; when it is over or zoomed, all again.
fn window(state: &State, viewer: &Viewer) -> (Elapsed, Elapsed) {
    let zoomed = viewer.zoom == Zoom::Focused && viewer.focus == Pane::Timeline;
    let whole = zoomed || state.phase == Phase::Ended || state.now.0 <= WINDOW_US;
    let from = if whole { 0 } else { state.now.0 - WINDOW_US };
    let least = if state.phase == Phase::Ended { SPAN_US_ENDED_MIN } else { SPAN_US_MIN };
    (Elapsed(from), Elapsed(state.now.0.max(from.saturating_add(least))))
}

fn resizes(state: &State, from: Elapsed, to: Elapsed) -> Vec<(Elapsed, String)> {
    let within = state.history.markers().iter().filter(|marker| (from..=to).contains(&marker.at));
    within
        .filter_map(|marker| match marker.kind {
            MarkerKind::Resize { from, to } => Some((marker.at, format!("{from}->{to}"))),
            MarkerKind::Loss | MarkerKind::Failure => None,
        })
        .collect()
}

/// The seats to show, the parent's own first: all if they fit, else only those somebody sat in during the window.
fn seats(state: &State, from: Elapsed, to: Elapsed, rows: u16) -> Vec<Slot> {
    let lane = |slot: &Slot| state.timeline.lane(*slot);
    let inside = [Slot::MAIN, Slot::PARENT].into_iter().filter(|slot| lane(slot).is_some());
    let numbered = (0_u16..).zip(state.timeline.lanes()).map(|(at, _)| Slot(at));
    let seats: Vec<Slot> = inside.chain(numbered).collect();
    if seats.len() <= usize::from(rows) {
        return seats;
    }
    let used = |slot: &Slot| {
        let last = lane(slot).and_then(|lane| lane.lives.back());
        last.is_some_and(|&(begun, left)| begun <= to && left.is_none_or(|left| left >= from))
    };
    seats.into_iter().filter(used).collect()
}

/// The seat's number, or that it is the parent's own.
fn seat_label(slot: Slot, state: &State) -> String {
    match state.workers.at(slot) {
        Some(worker) if worker.role.is_in_parent() => seat(worker),
        _ if slot.is_in_parent() => "parent".to_owned(),
        _ => slot.to_string(),
    }
}

fn extra(state: &State, from: Elapsed, range: &str, theme: &Theme) -> String {
    let window = if from.0 == 0 {
        format!("whole run, {}", age(state.now.since(Elapsed(0))))
    } else {
        format!("last {} s", WINDOW_US / 1_000_000)
    };
    if range.is_empty() { window } else { format!("{window} {} {range}", theme.glyphs().dot) }
}

fn render_lane(area: Rect, buf: &mut Buffer, lane: &Lane, axis: &Axis, state: &State, theme: &Theme) {
    let faint = theme.style(Role::Faint);
    let forgotten = lane.blocks.front().filter(|_| lane.blocks.len() >= LANE_BLOCKS_MAX).map(|block| block.from);
    for &(begun, left) in &lane.lives {
        let begun = forgotten.map_or(begun, |first| begun.max(first));
        for column in axis.columns_of(begun, left.unwrap_or(state.now)) {
            put(buf, (column, area.y), 1, theme.glyphs().dot, faint);
        }
    }
    // What went wrong is drawn last, so that no success hides it where both share a column.
    let well = |kind| matches!(kind, BlockKind::Running | BlockKind::Done);
    for block in lane.blocks.iter().filter(|block| well(block.kind)) {
        render_block(area, buf, block, axis, state, theme);
    }
    for block in lane.blocks.iter().filter(|block| !well(block.kind)) {
        render_block(area, buf, block, axis, state, theme);
    }
    for stretch in &lane.blocked {
        render_stretch(area, buf, stretch, axis, state, theme);
    }
}

/// Draws over the block of its task in the columns whose middle it covers: titles and edges stay.
fn render_stretch(area: Rect, buf: &mut Buffer, stretch: &Stretch, axis: &Axis, state: &State, theme: &Theme) {
    let glyphs = theme.glyphs();
    let style = theme.style(Role::BlockBlocked);
    let to = stretch.to.unwrap_or(state.now);
    for column in axis.columns_of(stretch.from, to) {
        let at = (column, area.y);
        let middle = axis.moment(column - axis.x).0.midpoint(axis.moment(column - axis.x + 1).0);
        let edge = buf.cell(at).is_none_or(|cell| cell.symbol() == glyphs.edges.0 || cell.symbol() == glyphs.edges.1);
        if edge || middle < stretch.from.0 || middle > to.0 {
            continue;
        }
        let bare = |cell: &str| cell == " " || cell == glyphs.trough;
        if bare(buf[at].symbol()) && !within_title(buf, at, glyphs) {
            put(buf, at, 1, glyphs.halted, style);
        } else {
            buf[at].set_style(Style::reset().patch(style));
        }
    }
}

/// Whether that blank stands between two words of a title.
fn within_title(buf: &Buffer, (x, y): (u16, u16), glyphs: &Glyphs) -> bool {
    let letter = |x: u16| {
        let symbol = buf.cell((x, y)).map_or(" ", |cell| cell.symbol());
        symbol.chars().any(char::is_alphanumeric) && symbol != glyphs.trough
    };
    x > 0 && letter(x - 1) && letter(x + 1)
}

fn render_block(area: Rect, buf: &mut Buffer, block: &Block, axis: &Axis, state: &State, theme: &Theme) {
    let to = if block.kind == BlockKind::Running { state.now } else { block.to };
    let columns = axis.columns_of(block.from, to);
    let glyphs = theme.glyphs();
    let (role, fill) = match block.kind {
        BlockKind::Running => (Role::BlockRunning, glyphs.trough),
        BlockKind::Done => (Role::BlockDone, " "),
        BlockKind::Failed => (Role::BlockFailed, glyphs.failed),
        BlockKind::Lost => (Role::BlockLost, glyphs.alert),
    };
    let style = theme.style(role);
    let edge = edge_style(style);
    let fill = if theme.fills_blocks() { fill } else { " " };
    let place = Rect { x: columns.start, width: columns.end.saturating_sub(columns.start), ..area };
    let bad = matches!(block.kind, BlockKind::Failed | BlockKind::Lost);
    match place.width {
        0 => {}
        1 | 2 if bad => {
            Cursor::new(buf, place, 0).text(glyphs.block(block.kind), edge).text(glyphs.edges.1, edge);
        }
        1 => {
            Cursor::new(buf, place, 0).text(glyphs.edges.0, edge);
        }
        columns => {
            let mut cursor = Cursor::new(buf, place, 0);
            cursor.text(glyphs.edges.0, edge);
            for _ in 2..columns {
                cursor.text(fill, style);
            }
            // A running block has no end yet.
            cursor.text(if block.kind == BlockKind::Running { fill } else { glyphs.edges.1 }, {
                if block.kind == BlockKind::Running { style } else { edge }
            });
            let within = Rect { x: place.x + 1, width: columns - 2, ..place };
            Cursor::new(buf, within, 0).text(&title(block, within.width, state, theme), style);
        }
    }
}

/// As much of the title as is legible, after a glyph where the attempt did not end well.
fn title(block: &Block, columns: u16, state: &State, theme: &Theme) -> String {
    let glyphs = theme.glyphs();
    let mark = match block.kind {
        BlockKind::Failed | BlockKind::Lost => glyphs.block(block.kind),
        BlockKind::Running | BlockKind::Done => "",
    };
    let room = columns.saturating_sub(u16::try_from(width(mark)).unwrap_or(0));
    let room = usize::from(room);
    let name = match state.task(block.task) {
        _ if block.count > 1 => format!("{} tasks", block.count),
        Some(task) if room >= TITLE_COLUMNS_MIN => sanitized(&task.spec.title()).into_owned(),
        _ => block.task.to_string(),
    };
    if width(&name) > room && room < TITLE_COLUMNS_MIN {
        return mark.to_owned();
    }
    format!("{mark}{}", middle_cut(&name, room, glyphs.ellipsis))
}

/// The half blocks at both ends have the block's colour on the screen's own.
fn edge_style(style: Style) -> Style {
    match style.bg {
        Some(colour) => Style::new().fg(colour),
        None => Style { add_modifier: style.add_modifier.difference(Modifier::REVERSED), ..style },
    }
}

/// A line through the seats at a moment; it passes behind the blocks.
fn render_moment(buf: &mut Buffer, lanes: Rect, rows: u16, column: u16, theme: &Theme) {
    for line in 0..rows {
        let at = (column, lanes.y + line);
        let free = buf.cell(at).is_some_and(|cell| cell.symbol() == " " || cell.symbol() == theme.glyphs().dot);
        if free && buf[at].bg == ratatui::style::Color::Reset && !buf[at].modifier.contains(Modifier::REVERSED) {
            put(buf, at, 1, theme.glyphs().moment, theme.style(Role::Marker));
        }
    }
}
