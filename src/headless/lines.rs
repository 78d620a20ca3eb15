//! The run as lines on standard error: one for each change of state, no escapes, nothing drawn twice.
//! It does not know what commands print; that goes its own way.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use crate::event::{Event, What};
use crate::model::{State, Status};
use crate::task::TaskId;
use crate::text::sanitized;

/// Standard error, as long as somebody reads it.
pub(super) struct Lines {
    open: bool,
    logged: u64,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { open: true, logged: 0 }
    }

    /// What this event, already taken into the state, is worth saying.
    pub(super) fn tell(&mut self, state: &State, event: &Event) {
        match &event.what {
            What::RunStarted(start) => {
                self.say(&format_args!("pooltop: {}, parent PID {}, {} CPUs", start.title, start.pid, start.cpus));
            }
            What::WorkerReady { worker, .. } => {
                if let Some(worker) = state.workers.get(*worker)
                    && let Some(pid) = worker.pid
                {
                    let on = worker.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
                    self.say(&format_args!("worker {} started, PID {pid}{on}", worker.slot));
                }
            }
            What::WorkerDraining { worker, .. } => {
                if let Some(worker) = state.workers.get(*worker) {
                    self.say(&format_args!("worker {} draining", worker.slot));
                }
            }
            What::WorkerExited { worker, how, .. } => {
                if let Some(slot) = state.workers.seat_of(*worker) {
                    self.say(&format_args!("worker {slot} left, {how}"));
                }
            }
            What::AttemptEnded { task, .. } if state.task(*task).is_some_and(|task| task.status == Status::Done) => {
                self.ended(state, *task, "done");
            }
            What::TaskFailed { task } => self.ended(state, *task, "FAILED"),
            What::TaskDropped { task } => self.ended(state, *task, "dropped"),
            What::AttemptEnded { task, .. } | What::AttemptLost { task, .. }
                if state.task(*task).is_some_and(|task| task.status == Status::Interrupted) =>
            {
                self.ended(state, *task, "interrupted");
            }
            _ => {}
        }
        self.log(state, &event.what);
    }

    /// One line for each running task, for whoever sent USR1.
    pub(super) fn what_runs(&mut self, state: &State) {
        let counts = &state.counts;
        self.say(&format_args!(
            "{} in flight, {} waiting, {} of {} ended",
            counts.in_flight(),
            counts.waiting(),
            counts.ended(),
            counts.total()
        ));
        for worker in state.workers.iter() {
            let Some(pid) = worker.pid else { continue };
            let Some(task) = worker.in_flight.front().and_then(|&task| Some((task, state.task(task)?))) else {
                self.say(&format_args!("worker {} PID {pid} {}", worker.slot, worker.word()));
                continue;
            };
            let (id, record) = task;
            let took = seconds(record.took(state.now).unwrap_or_default());
            let title = record.spec.title();
            self.say(&format_args!("worker {} PID {pid} {} task {id} {took} {title}", worker.slot, worker.word()));
        }
    }

    /// The notable events as the log has them, but for those that have a line of their own.
    fn log(&mut self, state: &State, what: &What) {
        let log = &state.log;
        let total = log.forgotten() + log.lines().len() as u64;
        let fresh = usize::try_from(total - self.logged).unwrap_or(usize::MAX).min(log.lines().len());
        self.logged = total;
        if matches!(what, What::TaskFailed { .. } | What::TaskDropped { .. } | What::RunEnded) {
            return;
        }
        for line in log.lines().iter().skip(log.lines().len() - fresh) {
            self.say(&line.text);
        }
    }

    fn ended(&mut self, state: &State, task: TaskId, word: &str) {
        let Some(record) = state.task(task) else { return };
        let total = state.counts.total();
        let columns = total.to_string().len();
        let ended = state.counts.ended();
        let took = seconds(record.took(state.now).unwrap_or_default());
        let reason = match record.status {
            Status::Failed | Status::Interrupted => state
                .failure(task)
                .map(|failure| format!(": {failure}, attempt {}", record.attempts))
                .unwrap_or_default(),
            _ => String::new(),
        };
        let title = record.spec.title();
        self.say(&format_args!("[{ended:>columns$}/{total}] {word:<6} {took:>7} {title}{reason}"));
    }

    /// A line nobody reads any more is no reason to stop the work.
    fn say(&mut self, line: &dyn Display) {
        if self.open {
            let line = line.to_string();
            self.open = writeln!(std::io::stderr(), "{}", sanitized(&line)).is_ok();
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2}s", time.as_secs_f64())
}
