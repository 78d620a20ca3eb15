//! What events about workers change in the state. PURE.
//! It does not know what tasks are about.

use super::IllegalEvent;
use crate::command::Weight;
use crate::event::{DrainReason, Elapsed, Exit, Phase, Role, Sample};
use crate::model::history::MarkerKind;
use crate::model::state::State;
use crate::model::task::Status;
use crate::model::worker::{Recall, Worker, WorkerState};
use crate::task::{Pid, Slot, WorkerId};

/// A worker that dies unasked within this time, having ended nothing, died young.
const YOUNG_US: u64 = 2_000_000;

/// How many young deaths are remembered.
const YOUNG_DEATHS_KEPT: usize = 8;

impl State {
    pub(super) fn worker_starting(&mut self, worker: WorkerId, slot: Slot, role: Role) -> Result<(), IllegalEvent> {
        if worker != self.workers.next_id() || self.workers.at(slot).is_some() {
            return Err(IllegalEvent::NoWorker { event: "worker_starting", worker });
        }
        if let Role::Own(task) = role {
            self.task_in("worker_starting", task, |status| status == Status::Waiting)?;
            self.tasks[task.index()].worker = Some(worker);
        }
        self.workers.seat(Worker::new(worker, slot, role, self.now));
        self.timeline.seated(slot, self.now);
        Ok(())
    }

    pub(super) fn worker_spawned(&mut self, worker: WorkerId, pid: Pid) -> Result<(), IllegalEvent> {
        let now = self.now;
        let record = self.worker_in("worker_spawned", worker, |state| state == WorkerState::Starting)?;
        record.pid = Some(pid);
        let in_parent = record.role.is_in_parent();
        enter(record, WorkerState::Greeting, now);
        self.unplanned.failed_starts = 0;
        if !in_parent {
            self.history.effort.process_came();
        }
        Ok(())
    }

    pub(super) fn worker_not_spawned(&mut self, worker: WorkerId, reason: &str) -> Result<(), IllegalEvent> {
        self.worker_in("worker_not_spawned", worker, |state| state == WorkerState::Starting)?;
        let Some(record) = self.workers.remove(worker) else {
            return Err(IllegalEvent::NoWorker { event: "worker_not_spawned", worker });
        };
        self.timeline.left(record.slot, self.now);
        if self.unplanned.failed_starts == 0 {
            let text = format!("{} could not be started: {reason}", record.title());
            self.log.push(self.now, Weight::Warning, None, text);
        }
        self.unplanned.failed_starts += 1;
        self.unplanned.last_failed_start = self.now;
        self.unplanned.last_words = reason.into();
        Ok(())
    }

    pub(super) fn worker_ready(
        &mut self,
        worker: WorkerId,
        host: Option<&str>,
        pid: Option<Pid>,
    ) -> Result<(), IllegalEvent> {
        let now = self.now;
        let greets = |state| matches!(state, WorkerState::Greeting | WorkerState::Draining(_));
        let record = self.worker_in("worker_ready", worker, greets)?;
        record.heard = now;
        record.silent = false;
        record.host = host.map(Into::into);
        record.pid = pid.or(record.pid);
        let (took, in_parent) = (now.0.saturating_sub(record.started.0), record.role.is_in_parent());
        if record.state == WorkerState::Greeting {
            enter(record, WorkerState::Ready, now);
            self.ready += u32::from(record.is_of_pool());
        }
        self.history.effort.start_up_us += if in_parent { 0 } else { took };
        self.unplanned.mute = 0;
        Ok(())
    }

    pub(super) fn worker_draining(&mut self, worker: WorkerId, why: DrainReason) -> Result<(), IllegalEvent> {
        let now = self.now;
        let takes = |state| matches!(state, WorkerState::Greeting | WorkerState::Ready);
        let record = self.worker_in("worker_draining", worker, takes)?;
        let was_ready = counts_as_ready(record);
        enter(record, WorkerState::Draining(why), now);
        self.ready -= u32::from(was_ready);
        Ok(())
    }

