//! What keys and clicks lead to, on made-up runs.
//! It does not know a terminal.

use super::*;
use crate::command::Tune;
use crate::event::{PauseReason, PhaseReason, Tuning, What};
use crate::model::Status;
use crate::task::{ObjectId, TaskId, WorkerId};
use crate::tui::input::MouseDid;
use crate::tui::panes::sample::{self, Story};
use crate::tui::panes::talk;
use crate::tui::theme::{Background, Charset, Depth, Name};
use crossterm::event::KeyCode;

const WIDE: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };

/// A person at the keys of a run that stands still.
struct Desk {
    state: State,
    frozen: Option<State>,
    viewer: Viewer,
    theme: Theme,
    area: Rect,
    now: Elapsed,
}

impl Desk {
    fn at(state: State) -> Self {
        let theme = Theme::new(Depth::True, Background::Dark, Charset::Unicode, Name::Auto);
        Self { state, frozen: None, viewer: Viewer::default(), theme, area: WIDE, now: Elapsed(0) }
    }

    fn with<T>(&mut self, what: impl FnOnce(&mut Viewer, &Sight<'_>) -> T) -> T {
        let shown = self.frozen.as_ref().unwrap_or(&self.state);
        let sight = Sight { shown, live: &self.state, area: self.area, theme: &self.theme, now: self.now };
        what(&mut self.viewer, &sight)
    }

    fn press(&mut self, key: Key) -> Vec<Effect> {
        self.with(|viewer, sight| on_key(key, viewer, sight))
    }

    /// Presses these characters, one after the other.
    fn types(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|char| self.press(Key::char(char))).collect()
    }

    fn enter(&mut self) -> Vec<Effect> {
        self.press(Key::code(KeyCode::Enter))
    }

    fn esc(&mut self) -> Vec<Effect> {
        self.press(Key::code(KeyCode::Esc))
    }

    fn mouse(&mut self, did: MouseDid, column: u16, row: u16) {
        self.with(|viewer, sight| on_mouse(Mouse { did, column, row }, viewer, sight));
    }

    fn pane(&mut self, pane: Pane) -> Rect {
        self.with(|viewer, sight| sight.layout(viewer).area_of(pane)).unwrap()
    }

    /// What was said about the last key, which is then forgotten.
    fn said(&mut self) -> String {
        self.viewer.toast.take().map(|toast| toast.text).unwrap_or_default()
    }

    fn select(&mut self, status: Status) -> TaskId {
        let at = self.state.tasks.iter().position(|task| task.status == status).unwrap();
        let task = TaskId(u32::try_from(at).unwrap());
        self.viewer.focus = Pane::Tasks;
        self.viewer.task = Some(task);
        task
    }
}

fn asks(command: Command) -> Vec<Effect> {
    vec![Effect::Ask(command)]
}

#[test]
fn the_pools_size_is_changed_by_one_or_to_a_number() {
    let mut desk = Desk::at(sample::busy());
    assert_eq!(desk.types("+"), asks(Command::Resize(Resize::By(1))));
    assert_eq!(desk.types("_"), asks(Command::Resize(Resize::By(-1))));
    assert_eq!(desk.types("12"), []);
    assert_eq!(desk.viewer.overlay, Overlay::Size { typed: "12".to_owned() });
    assert_eq!(desk.enter(), asks(Command::Resize(Resize::To(12))));
    assert_eq!(desk.types("1x2"), []);
    desk.press(Key::code(KeyCode::Backspace));
    assert_eq!(desk.enter(), asks(Command::Resize(Resize::To(1))));
    assert_eq!(desk.types("9999"), []);
    assert_eq!(desk.enter(), []);
    assert_eq!(desk.said(), "1024 workers are the most a pool can have");
    assert_eq!(desk.types("6"), []);
    assert_eq!(desk.enter(), []);
    assert_eq!(desk.said(), "the pool aims at 6 workers already");
    desk.types("7");
    assert_eq!(desk.esc(), []);
    assert_eq!(desk.viewer.overlay, Overlay::None);
}

