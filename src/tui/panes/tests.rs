//! The whole screen as text at the sizes that matter, and what must hold whatever is shown.
//! It does not know how a terminal draws; it reads the cells.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Color;

use super::sample::{self, Story};
use super::{Hit, tasks, workers};
use crate::command::{Asker, Note, Weight};
use crate::event::{RunKind, What};
use crate::model::{State, Status};
use crate::task::{TaskId, TaskSpec, Work, WorkerId};
use crate::tui::screen::{self, Layout};
use crate::tui::theme::{Background, Charset, Depth, Name, Theme};
use crate::tui::viewer::{Column, Overlay, Pane, SortOrder, TaskColumn, Viewer, WorkerColumn, Zoom};

pub(super) const SIZES: [(u16, u16); 4] = [(120, 40), (80, 24), (40, 10), (200, 60)];

pub(super) fn colourful() -> Theme {
    Theme::new(Depth::True, Background::Dark, Charset::Unicode, Name::Auto)
}

pub(super) fn drawn(state: &State, viewer: &Viewer, (columns, lines): (u16, u16), theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, columns, lines);
    let mut buf = Buffer::empty(area);
    screen::render(&mut buf, area, state, viewer, theme);
    buf
}

/// The symbols line by line; what a wide one covers is left out.
pub(super) fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut x = buf.area.left();
        while x < buf.area.right() {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(crate::text::width(symbol)).unwrap().max(1);
        }
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    out
}

pub(super) fn snapshot(name: &str, state: &State, viewer: &Viewer, size: (u16, u16)) {
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text(&drawn(state, viewer, size, &colourful())));
}

fn every_state() -> Vec<(&'static str, State)> {
    vec![
        ("starting", sample::starting()),
        ("busy", sample::busy()),
        ("draining", sample::draining()),
        ("failures", sample::failures()),
        ("paused", sample::paused()),
        ("finished", sample::finished()),
        ("crowd", sample::many(64, 800)),
        ("empty", sample::empty()),
    ]
}

#[test]
fn screens_of_every_state() {
    for (name, state) in every_state() {
        for size in &SIZES[..3] {
            snapshot(name, &state, &Viewer::default(), *size);
        }
    }
    snapshot("busy", &sample::draining(), &Viewer::default(), SIZES[3]);
}

#[test]
fn every_pane_zoomed() {
    let state = sample::failures();
    for pane in Pane::ALL {
        let viewer = Viewer { focus: pane, zoom: Zoom::Focused, ..Viewer::default() };
        snapshot(&format!("zoomed_{pane:?}").to_lowercase(), &state, &viewer, (80, 24));
    }
}

#[test]
fn a_selected_failure_with_its_output() {
    let state = sample::failures();
    let task = state.failed[0];
    let mut viewer = Viewer { focus: Pane::Tasks, task: Some(task), filter: "failed".to_owned(), ..Viewer::default() };
    viewer.tasks.column = TaskColumn::Title;
    viewer.tasks.order = SortOrder::Descending;
    snapshot("selected_failure", &state, &viewer, SIZES[0]);
    viewer.focus = Pane::Detail;
    snapshot("selected_failure", &state, &viewer, SIZES[1]);
}

#[test]
fn ascii_alone_draws_the_frame() {
    let story =
        Story::begin("plain names", RunKind::Scenario, vec![TaskSpec::new(Work::Sleep { duration_ms: 700 }); 60]);
    let state = at_work(story);
    let theme = Theme::new(Depth::Ansi16, Background::Dark, Charset::Ascii, Name::Auto);
    for size in SIZES {
        let shown = text(&drawn(&state, &Viewer::default(), size, &theme));
        assert!(shown.is_ascii(), "{shown}");
        if size == SIZES[1] {
            insta::assert_snapshot!("ascii_80x24", shown);
        }
    }
}

fn at_work(mut story: Story) -> State {
    story.resize(3, Asker::Start).greet(3).work_until(4000).resize(5, Asker::Person).greet(2).work_until(7000);
    story.state
}

