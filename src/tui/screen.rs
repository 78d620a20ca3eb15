//! Where everything is on the screen, and the drawing of it all. PURE.
//! It does not know keys, overlays or the terminal; the footer's line is left to others.
//!
//! From 100 columns on (120x40 here):
//!
//! ```text
//!  pooltop  title   RUNNING 00:12.4   workers 4 -> 6 (2 starting)   queue 183   done 61/250   failed 1
//!  ██████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░  24.4 %   412 MB/s   5.2 tasks/s   ETA 0:36
//! ╭ Workers ──────────────────────────────────────╮╭ Queue depth ───────────────╮
//! │                                               │╰────────────────────────────╯
//! │                                               │╭ Throughput ────────────────╮   the three boxes are
//! │                                               │╰────────────────────────────╯   one pane: Charts
//! │                                               │╭ Throughput x pool size ────╮
//! ╰───────────────────────────────────────────────╯╰────────────────────────────╯
//! ╭ Timeline ───────────────────────────────────────────────────────────────────╮
//! ╰─────────────────────────────────────────────────────────────────────────────╯
//! ╭ Tasks ───────────────────────────────╮╭ Detail ─────────────────────────────╮
//! ╰──────────────────────────────────────╯╰─────────────────────────────────────╯
//! ╭ Log ────────────────────────────────────────────────────────────────────────╮   from 160 columns on
//! ╰─────────────────────────────────────────────────────────────────────────────╯   below Detail
//!  footer
//! ```
//!
//! A run with objects has a row Channels below the first one. A run with a story shows it where the charts are, if what it is
//! about is functions that talk to each other, and else in the place of Detail; the focus on what was there brings that back.
//!
//! Below 100 columns every pane has the whole width: Workers, Timeline, Tasks, Log, as many as there are lines for. Below 60
//! there are two at most. The focused pane is always one of those shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::command::Weight;
use crate::event::Phase;
use crate::model::{MarkerKind, State};
use crate::task::{ObjectKind, Slot};

use super::panes;
use super::theme::{Role, Theme};
use super::viewer::{Pane, Viewer, Zoom};
use super::wrap::wrap;

/// The least the screen must have.
pub const COLUMNS_MIN: u16 = 40;
/// See [`COLUMNS_MIN`].
pub const LINES_MIN: u16 = 10;

/// Below this, panes stand one above the other and the charts are not shown.
const WIDE: u16 = 100;
/// Below this, two panes at most are shown.
const NARROW: u16 = 60;
/// From here on, the log stands beside the tasks.
const VERY_WIDE: u16 = 160;

/// From this height on the bar of a replay has a line for throughput above it.
const SCRUB_TWO_FROM: u16 = 20;

/// From this height on there is a log beside panes that talk.
const LOG_FROM: u16 = 44;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// There is room.
    Fits(Places),
    /// There is not; one line says what is needed.
    TooSmall {
        /// Where that line goes.
        area: Rect,
    },
}

/// The places of a screen that is large enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// One line: how the run is.
    pub header: Rect,
    /// One line: how far it is.
    pub gauge: Rect,
    /// The panes that are shown, in the order of reading.
    pub panes: Vec<(Pane, Rect)>,
    /// One line or two, in a replay: which instant is shown.
    pub scrub: Option<Rect>,
    /// One line: which keys there are.
    pub footer: Rect,
}

impl Layout {
    /// The pane under that cell.
    pub fn pane_at(&self, column: u16, line: u16) -> Option<(Pane, Rect)> {
        let at = ratatui::layout::Position { x: column, y: line };
        self.panes().iter().find(|(_, area)| area.contains(at)).copied()
    }

    /// Where that pane is, if it is shown.
    pub fn area_of(&self, pane: Pane) -> Option<Rect> {
        self.panes().iter().find(|(shown, _)| *shown == pane).map(|&(_, area)| area)
    }

    /// The panes that are shown.
    pub fn panes(&self) -> &[(Pane, Rect)] {
        match self {
            Self::Fits(places) => &places.panes,
            Self::TooSmall { .. } => &[],
        }
    }
}

