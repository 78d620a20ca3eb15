//! What it means for the state that a run was cut off and goes on in another process: whoever did something is gone. PURE.
//! It does not decide what is done again; that is in the event.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::IllegalEvent;
use super::check::each_once;
use crate::command::Weight;
use crate::event::{Elapsed, Phase, Resumed, Tuning};
use crate::model::history::MarkerKind;
use crate::model::objects::TaskEnd;
use crate::model::state::{Source, State, Unplanned};
use crate::model::task::{AttemptRecord, Status};
use crate::model::timeline::BlockKind;
use crate::model::worker::{Worker, WorkerState};
use crate::task::{Failure, TaskId};

/// What the event is called.
const EVENT: &str = "run_resumed";

impl State {
    pub(super) fn check_resumed(&self, resumed: &Resumed) -> Result<(), IllegalEvent> {
        self.only_if(EVENT, self.start.is_some())?;
        let ended = |status| matches!(status, Status::Failed | Status::Interrupted | Status::Dropped);
        for &task in &resumed.rerun {
            self.task_in(EVENT, task, Status::is_in_flight)?;
        }
        for &task in &resumed.again {
            self.task_in(EVENT, task, ended)?;
        }
        each_once(EVENT, &resumed.rerun)?;
        each_once(EVENT, &resumed.again)
    }

    pub(super) fn run_resumed(&mut self, resumed: &Resumed) {
        let rerun: HashSet<TaskId> = resumed.rerun.iter().copied().collect();
        let in_doubt = self.counts.in_flight();
        if let Some(start) = &mut self.start {
            (start.pid, start.cpus, start.policy) = (resumed.pid, resumed.cpus, resumed.policy.clone());
        }
        self.policy = resumed.policy.clone();
        self.target = resumed.target;
        self.everybody_is_gone(&rerun);
        for &task in resumed.rerun.iter().rev() {
            let record = &mut self.tasks[task.index()];
            record.place = self.queue.push_front(task, &record.spec);
        }
        for &task in &resumed.again {
            self.do_again(task);
        }
        self.begin_anew();
        let failed = in_doubt.saturating_sub(u32::try_from(rerun.len()).unwrap_or(u32::MAX));
        self.log.push(self.now, Weight::Warning, None, told(resumed, failed));
    }

    /// Workers are, with everything that hangs on them; what they had is in doubt.
    fn everybody_is_gone(&mut self, rerun: &HashSet<TaskId>) {
        let workers = self.workers.clear();
        self.ready = 0;
        for worker in workers {
            for &task in &worker.in_flight {
                self.in_doubt(task, &worker, rerun.contains(&task));
            }
            if worker.is_process() && worker.state != WorkerState::Starting {
                self.history.effort.process_went(self.now.0.saturating_sub(worker.started.0));
            }
            self.timeline.left(worker.slot, self.now);
        }
        self.wires.clear();
    }

    fn in_doubt(&mut self, task: TaskId, worker: &Worker, rerun: bool) {
        let now = self.now;
        let record = &mut self.tasks[task.index()];
        record.ended = now;
        let (attempt, started) = (record.attempts, record.started);
        self.talk_ends(task, TaskEnd::Lost);
        self.count_history(0, 1, 0);
        self.timeline.ended(worker.slot, task, started, now, BlockKind::Lost);
        let (slot, pid, failure) = (worker.slot, worker.pid, Failure::InDoubt);
        self.remember_failure(task, AttemptRecord { attempt, slot, pid, started, ended: now, failure });
        if rerun {
            self.set_status(task, Status::Waiting);
            self.talk_begins(task);
        } else {
            self.finish(task, Status::Failed);
            self.tasks[task.index()].place = self.failed.push_back(task);
            self.history.mark(now, MarkerKind::Failure);
            let text = format!("task {task} {}; it has failed", self.failure_told(task));
            self.log.push(now, Weight::Error, Some(task), text);
        }
    }

    /// Its attempts are counted on, so that each has a name of its own, but those before do not count against its retries.
    fn do_again(&mut self, task: TaskId) {
        let record = &mut self.tasks[task.index()];
        record.forgiven = record.attempts;
        self.bytes_ended = self.bytes_ended.saturating_sub(record.spec.work.bytes());
        if record.status == Status::Failed {
            self.failed.remove(record.place);
        }
        self.queue.unfinish(&record.spec);
        self.stand_in_line(task);
        self.talk_begins(task);
    }

