//! The screen's own loop: follow the run, take keys, draw what changed, until it is time to leave.
//! It does not know who carries commands out, nor how anything looks.

mod news;
mod other;
mod pace;
mod title;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError, never, select};

use super::act::{self, Effect, Sight};
use super::console::Console;
use super::detect::{CharsetChoice, ColorChoice};
use super::input::Input;
use super::panes::detail;
use super::terminal::{self, Drawn, MouseUse, TuiError};
use super::theme::Name;
use super::viewer::{Follow, Overlay, Viewer};
use super::whole;
use crate::clock::Clock;
use crate::command::Ask;
use crate::event::Phase;
use crate::model::{Deck, Playback, State, Update, Wish};
use crate::task::TaskId;
use news::{shows, told_to_stop};
use other::Other;
use pace::{Pace, Urgency};
use ratatui::layout::Rect;
use title::Title;

/// What the screen does when the run has ended by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEnd {
    /// Its results stay in view until the person quits.
    #[default]
    Stay,
    /// It closes.
    Close,
}

/// What was chosen for the screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What to do when the run has ended.
    pub on_end: OnEnd,
    /// Whether the mouse is used.
    pub mouse: MouseUse,
    /// When to use colour.
    pub color: ColorChoice,
    /// Which characters to draw with.
    pub charset: CharsetChoice,
    /// Which theme.
    pub theme: Name,
}

/// Why the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The run has ended.
    Ended,
    /// No more updates came though the run had not ended.
    Lost,
    /// The terminal is gone, or another thread's panic gave it back. The run may go on; somebody has to end it.
    TerminalGone,
}

/// What is left of the screen.
#[derive(Debug)]
pub struct Ending {
    /// The run as far as it was followed.
    pub state: State,
    /// Why the screen was left.
    pub why: Why,
}

/// At whose wish the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBy {
    /// By a key, or by the end of the run.
    Person,
    /// The run was told to stop by somebody else: a signal, the scenario itself.
    Others,
}

/// Shows the run on the terminal until it is time to leave. The terminal is then as it was before.
///
/// # Errors
/// When there is no terminal, or it cannot be set up. Nothing has been drawn then.
pub fn run(updates: Receiver<Update>, ask: &dyn Ask, options: &Options) -> Result<Ending, TuiError> {
    run_on(&mut Console::open(options)?, updates, ask, options.on_end)
}

/// The same on a terminal that is taken already, and stays so.
///
/// # Errors
/// When the terminal cannot be taken again after the program was suspended.
pub fn run_on(
    console: &mut Console,
    updates: Receiver<Update>,
    ask: &dyn Ask,
    on_end: OnEnd,
) -> Result<Ending, TuiError> {
    Session::new(console, updates, Other::Pool(ask), on_end).run()
}

/// Shows a recorded run until the person leaves.
///
/// # Errors
/// As [`run`].
pub fn replay(updates: Receiver<Update>, deck: &dyn Deck, options: &Options) -> Result<Ending, TuiError> {
    Session::new(&mut Console::open(options)?, updates, Other::Deck(deck), OnEnd::Stay).run()
}

/// How often updates are gathered while a frame is wanted and not yet due.
const GATHER_EVERY: Duration = Duration::from_millis(25);

/// How many updates are taken in before keys and frames get their turn.
const GATHERED_MAX: usize = 1024;

/// Where updates come from.
enum Source {
    Open(Receiver<Update>),
    Closed,
}

/// Whether it is time to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    NotYet,
    /// When the run has ended.
    AtEnd,
    /// When the person says so, though the run is being stopped.
    WhenTold,
    Now(Why),
}

struct Session<'a> {
    console: &'a mut Console,
    other: Other<'a>,
    on_end: OnEnd,
    clock: Clock,
    area: Rect,
    state: State,
    /// What is shown while the view is frozen.
    frozen: Option<Box<State>>,
    viewer: Viewer,
    pace: Pace,
    title: Title,
    source: Source,
    leaving: Leaving,
    left_by: LeftBy,
    /// The attempt whose kept output was looked at last.
    looked: Option<(TaskId, u16)>,
}