/// Where everything goes.
pub fn layout(area: Rect, state: &State, viewer: &Viewer) -> Layout {
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        return Layout::TooSmall { area };
    }
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    let low = area.height < SCRUB_TWO_FROM;
    let bar = viewer.replay.as_ref().map_or(0, |_| if low { 1 } else { 2 });
    let body = Rect { y: area.y + 2, height: area.height - 3 - bar, ..area };
    let scrub = (bar > 0).then_some(Rect { y: body.bottom(), height: bar, ..area });
    let panes = match viewer.zoom {
        Zoom::Focused => vec![(viewer.focus, body)],
        Zoom::All => stack(body, &rows(body, state, viewer)),
    };
    Layout::Fits(Places { header: line(0), gauge: line(1), panes, scrub, footer: line(area.height - 1) })
}

/// Draws header, gauge and panes; not the footer.
pub fn render(buf: &mut Buffer, area: Rect, state: &State, viewer: &Viewer, theme: &Theme) {
    match layout(area, state, viewer) {
        Layout::TooSmall { area } => {
            let text = format!("pooltop needs {COLUMNS_MIN}x{LINES_MIN}, this is {}x{}", area.width, area.height);
            for (y, line) in (area.y..area.bottom()).zip(wrap(&text, area.width)) {
                panes::put(buf, (area.x, y), area.width, &line, theme.style(Role::Text));
            }
        }
        Layout::Fits(places) => {
            panes::header::render(places.header, buf, state, viewer, theme);
            panes::header::render_gauge(places.gauge, buf, state, viewer, theme);
            if let (Some(area), Some(playback)) = (places.scrub, &viewer.replay) {
                panes::scrub::render(area, buf, playback, theme);
            }
            for (pane, area) in places.panes {
                panes::render(pane, area, buf, state, viewer, theme);
            }
        }
    }
}

/// What shares a strip of the screen's height.
#[derive(Clone, Copy, Debug)]
enum Content {
    One(Pane),
    /// The first has so many hundredths of the width.
    Beside(Pane, u16, Pane),
    /// The first is at the left, with so many hundredths of the width; the others stand one above the other.
    BesideTwo(Pane, u16, [Pane; 2]),
}

/// A strip of the screen.
#[derive(Clone, Copy, Debug)]
struct Row {
    content: Content,
    /// Fewer lines than this are not worth having.
    lines_min: u16,
    /// More than this help only those that can scroll.
    lines_wanted: u16,
    /// How large its share is of what nobody asked for.
    growth: u16,
    /// Whatever has the highest goes first when there is no room.
    rank: u8,
}

impl Row {
    fn of(content: Content, lines_min: u16, lines_wanted: u16, growth: u16, rank: u8) -> Self {
        Self { content, lines_min, lines_wanted: lines_wanted.max(lines_min), growth, rank }
    }

    fn has(&self, pane: Pane) -> bool {
        match self.content {
            Content::One(one) => one == pane,
            Content::Beside(left, _, right) => left == pane || right == pane,
            Content::BesideTwo(left, _, right) => left == pane || right.contains(&pane),
        }
    }
}

/// The rows that fit, in the order of reading.
fn rows(body: Rect, state: &State, viewer: &Viewer) -> Vec<Row> {
    let cast = Cast::of(body, state, viewer);
    let mut rows = if body.width >= WIDE { wide_rows(body, state, cast) } else { stacked_rows(body, state, cast) };
    let needed = |rows: &[Row]| rows.iter().map(|row| row.lines_min).sum::<u16>();
    let count_max = if body.width < NARROW { 2 } else { rows.len() };
    while rows.len() > 1 && (needed(&rows) > body.height || rows.len() > count_max) {
        let unfocused = rows.iter().enumerate().filter(|(_, row)| !row.has(viewer.focus));
        let Some((first_to_go, _)) = unfocused.max_by_key(|(_, row)| row.rank) else { break };
        rows.remove(first_to_go);
    }
    rows
}

/// Which panes a run calls for beyond those every run has.
#[derive(Clone, Copy, Debug)]
struct Cast {
    /// Whether it is about functions that talk to each other, rather than about throughput.
    talks: Talks,
    /// Whether there is a row of channels.
    channels: Shown,
    /// Whether there is a story, or it was asked for.
    story: Shown,
    /// Whether the log was asked for, or has room.
    log: Shown,
    /// Whether the log has something to say that must not stay unseen.
    trouble: Shown,
    /// What stands beside the workers.
    side: Pane,
    /// What stands beside the tasks.
    low: Pane,
}

/// See [`Cast::talks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talks {
    Yes,
    No,
}

