//! Channels, story and what is blocked, as text at the sizes that matter.
//! It does not know how a terminal draws; it reads the cells.

use super::sample::{self, Story};
use super::talk;
use super::tasks;
use super::tests::{SIZES, colourful, drawn, snapshot, text};
use crate::command::{Asker, Note, Weight};
use crate::event::{Event, Phase, PhaseReason, Role, RunKind, Tuning, What};
use crate::model::{Objects, State, StoryKind, StoryLine, Thread, Threads, Wait, WaitOn};
use crate::task::{Call, ObjectId, Patience, Place, Slot, TaskId, TaskSpec, ThreadId, Work, WorkerId};
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

fn task(place: Place, name: &str) -> TaskSpec {
    TaskSpec { place, ..TaskSpec::new(Work::Sleep { duration_ms: 9_000 }) }.named(name)
}

/// Processes of their own, or the parent alone: no pool is in it, and the header speaks of none.
#[test]
fn a_run_without_a_pool_speaks_of_none() {
    let tasks = vec![task(Place::Own, "guest 0"), task(Place::Parent, "sums")];
    let mut story = Story::begin("guests", RunKind::Scenario, tasks);
    story.tell(What::TargetSet { workers: 2, by: Asker::Start });
    for (worker, slot, role) in [(0, Slot(0), Role::Own(TaskId(0))), (1, Slot::PARENT, Role::Parent)] {
        story.tell(What::WorkerStarting { worker: WorkerId(worker), slot, role });
    }
    story.greet(2).start(WorkerId(0), TaskId(0)).start(WorkerId(1), TaskId(1));
    story.wait_until(2_500);
    let shown = text(&drawn(&story.state, &Viewer::default(), SIZES[0], &colourful()));
    assert!(shown.contains("processes 1   queue 0") && !shown.contains("workers 0"), "{shown}");
    assert!(!shown.contains("size 2"), "{shown}");
    // What the parent does itself has its lane.
    assert!(shown.contains("parent ▐sums") && shown.contains("     1 ▐guest 0"), "{shown}");
}

/// A run that was cut short was not done, however little is left of it.
#[test]
fn the_gauge_of_a_run_that_is_over_tells_what_was_done() {
    let mut story = Story::begin("cut short", RunKind::Scenario, vec![task(Place::Pool, "a"), task(Place::Pool, "b")]);
    story.tell(What::TargetSet { workers: 0, by: Asker::Start });
    story.wait_until(1_000).tell(What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Asked });
    story.tell(What::TaskDropped { task: TaskId(0) }).tell(What::TaskDropped { task: TaskId(1) });
    story.state.phase = Phase::Ended;
    let shown = text(&drawn(&story.state, &Viewer::default(), SIZES[0], &colourful()));
    assert!(shown.contains("0.0 %") && !shown.contains("100.0 %"), "{shown}");
}

#[test]
fn a_line_that_begins_with_its_speakers_name_has_it_once() {
    let mut state = talk::talking();
    for text in ["guest 2 leaves", "guest 2, as it said", "guest 20"] {
        let at = crate::event::Elapsed(8_000_000);
        let (task, thread, kind) = (TaskId(4), ThreadId::FIRST, StoryKind::Said);
        state.story.push(StoryLine { at, task, thread, kind, text: text.into() });
    }
    let viewer = Viewer { zoom: Zoom::Focused, ..focused(Pane::Story) };
    let shown = text(&drawn(&state, &viewer, SIZES[0], &colourful()));
    let said: Vec<&str> = shown.lines().filter_map(|line| line.split_once("guest 2 ")).map(|(_, said)| said).collect();
    let said: Vec<&str> = said.iter().map(|said| said.trim_matches([' ', '│'])).collect();
    assert_eq!(said, ["leaves", "guest 2, as it said", "guest 20"], "{shown}");
}

/// A callback that fails belongs to no task: only the log has it.
#[test]
fn trouble_of_no_task_is_seen_beside_functions_too() {
    let mut state = talk::talking();
    let shown = |state: &State, size| text(&drawn(state, &Viewer::default(), size, &colourful()));
    assert!(!shown(&state, SIZES[0]).contains("╭ Log"));
    let note = Note::new(Weight::Error, "callback of square failed");
    state.apply(&Event { at: state.now, what: What::Noted { note } }).unwrap();
    assert!(shown(&state, SIZES[0]).contains("callback of square failed"), "{}", shown(&state, SIZES[0]));
    // Without objects there is room for it in 80 columns, too.
    state.objects = Objects::made_up(Vec::new());
    assert!(shown(&state, SIZES[1]).contains("callback of square failed"), "{}", shown(&state, SIZES[1]));
}

/// Blocked stretches are drawn around a title, not through it.
#[test]
fn a_blocked_title_stays_legible() {
    let mut story = Story::begin("a door", RunKind::Scenario, vec![task(Place::Own, "guest 0")]);
    story.tell(What::WorkerStarting { worker: WorkerId(0), slot: Slot(0), role: Role::Own(TaskId(0)) });
    story.greet(1).start(WorkerId(0), TaskId(0));
    let call = Call::Acquire { semaphore: ObjectId(0), patience: Patience::Forever };
    let wait = Some(Wait { on: WaitOn::Call(call), since: story.state.now, blocked: false });
    let thread = Thread { id: ThreadId::FIRST, name: "MainThread".into(), wait };
    story.state.threads = Threads::made_up(vec![(TaskId(0), vec![thread])]);
    story.tell(What::CallBlocked { task: TaskId(0), thread: ThreadId::FIRST });
    story.wait_until(3_000);
    let shown = text(&drawn(&story.state, &Viewer::default(), SIZES[0], &colourful()));
    assert!(shown.contains("▐guest 0┄┄┄┄"), "{shown}");
}
