//! Locks between the threads of a process, and the news of who waits for one.
//! It does not know what is done while a lock is held.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::thread::Thread;
use super::{Stepped, Stop};
use crate::clock::Clock;
use crate::task::ThreadId;
use crate::wire::Report;

/// A wait this long is told.
const TOLD_AFTER: Duration = Duration::from_millis(100);

/// One lock.
#[derive(Default)]
pub(super) struct Lock {
    held: Mutex<Held>,
    freed: Condvar,
}

#[derive(Default)]
struct Held {
    by: Option<ThreadId>,
    awaited_by: u32,
}

impl Lock {
    pub(super) fn wake_all(&self) {
        drop(self.lock());
        self.freed.notify_all();
    }

    fn free(&self) {
        let mut held = self.lock();
        held.by = None;
        let is_awaited = held.awaited_by > 0;
        drop(held);
        if is_awaited {
            self.freed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thread<'_, '_> {
    /// Does something while holding a lock.
    pub(super) fn locked<T>(&mut self, number: u16, inside: impl FnOnce(&mut Self) -> Stepped<T>) -> Stepped<T> {
        let Some(lock) = self.run.memory.locks.get(usize::from(number)) else {
            return Err("there is no such lock".into());
        };
        let name = &self.run.program.locks[usize::from(number)];
        self.take(lock, name)?;
        let done = inside(self);
        lock.free();
        done
    }

    fn take(&self, lock: &Lock, name: &str) -> Stepped<()> {
        let mut held = lock.lock();
        if held.by == Some(self.id) {
            let text = format!("with_lock {name}: this thread holds it already, and it cannot be taken twice");
            return Err(self.failed(&text));
        }
        if held.by.is_none() {
            held.by = Some(self.id);
            return Ok(());
        }
        held.awaited_by += 1;
        let (mut held, told) = self.wait_for(lock, held, name);
        held.awaited_by -= 1;
        if held.by.is_some() {
            // Somebody else may have been passed over for this thread.
            drop(held);
            lock.freed.notify_one();
            return Err(Stop::Halted);
        }
        held.by = Some(self.id);
        drop(held);
        if told {
            self.run.report(|task| Report::LockTaken { task, thread: self.id });
        }
        Ok(())
    }

    /// Comes back when the lock is free, or when it is held and the task is to end. Says whether the wait was told.
    fn wait_for<'l>(&self, lock: &'l Lock, mut held: MutexGuard<'l, Held>, name: &str) -> (MutexGuard<'l, Held>, bool) {
        let clock = Clock::start();
        let mut told = false;
        while let Some(holder) = held.by
            && !self.is_halted()
        {
            if told {
                held = lock.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = TOLD_AFTER.saturating_sub(clock.elapsed());
            if left.is_zero() {
                told = true;
                drop(held);
                let lock = name.into();
                self.run.report(|task| Report::LockAwaited { task, thread: self.id, lock, holder });
            } else {
                drop(lock.freed.wait_timeout(held, left));
            }
            held = lock.lock();
        }
        (held, told)
    }
}