/// Whether a pane has a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Yes,
    No,
}

impl Cast {
    fn of(body: Rect, state: &State, viewer: &Viewer) -> Self {
        let shown = |condition: bool| if condition { Shown::Yes } else { Shown::No };
        // What shares a link is about throughput, and the charts tell it.
        let mut objects = state.objects.iter().map(|(_, object)| &object.spec.kind);
        let talk = state.main.is_some() || objects.any(|kind| !matches!(kind, ObjectKind::Link { .. }));
        let told = panes::story::has_story(state);
        let focus = viewer.focus;
        let side = if told && talk && focus != Pane::Charts { Pane::Story } else { Pane::Charts };
        let chosen = match focus {
            Pane::Detail | Pane::Channels => true,
            Pane::Tasks => viewer.task.is_some(),
            Pane::Workers => viewer.worker.is_some(),
            _ => false,
        };
        let log = shown(body.height >= LOG_FROM || focus == Pane::Log);
        let told_of_trouble = state.log.lines().iter().any(|line| line.weight >= Weight::Warning);
        // What is stuck says so above, and what is blocked deserves its detail.
        let told_of_trouble = told_of_trouble && panes::header::stuck(state).is_none();
        // In the end, what happened says more than how to select a task.
        let told_of_trouble = told_of_trouble || (state.phase == Phase::Ended && !state.log.lines().is_empty());
        let explained = chosen || !state.failed.is_empty();
        let low = match side {
            // What went wrong, and belongs to no task, must not stay unseen.
            Pane::Story if told_of_trouble && !explained && log == Shown::No && body.width < VERY_WIDE => Pane::Log,
            Pane::Story => Pane::Detail,
            _ if focus == Pane::Story || (told && !talk && !chosen) => Pane::Story,
            _ => Pane::Detail,
        };
        Self {
            talks: if talk { Talks::Yes } else { Talks::No },
            channels: shown(!state.objects.is_empty() || focus == Pane::Channels),
            story: shown(told || focus == Pane::Story),
            log,
            trouble: shown(told_of_trouble),
            side,
            low,
        }
    }
}

fn wide_rows(body: Rect, state: &State, cast: Cast) -> Vec<Row> {
    let workers = workers_wanted(body, state, 12);
    let timeline = timeline_wanted(body, state);
    // Prose needs more room than bars.
    let share = if cast.side == Pane::Story { 58 } else { 64 };
    let mut rows = vec![Row::of(Content::Beside(Pane::Workers, share, cast.side), workers.min(8), workers, 1, 0)];
    if cast.channels == Shown::Yes {
        rows.push(channels_row(body, state));
    }
    rows.push(Row::of(Content::One(Pane::Timeline), 5, timeline, 0, 3));
    if body.width >= VERY_WIDE {
        let bottom = Content::BesideTwo(Pane::Tasks, 50, [cast.low, Pane::Log]);
        rows.push(Row::of(bottom, 8, 16, 3, 1));
        return rows;
    }
    rows.push(Row::of(Content::Beside(Pane::Tasks, 55, cast.low), 6, 10, 4, 1));
    // Where functions talk, there is more to show than what was notable; the log comes where there is room.
    if cast.talks == Talks::No || cast.log == Shown::Yes {
        rows.push(Row::of(Content::One(Pane::Log), 4, 6, 1, 2));
    }
    rows
}

fn stacked_rows(body: Rect, state: &State, cast: Cast) -> Vec<Row> {
    let workers = workers_wanted(body, state, 5);
    let mut rows = vec![Row::of(Content::One(Pane::Workers), workers.min(7), workers, 0, 0)];
    if cast.channels == Shown::Yes {
        rows.push(channels_row(body, state));
    }
    if cast.story == Shown::Yes {
        // What functions say to each other matters more than lists of tasks; other runs keep what they have.
        rows.push(match cast.talks {
            Talks::Yes => Row::of(Content::One(Pane::Story), 8, 12, 3, 0),
            Talks::No => Row::of(Content::One(Pane::Story), 5, 8, 1, 3),
        });
    }
    let told = cast.talks == Talks::Yes && cast.trouble == Shown::Yes;
    rows.extend([
        Row::of(Content::One(Pane::Charts), 8, 11, 0, 6),
        Row::of(Content::One(Pane::Timeline), 5, timeline_wanted(body, state), 0, 2),
        Row::of(Content::One(Pane::Tasks), 6, 8, 3, 1),
        Row::of(Content::One(Pane::Detail), 6, 9, 1, 5),
        Row::of(Content::One(Pane::Log), 4, 6, 1, if told { 0 } else { 4 }),
    ]);
    rows
}

