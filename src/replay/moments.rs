//! What is worth going to in a run, and when nothing happens in it: gathered in one pass, in bounded room. PURE.
//! It does not know how either is shown or used.

use crate::command::Asker;
use crate::event::{Elapsed, Event, What};
use crate::model::{Moment, MomentKind, State};

/// How many moments are kept; when there are more, those of one kind that are close together become one.
const MOMENTS_MAX: usize = 512;

/// How close that is, at first.
const CLOSE_US_MIN: u64 = 1000;

/// How many gaps are kept; those after that are played as they were.
const GAPS_MAX: usize = 1 << 16;

/// What there is one kind of after the other.
const KINDS: usize = 5;

/// What is worth going to.
#[derive(Debug, Default)]
pub(super) struct Moments {
    all: Vec<Moment>,
    close_us: u64,
    target: u32,
    losses: u32,
}

impl Moments {
    /// In order.
    pub fn all(&self) -> &[Moment] {
        &self.all
    }

    /// This has happened; `state` is the one after it.
    pub fn watch(&mut self, event: &Event, state: &State) {
        let kind = match &event.what {
            What::TargetSet { by, .. } if *by != Asker::Start && state.target != self.target => {
                Some(MomentKind::Resize)
            }
            What::TaskFailed { .. } => Some(MomentKind::Failure),
            What::VerdictReached { .. } => Some(MomentKind::Verdict),
            What::RunResumed { .. } => Some(MomentKind::Resumed),
            _ if state.unplanned.losses > self.losses => Some(MomentKind::Loss),
            _ => None,
        };
        (self.target, self.losses) = (state.target, state.unplanned.losses);
        let Some(kind) = kind else { return };
        let before = self.all.iter().rev().find(|moment| moment.kind == kind);
        if before.is_some_and(|before| event.at.0 - before.at.0 < self.close_us) {
            return;
        }
        self.all.push(Moment { at: event.at, kind });
        while self.all.len() > MOMENTS_MAX {
            self.close_us = (self.close_us * 2).max(CLOSE_US_MIN);
            self.join();
        }
    }

    /// Of those of one kind that are close to each other the first stays.
    fn join(&mut self) {
        let mut last = [None; KINDS];
        let close_us = self.close_us;
        self.all.retain(|moment| {
            let last = &mut last[moment.kind as usize];
            let stays = last.is_none_or(|last: Elapsed| moment.at.0 - last.0 >= close_us);
            if stays {
                *last = Some(moment.at);
            }
            stays
        });
    }
}

/// The stretches in which nothing happens for longer than somebody wants to wait.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    limit_us: Option<u64>,
    last: Elapsed,
    /// From where on each is left out, and until when.
    all: Vec<(Elapsed, Elapsed)>,
}

impl Gaps {
    /// Of those longer than the limit, what is beyond it is left out; without a limit nothing is.
    pub fn new(limit_ms: Option<u64>) -> Self {
        Self { limit_us: limit_ms.map(|limit_ms| limit_ms.saturating_mul(1000)), ..Self::default() }
    }

    /// This has happened.
    pub fn watch(&mut self, event: &Event) {
        let Some(limit_us) = self.limit_us else { return };
        if is_a_sign_of_life(&event.what) {
            return;
        }
        let from = Elapsed(self.last.0.saturating_add(limit_us));
        if event.at > from && self.all.len() < GAPS_MAX {
            self.all.push((from, event.at));
        }
        self.last = event.at;
    }

    /// The next stretch to be left out, as one sees it at that instant: from where on, and until when.
    pub(super) fn next(&self, at: Elapsed) -> Option<(Elapsed, Elapsed)> {
        let after = self.all.partition_point(|(_, until)| *until <= at);
        self.all.get(after).copied()
    }
}

/// Told though nothing happens.
pub(super) fn is_a_sign_of_life(what: &What) -> bool {
    matches!(
        what,
        What::Ticked
            | What::Sampled { .. }
            | What::WiresCounted { .. }
            | What::WorkerAsked { .. }
            | What::WorkerAnswered { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::TaskId;

    fn failure(at_us: u64) -> Event {
        Event { at: Elapsed(at_us), what: What::TaskFailed { task: TaskId(0) } }
    }

    #[test]
    fn a_flood_of_failures_becomes_a_bounded_number_of_moments_all_over_the_run() {
        let (mut moments, state) = (Moments::default(), State::new());
        for at in 0..100_000 {
            moments.watch(&failure(at * 1000), &state);
        }
        let all = moments.all();
        assert!(all.len() <= MOMENTS_MAX && all.len() > MOMENTS_MAX / 4, "{}", all.len());
        assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert!(all.last().unwrap().at.0 > 99_000_000);
    }

    #[test]
    fn what_tells_nothing_does_not_end_a_gap() {
        let mut gaps = Gaps::new(Some(2000));
        gaps.watch(&failure(1_000_000));
        for second in 2..20 {
            gaps.watch(&Event { at: Elapsed(second * 1_000_000), what: What::Ticked });
        }
        gaps.watch(&failure(20_000_000));
        assert_eq!(gaps.next(Elapsed(0)), Some((Elapsed(3_000_000), Elapsed(20_000_000))));
        assert_eq!(gaps.next(Elapsed(20_000_000)), None);
    }
}
