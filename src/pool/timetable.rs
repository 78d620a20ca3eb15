//! PURE: what the scenario asks for, and when. Its clock stands still while somebody else keeps the pool from going on.
//! It does not know what the commands lead to.

use std::collections::VecDeque;

use super::settings::Timed;
use crate::command::{Asker, Command};
use crate::event::{Elapsed, PauseReason};
use crate::model::State;

/// The scenario's commands, and its clock. A pause of the scenario's own stops tasks and their deadlines but not this clock:
/// the command that ends it is one of these.
pub(super) struct Timetable {
    left: VecDeque<Timed>,
    /// Since when the clock stands still, if it does.
    stands: Option<Elapsed>,
    /// How long it stood still before that.
    stood_us: u64,
    /// Who paused the pool, while it is paused on request.
    paused_by: Option<Asker>,
}

impl Timetable {
    /// `state`: what the run has come to. What it asked for before it was cut off it does not ask for again.
    pub(super) fn new(mut timed: Vec<Timed>, state: &State) -> Self {
        timed.sort_by_key(|timed| timed.at);
        // Who paused a run is not recorded. One whose scenario does not was paused by others.
        let pauses_itself = timed.iter().any(|timed| timed.command == Command::PausePool);
        let stood_us = if pauses_itself { 0 } else { state.now.0 - state.active().0 };
        if state.start.is_some() {
            timed.retain(|timed| timed.at.0.saturating_add(stood_us) > state.now.0);
        }
        Self { left: timed.into(), stands: None, stood_us, paused_by: None }
    }

    /// Whether anything is still to come.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// A command was carried out; `asker` asked for it.
    pub(super) fn heed(&mut self, state: &State, asker: Asker, now: Elapsed) {
        self.paused_by = state.is_paused_by(PauseReason::Asked).then(|| self.paused_by.unwrap_or(asker));
        let by_others = self.paused_by.is_some_and(|asker| asker != Asker::Scenario);
        match (by_others || state.is_paused_by(PauseReason::Suspended), self.stands) {
            (true, None) => self.stands = Some(now),
            (false, Some(since)) => {
                self.stood_us += now.0.saturating_sub(since.0);
                self.stands = None;
            }
            _ => {}
        }
    }

    /// When the next command is due, if the clock goes on.
    pub(super) fn next(&self) -> Option<Elapsed> {
        let timed = self.left.front().filter(|_| self.stands.is_none())?;
        Some(Elapsed(timed.at.0.saturating_add(self.stood_us)))
    }

    /// The next command, if it is due.
    pub(super) fn due(&mut self, now: Elapsed) -> Option<Command> {
        self.next().filter(|&at| at <= now)?;
        self.left.pop_front().map(|timed| timed.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Policy, RunKind, Start, What};
    use crate::task::Pid;

    fn timetable(at_us: &[u64]) -> Timetable {
        let timed = at_us.iter().rev().map(|&at| Timed { at: Elapsed(at), command: Command::PausePool });
        Timetable::new(timed.collect(), &State::new())
    }

    #[test]
    fn what_is_due_comes_in_order_and_once() {
        let mut timetable = timetable(&[10, 10, 30]);
        assert_eq!(timetable.due(Elapsed(9)), None);
        assert_eq!(timetable.next(), Some(Elapsed(10)));
        assert!(timetable.due(Elapsed(10)).is_some() && timetable.due(Elapsed(10)).is_some());
        assert_eq!(timetable.due(Elapsed(29)), None);
        assert!(timetable.due(Elapsed(40)).is_some() && timetable.is_over());
    }

    fn paused(why: &[PauseReason]) -> State {
        let mut state = State::new();
        for &why in why {
            state.apply(&Event { at: Elapsed(0), what: What::PoolPaused { why } }).unwrap();
        }
        state
    }

    #[test]
    fn time_in_which_somebody_else_holds_the_pool_up_does_not_count() {
        let pauses = [(PauseReason::Asked, Asker::Person), (PauseReason::Suspended, Asker::Person)];
        for (why, asker) in pauses {
            let mut timetable = timetable(&[10, 30]);
            timetable.heed(&paused(&[why]), asker, Elapsed(5));
            timetable.heed(&paused(&[why]), Asker::Scenario, Elapsed(7));
            assert_eq!((timetable.next(), timetable.due(Elapsed(100))), (None, None));
            timetable.heed(&paused(&[]), asker, Elapsed(105));
            timetable.heed(&paused(&[]), asker, Elapsed(107));
            assert_eq!(timetable.next(), Some(Elapsed(110)));
            assert!(timetable.due(Elapsed(110)).is_some());
            assert_eq!(timetable.next(), Some(Elapsed(130)));
        }
    }

    #[test]
    fn a_pause_of_its_own_does_not_keep_the_scenario_from_ending_it() {
        let mut timetable = timetable(&[10, 30]);
        timetable.heed(&paused(&[PauseReason::Asked]), Asker::Scenario, Elapsed(5));
        // Whoever pauses what is paused changes nothing; a suspended program stands still whatever else holds.
        timetable.heed(&paused(&[PauseReason::Asked]), Asker::Person, Elapsed(6));
        assert_eq!(timetable.next(), Some(Elapsed(10)));
        timetable.heed(&paused(&[PauseReason::Asked, PauseReason::Suspended]), Asker::Person, Elapsed(7));
        assert_eq!(timetable.next(), None);
        timetable.heed(&paused(&[PauseReason::Asked]), Asker::Person, Elapsed(9));
        assert_eq!(timetable.next(), Some(Elapsed(12)));
    }

    #[test]
    fn what_was_asked_for_before_the_run_was_cut_off_is_not_asked_for_again() {
        let start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
        let happened = [
            (0, What::RunStarted(Box::new(start))),
            (5, What::PoolPaused { why: PauseReason::Asked }),
            (12, What::PoolResumed { why: PauseReason::Asked }),
            (30, What::Ticked),
        ];
        let mut state = State::new();
        for (at, what) in happened {
            state.apply(&Event { at: Elapsed(at), what }).unwrap();
        }
        let at = |at: u64, command: &Command| Timed { at: Elapsed(at), command: command.clone() };
        let left = |times: &[u64], command: &Command| {
            let timetable = Timetable::new(times.iter().map(|&time| at(time, command)).collect(), &state);
            (timetable.left.len(), timetable.next())
        };
        // At 30 a scenario that was paused by somebody else for 7 is at its 23.
        assert_eq!(left(&[20, 23, 24, 30], &Command::Close), (2, Some(Elapsed(31))));
        // One that pauses itself goes on meanwhile.
        assert_eq!(left(&[24, 30, 31], &Command::PausePool), (1, Some(Elapsed(31))));
        assert_eq!(left(&[], &Command::Close), (0, None));
    }
}
