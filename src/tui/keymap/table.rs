//! The table of keys itself. PURE.
//! It does not know how it is read.

use crossterm::event::KeyCode;

use super::super::viewer::Pane;
use super::{Action, Binding, Group, Hint, Key, Mode, Runs, When};
use crate::model::{Way, Wish};

const PANES: &[Mode] = &[Mode::Panes];
const EVERYWHERE: &[Mode] = &Mode::ALL;
const LISTS: &[Mode] = &[Mode::Help, Mode::Palette, Mode::Signals, Mode::PickerFilter];
const TEXTS: &[Mode] = &[Mode::Help, Mode::Palette, Mode::Filter, Mode::Size, Mode::PickerFilter];
const PANES_AND_PICKER: &[Mode] = &[Mode::Panes, Mode::Picker];
const PANES_AND_VERDICT: &[Mode] = &[Mode::Panes, Mode::Verdict];
/// What can be moved in is moved in alike.
const PANES_AND_LISTS: &[Mode] = &[Mode::Panes, Mode::Picker, Mode::Verdict];

const ENTER: Key = Key::code(KeyCode::Enter);
const ESC: Key = Key::code(KeyCode::Esc);

const DIGITS: &[Key] = &[
    Key::char('0'),
    Key::char('1'),
    Key::char('2'),
    Key::char('3'),
    Key::char('4'),
    Key::char('5'),
    Key::char('6'),
    Key::char('7'),
    Key::char('8'),
    Key::char('9'),
];

