//! PURE: tries pool sizes until one is found that does best; a part of the planner.
//! It does not know how throughput is measured: the climb in the model does, and says where to go next.

use super::planner::Step;
use crate::command::{Asker, Tune};
use crate::event::{Phase, Tuning, What};
use crate::model::{Move, Source, State, Status};

/// How long a size is measured at least, on the active clock.
const MEASURED_S: u64 = 2;

/// What somebody's wish leads to.
pub(super) fn accept(state: &State, tune: Tune) -> Vec<Step> {
    match tune {
        Tune::Start if state.phase == Phase::Running && state.target > 0 && state.tuning != Tuning::Searching => {
            vec![changed(Tuning::Searching)]
        }
        Tune::Start => Vec::new(),
        Tune::Stop => ended(state),
    }
}

/// Somebody else decides on the size from now on.
pub(super) fn ended(state: &State) -> Vec<Step> {
    if state.tuning == Tuning::Off { Vec::new() } else { vec![changed(Tuning::Off)] }
}

/// The tuner's next step, if it has one.
pub(super) fn next(state: &State) -> Option<Step> {
    match state.tuning {
        Tuning::Off => None,
        Tuning::Settled { workers } => {
            let there = state.target == workers || state.phase > Phase::Running;
            (!there).then(|| Step::only(What::TargetSet { workers, by: Asker::Tuner }))
        }
        Tuning::Searching if state.phase > Phase::Running || has_run_out(state) => Some(changed(Tuning::Off)),
        Tuning::Searching => Some(match state.climb.as_ref()?.next(state.long_us(MEASURED_S))? {
            Move::Try(workers) => Step::only(What::TargetSet { workers, by: Asker::Tuner }),
            Move::Settle(workers) => changed(Tuning::Settled { workers }),
            Move::GiveUp => changed(Tuning::Off),
        }),
    }
}

/// Whether no task waits and none will: then no size can be measured any more.
fn has_run_out(state: &State) -> bool {
    let submits = state.main.and_then(|main| state.task(main)).is_some_and(|main| !main.status.is_final());
    let waits = state.counts.waiting() > 0 || state.count(Status::Delayed) > 0;
    state.source == Source::Closed && !submits && !waits
}

fn changed(tuning: Tuning) -> Step {
    Step::only(What::TuningChanged { tuning })
}

#[cfg(test)]
mod tests;
