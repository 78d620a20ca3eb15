//! The terminal with its keys and its looks, taken for one screen after the other: between them nothing of the shell is seen.
//! It does not know what the screens show.

use super::detect::{Environment, charset};
use super::input::{Decoder, Keyboard};
use super::run::{LeftBy, Options, Why};
use super::terminal::{self, Terminal, TuiError};
use super::theme::{Depth, Name, Theme};

/// The terminal, ours until this is dropped.
// The keyboard comes first, so that its thread has ended before the terminal is given back.
pub struct Console {
    pub(super) keyboard: Keyboard,
    pub(super) terminal: Terminal,
    pub(super) theme: Theme,
    pub(super) last: Option<(Why, LeftBy)>,
}

impl Console {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is no terminal, or it cannot be set up. Nothing has been drawn then.
    pub fn open(options: &Options) -> Result<Self, TuiError> {
        let mut terminal = Terminal::enter(options.mouse)?;
        let (theme, typed) = theme(*options);
        let keyboard = Keyboard::start(terminal::open_keys()?, typed)?;
        terminal.wake_through(keyboard.sender());
        Ok(Self { keyboard, terminal, theme, last: None })
    }

    /// Why the last run's screen was left, and at whose wish; `None` if it broke.
    pub fn last(&self) -> Option<(Why, LeftBy)> {
        self.last
    }
}

/// The theme for this terminal, and what was typed while it was asked.
pub(super) fn theme(options: Options) -> (Theme, Decoder) {
    let environment = Environment::read();
    let depth = environment.depth(options.color);
    let matters = depth != Depth::Mono && matches!(options.theme, Name::Auto | Name::HighContrast);
    let (answer, typed) =
        if matters && environment.may_ask() { terminal::ask_background() } else { (None, Decoder::default()) };
    let theme = Theme::new(depth, environment.background(answer), charset(options.charset), options.theme);
    (theme, typed)
}
