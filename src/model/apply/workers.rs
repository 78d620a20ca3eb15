//! What events about workers change in the state. PURE.
//! It does not know what tasks are about.

use crate::command::Weight;
use crate::event::{DrainReason, Elapsed, Exit, Phase, Role, Sample};
use crate::model::history::MarkerKind;
use crate::model::log::bounded;
use crate::model::state::State;
use crate::model::worker::{Recall, Worker, WorkerState};
use crate::task::{Pid, Slot, WorkerId};

/// A worker that dies unasked within this time, having ended nothing, died young.
const YOUNG_US: u64 = 2_000_000;

/// How many young deaths are remembered.
const YOUNG_DEATHS_KEPT: usize = 8;

impl State {
    pub(super) fn worker_starting(&mut self, worker: WorkerId, slot: Slot, role: Role) {
        if let Role::Own(task) = role {
            self.tasks[task.index()].worker = Some(worker);
        }
        self.workers.seat(Worker::new(worker, slot, role, self.now));
        self.timeline.seated(slot, self.now);
    }

    pub(super) fn worker_spawned(&mut self, worker: WorkerId, pid: Pid) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        record.pid = Some(pid);
        let in_parent = record.role.is_in_parent();
        enter(record, WorkerState::Greeting, now);
        self.unplanned.failed_starts = 0;
        if !in_parent {
            self.history.effort.process_came();
        }
    }

    pub(super) fn worker_not_spawned(&mut self, worker: WorkerId, reason: &str) {
        let Some(record) = self.workers.remove(worker) else { return };
        self.timeline.left(record.slot, self.now);
        if self.unplanned.failed_starts == 0 {
            let text = format!("{} could not be started: {reason}", record.title());
            self.log.push(self.now, Weight::Warning, None, text);
        }
        self.unplanned.failed_starts += 1;
        self.unplanned.last_failed_start = self.now;
        self.unplanned.last_words = bounded(reason);
    }

    pub(super) fn worker_ready(&mut self, worker: WorkerId, host: Option<&str>, pid: Option<Pid>) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        record.heard = now;
        record.silent = false;
        record.host = host.map(bounded);
        record.pid = pid.or(record.pid);
        let (took, in_parent) = (now.0.saturating_sub(record.started.0), record.role.is_in_parent());
        if record.state == WorkerState::Greeting {
            enter(record, WorkerState::Ready, now);
            self.ready += u32::from(record.is_of_pool());
        }
        let start_up_us = &mut self.history.effort.start_up_us;
        *start_up_us = start_up_us.saturating_add(if in_parent { 0 } else { took });
        self.unplanned.mute = 0;
    }

    pub(super) fn worker_draining(&mut self, worker: WorkerId, why: DrainReason) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        let was_ready = counts_as_ready(record);
        enter(record, WorkerState::Draining(why), now);
        self.ready -= u32::from(was_ready);
    }

    pub(super) fn worker_kept(&mut self, worker: WorkerId) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        enter(record, WorkerState::Ready, now);
        self.ready += u32::from(record.is_of_pool());
    }

    pub(super) fn worker_dismissed(&mut self, worker: WorkerId) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        let was_ready = counts_as_ready(record);
        enter(record, WorkerState::Leaving, now);
        self.ready -= u32::from(was_ready);
    }

    pub(super) fn worker_killed(&mut self, worker: WorkerId, reason: &str) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        let was_ready = counts_as_ready(record);
        let was_needed = record.state != WorkerState::Leaving && record.is_of_pool();
        let was_mute = record.state == WorkerState::Greeting && record.is_of_pool();
        enter(record, WorkerState::Killed, now);
        let text = format!("{}{} killed: {reason}", record.title(), record.process());
        self.ready -= u32::from(was_ready);
        if was_mute {
            self.unplanned.mute += 1;
            self.unplanned.last_words = bounded(&text);
        }
        if was_needed && self.phase <= Phase::Draining {
            self.unplanned.losses += 1;
            self.history.mark(now, MarkerKind::Loss);
        }
        self.log.push(now, Weight::Warning, None, text);
    }

    pub(super) fn worker_silent(&mut self, worker: WorkerId) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        record.silent = true;
        let since = now.since(record.heard).as_secs_f64();
        let text = format!("{}{} has been silent for {since:.1} s", record.title(), record.process());
        self.log.push(now, Weight::Warning, None, text);
    }

    pub(super) fn worker_asked(&mut self, worker: WorkerId) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        record.asked = Some(now);
    }

    pub(super) fn worker_answered(&mut self, worker: WorkerId) {
        let now = self.now;
        let Some(record) = self.workers.get_mut(worker) else { return };
        hear(record, now);
    }

    pub(super) fn worker_exited(&mut self, worker: WorkerId, how: Exit, last_words: &str) {
        let now = self.now;
        let Some(record) = self.workers.remove(worker) else { return };
        let unasked = !matches!(record.state, WorkerState::Leaving | WorkerState::Killed);
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
        self.unplanned.last_words = bounded(&text);
        self.history.mark(self.now, MarkerKind::Loss);
        self.log.push(self.now, Weight::Warning, None, text);
        if record.ended == 0 && self.now.0.saturating_sub(record.started.0) < YOUNG_US {
            if self.unplanned.young.len() == YOUNG_DEATHS_KEPT {
                self.unplanned.young.pop_front();
            }
            self.unplanned.young.push_back(self.now);
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
