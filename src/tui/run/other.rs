//! Who is at the other end of the screen: a pool, or somebody who plays a recorded run; and what both are told.
//! It does not know what keys ask.

use std::time::Duration;

use super::{Session, Source};
use crate::clock::Clock;
use crate::command::{Ask, Command};
use crate::event::{PauseReason, Phase};
use crate::model::{Deck, Wish};
use crate::tui::terminal::TuiError;

/// How long the pool may take to freeze before the program is stopped all the same.
const SUSPEND_WAIT: Duration = Duration::from_millis(500);

/// Who is at the other end.
#[derive(Clone, Copy)]
pub(super) enum Other<'a> {
    /// A pool, which obeys.
    Pool(&'a dyn Ask),
    /// A player of recorded runs, in which nothing can be changed any more.
    Deck(&'a dyn Deck),
}

impl Session<'_> {
    pub(super) fn ask(&self, command: Command) {
        if let Other::Pool(pool) = self.other {
            pool.ask(command);
        }
    }

    pub(super) fn wish(&self, wish: Wish) {
        if let Other::Deck(deck) = self.other {
            deck.wish(wish);
        }
    }

    /// The pool freezes first, so that tasks do not run while nobody can see or stop them.
    pub(super) fn suspend(&mut self) -> Result<(), TuiError> {
        if self.state.phase == Phase::Ended || matches!(self.other, Other::Deck(_)) {
            return self.console.terminal.suspend();
        }
        self.ask(Command::Suspend);
        self.wait_until_frozen();
        self.console.terminal.suspend()?;
        self.ask(Command::Continue);
        Ok(())
    }

    fn wait_until_frozen(&mut self) {
        let clock = Clock::start();
        while !self.state.is_paused_by(PauseReason::Suspended) && self.state.phase != Phase::Ended {
            let Source::Open(updates) = &self.source else { return };
            let Some(left) = SUSPEND_WAIT.checked_sub(clock.elapsed()) else { return };
            match updates.recv_timeout(left) {
                Ok(update) => self.follow(update),
                Err(_) => return,
            }
        }
    }
}
