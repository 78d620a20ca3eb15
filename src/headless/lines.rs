//! The run as lines on standard error: one for each change of state, no escapes, nothing drawn twice.
//! It does not know what commands print; that goes its own way.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use crate::event::{Event, PhaseReason, Verdict, What};
use crate::model::{Blocked, State, Status, WaitOn};
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

    /// What the log has so far is not to be told.
    pub(super) fn leave_out(&mut self, state: &State) {
        self.logged = state.log.forgotten() + state.log.lines().len() as u64;
    }

    /// What this event, already taken into the state, is worth saying.
    pub(super) fn tell(&mut self, state: &State, event: &Event) {
        match &event.what {
            What::RunStarted(start) => {
                self.say(&format_args!("pooltop: {}, parent PID {}, {} CPUs", start.title, start.pid, start.cpus));
                if let Some(story) = &start.story {
                    self.say_all("watch: ", &story.watch);
                }
            }
            What::WorkerReady { worker, .. } => {
                if let Some(worker) = state.workers.get(*worker)
                    && let Some(pid) = worker.pid
                    && worker.is_process()
                {
                    let on = worker.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
                    self.say(&format_args!("{} started, PID {pid}{on}", worker.title()));
                }
            }
            What::WorkerDraining { worker, .. } => {
                if let Some(worker) = state.workers.get(*worker) {
                    self.say(&format_args!("{} draining", worker.title()));
                }
            }
            What::WorkerExited { worker, how, .. } => {
                if let Some(slot) = state.workers.seat_of(*worker)
                    && let Some(title) = state.workers.title_of(*worker)
                    && !slot.is_in_parent()
                {
                    self.say(&format_args!("{title} left, {how}"));
                }
            }
            What::StoryTold { text, .. } => self.say_all("note: ", text),
            What::VerdictReached { verdict } => self.verdict(verdict),
            What::VerdictLifted => self.say(&"not stuck any more"),
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
        if event.what == What::RunEnded {
            self.ending(state);
        }
    }

    /// What the scenario showed; a run that was cut short has not shown it.
    fn ending(&mut self, state: &State) {
        let story = state.start.as_ref().and_then(|start| start.story.as_ref());
        let shown = matches!(state.stopped_by, Some(PhaseReason::Finished | PhaseReason::Stuck));
        if let Some(story) = story.filter(|_| shown) {
            self.say_all("", &story.ending);
        }
    }

    /// Who waits for what, and what would help.
    fn verdict(&mut self, verdict: &Verdict) {
        self.say(&format_args!("stuck: {}", verdict.text));
        for wait in &verdict.waits {
            self.say(&format_args!("  {wait}"));
        }
        if let Some(advice) = &verdict.advice {
            self.say(&format_args!("  {advice}"));
        }
    }

    /// One line for each running task, for whoever sent USR1.
    pub(super) fn what_runs(&mut self, state: &State) {
        let counts = state.counts_of_work();
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
                self.say(&format_args!("{} PID {pid} {}", worker.title(), worker.word()));
                continue;
            };
            let (id, record) = task;
            let took = seconds(record.took(state.now).unwrap_or_default());
            let title = record.spec.title();
            let (who, word) = (worker.title(), worker.word());
            let blocked = state.blocked(id).map(|blocked| waits(state, &blocked)).unwrap_or_default();
            self.say(&format_args!("{who} PID {pid} {word} task {id} {took} {title}{blocked}"));
        }
    }

    /// The notable events as the log has them, but for those that have a line of their own.
    fn log(&mut self, state: &State, what: &What) {
        let log = &state.log;
        let total = log.forgotten() + log.lines().len() as u64;
        let fresh = usize::try_from(total - self.logged).unwrap_or(usize::MAX).min(log.lines().len());
        self.logged = total;
        let has_its_own = matches!(
            what,
            What::TaskFailed { .. }
                | What::TaskDropped { .. }
                | What::RunEnded
                | What::VerdictReached { .. }
                | What::VerdictLifted
        );
        if has_its_own {
            return;
        }
        for line in log.lines().iter().skip(log.lines().len() - fresh) {
            self.say(&line.text);
        }
    }

    fn ended(&mut self, state: &State, task: TaskId, word: &str) {
        let Some(record) = state.task(task) else { return };
        let counts = state.counts_of_work();
        let (total, ended) = (counts.total(), counts.ended());
        let columns = total.to_string().len();
        let took = seconds(record.took(state.now).unwrap_or_default());
        let reason = match record.status {
            Status::Failed | Status::Interrupted => state
                .failure(task)
                .map(|failure| format!(": {failure}, attempt {}", record.attempts))
                .unwrap_or_default(),
            _ => String::new(),
        };
        let title = record.spec.title();
        if state.main == Some(task) {
            // It is none of those that are counted.
            return self.say(&format_args!("{title} {word} {took}{reason}"));
        }
        self.say(&format_args!("[{ended:>columns$}/{total}] {word:<6} {took:>7} {title}{reason}"));
    }

    /// A text of several lines, the first behind `before`.
    fn say_all(&mut self, before: &str, text: &str) {
        for (place, line) in text.lines().enumerate() {
            let before = if place == 0 { before } else { "" };
            self.say(&format_args!("{before}{line}"));
        }
    }

    /// A line nobody reads any more is no reason to stop the work.
    fn say(&mut self, line: &dyn Display) {
        if self.open {
            let line = line.to_string();
            self.open = writeln!(std::io::stderr(), "{}", sanitized(&line)).is_ok();
        }
    }
}

/// ", blocked in get of queue tasks for 2.10s"
fn waits(state: &State, blocked: &Blocked<'_>) -> String {
    let since = seconds(state.now.since(blocked.wait.since));
    match &blocked.wait.on {
        WaitOn::Lock { name, .. } => format!(", blocked at lock {name} for {since}"),
        WaitOn::Call(call) => {
            let object = call.object().and_then(|id| state.objects.get(id));
            let of = object.map(|object| format!(" of {} {}", object.spec.kind.word(), object.spec.name));
            format!(", blocked in {}{} for {since}", call.verb(), of.unwrap_or_default())
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2}s", time.as_secs_f64())
}
