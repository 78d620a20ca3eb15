//! What a worker has to say, gathered into few writes.
//! It does not know what a report means.

use std::sync::Mutex;
use std::time::Duration;

use crate::wire::{FromWorker, Hello, Report, Sender};

/// So many reports go out at the latest; a frame of them stays far below the limit.
const REPORTS_MAX: usize = 256;

/// Work that is over before this is told of in one message with its end: short tasks cost one message and not two.
pub(super) const TELL_AFTER: Duration = Duration::from_millis(5);

/// The way to the parent, shared by the worker's threads.
pub(super) struct Outbox(Mutex<Waiting>);

struct Waiting {
    sender: Sender<FromWorker>,
    reports: Vec<Report>,
}

impl Outbox {
    pub(super) fn new(sender: Sender<FromWorker>) -> Self {
        Self(Mutex::new(Waiting { sender, reports: Vec::new() }))
    }

    /// Introduces the worker. To be said before anything else.
    pub(super) fn greet(&self, hello: Hello) {
        let mut waiting = self.lock();
        waiting.sender.queue(&FromWorker::Hello(hello)).expect("BUG: a greeting is too long for a frame");
        let _ = waiting.sender.flush();
    }

    /// Says it with the next flush.
    pub(super) fn put(&self, report: Report) {
        let mut waiting = self.lock();
        waiting.reports.push(report);
        if waiting.reports.len() >= REPORTS_MAX {
            waiting.flush();
        }
    }

    /// Says it, and everything before it, now.
    pub(super) fn say(&self, report: Report) {
        let mut waiting = self.lock();
        waiting.reports.push(report);
        waiting.flush();
    }

    /// Says everything that waits.
    pub(super) fn flush(&self) {
        self.lock().flush();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().expect("BUG: a thread of the worker panicked while it spoke")
    }
}

impl Waiting {
    /// A broken connection is noticed by the reading side, which ends the worker; here it is nothing to act on.
    fn flush(&mut self) {
        if self.reports.is_empty() {
            return;
        }
        let reports = FromWorker::Reports(std::mem::take(&mut self.reports));
        self.sender.queue(&reports).expect("BUG: a batch of reports is too long for a frame");
        let _ = self.sender.flush();
    }
}
