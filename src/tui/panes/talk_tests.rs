//! Channels, story and what is blocked, as text at the sizes that matter.
//! It does not know how a terminal draws; it reads the cells.

use super::talk;
use super::tests::{SIZES, colourful, drawn, snapshot, text};
use super::{sample, tasks};
use crate::event::{Phase, Tuning};
use crate::model::State;
use crate::task::{ObjectId, TaskId, WorkerId};
use crate::tui::screen;
use crate::tui::theme::{Background, Charset, Depth, Name, Theme};
use crate::tui::viewer::{Channel, DetailOf, Pane, Viewer, Zoom};

fn focused(focus: Pane) -> Viewer {
    Viewer { focus, ..Viewer::default() }
}

#[test]
fn functions_that_talk_to_each_other() {
    let state = talk::talking();
    for size in SIZES {
        snapshot("talking", &state, &Viewer::default(), size);
    }
    for pane in [Pane::Channels, Pane::Story] {
        for size in &SIZES[..3] {
            let viewer = Viewer { zoom: Zoom::Focused, ..focused(pane) };
            snapshot(&format!("talking_zoomed_{pane:?}").to_lowercase(), &state, &viewer, *size);
        }
    }
    let viewer = Viewer { channel: Some(Channel::Object(ObjectId(1))), ..focused(Pane::Channels) };
    snapshot("talking_selected_channel", &state, &viewer, SIZES[0]);
    let viewer = Viewer { task: Some(TaskId(0)), zoom: Zoom::Focused, ..focused(Pane::Detail) };
    snapshot("talking_detail", &state, &viewer, SIZES[1]);
}

#[test]
fn what_is_stuck_says_so_in_the_header() {
    for size in &SIZES[..3] {
        snapshot("stuck", &talk::stuck(), &Viewer::default(), *size);
    }
}

#[test]
fn a_run_that_has_ended_tells_what_it_showed() {
    let mut state = talk::talking();
    state.phase = Phase::Ended;
    let shown = text(&drawn(&state, &Viewer::default(), SIZES[0], &colourful()));
    assert!(shown.contains("A put blocks on a full queue"), "{shown}");
}

/// Words and glyphs say what colours say.
#[test]
fn blocked_is_a_word_and_a_glyph_in_every_list() {
    let state = talk::talking();
    let theme = Theme::new(Depth::Mono, Background::Dark, Charset::Unicode, Name::Mono);
    let shown = text(&drawn(&state, &Viewer::default(), SIZES[0], &theme));
    for part in ["◐ blocked", "put on q 2.1s", "4 blocked", "3/3 full", "4 of 4 taken", "┄┄┄", "parent", "6@farm-07"]
    {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let viewer = Viewer { filter: "blocked".to_owned(), ..Viewer::default() };
    let order = tasks::order(&state, &viewer);
    let listed: Vec<u32> = (0..order.len()).filter_map(|row| order.get(row)).map(|task| task.0).collect();
    assert_eq!(listed, [0, 1, 5, 6]);
}

#[test]
fn under_ascii_the_frame_is_ascii() {
    let theme = Theme::new(Depth::Ansi16, Background::Dark, Charset::Ascii, Name::Auto);
    let shown = text(&drawn(&talk::stuck(), &Viewer::default(), SIZES[0], &theme));
    let foreign: String =
        shown.chars().filter(|char| !char.is_ascii() && crate::text::width(&char.to_string()) < 2).collect();
    assert_eq!(foreign, "", "{shown}");
}

#[test]
fn every_size_has_room_for_the_focused_pane() {
    for state in [talk::talking(), talk::stuck()] {
        for focus in Pane::ALL {
            for columns in [40, 59, 60, 99, 100, 159, 160, 230] {
                for lines in [10, 12, 16, 21, 24, 33, 70] {
                    let viewer = focused(focus);
                    let buf = drawn(&state, &viewer, (columns, lines), &colourful());
                    let layout = screen::layout(buf.area, &state, &viewer);
                    assert!(layout.area_of(focus).is_some(), "{focus:?} at {columns}x{lines}");
                }
            }
        }
    }
}

/// What a run without functions, objects and a story shows is what it always showed.
#[test]
fn other_runs_have_neither_pane_unless_they_are_asked_for() {
    let state = sample::busy();
    for size in SIZES {
        let buf = drawn(&state, &Viewer::default(), size, &colourful());
        let layout = screen::layout(buf.area, &state, &Viewer::default());
        assert!(layout.area_of(Pane::Channels).is_none() && layout.area_of(Pane::Story).is_none());
        for focus in [Pane::Channels, Pane::Story] {
            assert!(screen::layout(buf.area, &state, &focused(focus)).area_of(focus).is_some());
        }
    }
}

#[test]
fn the_header_says_who_looks_for_the_size_and_counts_work_only() {
    let mut state = talk::talking();
    let header = |state: &State| {
        text(&drawn(state, &Viewer::default(), (200, 60), &colourful())).lines().next().unwrap_or_default().to_owned()
    };
    assert!(header(&state).contains("done 0/8") && header(&state).contains("in flight 6"), "{}", header(&state));
    assert!(header(&state).contains("workers 6 "), "the parent is no worker of the pool: {}", header(&state));
    state.tuning = Tuning::Searching;
    assert!(header(&state).contains("workers 6 tuning "), "{}", header(&state));
    state.tuning = Tuning::Settled { workers: 6 };
    assert!(header(&state).contains("tuned: 6 "), "{}", header(&state));
}

#[test]
fn a_story_is_scrolled_back_and_follows_its_end() {
    let state = talk::talking();
    let shown = |back| {
        let viewer = Viewer { story_back: back, zoom: Zoom::Focused, ..focused(Pane::Story) };
        text(&drawn(&state, &viewer, SIZES[1], &colourful()))
    };
    assert!(shown(0).contains("returned [11, 22, 33]"));
    assert!(!shown(2).contains("returned") && shown(2).contains("1-5 of 7"), "{}", shown(2));
    assert!(shown(99).contains("put 11"));
}

#[test]
fn a_worker_that_is_selected_among_the_channels_has_its_details() {
    let state = talk::talking();
    let viewer = Viewer {
        channel: Some(Channel::Wire(WorkerId(1))),
        detail_of: DetailOf::Channel,
        zoom: Zoom::Focused,
        ..focused(Pane::Detail)
    };
    let shown = text(&drawn(&state, &viewer, SIZES[0], &colourful()));
    assert!(shown.contains("ITS CONNECTION") && shown.contains("340 frames, 11 kB"), "{shown}");
}
