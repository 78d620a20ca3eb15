//! What keys do: one table, from which come the look-up, the footer, the help, the palette, the manual and the README. PURE.
//! It does not know how an action is carried out.

mod key;
mod manual;
mod table;

use super::viewer::{Overlay, Pane, Viewer};
use crate::model::Wish;

pub use key::Key;
pub use manual::{markdown, roff};
pub use table::BINDINGS;

/// Everything a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// One worker more.
    Grow,
    /// One worker fewer.
    Shrink,
    /// Type how many workers there are to be.
    TypeSize,
    /// Let pooltop look for the best size, or leave that to the person.
    Tune,
    /// Freeze the pool, or let it go on.
    TogglePool,
    /// Finish what runs, start nothing more.
    Drain,
    /// End a run that cannot go on, and stay to look.
    Terminate,
    /// Say again why nothing can go on.
    Verdict,
    /// Put another worker in the place of this one.
    Replace,
    /// Freeze one task, or let it go on.
    ToggleTask,
    /// End a task by TERM.
    Stop,
    /// End a task by KILL.
    Kill,
    /// Choose a signal for a task.
    Signal,
    /// Run an ended task again.
    Retry,
    /// Put PID, command or path on the clipboard.
    Copy,
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// One page down.
    PageDown,
    /// One page up.
    PageUp,
    /// To the first line.
    First,
    /// To the last line.
    Last,
    /// Show the selected task.
    Detail,
    /// Leave the filter, the selection, the zoom.
    Back,
    /// List only matching tasks.
    Filter,
    /// To the next task that is listed.
    NextMatch,
    /// To the one before.
    PreviousMatch,
    /// Sort by the column to the left.
    SortLeft,
    /// Sort by the column to the right.
    SortRight,
    /// Sort the other way round.
    SortReverse,
    /// To the next pane.
    NextPane,
    /// To the pane before.
    PreviousPane,
    /// To this pane.
    Focus(Pane),
    /// The focused pane alone, or all.
    Zoom,
    /// The timeline alone, or all.
    Timeline,
    /// Keep the view as it is, or follow the run again.
    Freeze,
    /// Every action by name.
    Palette,
    /// Every key.
    Help,
    /// Ask it of whoever plays the recorded run.
    Wish(Wish),
    /// To the tenth of the recorded run that the digit names.
    Tenth,
    /// Draw everything anew.
    Redraw,
    /// Stop the program as Ctrl-Z does.
    Suspend,
    /// Leave; asks while tasks run.
    Quit,
    /// Leave without asking.
    QuitNow,
    /// Do what the dialog is about.
    Accept,
    /// Close the dialog.
    Cancel,
    /// Take the last character back.
    Erase,
    /// Take all characters back.
    EraseAll,
}

/// What a binding is about; the help is ordered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// The pool as a whole.
    Pool,
    /// Which instant of a recorded run is shown.
    Replay,
    /// One worker or its task.
    Task,
    /// Moving about in lists.
    Move,
    /// What is shown, and how.
    View,
    /// The program itself.
    Program,
    /// While a dialog is open, and in the list of demos.
    Dialog,
}

impl Group {
    /// In the order of the table.
    pub const ALL: [Self; 7] =
        [Self::Pool, Self::Replay, Self::Task, Self::Move, Self::View, Self::Program, Self::Dialog];

    /// Its heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Pool => "The pool",
            Self::Replay => "In a replay, where these keys go before others",
            Self::Task => "Tasks and workers",
            Self::Move => "Moving",
            Self::View => "The view",
            Self::Program => "The program",
            Self::Dialog => "In dialogs and lists",
        }
    }
}

/// What keys go to: the panes, or the dialog that lies over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The panes.
    Panes,
    /// The list of keys.
    Help,
    /// The list of actions.
    Palette,
    /// The list of signals.
    Signals,
    /// Yes or no.
    Confirm,
    /// The filter line.
    Filter,
    /// The size line.
    Size,
    /// Why nothing can go on.
    Verdict,
    /// The list of demos, which stands alone.
    Picker,
    /// The line that filters it.
    PickerFilter,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Panes,
        Self::Help,
        Self::Palette,
        Self::Signals,
        Self::Confirm,
        Self::Filter,
        Self::Size,
        Self::Verdict,
        Self::Picker,
        Self::PickerFilter,
    ];

    /// The mode while this lies over the panes.
    pub fn of(overlay: &Overlay) -> Self {
        match overlay {
            Overlay::None => Self::Panes,
            Overlay::Help { .. } => Self::Help,
            Overlay::Palette { .. } => Self::Palette,
            Overlay::Signals { .. } => Self::Signals,
            Overlay::ConfirmQuit => Self::Confirm,
            Overlay::Filter { .. } => Self::Filter,
            Overlay::Size { .. } => Self::Size,
            Overlay::Verdict { .. } => Self::Verdict,
        }
    }

    /// Whether characters that are no keys in this mode are text.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Help | Self::Palette | Self::Filter | Self::Size | Self::PickerFilter)
    }
}

