//! What events about tasks change in the state. PURE.
//! It does not know why the planner decided what it decided.

use std::sync::Arc;

use super::told::cut_short;
use super::workers::hear;
use crate::command::Weight;
use crate::event::{Elapsed, StopReason};
use crate::model::history::MarkerKind;
use crate::model::log::bounded;
use crate::model::objects::TaskEnd;
use crate::model::state::State;
use crate::model::task::{AttemptRecord, Status};
use crate::model::timeline::BlockKind;
use crate::model::worker::{Recall, Running, Worker, WorkerState};
use crate::task::{Failure, Outcome, Output, Pid, Slot, Stream, Tally, TaskId, Work, WorkerId, signal_name};

impl State {
    pub(super) fn tasks_dispatched(&mut self, worker: WorkerId, tasks: &[TaskId]) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        if record.in_flight.is_empty() {
            // Silence is counted from the moment there is something to say.
            record.heard = now;
            record.asked = None;
        }
        record.in_flight.extend(tasks);
        for &task in tasks {
            let record = &mut self.tasks[task.index()];
            record.worker = Some(worker);
            record.attempts = record.attempts.saturating_add(1);
            record.started = now;
            let taken = self.queue.take(&record.spec, record.place);
            debug_assert!(taken == Some(task), "BUG: a waiting task was not in the queue");
            self.counts.shift(record.status, Status::Sent);
            record.status = Status::Sent;
        }
    }

    pub(super) fn tasks_recalled(&mut self, worker: WorkerId) {
        if let Some(record) = self.workers.get_mut(worker) {
            record.recall = Recall::Asked;
        }
    }

    pub(super) fn tasks_returned(&mut self, worker: WorkerId, tasks: &[TaskId]) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        record.in_flight.retain(|held| !tasks.contains(held));
        record.recall = if record.in_flight.is_empty() { Recall::No } else { Recall::Answered };
        hear(record, now);
        for &task in tasks.iter().rev() {
            let record = &mut self.tasks[task.index()];
            record.attempts = record.attempts.saturating_sub(1);
            record.place = self.queue.push_front(task, &record.spec);
            self.set_status(task, Status::Waiting);
        }
    }

    pub(super) fn task_started(&mut self, task: TaskId, worker: WorkerId, pid: Option<Pid>) {
        let (now, active) = (self.now, self.active_now());
        let total = self.tasks[task.index()].spec.work.bytes();
        let Some(record) = self.workers.get_mut(worker) else { return };
        hear(record, now);
        let slot = record.slot;
        let before = record.running.filter(|running| running.task == task);
        let stopping = before.and_then(|running| running.stopping);
        record.running = Some(Running { pid, stopping, total, ..Running::new(task, active) });
        self.tasks[task.index()].started = now;
        if self.tasks[task.index()].status == Status::Sent {
            self.set_status(task, Status::Running);
        }
        self.first_thread(task);
        self.tails.forget(task);
        self.timeline.began(slot, task, now);
    }

    pub(super) fn task_progressed(&mut self, task: TaskId, done: u64, total: u64) {
        let now = self.now;
        let Some(running) = self.running_mut(task) else { return };
        let moved = done.saturating_sub(running.done);
        running.done = done;
        running.total = total;
        self.hear_holder(task, now);
        self.count_history(0, 0, moved);
    }

    pub(super) fn task_printed(&mut self, task: TaskId, stream: Stream, skipped: u64, bytes: &[u8]) {
        self.tails.print(task, stream, skipped, bytes);
        self.hear_holder(task, self.now);
    }

    pub(super) fn task_paused(&mut self, task: TaskId) {
        let active = self.active_now();
        let Some(running) = self.running_mut(task) else { return };
        running.paused_active = Some(active);
        self.set_status(task, Status::Paused);
    }

    pub(super) fn task_resumed(&mut self, task: TaskId) {
        let active = self.active_now();
        let Some(running) = self.running_mut(task) else { return };
        if let Some(since) = running.paused_active.take() {
            running.began_active.0 = running.began_active.0.saturating_add(active.0.saturating_sub(since.0));
        }
        self.set_status(task, Status::Running);
    }

    pub(super) fn task_stopping(&mut self, task: TaskId, why: StopReason) {
        let active = self.active_now();
        let Some(worker) = self.holder_mut(task) else { return };
        // One that waits behind another has no beginning yet to which its stopping could belong.
        if worker.in_flight.front() == Some(&task) {
            let fresh = Running::new(task, active);
            let running = worker.running.get_or_insert(fresh);
            running.paused_active = None;
            running.stopping = Some((why, active));
        }
        self.set_status(task, Status::Stopping);
        let text = match why {
            StopReason::Asked => "told to stop",
            StopReason::Killed => "killed on request",
            StopReason::TimedOut => "out of time, told to stop",
            StopReason::RunStopping | StopReason::PoolTerminated => return,
        };
        self.log.push(self.now, Weight::Info, Some(task), format!("task {task} {text}"));
    }

    pub(super) fn task_signalled(&mut self, task: TaskId, signal: i32) {
        let text = format!("task {task} was sent {}", signal_name(signal));
        self.log.push(self.now, Weight::Info, Some(task), text);
    }

    pub(super) fn attempt_ended(
        &mut self,
        task: TaskId,
        outcome: &Outcome,
        tally: Tally,
        took_us: u64,
        output: Option<&Output>,
    ) {
        let now = self.now;
        // Nothing took longer than the run, whatever a worker says.
        let took_us = took_us.min(now.0);
        let Some(holder) = self.holder_mut(task) else { return };
        hear(holder, now);
        let (slot, running) = (holder.slot, holder.release(task));
        let first = holder.ended == 0;
        holder.ended = holder.ended.saturating_add(1);
        holder.busy_us = holder.busy_us.saturating_add(took_us);
        self.history.effort.busy_us = self.history.effort.busy_us.saturating_add(took_us);
        if first {
            // Workers can be kept alive after all: whatever kills some of them is no crash loop.
            self.unplanned.young.clear();
        }
        let record = &mut self.tasks[task.index()];
        if running.is_none() {
            record.started = Elapsed(now.0.saturating_sub(took_us)).max(record.started);
        }
        record.ended = now;
        record.bytes = tally.bytes;
        let (from, was) = (record.started, record.status);
        // Nearly all work is none of the talking kind, and there may be a million of it.
        if matches!(record.spec.work, Work::Steps(_)) {
            self.talk_ends(task, TaskEnd::Ended);
        }
        self.bytes_done = self.bytes_done.saturating_add(tally.bytes);
        self.files_done = self.files_done.saturating_add(tally.files.into());
        if self.main != Some(task) {
            self.pace_us = Some(self.pace_us.map_or(took_us, |pace| paced(pace, took_us)));
        }
        if let Some(output) = output {
            self.tails.finish(task, output);
        }
        let moved = tally.bytes.saturating_sub(running.map_or(0, |running| running.done));
        match outcome {
            Outcome::Done => {
                self.count_history(1, 0, moved);
                self.timeline.ended(slot, task, from, now, BlockKind::Done);
                self.finish(task, Status::Done);
            }
            Outcome::Failed(failure) => {
                self.count_history(0, 1, moved);
                self.timeline.ended(slot, task, from, now, BlockKind::Failed);
                let cut_short = if was == Status::Stopping { cut_short(running) } else { None };
                self.cut_short += u32::from(cut_short == Some(StopReason::PoolTerminated));
                self.attempt_failed(task, slot, failure, cut_short.map(|_| Status::Interrupted));
            }
        }
    }

    pub(super) fn attempt_lost(&mut self, task: TaskId, failure: &Failure) {
        let now = self.now;
        let Some(holder) = self.holder_mut(task) else { return };
        let killed = holder.state == WorkerState::Killed;
        let (slot, running) = (holder.slot, holder.release(task));
        let record = &mut self.tasks[task.index()];
        record.ended = now;
        let from = record.started;
        self.talk_ends(task, TaskEnd::Lost);
        self.count_history(0, 1, 0);
        self.timeline.ended(slot, task, from, now, BlockKind::Lost);
        let cut_short = cut_short(running);
        self.cut_short += u32::from(cut_short == Some(StopReason::PoolTerminated));
        let interrupted = cut_short.is_some() || (killed && self.phase >= crate::event::Phase::Stopping);
        self.attempt_failed(task, slot, failure, interrupted.then_some(Status::Interrupted));
    }

    pub(super) fn task_requeued(&mut self, task: TaskId, not_before: Elapsed) {
        self.decided(task);
        self.set_status(task, Status::Delayed);
        self.queue.delay(task, not_before);
        self.talk_begins(task);
        let text = format!(
            "task {task} {}; attempt {} follows",
            self.failure_told(task),
            u32::from(self.tasks[task.index()].attempts) + 1
        );
        self.log.push(self.now, Weight::Warning, Some(task), text);
    }

    pub(super) fn task_released(&mut self, task: TaskId) {
        self.queue.release(task);
        self.stand_in_line(task);
    }

    pub(super) fn task_failed(&mut self, task: TaskId) {
        self.decided(task);
        self.finish(task, Status::Failed);
        self.tasks[task.index()].place = self.failed.push_back(task);
        self.history.mark(self.now, MarkerKind::Failure);
        let text = format!("task {task} {}; it has failed", self.failure_told(task));
        self.log.push(self.now, Weight::Error, Some(task), text);
    }

    pub(super) fn task_dropped(&mut self, task: TaskId) {
        let record = &self.tasks[task.index()];
        if record.status == Status::Waiting {
            self.queue.take(&record.spec, record.place);
        } else {
            self.queue.release(task);
        }
        self.finish(task, Status::Dropped);
        self.log.push(self.now, Weight::Info, Some(task), format!("task {task} dropped before it began"));
    }

    pub(super) fn task_revived(&mut self, task: TaskId) {
        let record = &self.tasks[task.index()];
        self.bytes_ended = self.bytes_ended.saturating_sub(record.spec.work.bytes());
        if record.status == Status::Failed {
            self.failed.remove(record.place);
        }
        self.queue.unfinish(&record.spec);
        self.stand_in_line(task);
        self.talk_begins(task);
        self.log.push(self.now, Weight::Info, Some(task), format!("task {task} is to be done again"));
    }

    fn attempt_failed(&mut self, task: TaskId, slot: Slot, failure: &Failure, finally: Option<Status>) {
        let record = &self.tasks[task.index()];
        let pid = record.worker.and_then(|worker| self.workers.get(worker)).and_then(|worker| worker.pid);
        let told = AttemptRecord {
            attempt: record.attempts,
            slot,
            pid,
            started: record.started,
            ended: record.ended,
            failure: bounded_failure(failure),
        };
        self.remember_failure(task, told);
        if let Some(status) = finally {
            self.finish(task, status);
        } else {
            self.set_status(task, Status::Undecided);
            self.tasks[task.index()].place = self.undecided.push_back(task);
        }
    }

    pub(super) fn remember_failure(&mut self, task: TaskId, told: AttemptRecord) {
        self.failures.get_or_insert_with(task, Vec::new).push(Arc::new(told));
    }

    fn decided(&mut self, task: TaskId) {
        self.undecided.remove(self.tasks[task.index()].place);
    }

    /// The task waits, behind all others of its kind.
    pub(super) fn stand_in_line(&mut self, task: TaskId) {
        let record = &mut self.tasks[task.index()];
        record.place = self.queue.push_back(task, &record.spec);
        self.set_status(task, Status::Waiting);
    }

    pub(super) fn finish(&mut self, task: TaskId, status: Status) {
        let record = &self.tasks[task.index()];
        self.bytes_ended = self.bytes_ended.saturating_add(record.spec.work.bytes());
        self.queue.finish(&record.spec);
        self.set_status(task, status);
        self.talk_of_end(task, status);
    }

    pub(super) fn set_status(&mut self, task: TaskId, status: Status) {
        let record = &mut self.tasks[task.index()];
        self.counts.shift(record.status, status);
        record.status = status;
    }

    pub(super) fn count_history(&mut self, done: u32, failed: u32, bytes: u64) {
        let saturation = self.saturation();
        let ready = self.ready;
        self.history.count(done, failed, bytes, ready, saturation);
        self.tuner_counts(done, bytes);
    }

    fn holder_mut(&mut self, task: TaskId) -> Option<&mut Worker> {
        let worker = self.task(task)?.worker?;
        self.workers.get_mut(worker)
    }

    fn hear_holder(&mut self, task: TaskId, now: Elapsed) {
        if let Some(holder) = self.holder_mut(task) {
            hear(holder, now);
        }
    }

    fn running_mut(&mut self, task: TaskId) -> Option<&mut Running> {
        self.holder_mut(task)?.running.as_mut().filter(|running| running.task == task)
    }
}

fn bounded_failure(failure: &Failure) -> Failure {
    match failure {
        Failure::Error { text } => Failure::Error { text: bounded(text) },
        Failure::WorkerLost { how } => Failure::WorkerLost { how: bounded(how) },
        short => short.clone(),
    }
}

/// A moving average: an eighth is new.
fn paced(pace: u64, took_us: u64) -> u64 {
    pace / 8 * 7 + took_us / 8 + (pace % 8 * 7 + took_us % 8) / 8
}