/// All keys, by group, in the order in which they are shown.
pub const BINDINGS: &[Binding] = &[
    ask(Action::Grow, &[Key::char('+'), Key::char('=')], Group::Pool)
        .also(PANES_AND_VERDICT)
        .says("grow the pool", "Aim at one worker more; it starts at once.")
        .hints(&[hint(When::Live, 0, "size")]),
    ask(Action::Shrink, &[Key::char('-'), Key::char('_')], Group::Pool)
        .says("shrink the pool", "Aim at one worker fewer; it drains: its task is finished first.")
        .hints(&[hint(When::Live, 0, "size")]),
    ask(Action::TypeSize, DIGITS, Group::Pool)
        .says("set the pool's size", "Type a number, then Enter: aim at that many workers.")
        .hints(&[hint(When::Live, 13, "set size")]),
    ask(Action::Tune, &[Key::char('a')], Group::Pool)
        .says(
            "tune the size",
            "Let pooltop try sizes until it has found the one that does best; once more, or a size by hand, ends that.",
        )
        .hints(&[hint(When::Live, 8, "tune")]),
    ask(Action::TogglePool, &[Key::char(' ')], Group::Pool)
        .says("pause or resume the pool", "Freeze the pool where it is, deadlines included, or let it go on.")
        .hints(&[hint(When::Working, 2, "pause"), hint(When::Paused, 2, "resume")]),
    ask(Action::Drain, &[Key::char('d')], Group::Pool)
        .says("drain the pool", "Finish what is in flight, start nothing more, then end the run.")
        .hints(&[hint(When::Live, 14, "drain")]),
    ask(Action::Terminate, &[Key::char('T')], Group::Pool)
        .also(PANES_AND_VERDICT)
        .says("terminate what is stuck", "End a run that cannot go on, and stay to look at it.")
        .hints(&[hint(When::Stuck, 0, "terminate")]),
    bind(Action::Verdict, &[Key::char('v')], Group::Pool)
        .says("why nothing goes on", "Say again why nothing can go on, who waits for whom, and what would help.")
        .hints(&[hint(When::Stuck, 0, "why")]),
    wish(Wish::PlayOrPause, &[Key::char(' ')])
        .says("play or pause", "Play the run, or stand still; at its end, play it from the beginning.")
        .hints(&[hint(When::Playing, 0, "pause"), hint(When::Still, 0, "play")]),
    wish(Wish::By(Way::Back, 5000), &[Key::code(KeyCode::Left)])
        .says("5 seconds back", "Five seconds back.")
        .hints(&[hint(When::Replay, 2, "5 s")]),
    wish(Wish::By(Way::On, 5000), &[Key::code(KeyCode::Right)])
        .says("5 seconds on", "Five seconds on.")
        .hints(&[hint(When::Replay, 2, "5 s")]),
    wish(Wish::By(Way::Back, 1000), &[Key::shift(KeyCode::Left)]).says("1 second back", "One second back."),
    wish(Wish::By(Way::On, 1000), &[Key::shift(KeyCode::Right)]).says("1 second on", "One second on."),
    wish(Wish::Event(Way::Back), &[Key::char(',')])
        .says("one event back", "To the event before, and stand still there.")
        .hints(&[hint(When::Replay, 7, "event")]),
    wish(Wish::Event(Way::On), &[Key::char('.')])
        .says("one event on", "To the next event, and stand still there.")
        .hints(&[hint(When::Replay, 7, "event")]),
    wish(Wish::Pace(Way::Back), &[Key::char('[')])
        .says("slower", "Half as fast; a quarter of the run's own speed is the slowest.")
        .hints(&[hint(When::Replay, 3, "speed")]),
    wish(Wish::Pace(Way::On), &[Key::char(']')]).says("faster", "Twice as fast, up to 64 times.").hints(&[hint(
        When::Replay,
        3,
        "speed",
    )]),
    Binding { runs: Runs::Replayed, ..bind(Action::Tenth, DIGITS, Group::Replay) }
        .says("jump to a tenth", "Jump to that many tenths of the run.")
        .hints(&[hint(When::Replay, 11, "tenths")]),
    wish(Wish::Start, &[Key::code(KeyCode::Home)]).says("to the beginning", "To the beginning of the run."),
    wish(Wish::End, &[Key::code(KeyCode::End)])
        .says("to the end", "To the end of the run; that of one that goes on is followed.")
        .hints(&[hint(When::Replay, 10, "end")]),
    wish(Wish::Moment(Way::On), &[Key::char('m')])
        .says("next marker", "To the next change of size, loss, failure, verdict or resumption.")
        .hints(&[hint(When::Replay, 5, "marker")]),
    wish(Wish::Moment(Way::Back), &[Key::char('M')]).says("previous marker", "To the marker before.").hints(&[hint(
        When::Replay,
        5,
        "marker",
    )]),
    ask(Action::ToggleTask, &[Key::char('p')], Group::Task)
        .says("pause or resume the task", "Freeze the selected worker's or selected task, or let it go on.")
        .hints(&[hint(When::Live, 12, "pause task")]),
    ask(Action::Stop, &[Key::char('x')], Group::Task)
        .says("stop the task", "End the selected task by TERM and, after the grace period, KILL; drop it if it waits.")
        .hints(&[hint(When::Live, 5, "stop")]),
    ask(Action::Kill, &[Key::char('X')], Group::Task)
        .says("kill the task", "End the selected task by KILL at once.")
        .hints(&[hint(When::Live, 7, "kill")]),
    ask(Action::Signal, &[Key::char('s')], Group::Task)
        .says("send a signal", "Choose a signal for the selected command and everything in its process group.")
        .hints(&[hint(When::Live, 15, "signal")]),
    ask(Action::Retry, &[Key::char('r')], Group::Task)
        .says("retry the task", "Run the selected task again if it has ended.")
        .hints(&[hint(When::Live, 11, "retry")]),
    ask(Action::Replace, &[Key::char('R')], Group::Task)
        .says("replace the worker", "Drain the selected worker and start another in its seat.")
        .hints(&[hint(When::Live, 16, "replace")]),
    bind(Action::Copy, &[Key::char('y')], Group::Task)
        .says(
            "copy PID, command or path",
            "Put the worker's PID, or the task's command or path, on the clipboard (OSC 52).",
        )
        .hints(&[hint(When::Ended, 12, "copy")]),
    bind(Action::Down, &[Key::char('j'), Key::code(KeyCode::Down)], Group::Move)
        .also(PANES_AND_LISTS)
        .says("down", "One line down.")
        .hints(&[hint(When::Ended, 4, "move")]),
    bind(Action::Up, &[Key::char('k'), Key::code(KeyCode::Up)], Group::Move)
        .also(PANES_AND_LISTS)
        .says("up", "One line up.")
        .hints(&[hint(When::Ended, 4, "move")]),
    bind(Action::PageDown, &[Key::code(KeyCode::PageDown), Key::ctrl('f')], Group::Move)
        .also(PANES_AND_LISTS)
        .says("page down", "One page down."),
    bind(Action::PageUp, &[Key::code(KeyCode::PageUp), Key::ctrl('b')], Group::Move)
        .also(PANES_AND_LISTS)
        .says("page up", "One page up."),
    bind(Action::First, &[Key::char('g'), Key::code(KeyCode::Home)], Group::Move)
        .also(PANES_AND_LISTS)
        .says("to the first line", "To the first line."),
    bind(Action::Last, &[Key::char('G'), Key::code(KeyCode::End)], Group::Move)
        .also(PANES_AND_LISTS)
        .says("to the last line", "To the last line."),
    bind(Action::Detail, &[ENTER], Group::Move)
        .says(
            "show the task",
            "Show the selected task: attempts, threads, times, the end of its output, why it failed.",
        )
        .hints(&[hint(When::Always, 6, "detail")]),
    bind(Action::Back, &[ESC], Group::Move)
        .says("back", "Step back: out of the zoom, the detail, the filter, the selection."),
    bind(Action::Filter, &[Key::char('/')], Group::View)
        .also(PANES_AND_PICKER)
        .says("filter the tasks", "List only tasks (or demos) whose title or status contains what is typed.")
        .hints(&[hint(When::Always, 8, "filter")]),
    bind(Action::NextMatch, &[Key::char('n')], Group::View)
        .says("next match", "To the next task that passes the filter."),
    bind(Action::PreviousMatch, &[Key::char('N')], Group::View)
        .says("previous match", "To the task before that passes the filter."),
    bind(Action::SortLeft, &[Key::char('<'), Key::char(',')], Group::View)
        .says("sort by the column to the left", "Sort the list by the column left of the present one."),
    bind(Action::SortRight, &[Key::char('>'), Key::char('.')], Group::View)
        .says("sort by the column to the right", "Sort the list by the column right of the present one."),
    bind(Action::SortReverse, &[Key::char('I')], Group::View)
        .says("reverse the order", "Sort the list the other way round."),
    bind(Action::NextPane, &[Key::code(KeyCode::Tab)], Group::View)
        .says("next pane", "To the next pane.")
        .hints(&[hint(When::Always, 4, "pane")]),
    bind(Action::PreviousPane, &[Key::code(KeyCode::BackTab)], Group::View)
        .says("previous pane", "To the pane before."),
    focus(Pane::Workers, &[Key::alt('1'), Key::code(KeyCode::F(2))], "workers", "To the workers."),
    focus(Pane::Charts, &[Key::alt('2'), Key::code(KeyCode::F(3))], "charts", "To the charts."),
    focus(Pane::Timeline, &[Key::alt('3'), Key::code(KeyCode::F(4))], "timeline", "To the timeline."),
    focus(Pane::Tasks, &[Key::alt('4'), Key::code(KeyCode::F(5))], "tasks", "To the tasks."),
    focus(Pane::Detail, &[Key::alt('5'), Key::code(KeyCode::F(6))], "detail", "To the task's detail."),
    focus(Pane::Log, &[Key::alt('6'), Key::code(KeyCode::F(7))], "log", "To the log."),
    focus(
        Pane::Channels,
        &[Key::alt('7'), Key::code(KeyCode::F(8))],
        "channels",
        "To the channels: queues, pipes and the like, who waits for them, and the workers' own connections.",
    ),
    focus(
        Pane::Story,
        &[Key::alt('8'), Key::code(KeyCode::F(9))],
        "story",
        "To the story: what to watch, what functions print and return.",
    ),
    bind(Action::Zoom, &[Key::char('z')], Group::View)
        .says("zoom", "Give the pane the whole screen, or show all again.")
        .hints(&[hint(When::Always, 9, "zoom")]),
    bind(Action::Timeline, &[Key::char('t')], Group::View)
        .says("zoom the timeline", "Give the timeline the whole screen, or show all again.")
        .hints(&[hint(When::Always, 10, "timeline")]),
    bind(Action::Freeze, &[Key::char('Z')], Group::View)
        .says("freeze the view", "Keep the view as it is while the run goes on, or follow the run again.")
        .hints(&[hint(When::Frozen, 0, "follow again")]),
    bind(Action::Palette, &[Key::char(':')], Group::Program)
        .says("all actions", "Choose from every action by name.")
        .hints(&[hint(When::Always, 17, "actions")]),
    bind(Action::Help, &[Key::char('?'), Key::code(KeyCode::F(1))], Group::Program)
        .says("help", "List every key; typing narrows the list, Enter runs the line.")
        .hints(&[hint(When::Always, 3, "help")]),
    bind(Action::Redraw, &[Key::ctrl('l')], Group::Program)
        .also(EVERYWHERE)
        .says("redraw", "Draw the whole screen anew."),
    bind(Action::Suspend, &[Key::ctrl('z')], Group::Program)
        .also(EVERYWHERE)
        .says("suspend", "Freeze the pool and go back to the shell; fg goes on."),
    bind(Action::Quit, &[Key::char('q')], Group::Program)
        .also(PANES_AND_PICKER)
        .says("quit", "Leave; while tasks run it asks, then stops them; once more while they stop: kills them.")
        .hints(&[
            hint(When::Live, 1, "quit"),
            hint(When::Stopping, 0, "kill what is left"),
            hint(When::Ended, 0, "quit"),
            hint(When::Replay, 1, "quit"),
        ]),
    bind(Action::QuitNow, &[Key::ctrl('c')], Group::Program)
        .also(EVERYWHERE)
        .says("quit at once", "Leave without being asked: the first stops what runs, the second kills it."),
    dialog(Action::Accept, &[ENTER], &[Mode::Help, Mode::Palette]).says("run", "Run the chosen line.").hints(&[hint(
        When::Always,
        0,
        "run",
    )]),
    dialog(Action::Accept, &[ENTER], &[Mode::Signals]).says("send", "Send the chosen signal.").hints(&[hint(
        When::Always,
        0,
        "send",
    )]),
    dialog(Action::Accept, &[ENTER], &[Mode::Filter, Mode::Size]).says("take", "Take what was typed.").hints(&[hint(
        When::Always,
        0,
        "take",
    )]),
    dialog(Action::Accept, &[ENTER], &[Mode::Verdict])
        .says("terminate", "Where nothing can go on: end the run, and stay to look at it."),
    dialog(Action::QuitNow, &[Key::char('q')], &[Mode::Verdict])
        .says("quit", "Where nothing can go on: leave at once.")
        .hints(&[hint(When::Always, 1, "quit")]),
    dialog(Action::Cancel, &[ESC], &[Mode::Verdict])
        .says("look around", "Close the dialog and look around; v opens it again.")
        .hints(&[hint(When::Always, 2, "look around")]),
    dialog(Action::Accept, &[ENTER], &[Mode::Picker, Mode::PickerFilter])
        .says("run the demo", "Run the chosen demo; when it is over, q comes back to the list.")
        .hints(&[hint(When::Always, 0, "run")]),
    dialog(Action::Cancel, &[ESC], &[Mode::Picker, Mode::PickerFilter])
        .says("all demos", "List all demos again.")
        .hints(&[hint(When::Filtered, 2, "all")]),
    dialog(Action::Accept, &[Key::char('y'), Key::char('Y')], &[Mode::Confirm]).says("yes", "Yes.").hints(&[hint(
        When::Always,
        0,
        "yes",
    )]),
    dialog(Action::Cancel, &[Key::char('n'), Key::char('N'), ESC, ENTER], &[Mode::Confirm])
        .says("no", "No; this is what Enter means where something would be lost.")
        .hints(&[hint(When::Always, 1, "no")]),
    dialog(Action::Cancel, &[ESC, Key::char('?'), Key::code(KeyCode::F(1))], &[Mode::Help])
        .says("close the help", "Close the help.")
        .hints(&[hint(When::Always, 1, "close")]),
    dialog(Action::Cancel, &[ESC], &[Mode::Palette, Mode::Filter, Mode::Size])
        .says("close", "Close without doing anything; in the filter line: list all tasks again.")
        .hints(&[hint(When::Always, 1, "close")]),
    dialog(Action::Cancel, &[ESC, Key::char('q'), Key::char('s')], &[Mode::Signals])
        .says("close the menu", "Close the menu.")
        .hints(&[hint(When::Always, 1, "close")]),
    dialog(Action::Down, &[Key::code(KeyCode::Down), Key::ctrl('n')], LISTS)
        .says("down", "The next line.")
        .hints(&[hint(When::Always, 2, "move")]),
    dialog(Action::Up, &[Key::code(KeyCode::Up), Key::ctrl('p')], LISTS).says("up", "The line before.").hints(&[hint(
        When::Always,
        2,
        "move",
    )]),
    dialog(Action::Down, &[Key::char('j')], &[Mode::Signals]).says("down", "The next line."),
    dialog(Action::Up, &[Key::char('k')], &[Mode::Signals]).says("up", "The line before."),
    dialog(Action::PageDown, &[Key::code(KeyCode::PageDown)], LISTS).says("page down", "One page down."),
    dialog(Action::PageUp, &[Key::code(KeyCode::PageUp)], LISTS).says("page up", "One page up."),
    dialog(Action::First, &[Key::code(KeyCode::Home)], LISTS).says("first", "The first line."),
    dialog(Action::Last, &[Key::code(KeyCode::End)], LISTS).says("last", "The last line."),
    dialog(Action::Erase, &[Key::code(KeyCode::Backspace)], TEXTS).says("erase", "Take the last character back."),
    dialog(Action::EraseAll, &[Key::ctrl('u')], TEXTS).says("erase all", "Take all characters back."),
];

