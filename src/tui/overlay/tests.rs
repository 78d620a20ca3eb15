//! Dialogs and footer as text at the sizes that matter.
//! It does not know how a terminal draws; it reads the cells.

use std::fmt::Write as _;

use super::*;
use crate::event::{Phase, PhaseReason, What};
use crate::model::Status;
use crate::task::TaskId;
use crate::tui::panes::sample::{self, Story};
use crate::tui::screen::{self, Layout};
use crate::tui::theme::{Background, Charset, Depth, Name};
use crate::tui::viewer::{Follow, Toast};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

fn theme(charset: Charset) -> Theme {
    Theme::new(Depth::True, Background::Dark, charset, Name::Auto)
}

fn drawn(state: &State, viewer: &Viewer, (columns, lines): (u16, u16), theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, columns, lines);
    let mut buf = Buffer::empty(area);
    screen::render(&mut buf, area, state, viewer, theme);
    let footer = match screen::layout(area, state, viewer) {
        Layout::Fits(places) => places.footer,
        Layout::TooSmall { area } => Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area },
    };
    render(area, footer, &mut buf, state, viewer, theme);
    buf
}

fn lines(buf: &Buffer) -> Vec<String> {
    let mut out = Vec::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut x = buf.area.left();
        while x < buf.area.right() {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(width(symbol)).unwrap().max(1);
        }
        out.push(line.trim_end().to_owned());
    }
    out
}

fn last_line(state: &State, viewer: &Viewer, columns: u16) -> String {
    lines(&drawn(state, viewer, (columns, 24), &theme(Charset::Unicode))).pop().unwrap()
}

fn snapshots(name: &str, state: &State, overlay: &Overlay) {
    for (columns, rows) in SIZES {
        let viewer = Viewer { overlay: overlay.clone(), ..Viewer::default() };
        let buf = drawn(state, &viewer, (columns, rows), &theme(Charset::Unicode));
        let text = lines(&buf).into_iter().fold(String::new(), |mut all, line| {
            writeln!(all, "{line}").unwrap();
            all
        });
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), text);
    }
}

fn running(state: &State) -> TaskId {
    let at = state.tasks.iter().position(|task| task.status == Status::Running).unwrap();
    TaskId(u32::try_from(at).unwrap())
}

#[test]
fn dialogs_as_text() {
    let busy = sample::busy();
    let commands = sample::failures();
    snapshots("help", &busy, &Overlay::Help { chosen: 0, filter: String::new() });
    snapshots("help_filtered", &busy, &Overlay::Help { chosen: 1, filter: "task".to_owned() });
    snapshots("palette", &busy, &Overlay::Palette { typed: "re".to_owned(), chosen: 1 });
    snapshots("signals", &commands, &Overlay::Signals { task: running(&commands), chosen: 8 });
    snapshots("confirm", &busy, &Overlay::ConfirmQuit);
    snapshots("verdict", &crate::tui::panes::talk::stuck(), &Overlay::Verdict { scroll: 0 });
    snapshots("filter", &busy, &Overlay::Filter { typed: "从入门".to_owned() });
    snapshots("size", &busy, &Overlay::Size { typed: "12".to_owned() });
}

#[test]
fn the_footer_says_what_is_useful_now() {
    let viewer = Viewer::default();
    let verdict = Viewer { overlay: Overlay::Verdict { scroll: 0 }, ..Viewer::default() };
    let frozen = Viewer { follow: Follow::Frozen, ..Viewer::default() };
    let mut stopping = Story::downloads(3);
    stopping.tell(What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Asked });
    let cases = vec![
        ("busy", sample::busy(), &viewer),
        ("paused", sample::paused(), &viewer),
        ("frozen", sample::busy(), &frozen),
        ("stopping", stopping.state, &viewer),
        ("finished", sample::finished(), &viewer),
        ("stuck", crate::tui::panes::talk::stuck(), &viewer),
        ("verdict", crate::tui::panes::talk::stuck(), &verdict),
    ];
    let mut text = String::new();
    for (name, state, viewer) in cases {
        for columns in [200, 120, 80, 40] {
            writeln!(text, "{name:>8} {columns:>3} |{}", last_line(&state, viewer, columns)).unwrap();
        }
    }
    insta::assert_snapshot!("footers", text);
}

