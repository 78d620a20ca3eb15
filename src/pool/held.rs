//! PURE: what workers are not told before it is recorded: the tasks that were given to them, and what follows about those.
//! It does not know how anything is recorded, nor how workers are told.

use std::collections::{BTreeMap, VecDeque};

use crate::event::Elapsed;
use crate::task::{TaskId, Work, WorkerId};
use crate::wire::ToWorker;

/// Whether a crash must not leave this work done, or half done, without a word of its beginning in the record.
///
/// What only plays, sleeps or does nothing leaves no trace in the world: nobody can tell whether it was done twice, so nobody
/// needs to wait for the disk. Functions may run commands and write files.
pub(super) fn must_be_recorded_first(work: &Work) -> bool {
    match work {
        Work::Nothing | Work::Sleep { .. } | Work::Download(_) => false,
        Work::Copy(_) | Work::Command(_) | Work::Steps(_) => true,
    }
}

/// Something for a worker.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Do these.
    Tasks(Vec<TaskId>),
    /// Anything else.
    Message(ToWorker),
}

/// What is held back, for each worker in the order in which it is to be told.
#[derive(Debug, Default)]
pub(super) struct Held {
    lines: BTreeMap<WorkerId, Line>,
    /// How many events are known to be recorded.
    safe: u64,
    /// How long a decision waits until it is recorded, as a moving average; 0 before the first.
    lag_us: u64,
    /// The decision by which that is being measured: how many events must be safe, and since when.
    measured: Option<(u64, Elapsed)>,
}

/// What one worker is still to be told; it begins with tasks, or what is behind them would be told already.
#[derive(Debug, Default)]
struct Line {
    waits: VecDeque<Waits>,
    /// Whether the worker is being killed and must not be told anything more.
    is_mute: bool,
}

/// How many events must be safe before this is said; behind tasks, nothing of its own.
#[derive(Debug)]
struct Waits {
    after: u64,
    said: Said,
}

impl Held {
    /// Whether nothing is held back.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How long a decision waits until it is recorded.
    pub(super) fn lag_us(&self) -> u64 {
        self.lag_us
    }

    /// These are to be given to a worker, and may be when so many events are safe. What may be given now comes back.
    pub(super) fn give(
        &mut self,
        worker: WorkerId,
        tasks: Vec<TaskId>,
        after: u64,
        now: Elapsed,
    ) -> Option<Vec<TaskId>> {
        let line = self.lines.get_mut(&worker);
        if after <= self.safe && line.is_none() {
            return Some(tasks);
        }
        if after > self.safe && self.measured.is_none() {
            self.measured = Some((after, now));
        }
        self.lines.entry(worker).or_default().waits.push_back(Waits { after, said: Said::Tasks(tasks) });
        None
    }

    /// This is to be said to a worker. It comes back unless it would be said before something that it is about.
    pub(super) fn say(&mut self, worker: WorkerId, message: ToWorker) -> Option<ToWorker> {
        let Some(line) = self.lines.get_mut(&worker) else { return Some(message) };
        let waits = match &message {
            ToWorker::Recall | ToWorker::Exit | ToWorker::Run(_) => true,
            ToWorker::PauseTask(task)
            | ToWorker::ResumeTask(task)
            | ToWorker::Stop(task, _)
            | ToWorker::Signal(task, _) => line.has(*task),
            // What freezes all, or is about something that has long begun; and whoever is not told of a task need not be
            // silent on it.
            ToWorker::Setup(_)
            | ToWorker::Pause
            | ToWorker::Resume
            | ToWorker::Answer(..)
            | ToWorker::Share { .. }
            | ToWorker::Ping => false,
        };
        if waits || line.is_mute {
            line.waits.push_back(Waits { after: 0, said: Said::Message(message) });
            return None;
        }
        Some(message)
    }

