//! One worker as the parent holds it, a process or a thread: starting it, its socket, its last words, its end.
//! It does not know tasks; messages pass through it.

mod launch;

pub(super) use launch::launch;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child as Process, Command, Stdio};
use std::sync::Arc;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{Shutdown, shutdown};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::settings::ServeInParent;
use crate::event::Exit;
use crate::offspring;
use crate::task::Pid;
use crate::wire::{Frames, FromWorker, HOLD_ARGUMENT, Receiver, Sender, ToWorker, Traffic, WORKER_ARGUMENT, hand_over};

/// This very program, also when the file was replaced meanwhile.
const SELF: &str = "/proc/self/exe";

/// How much of a worker's standard error is remembered.
const WORDS_BYTES_MAX: usize = 2 << 10;

/// A worker as the parent holds it.
pub(super) struct Child {
    /// Its process; of a thread in the parent the parent's own.
    pub pid: Pid,
    pub sender: Sender<ToWorker>,
    pub receiver: Receiver<FromWorker>,
    /// Whether the socket has been read to its end.
    pub heard_all: bool,
    /// Whether the poller tells when the socket takes bytes again.
    pub waits_to_write: bool,
    /// What had gone over the connection when that was last told.
    pub told: (Traffic, Traffic),
    /// How it was started.
    pub way: Way,
    pub body: Body,
}

/// What is behind the connection.
pub(super) enum Body {
    /// A process of its own.
    Process { pidfd: OwnedFd, stderr: File, words: Vec<u8>, _process: Process },
    /// A thread of this one. Nothing is ever sent through this channel; its other end is dropped when the thread ends.
    Thread { alive: crossbeam_channel::Receiver<()> },
}

/// How a worker's process came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As a child of this one.
    Direct,
    /// Through a launcher, which is the child of this one.
    Launched,
}

/// Starts a worker. `open_files`: the soft limit its tasks get, since the parent may have raised its own. `lock`: what it holds
/// as long as it lives. That goes through the socket, so that no other process started meanwhile inherits it.
pub(super) fn spawn(open_files: u64, lock: Option<&OwnedFd>) -> std::io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    if let Some(lock) = lock {
        hand_over(&ours, lock)?;
    }
    let process = start(theirs, open_files, lock.map(|_| HOLD_ARGUMENT))?;
    adopt_or_end(ours, process, Way::Direct)
}

fn adopt_or_end(ours: UnixStream, mut process: Process, way: Way) -> std::io::Result<Child> {
    let pid = Pid(process.id().cast_signed());
    match adopt(ours, &mut process) {
        Ok((pidfd, sender, receiver, stderr)) => Ok(Child {
            pid,
            sender,
            receiver,
            heard_all: false,
            waits_to_write: false,
            told: <(Traffic, Traffic)>::default(),
            way,
            body: Body::Process { pidfd, stderr, words: Vec::new(), _process: process },
        }),
        Err(error) => {
            // Too few descriptors for the rest: the half of a worker that is there goes again.
            let _ = process.kill();
            let _ = process.wait();
            Err(error)
        }
    }
}

/// Starts a worker as a thread of this process, at the other end of a socket like any other.
pub(super) fn spawn_inside(name: &str, pid: Pid, serve: &ServeInParent) -> std::io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let sender = Sender::new(OwnedFd::from(ours.try_clone()?));
    let (ends_with_it, alive) = crossbeam_channel::bounded(0);
    let serve = Arc::clone(serve);
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ends_with_it: crossbeam_channel::Sender<()> = ends_with_it;
        serve(OwnedFd::from(theirs));
    })?;
    Ok(Child {
        pid,
        sender,
        receiver: Receiver::new(OwnedFd::from(ours), Frames::greeted()),
        heard_all: false,
        waits_to_write: false,
        told: <(Traffic, Traffic)>::default(),
        way: Way::Direct,
        body: Body::Thread { alive },
    })
}

/// No pre_exec: with one, the standard library forks this whole process instead of a vfork-like start.
#[expect(clippy::disallowed_methods, reason = "this is where the parent starts workers")]
fn start(socket: UnixStream, open_files: u64, holds: Option<&str>) -> std::io::Result<Process> {
    Command::new(SELF)
        .arg0("pooltop")
        .args([WORKER_ARGUMENT, &std::process::id().to_string(), &open_files.to_string()])
        .args(holds)
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

type Ends = (OwnedFd, Sender<ToWorker>, Receiver<FromWorker>, File);

fn adopt(socket: UnixStream, process: &mut Process) -> std::io::Result<Ends> {
    let pid = rustix::process::Pid::from_child(process);
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let stderr = File::from(OwnedFd::from(process.stderr.take().ok_or(ErrorKind::BrokenPipe)?));
    fcntl(&stderr, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let sender = Sender::new(OwnedFd::from(socket.try_clone()?));
    let receiver = Receiver::new(OwnedFd::from(socket), Frames::greeted());
    Ok((pidfd, sender, receiver, stderr))
}

impl Child {
    /// SIGKILL, to this process and no other: the descriptor outlives the number. Through a launcher: to its group as well.
    /// A thread is hung up on.
    pub(super) fn kill(&self) {
        // It may have ended by itself, which is then told all the same.
        match &self.body {
            Body::Process { pidfd, .. } => {
                if self.way == Way::Launched {
                    launch::end(self.pid, &self.sender);
                }
                let _ = pidfd_send_signal(pidfd, Signal::KILL);
            }
            Body::Thread { .. } => {
                let _ = shutdown(self.sender.as_fd().as_raw_fd(), Shutdown::Both);
            }
        }
    }

    /// Whether it is a thread of this process.
    pub(super) fn is_inside(&self) -> bool {
        matches!(self.body, Body::Thread { .. })
    }

    /// Reads its standard error and keeps the end of it. `false` once it is closed.
    pub(super) fn read_words(&mut self, scratch: &mut [u8]) -> bool {
        let Body::Process { stderr, words, .. } = &mut self.body else { return false };
        loop {
            match stderr.read(scratch) {
                Ok(0) => return false,
                Ok(count) => {
                    words.extend_from_slice(&scratch[..count]);
                    let surplus = words.len().saturating_sub(WORDS_BYTES_MAX);
                    words.drain(..surplus);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// The end of what it said on standard error, in one line.
    pub(super) fn last_words(&self) -> Box<str> {
        let Body::Process { words, .. } = &self.body else { return Box::default() };
        let words = String::from_utf8_lossy(words);
        words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ").into()
    }

    /// Reaps it, if it has exited. Of a thread all that can be known is that it hung up, and that is its end.
    pub(super) fn reap(&self) -> Option<Exit> {
        let Body::Process { pidfd, .. } = &self.body else { return Some(Exit::Code(0)) };
        let status = waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG).ok()?;
        offspring::exit_of(status)
    }
}