#[test]
fn an_empty_pool_cannot_shrink_and_an_ended_run_not_grow() {
    let mut desk = Desk::at(sample::empty());
    assert_eq!(desk.types("-"), []);
    assert_eq!(desk.said(), "the pool aims at no workers already");
    let mut desk = Desk::at(sample::finished());
    for keys in ["+", "-", "5", " ", "d", "r", "R", "x", "X", "s", "p"] {
        assert_eq!(desk.types(keys), [], "{keys}");
        assert_eq!(desk.said(), "the run has ended", "{keys}");
        assert_eq!(desk.viewer.overlay, Overlay::None, "{keys}");
    }
}

#[test]
fn space_undoes_itself() {
    assert_eq!(Desk::at(sample::busy()).types(" "), asks(Command::PausePool));
    assert_eq!(Desk::at(sample::paused()).types(" "), asks(Command::ResumePool));
    let mut story = Story::downloads(3);
    story.tell(What::PoolPaused { why: PauseReason::Suspended });
    assert_eq!(Desk::at(story.state).types(" "), asks(Command::PausePool));
}

#[test]
fn keys_about_a_task_say_why_they_do_nothing() {
    let mut desk = Desk::at(sample::failures());
    desk.viewer.focus = Pane::Tasks;
    assert_eq!(desk.types("x"), []);
    assert_eq!(desk.said(), "no task is selected: j and k select one");
    let task = desk.select(Status::Running);
    assert_eq!(desk.types("x"), asks(Command::StopTask(task)));
    assert_eq!(desk.types("X"), asks(Command::KillTask(task)));
    assert_eq!(desk.types("p"), asks(Command::PauseTask(task)));
    assert_eq!(desk.types("r"), []);
    assert_eq!(desk.said(), format!("task {task} is running; only an ended one can be retried"));
    desk.state = sample::busy();
    let task = desk.select(Status::Waiting);
    assert_eq!(desk.types("x"), asks(Command::StopTask(task)));
    assert_eq!(desk.types("X"), asks(Command::StopTask(task)));
    assert_eq!(desk.types("p"), []);
    assert_eq!(desk.said(), format!("task {task} is waiting; only a running one can be paused"));
    let task = desk.select(Status::Done);
    assert_eq!(desk.types("xX"), []);
    assert_eq!(desk.said(), format!("task {task} is done; nothing to kill"));
    assert_eq!(desk.types("r"), asks(Command::RetryTask(task)));
    desk.state = sample::failures();
    let task = desk.select(Status::Failed);
    assert_eq!(desk.types("r"), asks(Command::RetryTask(task)));
}

#[test]
fn in_the_workers_pane_keys_are_about_the_workers_task() {
    let mut desk = Desk::at(sample::busy());
    assert_eq!(desk.types("R"), []);
    assert_eq!(desk.said(), "no worker is selected: j and k select one");
    desk.types("j");
    let worker = desk.viewer.worker.unwrap();
    let task = desk.state.workers.get(worker).and_then(steer::task_of).unwrap();
    assert_eq!(desk.types("x"), asks(Command::StopTask(task)));
    assert_eq!(desk.types("R"), asks(Command::ReplaceWorker(worker)));
    let pid = desk.state.workers.get(worker).unwrap().pid.unwrap();
    assert_eq!(desk.types("y"), [Effect::Copy(pid.to_string())]);
    desk.enter();
    assert_eq!((desk.viewer.focus, desk.viewer.task), (Pane::Detail, Some(task)));
}

#[test]
fn only_running_commands_take_signals_and_the_menu_keeps_its_task() {
    let mut desk = Desk::at(sample::busy());
    let task = desk.select(Status::Running);
    assert_eq!(desk.types("s"), []);
    assert_eq!(desk.said(), format!("task {task} is no command; x and X end it"));
    let mut desk = Desk::at(sample::failures());
    let task = desk.select(Status::Running);
    desk.types("sjj");
    desk.viewer.task = None;
    assert_eq!(desk.enter(), asks(Command::SignalTask(task, 1)));
    desk.viewer.task = Some(task);
    desk.types("s");
    desk.state = sample::finished();
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::None);
    assert_eq!(desk.said(), format!("task {task} does not run any more"));
}