#[test]
fn a_record_that_failed_is_told_above_all_else_and_harmlessly() {
    let mut story = Story::downloads(4);
    story.resize(2, Asker::Start).greet(2).work_until(1000);
    story.tell(What::RecordingFailed { reason: "no space \u{1b}[2J left".into() });
    let shown = text(&drawn(&story.state, &Viewer::default(), SIZES[1], &colourful()));
    let line = shown.lines().nth(1).unwrap_or_default();
    assert!(line.contains("recording failed: no space"), "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.lines().any(|line| line.contains("no new task was started")), "{shown}");
}

#[test]
fn mono_has_no_colour_anywhere() {
    let theme = Theme::new(Depth::True, Background::Light, Charset::Unicode, Name::Mono);
    for (name, state) in every_state() {
        let buf = drawn(&state, &Viewer { worker: Some(WorkerId(0)), ..Viewer::default() }, SIZES[0], &theme);
        for cell in &buf.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}: {cell:?}");
        }
    }
}

#[test]
fn frames_stand_straight_whatever_the_names() {
    for (name, state) in every_state() {
        for size in SIZES {
            let viewer = Viewer::default();
            let buf = drawn(&state, &viewer, size, &colourful());
            let Layout::Fits(places) = screen::layout(buf.area, &state, &viewer) else { panic!("{size:?} fits") };
            for &(pane, area) in places.panes.iter().filter(|(pane, _)| *pane != Pane::Charts) {
                for y in area.top() + 1..area.bottom() - 1 {
                    for x in [area.left(), area.right() - 1] {
                        let symbol = buf[(x, y)].symbol();
                        assert!(matches!(symbol, "│" | "┃"), "{name} {size:?} {pane:?} at {x},{y}: {symbol:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_title_gets_a_control_character_into_a_cell() {
    let hostile = format!("a\x1b[31m\u{202e}{}\u{9b}\r\n\u{200b}b{}", "\u{301}".repeat(5000), "宽".repeat(300));
    let mut story =
        Story::begin(&hostile, RunKind::Command, vec![TaskSpec::new(Work::Nothing).named(hostile.as_str()); 30]);
    story.tell(What::Noted { note: Note::new(Weight::Error, hostile.as_str()) });
    let state = at_work(story);
    for zoom in [Zoom::All, Zoom::Focused] {
        for focus in Pane::ALL {
            for size in SIZES {
                let overlay = Overlay::Filter { typed: String::new() };
                let viewer = Viewer { focus, zoom, overlay, task: Some(TaskId(1)), ..Viewer::default() };
                for cell in &drawn(&state, &viewer, size, &colourful()).content {
                    let symbol = cell.symbol();
                    assert!(!symbol.chars().any(char::is_control) && symbol.chars().count() <= 16, "{symbol:?}");
                    assert!(!symbol.contains(['\u{202e}', '\u{200b}']), "{symbol:?}");
                }
            }
        }
    }
}

#[test]
fn every_size_is_drawn_and_the_focused_pane_is_always_there() {
    let states = [sample::busy(), sample::many(64, 800), sample::empty(), State::new()];
    for state in &states {
        for focus in Pane::ALL {
            for zoom in [Zoom::All, Zoom::Focused] {
                for columns in [0, 1, 39, 40, 59, 60, 99, 100, 159, 160, 230] {
                    for lines in [0, 1, 9, 10, 12, 16, 21, 24, 33, 70] {
                        let viewer = Viewer { focus, zoom, ..Viewer::default() };
                        let buf = drawn(state, &viewer, (columns, lines), &colourful());
                        match screen::layout(buf.area, state, &viewer) {
                            Layout::Fits(places) => check_places(&places, buf.area, focus),
                            Layout::TooSmall { .. } => assert!(columns < 40 || lines < 10),
                        }
                    }
                }
            }
        }
    }
}

/// Nothing overlaps, nothing is outside, no cell is left to nobody.
fn check_places(places: &screen::Places, area: Rect, focus: Pane) {
    assert!(places.panes.iter().any(|(pane, _)| *pane == focus), "{focus:?} at {area:?}");
    let mut cells = places.header.area() + places.gauge.area() + places.footer.area();
    for (at, (_, one)) in places.panes.iter().enumerate() {
        assert!(one.width > 0 && one.height >= 3 && area.intersection(*one) == *one, "{places:?}");
        assert!(places.panes[..at].iter().all(|(_, other)| !one.intersects(*other)), "{places:?}");
        cells += one.area();
    }
    assert_eq!(cells, area.area(), "{places:?}");
}

#[test]
fn too_small_a_screen_says_what_it_needs() {
    let buf = drawn(&sample::busy(), &Viewer::default(), (38, 9), &colourful());
    assert_eq!(text(&buf).lines().next(), Some("pooltop needs 40x10, this is 38x9"));
}

#[test]
fn a_click_finds_what_is_under_it() {
    let state = sample::busy();
    let mut viewer = Viewer { task: Some(TaskId(24)), ..Viewer::default() };
    let size = SIZES[0];
    let buf = drawn(&state, &viewer, size, &colourful());
    let layout = screen::layout(buf.area, &state, &viewer);
    let area = layout.area_of(Pane::Workers).unwrap();
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let hit = workers::hit(area, Position { x, y }, &state, &viewer);
            match hit {
                Some(Hit::Row(worker)) => {
                    let slot = state.workers.get(worker).unwrap().slot;
                    assert_eq!(buf[(area.x + 3, y)].symbol(), slot.to_string());
                }
                Some(Hit::Heading(_)) => assert_eq!(y, area.y + 1),
                None => {}
            }
        }
    }
    assert_eq!(layout.pane_at(area.x, area.y).map(|(pane, _)| pane), Some(Pane::Workers));
    let area = layout.area_of(Pane::Tasks).unwrap();
    let first = tasks::top(area, &state, &viewer);
    let under = |line| tasks::hit(area, Position { x: area.x + 5, y: area.y + line }, &state, &viewer);
    assert_eq!(under(2), tasks::order(&state, &viewer).get(first).map(Hit::Row));
    assert_eq!(under(1), Some(Hit::Heading(TaskColumn::Number)));
    viewer.filter = "no such task".to_owned();
    assert_eq!(tasks::hit(area, Position { x: area.x + 5, y: area.y + 2 }, &state, &viewer), None);
}

#[test]
fn every_heading_is_shown_where_there_is_room() {
    let state = sample::busy();
    let viewer = Viewer { zoom: Zoom::Focused, ..Viewer::default() };
    let shown = text(&drawn(&state, &viewer, SIZES[0], &colourful()));
    for column in WorkerColumn::ALL {
        assert!(shown.contains(column.heading()), "{column:?}");
    }
    let narrow = text(&drawn(&state, &viewer, SIZES[2], &colourful()));
    for column in [WorkerColumn::Slot, WorkerColumn::Pid, WorkerColumn::State, WorkerColumn::Task] {
        assert!(narrow.contains(column.heading()), "{column:?}");
    }
}

#[test]
fn workers_are_ordered_by_any_column() {
    let state = sample::draining();
    for &column in WorkerColumn::ALL {
        let mut viewer = Viewer::default();
        viewer.workers.column = column;
        let up = workers::order(&state, &viewer);
        viewer.workers.order = SortOrder::Descending;
        let mut down = workers::order(&state, &viewer);
        down.reverse();
        assert_eq!(up, down);
        assert_eq!(up.len(), state.workers.len());
    }
}

#[test]
fn the_live_view_keeps_the_edge_of_the_work_in_view() {
    let state = sample::many(64, 800);
    let viewer = Viewer { focus: Pane::Tasks, zoom: Zoom::Focused, ..Viewer::default() };
    let area = screen::layout(Rect::new(0, 0, 80, 24), &state, &viewer).area_of(Pane::Tasks).unwrap();
    let top = tasks::top(area, &state, &viewer);
    let shown = state.tasks.iter_from(top).take(tasks::rows(area).into());
    assert!(shown.clone().any(|task| task.status == Status::Running));
    assert!(shown.clone().any(|task| task.status == Status::Waiting));
}