/// What the panes show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Run {
    /// A run as it happens.
    #[default]
    Live,
    /// A recorded one.
    Replayed,
}

impl Run {
    /// What they show now.
    pub fn of(viewer: &Viewer) -> Self {
        if viewer.replay.is_some() { Self::Replayed } else { Self::Live }
    }
}

/// For which runs a binding is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runs {
    /// For all; in a replay its keys give way to those that are for replays only.
    All,
    /// For runs that can be steered.
    Live,
    /// For recorded ones.
    Replayed,
}

/// When a hint is worth its place in the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// While the run can be steered.
    Live,
    /// While the pool works.
    Working,
    /// While the pool is frozen.
    Paused,
    /// While nothing can go on.
    Stuck,
    /// While what runs is being ended.
    Stopping,
    /// When the run is over, or there is none.
    Ended,
    /// While only some demos are listed.
    Filtered,
    /// While the view is frozen.
    Frozen,
    /// In a replay.
    Replay,
    /// In a replay that goes on.
    Playing,
    /// In one that stands still.
    Still,
}

/// A few words for the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// When it is worth its place.
    pub when: When,
    /// The lower, the more useful; the least useful are left out where room is short.
    pub rank: u8,
    /// Bindings that follow each other with the same words are shown as one.
    pub words: &'static str,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// The keys; the first one is shown where there is room for one.
    pub keys: &'static [Key],
    /// Where these keys do it.
    pub modes: &'static [Mode],
    /// For which runs.
    pub runs: Runs,
    /// What it is about.
    pub group: Group,
    /// A few words, for the palette.
    pub name: &'static str,
    /// A sentence, for the help and the manual.
    pub does: &'static str,
    /// For the footer.
    pub hints: &'static [Hint],
}

impl Binding {
    /// The keys as people write them: `x`, `Ctrl-C`, `0-9`.
    pub fn keys_shown(&self) -> String {
        key::shown(self.keys)
    }

    /// The same, without those that do something else in such a run.
    pub fn keys_shown_in(&self, run: Run) -> String {
        let is_free = |key: &Key| self.runs != Runs::All || found(Mode::Panes, run.own(), *key).is_none();
        let keys: Vec<Key> = self.keys.iter().copied().filter(|key| !self.is_offered() || is_free(key)).collect();
        key::shown(&keys)
    }

    /// Whether the palette offers it.
    pub fn is_offered(&self) -> bool {
        self.modes.contains(&Mode::Panes)
    }

    /// Whether it is there for such a run.
    pub fn is_for(&self, run: Run) -> bool {
        self.runs == Runs::All || self.runs == run.own()
    }
}

impl Run {
    /// The bindings that are for it alone.
    fn own(self) -> Runs {
        match self {
            Self::Live => Runs::Live,
            Self::Replayed => Runs::Replayed,
        }
    }
}

/// What the key does in that mode, over such a run.
pub fn lookup(mode: Mode, run: Run, key: Key) -> Option<Action> {
    found(mode, run.own(), key).or_else(|| found(mode, Runs::All, key)).map(|found| found.action)
}

/// Whether the key would ask something of a run that can be steered.
pub fn steers(mode: Mode, key: Key) -> bool {
    found(mode, Runs::Live, key).is_some()
}