#[test]
fn a_message_takes_the_footers_place_and_cannot_command_the_terminal() {
    let toast = Toast { text: "copied: \u{1b}]0;x\u{7} \u{202e}abc".to_owned(), until: crate::event::Elapsed(1) };
    let viewer = Viewer { toast: Some(toast), ..Viewer::default() };
    let line = last_line(&sample::busy(), &viewer, 80);
    assert_eq!(line, " copied: \u{fffd}]0;x\u{fffd} \u{fffd}abc");
}

#[test]
fn typed_text_is_harmless_and_its_end_is_in_view() {
    let typed = format!("{}\u{9b}31m end", "从".repeat(100));
    for overlay in [Overlay::Filter { typed: typed.clone() }, Overlay::Help { chosen: 0, filter: typed.clone() }] {
        let viewer = Viewer { overlay, ..Viewer::default() };
        for size in SIZES {
            let buf = drawn(&sample::busy(), &viewer, size, &theme(Charset::Unicode));
            let text = lines(&buf).join("\n");
            assert!(text.contains("\u{fffd}31m end"), "{text}");
            assert!(!text.chars().any(|char| char.is_control() && char != '\n'));
        }
    }
}

#[test]
fn what_is_chosen_is_in_view_and_marked() {
    let theme = theme(Charset::Unicode);
    let marked = theme.style(Role::Selected).bg;
    for (columns, rows) in [(120, 40), (80, 24), (40, 10), (40, 6)] {
        for chosen in 0..help::entries("", crate::tui::keymap::Run::Live).len() {
            let overlay = Overlay::Help { chosen, filter: String::new() };
            let viewer = Viewer { overlay, ..Viewer::default() };
            let area = Rect::new(0, 0, columns, rows);
            let mut buf = Buffer::empty(area);
            render(area, Rect { y: rows - 1, height: 1, ..area }, &mut buf, &State::new(), &viewer, &theme);
            let rows_marked: std::collections::HashSet<u16> =
                (0..rows).filter(|&y| (0..columns).any(|x| Some(buf[(x, y)].bg) == marked)).collect();
            assert_eq!(rows_marked.len(), 1, "{columns}x{rows}, line {chosen}");
            let shown = help::entries("", crate::tui::keymap::Run::Live)[chosen].keys_shown();
            let line = &lines(&buf)[usize::from(*rows_marked.iter().next().unwrap())];
            let first = shown.split(' ').next().unwrap();
            assert!(line.contains(first), "{line} has no {first}");
        }
    }
}

#[test]
fn everything_can_be_drawn_however_small() {
    let state = sample::failures();
    let overlays = [
        Overlay::None,
        Overlay::Help { chosen: 7, filter: String::new() },
        Overlay::Palette { typed: "zzz".to_owned(), chosen: 3 },
        Overlay::Signals { task: running(&state), chosen: 8 },
        Overlay::ConfirmQuit,
        Overlay::Verdict { scroll: 3 },
        Overlay::Filter { typed: "x".to_owned() },
        Overlay::Size { typed: "1".to_owned() },
    ];
    for overlay in overlays {
        let viewer = Viewer { overlay, ..Viewer::default() };
        for columns in [1, 2, 3, 5, 8, 13, 39, 40, 61] {
            for rows in 1..14 {
                drawn(&state, &viewer, (columns, rows), &theme(Charset::Ascii));
            }
        }
    }
}

#[test]
fn under_ascii_all_of_it_is_ascii() {
    let mut story = Story::commands(4);
    story.resize(2, crate::command::Asker::Start).wait_until(5).greet(2).work_until(300);
    for overlay in [Overlay::ConfirmQuit, Overlay::Help { chosen: 0, filter: String::new() }, Overlay::None] {
        let viewer = Viewer { overlay, ..Viewer::default() };
        for line in lines(&drawn(&story.state, &viewer, (80, 24), &theme(Charset::Ascii))) {
            assert!(line.is_ascii(), "{line}");
        }
    }
}