const fn bind(action: Action, keys: &'static [Key], group: Group) -> Binding {
    Binding { action, keys, modes: PANES, runs: Runs::All, group, name: "", does: "", hints: &[] }
}

const fn dialog(action: Action, keys: &'static [Key], modes: &'static [Mode]) -> Binding {
    Binding { action, keys, modes, runs: Runs::All, group: Group::Dialog, name: "", does: "", hints: &[] }
}

const fn focus(pane: Pane, keys: &'static [Key], name: &'static str, does: &'static str) -> Binding {
    Binding { name, does, ..bind(Action::Focus(pane), keys, Group::View) }
}

/// Something asked of the pool: where nothing can be asked of it, it is not there.
const fn ask(action: Action, keys: &'static [Key], group: Group) -> Binding {
    Binding { runs: Runs::Live, ..bind(action, keys, group) }
}

/// Something asked of whoever plays a recorded run.
const fn wish(wish: Wish, keys: &'static [Key]) -> Binding {
    Binding { runs: Runs::Replayed, ..bind(Action::Wish(wish), keys, Group::Replay) }
}

const fn hint(when: When, rank: u8, words: &'static str) -> Hint {
    Hint { when, rank, words }
}

impl Binding {
    const fn says(self, name: &'static str, does: &'static str) -> Self {
        Self { name, does, ..self }
    }

    const fn also(self, modes: &'static [Mode]) -> Self {
        Self { modes, ..self }
    }

    const fn hints(self, hints: &'static [Hint]) -> Self {
        Self { hints, ..self }
    }
}