#[test]
fn quitting_asks_while_tasks_run_and_no_is_the_answer_to_enter() {
    let stop = vec![Effect::Ask(Command::Stop), Effect::LeaveAtEnd];
    let mut desk = Desk::at(sample::busy());
    assert_eq!(desk.types("q"), []);
    assert_eq!(desk.viewer.overlay, Overlay::ConfirmQuit);
    assert_eq!(desk.enter(), []);
    assert_eq!(desk.viewer.overlay, Overlay::None);
    assert_eq!(desk.types("qy"), stop);
    assert_eq!(desk.press(Key::ctrl('c')), stop);
    let mut story = Story::downloads(3);
    story.tell(What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Asked });
    let mut desk = Desk::at(story.state);
    let kill = vec![Effect::Ask(Command::Kill), Effect::LeaveAtEnd];
    assert_eq!(desk.types("q"), kill);
    assert_eq!(desk.press(Key::ctrl('c')), kill);
    assert_eq!(Desk::at(sample::finished()).types("q"), [Effect::Leave]);
}

#[test]
fn ctrl_c_works_in_every_dialog() {
    for open in ["?", ":", "/", "5", "q"] {
        let mut desk = Desk::at(sample::busy());
        desk.types(open);
        assert_ne!(desk.viewer.overlay, Overlay::None);
        assert_eq!(desk.press(Key::ctrl('c')), [Effect::Ask(Command::Stop), Effect::LeaveAtEnd], "{open}");
        assert_eq!(desk.viewer.overlay, Overlay::None);
    }
}

#[test]
fn a_selection_walks_and_stays_in_view() {
    let mut desk = Desk::at(sample::busy());
    desk.viewer.focus = Pane::Tasks;
    desk.types("g");
    assert_eq!((desk.viewer.task, desk.viewer.tasks.top), (Some(TaskId(0)), 0));
    desk.types("jjk");
    assert_eq!(desk.viewer.task, Some(TaskId(1)));
    desk.types("G");
    assert_eq!(desk.viewer.task, Some(TaskId(249)));
    let rows = usize::from(desk.pane(Pane::Tasks).height) - 3;
    assert_eq!(desk.viewer.tasks.top, 250 - rows);
    desk.press(Key::code(KeyCode::PageUp));
    assert_eq!(desk.viewer.task.map(TaskId::index), Some(249 - rows));
    desk.types("I");
    desk.types("g");
    assert_eq!(desk.viewer.task, Some(TaskId(249)));
    desk.esc();
    assert_eq!(desk.viewer.task, None);
}

#[test]
fn a_filter_is_typed_kept_walked_and_dropped() {
    let mut desk = Desk::at(sample::busy());
    desk.types("/done");
    assert_eq!(desk.viewer.overlay, Overlay::Filter { typed: "done".to_owned() });
    desk.enter();
    assert_eq!((desk.viewer.filter.as_str(), desk.viewer.focus), ("done", Pane::Tasks));
    desk.types("n");
    let first = desk.viewer.task.unwrap();
    desk.types("n");
    assert!(desk.viewer.task.unwrap() > first);
    desk.types("NN");
    let last = desk.viewer.task.unwrap();
    assert!(last > first, "it wraps");
    for task in [first, last] {
        assert_eq!(desk.state.task(task).unwrap().status, Status::Done);
    }
    desk.esc();
    assert_eq!(desk.viewer.filter, "");
    desk.types("/xyz");
    desk.esc();
    assert_eq!((desk.viewer.filter.as_str(), &desk.viewer.overlay), ("", &Overlay::None));
}