fn found(mode: Mode, runs: Runs, key: Key) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.runs == runs && binding.modes.contains(&mode) && binding.keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Way;
    use std::collections::HashSet;

    /// What can be wished by a key.
    const WISHES: [Wish; 13] = [
        Wish::PlayOrPause,
        Wish::By(Way::Back, 5000),
        Wish::By(Way::On, 5000),
        Wish::By(Way::Back, 1000),
        Wish::By(Way::On, 1000),
        Wish::Event(Way::Back),
        Wish::Event(Way::On),
        Wish::Pace(Way::Back),
        Wish::Pace(Way::On),
        Wish::Start,
        Wish::End,
        Wish::Moment(Way::Back),
        Wish::Moment(Way::On),
    ];

    /// Every variant, so that a new one cannot be forgotten in the table: this match must be complete to compile.
    fn every_action() -> Vec<Action> {
        let mut all = vec![Action::Grow];
        while let Some(next) = following(*all.last().unwrap()) {
            all.push(next);
        }
        all
    }

    fn following(action: Action) -> Option<Action> {
        Some(match action {
            Action::Grow => Action::Shrink,
            Action::Shrink => Action::TypeSize,
            Action::TypeSize => Action::Tune,
            Action::Tune => Action::TogglePool,
            Action::TogglePool => Action::Drain,
            Action::Drain => Action::Terminate,
            Action::Terminate => Action::Verdict,
            Action::Verdict => Action::Replace,
            Action::Replace => Action::ToggleTask,
            Action::ToggleTask => Action::Stop,
            Action::Stop => Action::Kill,
            Action::Kill => Action::Signal,
            Action::Signal => Action::Retry,
            Action::Retry => Action::Copy,
            Action::Copy => Action::Down,
            Action::Down => Action::Up,
            Action::Up => Action::PageDown,
            Action::PageDown => Action::PageUp,
            Action::PageUp => Action::First,
            Action::First => Action::Last,
            Action::Last => Action::Detail,
            Action::Detail => Action::Back,
            Action::Back => Action::Filter,
            Action::Filter => Action::NextMatch,
            Action::NextMatch => Action::PreviousMatch,
            Action::PreviousMatch => Action::SortLeft,
            Action::SortLeft => Action::SortRight,
            Action::SortRight => Action::SortReverse,
            Action::SortReverse => Action::NextPane,
            Action::NextPane => Action::PreviousPane,
            Action::PreviousPane => Action::Focus(Pane::ALL[0]),
            Action::Focus(pane) => {
                let at = Pane::ALL.iter().position(|&other| other == pane).unwrap();
                Pane::ALL.get(at + 1).map_or(Action::Zoom, |&next| Action::Focus(next))
            }
            Action::Zoom => Action::Timeline,
            Action::Timeline => Action::Freeze,
            Action::Freeze => Action::Palette,
            Action::Palette => Action::Help,
            Action::Help => Action::Tenth,
            Action::Tenth => Action::Wish(WISHES[0]),
            Action::Wish(wish) => {
                let at = WISHES.iter().position(|&other| other == wish).unwrap();
                WISHES.get(at + 1).map_or(Action::Redraw, |&next| Action::Wish(next))
            }
            Action::Redraw => Action::Suspend,
            Action::Suspend => Action::Quit,
            Action::Quit => Action::QuitNow,
            Action::QuitNow => Action::Accept,
            Action::Accept => Action::Cancel,
            Action::Cancel => Action::Erase,
            Action::Erase => Action::EraseAll,
            Action::EraseAll => return None,
        })
    }

    #[test]
    fn every_action_is_in_the_table() {
        for action in every_action() {
            assert!(BINDINGS.iter().any(|binding| binding.action == action), "{action:?}");
        }
    }

    #[test]
    fn no_key_does_two_things_in_one_mode() {
        // Those for replays go before the others.
        let sets: [&[Runs]; 2] = [&[Runs::All, Runs::Live], &[Runs::Replayed]];
        for (mode, set) in Mode::ALL.into_iter().flat_map(|mode| sets.map(|set| (mode, set))) {
            let mut seen = HashSet::new();
            let all = BINDINGS.iter().filter(|binding| set.contains(&binding.runs));
            for binding in all.filter(|binding| binding.modes.contains(&mode)) {
                for key in binding.keys {
                    assert!(seen.insert(*key), "{key:?} in {mode:?}");
                }
            }
        }
    }

    #[test]
    fn in_a_replay_keys_that_ask_something_of_the_pool_play_the_run_or_do_nothing() {
        let panes = |run, key| lookup(Mode::Panes, run, key);
        assert_eq!(panes(Run::Live, Key::char(' ')), Some(Action::TogglePool));
        assert_eq!(panes(Run::Replayed, Key::char(' ')), Some(Action::Wish(Wish::PlayOrPause)));
        assert_eq!(panes(Run::Replayed, Key::char('+')), None);
        assert!(steers(Mode::Panes, Key::char('+')) && !steers(Mode::Panes, Key::char('j')));
        let last = BINDINGS.iter().find(|binding| binding.action == Action::Last).unwrap();
        assert_eq!((last.keys_shown_in(Run::Live), last.keys_shown_in(Run::Replayed)), ("G End".into(), "G".into()));
        assert_eq!(lookup(Mode::Palette, Run::Replayed, Key::code(crossterm::event::KeyCode::End)), Some(Action::Last));
    }

    #[test]
    fn keys_are_written_as_the_decoder_writes_them() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert_eq!(*key, Key::new(key.code, key.modifiers), "{key:?} cannot be typed");
            }
        }
    }

    #[test]
    fn groups_stand_together_and_sentences_end() {
        let groups: Vec<Group> = BINDINGS.iter().map(|binding| binding.group).collect();
        let mut in_order = groups.clone();
        in_order.dedup();
        assert_eq!(in_order, Group::ALL);
        for binding in BINDINGS {
            assert!(binding.does.ends_with('.') && !binding.name.ends_with('.'), "{}", binding.name);
            assert!(!binding.keys.is_empty() && !binding.modes.is_empty());
        }
    }

    #[test]
    fn a_character_that_is_text_is_no_key() {
        for mode in Mode::ALL.into_iter().filter(|mode| mode.takes_text()) {
            for char in ['a', 'Z', '1', ' ', '从'] {
                assert_eq!(lookup(mode, Run::Replayed, Key::char(char)), None, "{char} in {mode:?}");
            }
        }
    }
}
