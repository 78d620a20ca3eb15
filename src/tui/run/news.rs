//! What an update means for the screen beyond the state it leads to. PURE.
//! It does not know what is drawn, nor when.

use crate::event::{Phase, PhaseReason, What};
use crate::model::{State, Status, Update};

/// Whether the update changes anything a person could see: that a worker was asked for a sign of life, and gave one, does not.
pub(super) fn shows(update: &Update) -> bool {
    match update {
        Update::Reset(_) | Update::Replayed(_) => true,
        Update::Events(events) => {
            !events.iter().all(|event| matches!(event.what, What::WorkerAsked { .. } | What::WorkerAnswered { .. }))
        }
    }
}

/// Whether somebody, by a key or a signal, wants the run to stop: then nobody wants to look at it afterwards.
pub(super) fn told_to_stop(update: &Update, state: &State) -> bool {
    match update {
        Update::Events(events) => events.iter().any(|event| {
            matches!(
                event.what,
                What::PhaseEntered { phase: Phase::Stopping | Phase::Killing, why: PhaseReason::Asked }
            )
        }),
        // Nobody stops what is over.
        Update::Replayed(_) => false,
        Update::Reset(_) => {
            let by_person = state.stopped_by == Some(PhaseReason::Asked);
            let stopped =
                matches!(state.phase, Phase::Stopping | Phase::Killing) || state.count(Status::Interrupted) > 0;
            by_person && stopped
        }
    }
}