#[test]
fn the_palette_and_the_help_run_what_is_chosen() {
    let mut desk = Desk::at(sample::busy());
    desk.types(":shrink");
    assert_eq!(desk.enter(), asks(Command::Resize(Resize::By(-1))));
    desk.types("?timeline alone");
    desk.press(Key::ctrl('u'));
    desk.types("give the timeline");
    desk.enter();
    assert_eq!((desk.viewer.focus, desk.viewer.zoom), (Pane::Timeline, Zoom::Focused));
    desk.types(":");
    for _ in 0..100 {
        desk.press(Key::code(KeyCode::Down));
    }
    assert_eq!(desk.enter(), [Effect::Ask(Command::Stop), Effect::LeaveAtEnd], "the last line is quit at once");
    desk.types(":no such action");
    assert_eq!(desk.enter(), []);
}

#[test]
fn a_paste_is_text_and_never_keys() {
    let mut desk = Desk::at(sample::busy());
    on_paste("qy\nqy", &mut desk.viewer);
    assert_eq!(desk.viewer.overlay, Overlay::None);
    desk.types("/");
    on_paste("img_\u{1b}0042\nq", &mut desk.viewer);
    assert_eq!(desk.viewer.overlay, Overlay::Filter { typed: "img_0042".to_owned() });
    desk.esc();
    desk.types("5");
    on_paste("1x2", &mut desk.viewer);
    assert_eq!(desk.viewer.overlay, Overlay::Size { typed: "512".to_owned() });
}

#[test]
fn a_click_selects_sorts_and_moves_the_focus() {
    let mut desk = Desk::at(sample::busy());
    let tasks = desk.pane(Pane::Tasks);
    let top = crate::tui::panes::tasks::top(tasks, &desk.state, &desk.viewer);
    desk.mouse(MouseDid::Click, tasks.x + 10, tasks.y + 3);
    assert_eq!(desk.viewer.focus, Pane::Tasks);
    assert_eq!(desk.viewer.task.map(TaskId::index), Some(top + 1));
    let workers = desk.pane(Pane::Workers);
    desk.mouse(MouseDid::Click, workers.x + 10, workers.y + 2);
    assert_eq!(
        (desk.viewer.focus, desk.viewer.worker),
        (Pane::Workers, desk.state.workers.iter().next().map(|w| w.id))
    );
    let before = desk.viewer.workers.column;
    desk.mouse(MouseDid::Click, workers.x + 10, workers.y + 1);
    assert_ne!(desk.viewer.workers.column, before);
    let order = desk.viewer.workers.order;
    desk.mouse(MouseDid::Click, workers.x + 10, workers.y + 1);
    assert_ne!(desk.viewer.workers.order, order);
    desk.mouse(MouseDid::Click, 5, 0);
    desk.mouse(MouseDid::Click, 500, 500);
    assert_eq!(desk.viewer.focus, Pane::Workers);
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut desk = Desk::at(sample::busy());
    let tasks = desk.pane(Pane::Tasks);
    let top = crate::tui::panes::tasks::top(tasks, &desk.state, &desk.viewer);
    desk.mouse(MouseDid::WheelDown, tasks.x + 10, tasks.y + 3);
    assert_eq!(desk.viewer.focus, Pane::Workers, "the focus stays");
    assert_eq!(crate::tui::panes::tasks::top(tasks, &desk.state, &desk.viewer), top + 3);
    for _ in 0..200 {
        desk.mouse(MouseDid::WheelUp, tasks.x + 10, tasks.y + 3);
    }
    assert_eq!(crate::tui::panes::tasks::top(tasks, &desk.state, &desk.viewer), 0);
    let log = desk.pane(Pane::Log);
    for _ in 0..200 {
        desk.mouse(MouseDid::WheelUp, log.x + 10, log.y + 1);
    }
    assert_eq!(desk.viewer.log_back, desk.state.log.lines().len() - 1);
    desk.mouse(MouseDid::WheelDown, log.x + 10, log.y + 1);
    assert!(desk.viewer.log_back < desk.state.log.lines().len() - 1);
}

