//! The switch between the control thread and the task at work: freeze, go on, end; and whom a signal must reach.
//! It does not know the socket, nor what the task does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid as SystemPid;

use super::Halted;
use crate::clock::Clock;
use crate::task::TaskId;
use crate::wire::Stopping;

/// What the control thread wants of the task at work.
pub(super) struct Control {
    state: Mutex<State>,
    changed: Condvar,
    /// That nothing is frozen or to end, for those who ask between any two steps. Written under the lock.
    calm: AtomicBool,
}

#[derive(Default)]
struct State {
    all_frozen: bool,
    closed: bool,
    present: Option<Present>,
}

struct Present {
    task: TaskId,
    frozen: bool,
    stop: Option<Stopping>,
    /// One where the task is a command; the threads of a function can run several at once.
    commands: Vec<Running>,
}

/// A command's process group.
struct Running {
    group: SystemPid,
    /// Rung whenever something changed, since its thread waits in poll and not on the condition.
    bell: Arc<EventFd>,
}

impl State {
    fn is_calm(&self) -> bool {
        !self.all_frozen && self.present.as_ref().is_none_or(|present| !present.frozen && present.stop.is_none())
    }
}

impl Control {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), calm: AtomicBool::new(true) }
    }

    /// A task begins.
    pub(super) fn begin(&self, task: TaskId) {
        let mut state = self.lock();
        state.present = Some(Present { task, frozen: false, stop: None, commands: Vec::new() });
        self.calm.store(state.is_calm(), Ordering::Release);
    }

    /// Whether nothing is frozen or to end, at the price of a look.
    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Acquire)
    }

    /// Starts a process, unless the worker is about to end. Both hold the same lock, so that the last kill loop misses nothing.
    pub(super) fn start<T>(&self, start: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let state = self.lock();
        if state.closed { Err("the worker is ending".to_owned()) } else { start() }
    }

    /// From now on nothing is started; a start under way is waited for.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// It is over; no signal may be sent in its name any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.present = None;
        self.calm.store(state.is_calm(), Ordering::Release);
    }

    /// The task runs a command with this process group from now on. A freeze or stop that came before reaches it now. What
    /// it gives back is readable while a change has not been looked at.
    pub(super) fn command_runs(&self, group: SystemPid) -> nix::Result<Arc<EventFd>> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let mut state = self.lock();
        let all_frozen = state.all_frozen;
        if let Some(present) = &mut state.present {
            present.commands.push(Running { group, bell: Arc::clone(&bell) });
            if all_frozen || present.frozen {
                let _ = killpg(group, Signal::SIGSTOP);
            }
            if let Some(how) = present.stop {
                signal_stop(group, how);
            }
        }
        Ok(bell)
    }

    /// The command's leader has exited: its group gets a last KILL while the number is still its own. Gives back how it
    /// was told to end, if it was; what comes now comes too late.
    pub(super) fn command_exited(&self, group: SystemPid) -> Option<Stopping> {
        let mut state = self.lock();
        let present = state.present.as_mut()?;
        if let Some(place) = present.commands.iter().position(|running| running.group == group) {
            present.commands.swap_remove(place);
            let _ = killpg(group, Signal::SIGKILL);
        }
        present.stop
    }

    /// How the present task is to end, if it is.
    pub(super) fn stop_asked(&self) -> Option<Stopping> {
        self.lock().present.as_ref().and_then(|present| present.stop)
    }

    /// Returns at once, or when a freeze is over.
    pub(super) fn check(&self) -> Result<(), Halted> {
        if self.is_calm() { Ok(()) } else { self.check_locked(self.lock()).map(drop) }
    }

    /// The same. Whoever waits with the lock that it gives back misses no change.
    fn check_locked<'a>(&self, mut state: MutexGuard<'a, State>) -> Result<MutexGuard<'a, State>, Halted> {
        loop {
            match &state.present {
                Some(Present { stop: Some(_), .. }) => return Err(Halted),
                Some(present) if present.frozen || state.all_frozen => {
                    state = self.changed.wait(state).expect("BUG: the control thread panicked");
                }
                _ => return Ok(state),
            }
        }
    }

    /// Lets that much time pass, frozen time not counted.
    pub(super) fn sleep(&self, duration: Duration) -> Result<(), Halted> {
        let mut left = duration;
        loop {
            let state = self.check_locked(self.lock())?;
            let clock = Clock::start();
            let (state, timeout) = self.changed.wait_timeout(state, left).expect("BUG: the control thread panicked");
            drop(state);
            left = left.saturating_sub(clock.elapsed());
            if timeout.timed_out() || left.is_zero() {
                return self.check();
            }
        }
    }

    /// Freezes whatever runs, or lets it go on.
    pub(super) fn freeze_all(&self, freeze: Freeze) {
        self.change(|state| {
            state.all_frozen = freeze == Freeze::Stop;
            true
        });
    }

    /// The same for one task, if it is the present one.
    pub(super) fn freeze(&self, task: TaskId, freeze: Freeze) {
        self.change(|state| match &mut state.present {
            Some(present) if present.task == task => {
                present.frozen = freeze == Freeze::Stop;
                true
            }
            _ => false,
        });
    }

    /// Ends the task if it is the present one.
    pub(super) fn stop(&self, task: TaskId, how: Stopping) {
        let mut state = self.lock();
        let Some(present) = state.present.as_mut().filter(|present| present.task == task) else { return };
        present.stop = Some(how);
        present.frozen = false;
        for running in &present.commands {
            signal_stop(running.group, how);
        }
        self.ring(&state);
    }

    /// Ends whatever task is the present one.
    pub(super) fn stop_present(&self, how: Stopping) {
        let present = self.lock().present.as_ref().map(|present| present.task);
        if let Some(task) = present {
            self.stop(task, how);
        }
    }

    /// Sends a signal to the groups of the present task's commands.
    pub(super) fn signal(&self, task: TaskId, signal: i32) {
        let state = self.lock();
        if let Some(Present { task: present, commands, .. }) = &state.present
            && *present == task
            && let Ok(signal) = Signal::try_from(signal)
        {
            for running in commands {
                let _ = killpg(running.group, signal);
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = self.lock();
        if !change(&mut state) {
            return;
        }
        if let Some(Present { frozen, stop: None, commands, .. }) = &state.present {
            let signal = if *frozen || state.all_frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
            for running in commands {
                let _ = killpg(running.group, signal);
            }
        }
        self.ring(&state);
    }

    fn ring(&self, state: &State) {
        self.calm.store(state.is_calm(), Ordering::Release);
        self.changed.notify_all();
        for running in state.present.iter().flat_map(|present| &present.commands) {
            let _ = running.bell.write(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("BUG: a thread of the worker panicked while it held the switch")
    }
}

/// Which way a freeze goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freeze {
    Stop,
    GoOn,
}

/// TERM reaches a stopped process only after CONT.
fn signal_stop(group: SystemPid, how: Stopping) {
    match how {
        Stopping::Gently { .. } => {
            let _ = killpg(group, Signal::SIGTERM);
            let _ = killpg(group, Signal::SIGCONT);
        }
        Stopping::Now => {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}