    pub(super) fn worker_kept(&mut self, worker: WorkerId) -> Result<(), IllegalEvent> {
        let now = self.now;
        let retired = |state| state == WorkerState::Draining(DrainReason::Retired);
        let record = self.worker_in("worker_kept", worker, retired)?;
        enter(record, WorkerState::Ready, now);
        self.ready += u32::from(record.is_of_pool());
        Ok(())
    }

    pub(super) fn worker_dismissed(&mut self, worker: WorkerId) -> Result<(), IllegalEvent> {
        let now = self.now;
        let there = |state| matches!(state, WorkerState::Greeting | WorkerState::Ready | WorkerState::Draining(_));
        let record = self.worker_in("worker_dismissed", worker, there)?;
        if !record.in_flight.is_empty() {
            return Err(IllegalEvent::WorkerIs { event: "worker_dismissed", worker, word: "busy" });
        }
        let was_ready = counts_as_ready(record);
        enter(record, WorkerState::Leaving, now);
        self.ready -= u32::from(was_ready);
        Ok(())
    }

    pub(super) fn worker_killed(&mut self, worker: WorkerId, reason: &str) -> Result<(), IllegalEvent> {
        let now = self.now;
        let record = self.worker_in("worker_killed", worker, |state| state != WorkerState::Killed)?;
        let was_ready = counts_as_ready(record);
        let was_needed = record.state != WorkerState::Leaving && record.is_of_pool();
        let was_mute = record.state == WorkerState::Greeting && record.is_of_pool();
        enter(record, WorkerState::Killed, now);
        let text = format!("{}{} killed: {reason}", record.title(), record.process());
        self.ready -= u32::from(was_ready);
        if was_mute {
            self.unplanned.mute += 1;
            self.unplanned.last_words = text.as_str().into();
        }
        if was_needed && self.phase <= Phase::Draining {
            self.unplanned.losses += 1;
            self.history.mark(now, MarkerKind::Loss);
        }
        self.log.push(now, Weight::Warning, None, text);
        Ok(())
    }

    pub(super) fn worker_silent(&mut self, worker: WorkerId) -> Result<(), IllegalEvent> {
        let now = self.now;
        let record = self.worker_in("worker_silent", worker, |_| true)?;
        record.silent = true;
        let since = now.since(record.heard).as_secs_f64();
        let text = format!("{}{} has been silent for {since:.1} s", record.title(), record.process());
        self.log.push(now, Weight::Warning, None, text);
        Ok(())
    }

    pub(super) fn worker_asked(&mut self, worker: WorkerId) -> Result<(), IllegalEvent> {
        let now = self.now;
        self.worker_in("worker_asked", worker, |_| true)?.asked = Some(now);
        Ok(())
    }

    pub(super) fn worker_answered(&mut self, worker: WorkerId) -> Result<(), IllegalEvent> {
        let now = self.now;
        let record = self.worker_in("worker_answered", worker, |_| true)?;
        hear(record, now);
        Ok(())
    }

    pub(super) fn worker_exited(&mut self, worker: WorkerId, how: Exit, last_words: &str) -> Result<(), IllegalEvent> {
        let now = self.now;
        let record = self.worker_in("worker_exited", worker, |state| state != WorkerState::Starting)?;
        if !record.in_flight.is_empty() {
            return Err(IllegalEvent::WorkerIs { event: "worker_exited", worker, word: "busy" });
        }
        let unasked = !matches!(record.state, WorkerState::Leaving | WorkerState::Killed);
        let Some(record) = self.workers.remove(worker) else {
            return Err(IllegalEvent::NoWorker { event: "worker_exited", worker });
        };
        if !record.role.is_in_parent() {
            self.history.effort.process_went(now.0.saturating_sub(record.started.0));
        }
        self.wires.remove(&worker);
        self.ready -= u32::from(counts_as_ready(&record));
        self.timeline.left(record.slot, now);
        // The end of a process that lives for one task is that task's end, and told as such, once it has taken it on.
        let is_its_task = matches!(record.role, Role::Own(_)) && !record.is_starting();
        if unasked && !is_its_task {
            self.worker_lost(&record, how, last_words);
        }
        Ok(())
    }