impl<'a> Session<'a> {
    fn new(console: &'a mut Console, updates: Receiver<Update>, other: Other<'a>, on_end: OnEnd) -> Self {
        console.last = None;
        Self {
            console,
            other,
            on_end,
            clock: Clock::start(),
            area: Rect::ZERO,
            state: State::new(),
            frozen: None,
            viewer: Viewer::default(),
            pace: Pace::default(),
            title: Title::default(),
            source: Source::Open(updates),
            leaving: Leaving::NotYet,
            left_by: LeftBy::Person,
            looked: None,
        }
    }

    fn run(mut self) -> Result<Ending, TuiError> {
        let no_updates = never();
        loop {
            self.gather();
            if let Some(why) = self.time_to_leave() {
                self.console.last = Some((why, self.left_by));
                return Ok(Ending { state: self.state, why });
            }
            self.tend();
            if matches!(self.leaving, Leaving::Now(_)) {
                continue;
            }
            // What happens before the next frame is due is gathered in a few goes: waking for each event would cost more
            // than drawing all of them.
            let gathers = self.pace.is_pending(self.clock.elapsed());
            let updates = match &self.source {
                Source::Open(updates) if !gathers => updates,
                _ => &no_updates,
            };
            let longest = if gathers { GATHER_EVERY } else { Duration::MAX };
            select! {
                recv(updates) -> update => match update {
                    Ok(update) => self.follow(update),
                    Err(_) => self.source = Source::Closed,
                },
                recv(self.console.keyboard.inputs()) -> input => self.take(input.unwrap_or(Input::Gone))?,
                default(self.pace.wait(self.clock.elapsed(), self.viewer.toast.as_ref()).min(longest)) => {}
            }
        }
    }

    fn time_to_leave(&self) -> Option<Why> {
        let ended = self.state.phase == Phase::Ended;
        match (self.leaving, &self.source) {
            (Leaving::Now(why), _) => Some(why),
            (Leaving::AtEnd, _) if ended => Some(Why::Ended),
            (Leaving::NotYet, _) if ended && self.on_end == OnEnd::Close => Some(Why::Ended),
            (_, Source::Closed) if !ended => Some(Why::Lost),
            _ => None,
        }
    }

    fn follow(&mut self, update: Update) {
        let before = self.state.phase;
        let update = match update {
            Update::Replayed(replayed) => {
                self.state = replayed.state;
                let before = self.viewer.replay.replace(Arc::new(replayed.playback));
                let misses = |playback: &Option<Arc<Playback>>| playback.as_ref().map_or(0, |playback| playback.misses);
                if misses(&self.viewer.replay) > misses(&before) {
                    self.with_sight(|viewer, sight| act::say(viewer, sight, "there is no marker that way"));
                }
                return self.pace.touch(Urgency::News);
            }
            other => other,
        };
        self.state.follow(&update);
        if self.leaving == Leaving::NotYet && told_to_stop(&update, &self.state) {
            self.leaving = Leaving::AtEnd;
            self.left_by = LeftBy::Others;
        }
        if !shows(&update) {
            return;
        }
        if self.frozen.is_none() || self.viewer.overlay != Overlay::None {
            self.pace.touch(Urgency::News);
        } else if self.state.phase == Phase::Ended && before != Phase::Ended {
            self.with_sight(|viewer, sight| act::say(viewer, sight, "the run has ended; Z shows it"));
            self.pace.touch(Urgency::News);
        }
    }

