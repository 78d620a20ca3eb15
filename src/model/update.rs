//! What the supervisor publishes to whoever follows the run. PURE.
//! It does not know how many follow, nor how fast.

use std::sync::Arc;

use super::{Replayed, State};
use crate::event::Event;

/// One piece of news, in order.
#[derive(Clone, Debug)]
pub enum Update {
    /// These happened since the last update.
    Events(Arc<[Event]>),
    /// The follower was too slow and events were left out; this is the state after all of them.
    Reset(Arc<State>),
    /// A recorded run at some instant, which may be before that of the last update.
    Replayed(Box<Replayed>),
}

impl State {
    /// Takes one update in.
    ///
    /// # Panics
    /// When the events are not the ones that follow this state; the supervisor publishes only what it has applied itself.
    pub fn follow(&mut self, update: &Update) {
        match update {
            Update::Events(events) => {
                for event in events.iter() {
                    self.apply(event).expect("BUG: a published event does not apply");
                }
            }
            Update::Reset(state) => *self = State::clone(state),
            Update::Replayed(replayed) => self.clone_from(&replayed.state),
        }
    }
}