    pub(super) fn crash_loop_stopped(&mut self, deaths: u32) {
        self.unplanned.given_up = true;
        let last_words = &self.unplanned.last_words;
        let text = format!("no more workers are started: {deaths} could not be kept alive; the last one: {last_words}");
        self.log.push(self.now, Weight::Error, None, text);
    }

    pub(super) fn sampled(&mut self, samples: &[Sample]) {
        for sample in samples {
            // A worker that left since the measurement is no error: samples come from another thread.
            if let Some(record) = self.workers.get_mut(sample.worker) {
                record.cpu_percent = sample.cpu_percent;
                record.rss_bytes = sample.rss_bytes;
                // Of an idle worker no further sample will say that it goes on; should it not, its next task tells.
                record.stopped = sample.stopped && !record.in_flight.is_empty();
            }
        }
        let processes = self.workers.iter().filter(|worker| !worker.role.is_in_parent() && worker.rss_bytes > 0);
        let (rss_bytes, met) =
            processes.fold((0_u64, 0), |(sum, met), worker| (sum.saturating_add(worker.rss_bytes), met + 1));
        self.history.effort.measured(rss_bytes, met);
    }

    fn worker_lost(&mut self, record: &Worker, how: Exit, last_words: &str) {
        let mut text = record.end(how);
        if !last_words.is_empty() {
            text.push_str("; its last words: ");
            text.push_str(last_words);
        }
        self.unplanned.losses += 1;
        self.unplanned.mute += u32::from(record.state == WorkerState::Greeting);
        self.unplanned.last_words = text.as_str().into();
        self.history.mark(self.now, MarkerKind::Loss);
        self.log.push(self.now, Weight::Warning, None, text);
        if record.ended == 0 && self.now.0 - record.started.0 < YOUNG_US {
            if self.unplanned.young.len() == YOUNG_DEATHS_KEPT {
                self.unplanned.young.pop_front();
            }
            self.unplanned.young.push_back(self.now);
        }
    }

    pub(super) fn worker_in(
        &mut self,
        event: &'static str,
        worker: WorkerId,
        legal: impl Fn(WorkerState) -> bool,
    ) -> Result<&mut Worker, IllegalEvent> {
        let record = self.workers.get_mut(worker).ok_or(IllegalEvent::NoWorker { event, worker })?;
        if legal(record.state) {
            Ok(record)
        } else {
            Err(IllegalEvent::WorkerIs { event, worker, word: record.word() })
        }
    }
}

/// Whether it is one of the workers of the pool that take tasks now.
fn counts_as_ready(record: &Worker) -> bool {
    record.is_of_pool() && record.state == WorkerState::Ready
}

/// "(PID 19774)" with a space before it, or nothing before there is a process.
pub(super) fn pid_in_brackets(pid: Option<Pid>) -> String {
    pid.map(|pid| format!(" (PID {pid})")).unwrap_or_default()
}

/// Any message is a sign of life, and nothing that is stopped can send one.
pub(super) fn hear(record: &mut Worker, now: Elapsed) {
    record.stopped = false;
    record.heard = now;
    record.asked = None;
    record.silent = false;
}

fn enter(record: &mut Worker, state: WorkerState, now: Elapsed) {
    record.state = state;
    record.since = now;
    // What was asked back is still to come; it must not be taken for something nobody asked for.
    if state == WorkerState::Ready && record.recall == Recall::Answered {
        record.recall = Recall::No;
    }
}