/// As high as needed for all objects, and for some of the connections below them.
fn channels_row(body: Rect, state: &State) -> Row {
    let objects = u16::try_from(state.objects.len()).unwrap_or(u16::MAX);
    let all = u16::try_from(panes::channels::worth(state)).unwrap_or(u16::MAX);
    let most = (body.height / 4).max(6);
    let least = objects.saturating_add(3).clamp(4, most);
    Row::of(Content::One(Pane::Channels), least, all.saturating_add(3).min(most), 0, 1)
}

/// As high as needed for all workers, but never so high that nothing else has room.
fn workers_wanted(body: Rect, state: &State, least: u16) -> u16 {
    let seats = u16::try_from(state.workers.len()).unwrap_or(u16::MAX);
    let seats = seats.max(u16::try_from(state.target).unwrap_or(u16::MAX));
    seats.saturating_add(3).clamp(least, (body.height * 9 / 20).max(least))
}

fn timeline_wanted(body: Rect, state: &State) -> u16 {
    let inside = [Slot::MAIN, Slot::PARENT].into_iter().filter(|slot| state.timeline.lane(*slot).is_some()).count();
    let lanes = u16::try_from(state.timeline.lanes().len() + inside).unwrap_or(u16::MAX);
    let resized = state.history.markers().iter().any(|marker| matches!(marker.kind, MarkerKind::Resize { .. }));
    lanes.saturating_add(3 + u16::from(resized)).clamp(5, (body.height / 3).max(6))
}

/// Gives every row its lines: first the least, then what it wants, line by line, then the rest by growth.
fn stack(body: Rect, rows: &[Row]) -> Vec<(Pane, Rect)> {
    let mut lines: Vec<u16> = rows.iter().map(|row| row.lines_min).collect();
    let mut spare = body.height.saturating_sub(lines.iter().sum());
    while spare > 0 {
        let neediest =
            (0..rows.len()).max_by_key(|&at| (rows[at].lines_wanted.saturating_sub(lines[at]), rows.len() - at));
        let Some(neediest) = neediest.filter(|&at| rows[at].lines_wanted > lines[at]) else { break };
        lines[neediest] += 1;
        spare -= 1;
    }
    let growth: u16 = rows.iter().map(|row| row.growth).sum();
    for (row, lines) in rows.iter().zip(&mut lines) {
        *lines += (spare * row.growth).checked_div(growth).unwrap_or(0);
    }
    // What division leaves over goes to the row that can use it best, the last that grows, or else the last.
    let left = body.height.saturating_sub(lines.iter().sum());
    let taker = (0..rows.len()).max_by_key(|&at| (rows[at].growth, at)).unwrap_or(0);
    if let Some(lines) = lines.get_mut(taker) {
        *lines += left;
    }
    let mut y = body.y;
    let mut places = Vec::new();
    for (row, lines) in rows.iter().zip(lines) {
        let area = Rect { y, height: lines.min(body.bottom().saturating_sub(y)), ..body };
        y += area.height;
        place(area, row.content, &mut places);
    }
    places
}

fn place(area: Rect, content: Content, places: &mut Vec<(Pane, Rect)>) {
    let split = |hundredths: u16| {
        let columns = u32::from(area.width) * u32::from(hundredths) / 100;
        let columns = u16::try_from(columns).unwrap_or(area.width);
        (Rect { width: columns, ..area }, Rect { x: area.x + columns, width: area.width - columns, ..area })
    };
    match content {
        Content::One(pane) => places.push((pane, area)),
        Content::Beside(left, hundredths, right) => {
            let (left_area, right_area) = split(hundredths);
            places.extend([(left, left_area), (right, right_area)]);
        }
        Content::BesideTwo(left, hundredths, [upper, lower]) => {
            let (left_area, right_area) = split(hundredths);
            let above = right_area.height * 3 / 5;
            places.push((left, left_area));
            places.push((upper, Rect { height: above, ..right_area }));
            places.push((lower, Rect { y: right_area.y + above, height: right_area.height - above, ..right_area }));
        }
    }
}
