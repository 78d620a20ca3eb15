//! What is to become of each task of a run that is gone on with. PURE.
//! It does not know who is asked about tasks in doubt, nor how the run goes on.

use crate::model::{State, Status};
use crate::task::{Failure, TaskId, Work};

/// What of a run is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All that is not done.
    All,
    /// What began and came to no good end.
    FailedOnly,
}

/// What becomes of a task that may have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has failed, and is named in the end.
    Fails,
    /// It is done again.
    Again,
}

/// What a run left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// A worker had them, and doing them twice does no harm.
    pub harmless: Vec<TaskId>,
    /// A worker had them, and they may have been done.
    pub in_doubt: Vec<TaskId>,
    /// They were in doubt when the run was gone on with before, and were taken for failed.
    pub still_in_doubt: Vec<TaskId>,
    /// They failed.
    pub failed: Vec<TaskId>,
    /// They ran when the run was ended.
    pub interrupted: Vec<TaskId>,
    /// They were dropped before they began.
    pub dropped: Vec<TaskId>,
    /// They wait and have never been tried.
    pub waiting: Vec<TaskId>,
    /// They failed and wait to be tried again.
    pub tried: Vec<TaskId>,
}

/// How the run goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// A worker had them; they are done again.
    pub rerun: Vec<TaskId>,
    /// A worker had them; they have failed.
    pub fail: Vec<TaskId>,
    /// They had ended, and are done again.
    pub again: Vec<TaskId>,
    /// They wait, and are not wanted this time.
    pub left_out: Vec<TaskId>,
    /// How many there are to do that need no decision.
    pub go_on: u32,
}

impl Left {
    /// Looks through a run's tasks.
    pub(super) fn of(state: &State) -> Self {
        let mut left = Self::default();
        for (task, record) in (0..).map(TaskId).zip(&state.tasks) {
            let list = match record.status {
                Status::Done => continue,
                Status::Sent | Status::Running | Status::Paused | Status::Stopping => {
                    if may_be_done_twice(&record.spec.work) { &mut left.harmless } else { &mut left.in_doubt }
                }
                Status::Failed if state.failure(task) == Some(&Failure::InDoubt) => &mut left.still_in_doubt,
                Status::Failed => &mut left.failed,
                Status::Interrupted => &mut left.interrupted,
                Status::Dropped => &mut left.dropped,
                Status::Waiting if state.failure(task).is_none() => &mut left.waiting,
                Status::Waiting | Status::Delayed | Status::Undecided => &mut left.tried,
            };
            list.push(task);
        }
        left
    }

    /// Those about which somebody has to decide.
    pub(super) fn doubtful(&self) -> impl Iterator<Item = TaskId> {
        self.in_doubt.iter().chain(&self.still_in_doubt).copied()
    }

    /// Decides; `fate` is asked about those in doubt alone.
    pub(super) fn decide(self, wanted: Wanted, mut fate: impl FnMut(TaskId) -> Fate) -> Decision {
        let mut is_again = |task: &TaskId| fate(*task) == Fate::Again;
        let (doubtful, fail): (Vec<_>, Vec<_>) = self.in_doubt.into_iter().partition(&mut is_again);
        let mut again: Vec<TaskId> = self.still_in_doubt.into_iter().filter(&mut is_again).collect();
        let mut rerun = self.harmless;
        rerun.extend(doubtful);
        again.extend(self.failed);
        again.extend(self.interrupted);
        let (mut left_out, mut go_on) = (Vec::new(), self.tried.len());
        match wanted {
            Wanted::All => {
                again.extend(self.dropped);
                go_on += self.waiting.len();
            }
            Wanted::FailedOnly => left_out = self.waiting,
        }
        // In the order in which they were asked for.
        rerun.sort_unstable();
        again.sort_unstable();
        Decision { rerun, fail, again, left_out, go_on: u32::try_from(go_on).unwrap_or(u32::MAX) }
    }
}

impl Decision {
    /// Whether nothing would happen but that the run ends. Tasks that are taken for failed have to be told.
    pub(super) fn is_nothing(&self) -> bool {
        self.rerun.is_empty() && self.fail.is_empty() && self.again.is_empty() && self.go_on == 0
    }
}