    /// What held for the former part of the run holds no longer.
    fn begin_anew(&mut self) {
        if self.is_paused() {
            self.pauses.total_us += self.now.0.saturating_sub(self.pauses.since.0);
        }
        (self.pauses.asked, self.pauses.suspended) = (false, false);
        self.phase = Phase::Running;
        self.phase_since = self.now;
        self.stopped_by = None;
        self.source = Source::Open;
        // How many workers were lost in all is of the past, and stays told.
        self.unplanned = Unplanned { losses: self.unplanned.losses, ..Unplanned::default() };
        self.cut_short = self.cut_short.min(self.counts.of(Status::Interrupted));
        (self.tuning, self.climb) = (Tuning::Off, None);
        self.verdict = None;
        self.recording_failed = None;
    }
}

/// In one sentence, as the log has it.
fn told(resumed: &Resumed, failed: u32) -> String {
    let mut text = format!("the run goes on in process {}", resumed.pid);
    if let Some(away_us) = resumed.away_us {
        let _ = write!(text, ", {} after it was left", time(Elapsed(away_us)));
    }
    let (rerun, again) = (resumed.rerun.len(), resumed.again.len());
    let parts = [
        (rerun, "cut off with it and done again"),
        (failed as usize, "cut off with it and taken for failed"),
        (again, "that had ended done again"),
    ];
    for (at, (count, what)) in parts.into_iter().filter(|(count, _)| *count > 0).enumerate() {
        let (before, tasks) = (if at == 0 { ": " } else { ", " }, if count == 1 { "task" } else { "tasks" });
        let _ = write!(text, "{before}{count} {tasks} {what}");
    }
    text
}

