//! A recorded run at any instant: its journal folded into states, forwards and backwards, at any speed.
//! It does not know how states look, and does nothing of what the journal tells: it executes nothing, signals nobody, opens no
//! path that is named in it, and writes nothing.

mod deck;
mod film;
mod fold;
mod kept;
mod moments;
mod player;
mod tell;

pub use deck::{Options, Playing, Shown, play};
pub use film::{Changed, Cursor, Film, Read, Target};
pub use fold::{Fold, FoldError, Next, Spoilt};
pub use moments::Gaps;
pub use player::{Edge, Player, Tape};
pub use tell::{Telling, Told, tell};

use crate::event::Elapsed;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At this instant.
    At(Elapsed),
    /// Behind so many thousandths of the run's time.
    Share(u16),
}

impl From {
    /// Which instant that is in a run that ends then.
    #[must_use]
    pub fn of(self, end: Elapsed) -> Elapsed {
        match self {
            Self::At(at) => at,
            Self::Share(per_mille) => {
                let at = u128::from(end.0) * u128::from(per_mille) / 1000;
                Elapsed(u64::try_from(at).unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests;