/// Copies are checked before they are made again; what is played leaves no trace.
fn may_be_done_twice(work: &Work) -> bool {
    match work {
        Work::Nothing | Work::Sleep { .. } | Work::Download(_) | Work::Copy(_) => true,
        Work::Command(_) | Work::Steps(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::command::Asker;
    use crate::event::{Elapsed, Event, Policy, Resumed, Role, RunKind, Start, StopReason, What};
    use crate::task::{CommandLine, Outcome, Pid, Shell, Slot, Tally, TaskSpec, Template, WorkerId};

    fn tell(state: &mut State, what: What) {
        state.apply(&Event { at: state.now, what }).unwrap();
    }

    fn ended(task: u32, outcome: Outcome) -> What {
        What::AttemptEnded { task: TaskId(task), outcome, tally: Tally::default(), took_us: 0, output: None }
    }

    /// Nine tasks: done, failed, interrupted, waiting, dropped, two commands and a sleep in flight, one tried.
    fn cut_off() -> State {
        let mut state = State::new();
        let start = Start::new("t", RunKind::Command, Pid(1), 1, Policy { retries: 1, ..Policy::default() });
        tell(&mut state, What::RunStarted(Box::new(start)));
        tell(&mut state, What::TargetSet { workers: 1, by: Asker::Start });
        let template = Arc::new(Template { argv: vec!["x".into()], shell: Shell::No });
        let command =
            |ordinal| Work::Command(Box::new(CommandLine { template: template.clone(), input: None, ordinal }));
        let mut tasks: Vec<_> = (0..9).map(|ordinal| Arc::new(TaskSpec::new(command(ordinal)))).collect();
        tasks[7] = Arc::new(TaskSpec::new(Work::Sleep { duration_ms: 1 }));
        tell(&mut state, What::TasksAdded { tasks });
        let worker = WorkerId(0);
        tell(&mut state, What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool });
        tell(&mut state, What::WorkerSpawned { worker, pid: Pid(2) });
        tell(&mut state, What::WorkerReady { worker, host: None, pid: None });
        tell(&mut state, What::TasksDispatched { worker, tasks: [0, 1, 2, 5, 6, 7, 8].map(TaskId).to_vec() });
        tell(&mut state, ended(0, Outcome::Done));
        let failed = Outcome::Failed(Failure::Exit { code: 1 });
        tell(&mut state, ended(1, failed.clone()));
        tell(&mut state, What::TaskFailed { task: TaskId(1) });
        tell(&mut state, What::TaskStarted { task: TaskId(2), worker, pid: None });
        tell(&mut state, What::TaskStopping { task: TaskId(2), why: StopReason::RunStopping });
        tell(&mut state, ended(2, Outcome::Failed(Failure::Stopped)));
        tell(&mut state, What::TaskDropped { task: TaskId(4) });
        tell(&mut state, ended(8, failed));
        state
    }

    fn ids<const N: usize>(ids: [u32; N]) -> Vec<TaskId> {
        ids.map(TaskId).to_vec()
    }

    #[test]
    fn every_task_that_is_not_done_is_seen() {
        let state = cut_off();
        let status: Vec<_> = state.tasks.iter().map(|task| task.status).collect();
        let left = Left::of(&state);
        let expected = Left {
            harmless: ids([7]),
            in_doubt: ids([5, 6]),
            failed: ids([1]),
            interrupted: ids([2]),
            dropped: ids([4]),
            waiting: ids([3]),
            tried: ids([8]),
            still_in_doubt: ids([]),
        };
        assert_eq!(left, expected, "{status:?}");
    }

    #[test]
    fn what_may_have_been_done_is_done_again_only_where_somebody_says_so() {
        let fate = |task: TaskId| if task == TaskId(5) { Fate::Again } else { Fate::Fails };
        let decision = Left::of(&cut_off()).decide(Wanted::All, fate);
        let expected =
            Decision { rerun: ids([5, 7]), fail: ids([6]), again: ids([1, 2, 4]), left_out: ids([]), go_on: 2 };
        assert_eq!(decision, expected);
        let only = Left::of(&cut_off()).decide(Wanted::FailedOnly, fate);
        assert_eq!(only, Decision { again: ids([1, 2]), left_out: ids([3]), go_on: 1, ..expected });
    }

    #[test]
    fn who_was_in_doubt_once_stays_so_until_somebody_decides() {
        let mut state = cut_off();
        let Decision { rerun, again, .. } = Left::of(&state).decide(Wanted::All, |_| Fate::Fails);
        let policy = Policy::default();
        let resumed = Resumed { pid: Pid(3), cpus: 1, away_us: None, target: 1, policy, rerun, again };
        state.apply(&Event { at: Elapsed(9), what: What::RunResumed { resumed: Box::new(resumed) } }).unwrap();
        let left = Left::of(&state);
        assert_eq!((&left.still_in_doubt, &left.failed), (&ids([5, 6]), &ids([])));
        assert_eq!(left.doubtful().collect::<Vec<_>>(), ids([5, 6]));
        assert!(left.clone().decide(Wanted::All, |_| Fate::Fails).again.is_empty());
        assert_eq!(left.decide(Wanted::All, |_| Fate::Again).again, ids([5, 6]));
    }

    #[test]
    fn nothing_is_left_of_what_is_done() {
        let mut state = State::new();
        let start = Start::new("t", RunKind::Command, Pid(1), 1, Policy::default());
        tell(&mut state, What::RunStarted(Box::new(start)));
        assert!(Left::of(&state).decide(Wanted::All, |_| Fate::Again).is_nothing());
        assert!(!Left::of(&cut_off()).decide(Wanted::FailedOnly, |_| Fate::Fails).is_nothing());
    }
}