#[test]
fn the_detail_scrolls_no_further_than_it_goes() {
    let mut desk = Desk::at(sample::failures());
    desk.area = Rect { height: 24, width: 80, ..WIDE };
    desk.select(Status::Failed);
    desk.enter();
    assert_eq!(desk.viewer.focus, Pane::Detail);
    for _ in 0..50 {
        desk.press(Key::code(KeyCode::PageDown));
    }
    let furthest = desk.viewer.detail_scroll;
    assert!(furthest < 50, "{furthest}");
    desk.types("k");
    assert_eq!(desk.viewer.detail_scroll, furthest.saturating_sub(1));
}

#[test]
fn in_a_frozen_view_keys_are_about_what_is_really_the_case() {
    let mut desk = Desk::at(sample::finished());
    desk.frozen = Some(sample::busy());
    desk.viewer.follow = Follow::Frozen;
    desk.viewer.focus = Pane::Tasks;
    desk.viewer.task = Some(TaskId(3));
    assert_eq!(desk.types("x"), []);
    assert_eq!(desk.said(), "the run has ended");
    desk.types("Z");
    assert_eq!(desk.viewer.follow, Follow::Live);
}

#[test]
fn what_is_gone_is_let_go_of() {
    let mut story = Story::downloads(9);
    story.resize(2, crate::command::Asker::Start).wait_until(5).greet(2).work_until(300);
    let mut desk = Desk::at(story.state.clone());
    desk.viewer.worker = Some(story.seat(1));
    let first = story.seat(1);
    story.lose(first);
    desk.state = story.state.clone();
    desk.with(settle);
    assert_eq!(desk.viewer.worker, Some(story.seat(1)), "whoever took the seat");
    desk.now = Elapsed(0);
    desk.with(|viewer, sight| say(viewer, sight, "hello"));
    desk.with(settle);
    assert!(desk.viewer.toast.is_some());
    desk.now = Elapsed(60_000_000);
    desk.with(settle);
    assert!(desk.viewer.toast.is_none());
    desk.types("q");
    desk.state = sample::finished();
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::None, "there is nothing left to ask about");
}

#[test]
fn every_action_can_be_done_on_every_run_at_every_size() {
    let states = vec![
        State::new(),
        sample::starting(),
        sample::busy(),
        sample::paused(),
        sample::finished(),
        sample::empty(),
        talk::stuck(),
    ];
    for state in states {
        for (width, height) in [(0, 0), (1, 1), (20, 5), (40, 10), (80, 24), (120, 40)] {
            let mut desk = Desk::at(state.clone());
            desk.area = Rect { x: 0, y: 0, width, height };
            for pane in Pane::ALL {
                for binding in crate::tui::keymap::BINDINGS {
                    desk.viewer.focus = pane;
                    let action = binding.action;
                    desk.with(|viewer, sight| act(action, viewer, sight));
                    desk.with(settle);
                }
                desk.mouse(MouseDid::Click, 3, 3);
                desk.mouse(MouseDid::WheelDown, 3, 3);
                desk.viewer.overlay = Overlay::None;
            }
        }
    }
}

#[test]
fn tuning_is_begun_ended_and_begun_again() {
    let mut desk = Desk::at(sample::busy());
    assert_eq!(desk.types("a"), asks(Command::Tune(Tune::Start)));
    desk.state.tuning = Tuning::Searching;
    assert_eq!(desk.types("a"), asks(Command::Tune(Tune::Stop)));
    desk.state.tuning = Tuning::Settled { workers: 6 };
    assert_eq!(desk.types("a"), asks(Command::Tune(Tune::Start)));
    let mut desk = Desk::at(sample::finished());
    assert_eq!(desk.types("a"), []);
    assert_eq!(desk.said(), "the run has ended");
}

#[test]
fn what_is_stuck_is_told_once_and_can_be_looked_at_or_ended() {
    let mut desk = Desk::at(talk::stuck());
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::Verdict { scroll: 0 });
    // The larger pool that is advised can be had with the dialog open.
    assert_eq!(desk.types("+"), asks(Command::Resize(Resize::By(1))));
    desk.esc();
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::None, "it does not come back by itself");
    desk.types("v");
    assert_eq!(desk.viewer.overlay, Overlay::Verdict { scroll: 0 });
    let ends = vec![Effect::Stay, Effect::Ask(Command::Stop)];
    assert_eq!(desk.enter(), ends);
    assert_eq!(desk.types("T"), ends);
    desk.types("v");
    assert_eq!(desk.types("q"), [Effect::Ask(Command::Stop), Effect::LeaveAtEnd], "nothing is left to ask about");
}

