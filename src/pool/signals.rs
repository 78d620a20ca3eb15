//! Signals to this program, read as a descriptor: no handler ever runs.
//! It does not know what a signal leads to.

use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Those the supervisor reads. WINCH and CONT are blocked with them, for the screen's own descriptor.
const READ: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGTSTP,
    Signal::SIGCHLD,
];

/// Those that stay ignored where whoever started us had them ignored: nohup, a shell's background job.
const LEFT_IGNORED: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP];

/// What the end of the terminal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// Nobody looks any more: the run ends.
    Stops,
    /// Nobody looked anyway: what runs is finished, nothing starts (GNU parallel's habit).
    Drains,
}

/// Keeps these signals from interrupting any thread. To be called first, while there is one thread.
pub fn block_signals() -> std::io::Result<()> {
    let mut set = read_set();
    set.add(Signal::SIGWINCH);
    set.add(Signal::SIGCONT);
    set.thread_block()?;
    // Where SIGCHLD is ignored, the kernel reaps for us, and nobody learns how a worker or a command ended. This is the
    // one way to undo it without unsafe code: the handler is never called, since the signal is blocked, and no child
    // inherits it.
    signal_hook::flag::register(Signal::SIGCHLD as i32, Arc::default())?;
    Ok(())
}

pub(super) fn descriptor() -> nix::Result<SignalFd> {
    SignalFd::with_flags(&read_set(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// The next signal that came, if one did.
pub(super) fn read(descriptor: &SignalFd) -> Option<Signal> {
    let info = descriptor.read_signal().ok().flatten()?;
    Signal::try_from(info.ssi_signo.cast_signed()).ok()
}

/// Whether somebody wants the program to end, now that nobody reads signals for another reason any more.
pub(super) fn end_is_wanted(descriptor: &SignalFd) -> bool {
    std::iter::from_fn(|| read(descriptor))
        .any(|signal| matches!(signal, Signal::SIGINT | Signal::SIGTERM | Signal::SIGQUIT | Signal::SIGHUP))
}

/// Notices who wants the program to end while there is no run to notice it.
#[derive(Debug)]
pub struct BetweenRuns(SignalFd);

impl BetweenRuns {
    /// To be made after [`block_signals`].
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self(descriptor()?))
    }

    /// Whether somebody has asked for the end since the last look.
    pub fn end_is_wanted(&self) -> bool {
        end_is_wanted(&self.0)
    }
}

/// Waits on a thread of its own until somebody wants the program to end, and says with which exit code. For a program that
/// has no run. To be called after [`block_signals`].
///
/// # Errors
/// When there is no thread to be had.
pub fn when_the_end_is_wanted(end: impl FnOnce(u8) + Send + 'static) -> std::io::Result<()> {
    let ends = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP];
    let read = read_set();
    let wanted: SigSet = ends.into_iter().filter(|signal| read.contains(*signal)).collect();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Ok(signal) = wanted.wait() {
            end(128 + u8::try_from(signal as i32).unwrap_or(0));
        }
    })?;
    Ok(())
}

/// A signal that is ignored is not read either: the kernel keeps even an ignored one for a reader.
fn read_set() -> SigSet {
    let ignored = std::fs::read_to_string("/proc/self/status").map_or(0, |status| ignored(&status));
    let left = |signal: &Signal| LEFT_IGNORED.contains(signal) && ignored >> (*signal as i32 - 1) & 1 == 1;
    READ.into_iter().filter(|signal| !left(signal)).collect()
}

/// The set of ignored signals in the kernel's words, signal 1 in the lowest bit.
fn ignored(status: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(ignored("Name:\tx\nSigBlk:\t00000000ffffffff\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored("SigIgn:\tnonsense\n"), 0);
    }
}