    /// So many events are recorded. Never fewer than before.
    pub(super) fn safe(&mut self, events: u64, now: Elapsed) {
        self.safe = self.safe.max(events);
        if let Some((_, since)) = self.measured.take_if(|(after, _)| *after <= events) {
            let took_us = now.0.saturating_sub(since.0);
            self.lag_us = if self.lag_us == 0 { took_us } else { (self.lag_us * 7 + took_us) / 8 };
        }
    }

    /// What may be said now, to each worker in its order.
    pub(super) fn release(&mut self) -> Vec<(WorkerId, Said)> {
        let (mut released, safe) = (Vec::new(), self.safe);
        self.lines.retain(|&worker, line| {
            while !line.is_mute
                && let Some(waits) = line.waits.pop_front_if(|waits| waits.after <= safe)
            {
                released.push((worker, waits.said));
            }
            !line.waits.is_empty()
        });
        released
    }

    /// The worker is not to be given this task after all. Whether it was not: it does not know of it then.
    pub(super) fn withdraw(&mut self, worker: WorkerId, task: TaskId) -> bool {
        let Some(line) = self.lines.get_mut(&worker).filter(|line| line.has(task)) else { return false };
        for waits in &mut line.waits {
            if let Said::Tasks(tasks) = &mut waits.said {
                tasks.retain(|&other| other != task);
            }
        }
        line.waits.retain(|waits| match &waits.said {
            Said::Tasks(tasks) => !tasks.is_empty(),
            Said::Message(ToWorker::Signal(about, _)) => *about != task,
            Said::Message(_) => true,
        });
        if line.waits.is_empty() {
            self.lines.remove(&worker);
        }
        true
    }

    /// The worker is being killed: it is told nothing more of what is held back.
    pub(super) fn mute(&mut self, worker: WorkerId) {
        if let Some(line) = self.lines.get_mut(&worker) {
            line.is_mute = true;
        }
    }

    /// The worker is told nothing of this any more; the tasks it will never know of.
    pub(super) fn take_back(&mut self, worker: WorkerId) -> Vec<TaskId> {
        self.lines.remove(&worker).map(Line::into_tasks).unwrap_or_default()
    }

    /// The same of all workers.
    pub(super) fn take_back_all(&mut self) -> Vec<(WorkerId, Vec<TaskId>)> {
        let lines = std::mem::take(&mut self.lines);
        lines.into_iter().map(|(worker, line)| (worker, line.into_tasks())).collect()
    }
}

impl Line {
    fn has(&self, task: TaskId) -> bool {
        self.waits.iter().any(|waits| matches!(&waits.said, Said::Tasks(tasks) if tasks.contains(&task)))
    }

