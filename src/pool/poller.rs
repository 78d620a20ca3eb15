//! One epoll over everything the supervisor waits for.
//! It does not know what readiness leads to.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::command::WORKERS_MAX;
use crate::event::Elapsed;
use crate::task::WorkerId;

/// How many places are looked at in one go: all there can be, so that no worker is taken for silent whose answer is here
/// and only not read.
const EVENTS_MAX: usize = 3 * WORKERS_MAX as usize + 2;

/// What is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// The mailbox's bell.
    Bell,
    /// A signal.
    Signal,
    /// A worker's socket can be read, or is closed.
    Socket(WorkerId),
    /// A worker's socket takes bytes again.
    SocketWritable(WorkerId),
    /// A worker's standard error has words.
    Words(WorkerId),
    /// A worker's process has exited.
    Exit(WorkerId),
}

pub(super) struct Poller {
    epoll: Epoll,
    events: Vec<EpollEvent>,
}

/// Which of a worker's descriptors; the lowest two bits of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Socket = 0,
    Words = 1,
    Exit = 2,
}

const BELL: u64 = u64::MAX;
const SIGNAL: u64 = u64::MAX - 1;

impl Poller {
    pub(super) fn new() -> nix::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, events: vec![EpollEvent::empty(); EVENTS_MAX] })
    }

    pub(super) fn watch_bell(&self, fd: impl AsFd) -> nix::Result<()> {
        self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, BELL))
    }

    pub(super) fn watch_signals(&self, fd: impl AsFd) -> nix::Result<()> {
        self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, SIGNAL))
    }

    pub(super) fn watch(&self, fd: impl AsFd, worker: WorkerId, place: Place) -> nix::Result<()> {
        self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token(worker, place)))
    }

    /// Also, or no longer, tells when the worker's socket takes bytes.
    pub(super) fn watch_writing(&self, fd: impl AsFd, worker: WorkerId, interest: Interest) -> nix::Result<()> {
        let flags = match interest {
            Interest::ReadAndWrite => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
            Interest::Read => EpollFlags::EPOLLIN,
        };
        self.epoll.modify(fd, &mut EpollEvent::new(flags, token(worker, Place::Socket)))
    }

    /// Looks no more. Must come before the descriptor is closed, should a copy of it be alive elsewhere.
    pub(super) fn forget(&self, fd: impl AsFd) {
        // A descriptor that is not watched any more is what was wanted.
        let _ = self.epoll.delete(fd);
    }

    /// Waits until something is ready or `until` has come, counted from `now`; `None`: for ever.
    pub(super) fn wait(&mut self, now: Elapsed, until: Option<Elapsed>, ready: &mut Vec<Ready>) -> nix::Result<()> {
        ready.clear();
        let timeout = match until {
            None => EpollTimeout::NONE,
            Some(at) => {
                // Rounded up: waking a moment early would find nothing due and wait again.
                let ms = i32::try_from(at.0.saturating_sub(now.0).div_ceil(1000)).unwrap_or(i32::MAX);
                EpollTimeout::try_from(ms).unwrap_or(EpollTimeout::ZERO)
            }
        };
        let count = match self.epoll.wait(&mut self.events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error),
        };
        for event in &self.events[..count] {
            match event.data() {
                BELL => ready.push(Ready::Bell),
                SIGNAL => ready.push(Ready::Signal),
                token => {
                    let worker = WorkerId(u32::try_from(token >> 2).expect("BUG: a token that was never given"));
                    let flags = event.events();
                    match token & 3 {
                        0 => {
                            if flags.contains(EpollFlags::EPOLLOUT) {
                                ready.push(Ready::SocketWritable(worker));
                            }
                            if flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
                                ready.push(Ready::Socket(worker));
                            }
                        }
                        1 => ready.push(Ready::Words(worker)),
                        _ => ready.push(Ready::Exit(worker)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is wanted to know of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    Read,
    ReadAndWrite,
}

fn token(worker: WorkerId, place: Place) -> u64 {
    (u64::from(worker.0) << 2) | place as u64
}
