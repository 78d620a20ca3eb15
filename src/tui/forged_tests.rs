//! Whatever a record says, it can be drawn, and nothing of it reaches the terminal that a terminal obeys or a reader is fooled by.
//! `FORGED=10000 cargo test --release --lib tui::forged` draws so many states instead of a few.
//! It does not know how such states come about.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay;
use super::screen::{self, Layout};
use super::theme::{Background, Charset, Depth, Name, Theme};
use super::viewer::{
    Channel, Column, DetailOf, List, Overlay, Pane, SortOrder, TaskColumn, Viewer, WorkerColumn, Zoom,
};
use crate::model::State;
use crate::model::forged::Forger;
use crate::task::{ObjectId, TaskId};
use crate::text::sanitized;

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

fn drawn(state: &State, viewer: &Viewer, (columns, lines): (u16, u16), theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, columns, lines);
    let mut buf = Buffer::empty(area);
    screen::render(&mut buf, area, state, viewer, theme);
    if let Layout::Fits(places) = screen::layout(area, state, viewer) {
        overlay::render(area, places.footer, &mut buf, state, viewer, theme);
    }
    buf
}

/// Different for each turn: what is selected, how lists are sorted, what lies over them.
fn viewer(state: &State, focus: Pane, turn: usize) -> Viewer {
    let tasks = u32::try_from(state.tasks.len()).unwrap();
    let number = u32::try_from(turn).unwrap();
    let task = (!turn.is_multiple_of(3)).then(|| TaskId(number * 7 % (tasks + 1)));
    let worker = state.workers.iter().nth(turn % 5).map(|worker| worker.id);
    let channel = match worker {
        Some(worker) if turn.is_multiple_of(4) => Some(Channel::Wire(worker)),
        _ => Some(Channel::Object(ObjectId(u16::try_from(turn % (state.objects.len() + 1)).unwrap()))),
    };
    let overlay = match turn % 9 {
        0 => Overlay::Verdict { scroll: turn },
        1 => Overlay::Signals { task: task.unwrap_or(TaskId(0)), chosen: turn },
        2 => Overlay::ConfirmQuit,
        3 => Overlay::Filter { typed: "\u{202e}x".into() },
        _ => Overlay::None,
    };
    let order = if turn.is_multiple_of(2) { SortOrder::Ascending } else { SortOrder::Descending };
    Viewer {
        focus,
        zoom: if turn.is_multiple_of(2) { Zoom::Focused } else { Zoom::All },
        overlay,
        workers: List { top: turn, column: WorkerColumn::ALL[turn % WorkerColumn::ALL.len()], order },
        tasks: List { top: turn, column: TaskColumn::ALL[turn % TaskColumn::ALL.len()], order },
        filter: if turn.is_multiple_of(7) { "t".into() } else { String::new() },
        log_back: turn * 3,
        detail_of: if turn.is_multiple_of(2) { DetailOf::Task } else { DetailOf::Channel },
        detail_scroll: turn,
        channels_top: turn,
        channel,
        story_back: turn,
        worker,
        task,
        ..Viewer::default()
    }
}

/// The text of a cell is as safe as it can be made.
fn is_harmless(buf: &Buffer, what: &str) {
    for cell in buf.content() {
        let symbol = cell.symbol();
        assert!(sanitized(symbol) == symbol, "{symbol:?} is on the screen: {what}");
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_a_record_says_is_drawn_and_harmless() {
    let (first, count) = (number("FORGED_FROM").unwrap_or(0), number("FORGED").unwrap_or(12));
    for seed in first..first + count {
        let mut forger = Forger::new(seed);
        let (record, made_up) = forger.run(300, |_, _, _, _| {});
        let mut altered = State::new();
        for event in forger.altered(&record, 8) {
            let _ = altered.apply(&event);
        }
        for (at, state) in [made_up, altered].iter().enumerate() {
            for (pane, focus) in Pane::ALL.into_iter().enumerate() {
                for (size, place) in SIZES.into_iter().zip(0..) {
                    let turn = usize::try_from(seed % 97).unwrap() * 5 + at + pane * 3 + place;
                    let charset = if turn.is_multiple_of(5) { Charset::Ascii } else { Charset::Unicode };
                    let theme = Theme::new(Depth::True, Background::Dark, charset, Name::Auto);
                    let viewer = viewer(state, focus, turn);
                    let what = format!("seed {seed}, {focus:?} at {size:?}, turn {turn}");
                    is_harmless(&drawn(state, &viewer, size, &theme), &what);
                }
            }
        }
    }
}