    fn take(&mut self, input: Input) -> Result<(), TuiError> {
        self.pace.touched_by_hand(self.clock.elapsed());
        let effects = match input {
            Input::Key(key) => self.with_sight(|viewer, sight| act::on_key(key, viewer, sight)),
            Input::Mouse(mouse) => self.with_sight(|viewer, sight| act::on_mouse(mouse, viewer, sight)),
            Input::Paste(text) => {
                act::on_paste(&text, &mut self.viewer);
                Vec::new()
            }
            Input::Resized => Vec::new(),
            Input::Continued => vec![Effect::Redraw],
            Input::GivenBack | Input::Gone => {
                self.leaving = Leaving::Now(Why::TerminalGone);
                Vec::new()
            }
        };
        for effect in effects {
            self.perform(effect)?;
        }
        self.freeze_or_thaw();
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), TuiError> {
        match effect {
            Effect::Ask(command) => self.ask(command),
            Effect::Wish(wish) => self.wish(wish),
            Effect::Leave => self.leaving = Leaving::Now(Why::Ended),
            Effect::LeaveAtEnd => self.leaving = Leaving::AtEnd,
            Effect::Stay => self.leaving = Leaving::WhenTold,
            Effect::Redraw => {
                if self.console.terminal.reassert().is_err() {
                    self.leaving = Leaving::Now(Why::TerminalGone);
                }
            }
            Effect::Copy(text) => {
                terminal::copy(&text);
                self.with_sight(|viewer, sight| act::say(viewer, sight, format!("copied (OSC 52): {text}")));
            }
            Effect::Suspend => self.suspend()?,
        }
        Ok(())
    }

    /// A frozen view shows a copy; the state itself goes on.
    fn freeze_or_thaw(&mut self) {
        match (self.viewer.follow, &self.frozen) {
            (Follow::Frozen, None) => self.frozen = Some(Box::new(self.state.clone())),
            (Follow::Live, Some(_)) => self.frozen = None,
            _ => {}
        }
    }

    /// Takes in whatever has come.
    fn gather(&mut self) {
        for _ in 0..GATHERED_MAX {
            let Source::Open(updates) = &self.source else { return };
            match updates.try_recv() {
                Ok(update) => self.follow(update),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.source = Source::Closed,
            }
        }
    }

    /// Lets go of what is over, and draws if there is something to draw and it is time.
    fn tend(&mut self) {
        let now = self.clock.elapsed();
        if self.pace.is_retry_due(now) {
            let drawn = terminal::retry();
            self.drawn(drawn.ok());
        }
        if self.viewer.toast.as_ref().is_some_and(|toast| self.clock.now() >= toast.until) {
            self.pace.touch(Urgency::Hand);
        }
        if self.pace.is_due(now) {
            self.draw();
        }
    }

    fn draw(&mut self) {
        self.with_sight(act::settle);
        self.look();
        let shown = self.frozen.as_deref().unwrap_or(&self.state);
        let (viewer, theme, live) = (&self.viewer, &self.console.theme, &self.state);
        let mut area = self.area;
        let drawn = self.console.terminal.draw(|buf| {
            area = buf.area;
            whole::render(buf, shown, live, viewer, theme);
        });
        self.area = area;
        let now = self.clock.elapsed();
        self.pace.drawn(now);
        self.drawn(drawn.ok());
        if let Some(title) = self.title.next(&self.state, self.viewer.replay.as_deref(), now) {
            terminal::title(&title);
        }
    }

    /// Has the kept output of the attempt looked for that the detail shows; what a recorded state has of it is its end at most.
    fn look(&mut self) {
        let shown = self.frozen.as_deref().unwrap_or(&self.state);
        let wanted = self.viewer.replay.as_ref().and_then(|_| detail::output_wanted(shown, &self.viewer));
        if let Some((task, attempt)) = wanted.filter(|_| wanted != self.looked) {
            self.looked = wanted;
            self.wish(Wish::Look(task, attempt));
        }
    }

    fn drawn(&mut self, drawn: Option<Drawn>) {
        let now = self.clock.elapsed();
        match drawn {
            Some(Drawn::Sent) => self.pace.flows(),
            Some(Drawn::Stalled) => self.pace.stalls(now),
            Some(Drawn::NotOurs) | None => self.leaving = Leaving::Now(Why::TerminalGone),
        }
    }

    fn with_sight<T>(&mut self, act: impl FnOnce(&mut Viewer, &Sight<'_>) -> T) -> T {
        let shown = self.frozen.as_deref().unwrap_or(&self.state);
        let sight =
            Sight { shown, live: &self.state, area: self.area, theme: &self.console.theme, now: self.clock.now() };
        act(&mut self.viewer, &sight)
    }
}