#[test]
fn a_verdict_that_is_lifted_takes_its_dialog_with_it() {
    let mut desk = Desk::at(talk::stuck());
    desk.with(settle);
    let verdict = desk.state.verdict.take();
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::None);
    assert_eq!(desk.types("T"), []);
    assert_eq!(desk.said(), "the run is not stuck; q ends it");
    desk.state.verdict = verdict;
    desk.types("?");
    desk.with(settle);
    assert!(matches!(desk.viewer.overlay, Overlay::Help { .. }), "it waits until the dialog before is closed");
    desk.esc();
    desk.with(settle);
    assert_eq!(desk.viewer.overlay, Overlay::Verdict { scroll: 0 }, "the next one is told again");
}

#[test]
fn a_long_verdict_is_scrolled_no_further_than_it_goes() {
    let mut desk = Desk::at(talk::stuck());
    desk.area = Rect { width: 40, height: 10, ..WIDE };
    desk.with(settle);
    desk.types("jjk");
    assert_eq!(desk.viewer.overlay, Overlay::Verdict { scroll: 1 });
    desk.types("G");
    let Overlay::Verdict { scroll } = desk.viewer.overlay else { panic!("it is open") };
    assert!((5..20).contains(&scroll), "{scroll}");
}

#[test]
fn channels_are_walked_and_have_details() {
    let mut desk = Desk::at(talk::talking());
    desk.press(Key::alt('7'));
    assert_eq!(desk.enter(), []);
    assert_eq!(desk.said(), "no channel is selected: j and k select one");
    desk.types("jj");
    assert_eq!(desk.viewer.channel, Some(Channel::Object(ObjectId(1))));
    desk.types("G");
    assert_eq!(desk.viewer.channel, Some(Channel::Wire(WorkerId(2))), "the heading between them is stepped over");
    desk.enter();
    assert_eq!((desk.viewer.focus, desk.viewer.detail_of), (Pane::Detail, DetailOf::Channel));
    desk.esc();
    assert_eq!(desk.viewer.focus, Pane::Channels);
    desk.types("gj");
    let area = desk.pane(Pane::Channels);
    desk.mouse(MouseDid::Click, area.x + 5, area.y + 2);
    assert_eq!(desk.viewer.channel, Some(Channel::Object(ObjectId(0))));
    desk.mouse(MouseDid::WheelDown, area.x + 5, area.y + 2);
    assert!(desk.viewer.channels_top > 0);
}

#[test]
fn tab_passes_the_story_only_where_there_is_one() {
    let around = |state: State| {
        let mut desk = Desk::at(state);
        let mut seen = Vec::new();
        for _ in 0..Pane::ALL.len() {
            desk.press(Key::code(KeyCode::Tab));
            seen.push(desk.viewer.focus);
        }
        seen
    };
    assert!(around(talk::talking()).contains(&Pane::Story));
    let seen = around(sample::busy());
    assert!(!seen.contains(&Pane::Story) && seen.contains(&Pane::Channels));
    let mut desk = Desk::at(sample::busy());
    desk.press(Key::code(KeyCode::F(9)));
    assert_eq!(desk.viewer.focus, Pane::Story, "who asks for it gets it");
}

#[test]
fn a_story_is_scrolled_from_its_end() {
    let mut desk = Desk::at(talk::talking());
    desk.press(Key::alt('8'));
    desk.types("kk");
    assert_eq!(desk.viewer.story_back, 2);
    desk.types("g");
    assert_eq!(desk.viewer.story_back, 6);
    desk.types("G");
    assert_eq!(desk.viewer.story_back, 0);
}