fn time(away: Elapsed) -> String {
    let secs = away.0 / 1_000_000;
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Asker;
    use crate::event::{Event, PauseReason, PhaseReason, Policy, Role, RunKind, Start, What};
    use crate::task::{Outcome, Pid, Slot, Tally, TaskSpec, Work, WorkerId};

    const AT_US: u64 = 1_000;

    fn tell(state: &mut State, what: What) {
        let at = Elapsed(state.now.0 + AT_US);
        state.apply(&Event { at, what }).unwrap();
    }

    fn ended(task: u32, outcome: Outcome) -> What {
        What::AttemptEnded { task: TaskId(task), outcome, tally: Tally::default(), took_us: 10, output: None }
    }

    /// Six tasks, one worker: 0 done, 1 failed, 2 running, 3 sent behind it, 4 and 5 waiting.
    fn cut_off() -> State {
        let mut state = State::new();
        tell(&mut state, What::RunStarted(Box::new(Start::new("t", RunKind::Command, Pid(1), 1, Policy::default()))));
        tell(&mut state, What::TargetSet { workers: 1, by: Asker::Start });
        let tasks = (0..6).map(|_| TaskSpec::new(Work::Sleep { duration_ms: 1 }).into()).collect();
        tell(&mut state, What::TasksAdded { tasks });
        tell(&mut state, What::SourceClosed);
        let worker = WorkerId(0);
        tell(&mut state, What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool });
        tell(&mut state, What::WorkerSpawned { worker, pid: Pid(100) });
        tell(&mut state, What::WorkerReady { worker, host: None, pid: None });
        tell(&mut state, What::TasksDispatched { worker, tasks: (0..4).map(TaskId).collect() });
        tell(&mut state, ended(0, Outcome::Done));
        tell(&mut state, ended(1, Outcome::Failed(Failure::Exit { code: 1 })));
        tell(&mut state, What::TaskFailed { task: TaskId(1) });
        tell(&mut state, What::TaskStarted { task: TaskId(2), worker, pid: None });
        tell(&mut state, What::PoolPaused { why: PauseReason::Asked });
        tell(&mut state, What::CrashLoopStopped { deaths: 5 });
        tell(&mut state, What::PhaseEntered { phase: Phase::Draining, why: PhaseReason::Asked });
        state
    }

    fn resumed(rerun: &[u32], again: &[u32]) -> What {
        let ids = |ids: &[u32]| ids.iter().copied().map(TaskId).collect();
        let (rerun, again) = (ids(rerun), ids(again));
        let away_us = Some(300_000_000);
        let policy = Policy { retries: 1, ..Policy::default() };
        What::RunResumed {
            resumed: Box::new(Resumed { pid: Pid(2), cpus: 3, away_us, target: 5, policy, rerun, again }),
        }
    }

    #[test]
    fn what_was_done_stays_done_and_what_is_in_doubt_is_named_or_done_again() {
        let mut state = cut_off();
        tell(&mut state, resumed(&[3], &[1]));
        let statuses: Vec<Status> = state.tasks.iter().map(|task| task.status).collect();
        let [done, failed, waiting] = [Status::Done, Status::Failed, Status::Waiting];
        assert_eq!(statuses, [done, waiting, failed, waiting, waiting, waiting]);
        let waits: Vec<u32> = state.queue.iter().map(|task| task.0).collect();
        assert_eq!(waits, [3, 4, 5, 1], "in doubt first, again last");
        assert_eq!(state.failed, [TaskId(2)]);
        assert_eq!(state.failure(TaskId(2)), Some(&Failure::InDoubt));
        assert_eq!((state.counts.in_flight(), state.counts.total(), state.counts.waiting()), (0, 6, 4));
        let log: Vec<&str> = state.log.lines().iter().map(|line| &*line.text).collect();
        let expected = "the run goes on in process 2, 5 min after it was left: 1 task cut off with it and done again, \
                        1 task cut off with it and taken for failed, 1 task that had ended done again";
        assert_eq!(log.last(), Some(&expected), "{log:?}");
    }

    #[test]
    fn nothing_of_the_former_process_holds_any_more() {
        let mut state = cut_off();
        let active = state.active();
        tell(&mut state, resumed(&[2, 3], &[]));
        assert!(state.workers.is_empty() && state.ready() == 0 && !state.unplanned.given_up);
        assert_eq!((state.phase, state.stopped_by, state.source), (Phase::Running, None, Source::Open));
        assert_eq!((state.target, state.policy.retries), (5, 1));
        let start = state.start.as_ref().unwrap();
        assert_eq!((start.pid, start.cpus, start.policy.retries), (Pid(2), 3, 1));
        let lane = &state.timeline.lanes()[0];
        assert!(lane.blocks.iter().all(|block| block.kind != BlockKind::Running) && lane.lives[0].1.is_some());
        // The time of the pause, and nothing else, is missing from the active clock, which goes on.
        assert!(!state.is_paused() && state.active() == active);
        tell(&mut state, What::Ticked);
        assert_eq!(state.active().0, active.0 + AT_US);
        // The next worker is a new one, in the old seat.
        let worker = state.workers.next_id();
        assert_eq!((worker, state.workers.free_seat()), (WorkerId(1), Slot(0)));
        tell(&mut state, What::WorkerStarting { worker, slot: Slot(0), role: Role::Pool });
        assert_eq!(state.workers.title_of(WorkerId(0)).as_deref(), Some("worker 1"));
    }

    #[test]
    fn an_attempt_in_doubt_counts_and_a_task_done_again_has_all_its_attempts() {
        let mut state = cut_off();
        tell(&mut state, resumed(&[2, 3], &[1]));
        let failure = Failure::Exit { code: 1 };
        let left =
            |task: u32| state.attempts_max(TaskId(task), &failure) - u32::from(state.tasks[task as usize].attempts);
        assert_eq!((left(1), left(2), left(4)), (2, 1, 2));
        assert_eq!(state.tasks[1].attempts, 1, "its next output has a name of its own");
    }

    #[test]
    fn what_cannot_have_been_is_refused_and_changes_nothing() {
        for (rerun, again) in [(&[4][..], &[][..]), (&[2, 2], &[]), (&[], &[0]), (&[], &[1, 1]), (&[99], &[])] {
            let mut state = cut_off();
            let event = Event { at: state.now, what: resumed(rerun, again) };
            assert!(state.apply(&event).is_err(), "{rerun:?} {again:?}");
            assert_eq!((state.workers.len(), state.target, state.policy.retries), (1, 1, 0));
        }
        let event = Event { at: Elapsed(0), what: resumed(&[], &[]) };
        assert!(State::new().apply(&event).is_err(), "a run that never began does not go on");
    }
}