    fn into_tasks(self) -> Vec<TaskId> {
        let tasks = self.waits.into_iter().filter_map(|waits| match waits.said {
            Said::Tasks(tasks) => Some(tasks),
            Said::Message(_) => None,
        });
        tasks.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Stopping;

    const FIRST: WorkerId = WorkerId(0);
    const OTHER: WorkerId = WorkerId(1);

    fn tasks(ids: &[u32]) -> Vec<TaskId> {
        ids.iter().copied().map(TaskId).collect()
    }

    fn give(held: &mut Held, worker: WorkerId, ids: &[u32], after: u64) -> Option<Vec<TaskId>> {
        held.give(worker, tasks(ids), after, Elapsed(0))
    }

    fn said(ids: &[u32]) -> Said {
        Said::Tasks(tasks(ids))
    }

    #[test]
    fn tasks_wait_until_so_many_events_are_safe_and_others_do_not_wait_for_them() {
        let mut held = Held::default();
        assert_eq!(give(&mut held, FIRST, &[0], 3), None);
        assert_eq!(give(&mut held, OTHER, &[1], 5), None);
        held.safe(2, Elapsed(1));
        assert_eq!(held.release(), []);
        held.safe(4, Elapsed(2));
        assert_eq!(held.release(), [(FIRST, said(&[0]))]);
        assert_eq!(give(&mut held, FIRST, &[2], 4), Some(tasks(&[2])), "what is safe is given at once");
        held.safe(3, Elapsed(3));
        assert_eq!(held.release(), [], "an older word takes nothing back and adds nothing");
        held.safe(5, Elapsed(4));
        assert_eq!((held.release(), held.is_empty()), (vec![(OTHER, said(&[1]))], true));
    }

    #[test]
    fn what_is_about_held_tasks_comes_behind_them_and_the_rest_at_once() {
        let mut held = Held::default();
        give(&mut held, FIRST, &[7], 1);
        let behind = [ToWorker::Signal(TaskId(7), 10), ToWorker::Recall];
        for message in behind.clone() {
            assert_eq!(held.say(FIRST, message), None);
        }
        let at_once = [ToWorker::Ping, ToWorker::Pause, ToWorker::Stop(TaskId(3), Stopping::Now)];
        for message in at_once {
            assert_eq!(held.say(FIRST, message.clone()), Some(message));
        }
        assert_eq!(held.say(OTHER, ToWorker::Recall), Some(ToWorker::Recall));
        // What needs no record itself must not overtake what does.
        assert_eq!(give(&mut held, FIRST, &[8], 0), None);
        held.safe(1, Elapsed(0));
        let [signal, recall] = behind.map(|message| (FIRST, Said::Message(message)));
        assert_eq!(held.release(), [(FIRST, said(&[7])), signal, recall, (FIRST, said(&[8]))]);
    }

    #[test]
    fn what_is_withdrawn_is_never_told_and_what_was_behind_it_is() {
        let mut held = Held::default();
        give(&mut held, FIRST, &[1, 2], 5);
        held.say(FIRST, ToWorker::Signal(TaskId(1), 10));
        held.say(FIRST, ToWorker::Recall);
        assert!(held.withdraw(FIRST, TaskId(1)) && !held.withdraw(FIRST, TaskId(1)));
        assert!(!held.withdraw(OTHER, TaskId(2)));
        assert_eq!(held.release(), []);
        assert!(held.withdraw(FIRST, TaskId(2)));
        assert_eq!(held.release(), [(FIRST, Said::Message(ToWorker::Recall))]);
        assert!(held.is_empty());
    }

    #[test]
    fn a_worker_that_is_being_killed_is_told_nothing_and_its_tasks_come_back() {
        let mut held = Held::default();
        give(&mut held, FIRST, &[1], 1);
        give(&mut held, FIRST, &[2, 3], 2);
        give(&mut held, OTHER, &[4], 2);
        held.mute(FIRST);
        held.safe(2, Elapsed(0));
        assert_eq!(held.release(), [(OTHER, said(&[4]))]);
        assert_eq!(held.take_back(FIRST), tasks(&[1, 2, 3]));
        assert_eq!((held.take_back(FIRST), held.is_empty()), (tasks(&[]), true));
        give(&mut held, FIRST, &[5], 9);
        assert_eq!(held.take_back_all(), [(FIRST, tasks(&[5]))]);
        assert!(held.is_empty());
    }

    #[test]
    fn how_long_the_record_takes_is_known() {
        let mut held = Held::default();
        assert_eq!(held.lag_us(), 0);
        held.give(FIRST, tasks(&[0]), 1, Elapsed(1_000));
        held.give(OTHER, tasks(&[1]), 2, Elapsed(1_500));
        held.safe(1, Elapsed(6_000));
        assert_eq!(held.lag_us(), 5_000);
        held.safe(2, Elapsed(90_000));
        assert_eq!(held.lag_us(), 5_000, "only one decision at a time is measured");
        held.give(OTHER, tasks(&[2]), 3, Elapsed(100_000));
        held.safe(3, Elapsed(113_000));
        assert_eq!(held.lag_us(), 6_000);
    }
}
