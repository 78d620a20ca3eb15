//! Where the parent's answers are laid down for the threads that wait for them.
//! It does not know what is asked, nor by which step.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::task::{ObjectId, Reply, TaskId, ThreadId};
use crate::worker::Halted;

/// The present task's seats; none when no function runs.
#[derive(Default)]
pub(in crate::worker) struct Desk(Mutex<Option<Present>>);

struct Present {
    task: TaskId,
    seats: Vec<(ThreadId, Arc<Seat>)>,
}

impl Desk {
    /// A task begins.
    pub(super) fn open(&self, task: TaskId) {
        *self.lock() = Some(Present { task, seats: Vec::new() });
    }

    /// It is over; what still comes for it comes too late.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    /// A seat for a thread; one that nothing is delivered to if there is no such task.
    pub(super) fn seat(&self, task: Option<TaskId>, thread: ThreadId) -> Arc<Seat> {
        let seat = Arc::new(Seat::default());
        if let Some(present) = self.lock().as_mut().filter(|present| Some(present.task) == task) {
            present.seats.push((thread, Arc::clone(&seat)));
        }
        seat
    }

    /// The thread has ended.
    pub(super) fn leave(&self, thread: ThreadId) {
        if let Some(present) = self.lock().as_mut() {
            present.seats.retain(|(id, _)| *id != thread);
        }
    }

    /// An answer came. One that nobody asked for, or for a task that is over, is left.
    pub(in crate::worker) fn deliver(&self, task: TaskId, thread: ThreadId, reply: Reply) {
        if let Some(seat) = self.find(task, thread) {
            let mut tray = seat.lock();
            if tray.asked {
                tray.asked = false;
                tray.reply = Some(reply);
                drop(tray);
                seat.changed.notify_all();
            }
        }
    }

    /// A transfer's share of its link, from now on.
    pub(in crate::worker) fn share(&self, task: TaskId, thread: ThreadId, link: ObjectId, bytes_per_s: u64) {
        if let Some(seat) = self.find(task, thread) {
            let mut tray = seat.lock();
            if let Some(transfer) = tray.transfer.as_mut().filter(|transfer| transfer.link == link) {
                transfer.bytes_per_s = bytes_per_s;
                transfer.changed = true;
                drop(tray);
                seat.changed.notify_all();
            }
        }
    }

    /// Every thread looks again whether it is to go on.
    pub(super) fn wake_all(&self) {
        let seats: Vec<Arc<Seat>> =
            self.lock().iter().flat_map(|present| &present.seats).map(|(_, seat)| Arc::clone(seat)).collect();
        for seat in seats {
            // Between a look and the wait of whoever looks there must be no gap to fall into.
            drop(seat.lock());
            seat.changed.notify_all();
        }
    }

    fn find(&self, task: TaskId, thread: ThreadId) -> Option<Arc<Seat>> {
        let present = self.lock();
        let present = present.as_ref().filter(|present| present.task == task)?;
        present.seats.iter().find(|(id, _)| *id == thread).map(|(_, seat)| Arc::clone(seat))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Present>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one thread waits, for whatever it waits.
#[derive(Default)]
pub(super) struct Seat {
    tray: Mutex<Tray>,
    changed: Condvar,
}

/// What lies at a seat.
#[derive(Default)]
pub(super) struct Tray {
    asked: bool,
    reply: Option<Reply>,
    pub(super) transfer: Option<Transfer>,
}

/// A transfer over a link.
pub(super) struct Transfer {
    pub(super) link: ObjectId,
    pub(super) bytes_per_s: u64,
    pub(super) changed: bool,
}

impl Seat {
    /// From now on an answer is taken. To be said before the question is.
    pub(super) fn expect_answer(&self) {
        let mut tray = self.lock();
        tray.asked = true;
        tray.reply = None;
    }

    /// A transfer over the link begins, or the last one is over.
    pub(super) fn set_transfer(&self, transfer: Option<Transfer>) {
        self.lock().transfer = transfer;
    }

    /// Waits for what `take` takes, at most so long (`Ok(None)` then). `is_halted` is asked at each look.
    pub(super) fn wait<T>(
        &self,
        at_most: Option<Duration>,
        is_halted: impl Fn() -> bool,
        mut take: impl FnMut(&mut Tray) -> Option<T>,
    ) -> Result<Option<T>, Halted> {
        let clock = Clock::start();
        let mut tray = self.lock();
        loop {
            if is_halted() {
                return Err(Halted);
            }
            if let Some(taken) = take(&mut tray) {
                return Ok(Some(taken));
            }
            tray = match at_most.map(|at_most| at_most.saturating_sub(clock.elapsed())) {
                Some(Duration::ZERO) => return Ok(None),
                Some(left) => self.changed.wait_timeout(tray, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tray {
    pub(super) fn take_reply(&mut self) -> Option<Reply> {
        self.reply.take()
    }
}
