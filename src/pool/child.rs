//! One worker's process as the parent holds it: starting it, its socket, its last words, its end.
//! It does not know tasks; messages pass through it.

mod launch;

pub(super) use launch::launch;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child as Process, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::event::Exit;
use crate::offspring;
use crate::task::Pid;
use crate::wire::{Frames, FromWorker, Receiver, Sender, ToWorker, WORKER_ARGUMENT};

/// This very program, also when the file was replaced meanwhile.
const SELF: &str = "/proc/self/exe";

/// How much of a worker's standard error is remembered.
const WORDS_BYTES_MAX: usize = 2 << 10;

/// A worker's process.
pub(super) struct Child {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    pub sender: Sender<ToWorker>,
    pub receiver: Receiver<FromWorker>,
    pub stderr: File,
    /// Whether the socket has been read to its end.
    pub heard_all: bool,
    /// Whether the poller tells when the socket takes bytes again.
    pub waits_to_write: bool,
    /// How it was started.
    pub way: Way,
    words: Vec<u8>,
    _process: Process,
}

/// How a worker's process came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As a child of this one.
    Direct,
    /// Through a launcher, which is the child of this one.
    Launched,
}

/// Starts a worker. `open_files`: the soft limit its tasks get, since the parent may have raised its own.
pub(super) fn spawn(open_files: u64) -> std::io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let process = start(theirs, open_files)?;
    adopt_or_end(ours, process, Way::Direct)
}

fn adopt_or_end(ours: UnixStream, mut process: Process, way: Way) -> std::io::Result<Child> {
    let pid = Pid(process.id().cast_signed());
    match adopt(ours, &mut process) {
        Ok((pidfd, sender, receiver, stderr)) => Ok(Child {
            pid,
            pidfd,
            sender,
            receiver,
            stderr,
            heard_all: false,
            waits_to_write: false,
            way,
            words: Vec::new(),
            _process: process,
        }),
        Err(error) => {
            // Too few descriptors for the rest: the half of a worker that is there goes again.
            let _ = process.kill();
            let _ = process.wait();
            Err(error)
        }
    }
}

/// No pre_exec: with one, the standard library forks this whole process instead of a vfork-like start.
#[expect(clippy::disallowed_methods, reason = "this is where the parent starts workers")]
fn start(socket: UnixStream, open_files: u64) -> std::io::Result<Process> {
    Command::new(SELF)
        .arg0("pooltop")
        .args([WORKER_ARGUMENT, &std::process::id().to_string(), &open_files.to_string()])
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
    pub(super) fn kill(&self) {
        if self.way == Way::Launched {
            launch::end(self.pid, &self.sender);
        }
        // It may have exited by itself; the pidfd then tells so.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Reads its standard error and keeps the end of it. `false` once it is closed.
    pub(super) fn read_words(&mut self, scratch: &mut [u8]) -> bool {
        loop {
            match self.stderr.read(scratch) {
                Ok(0) => return false,
                Ok(count) => {
                    self.words.extend_from_slice(&scratch[..count]);
                    let surplus = self.words.len().saturating_sub(WORDS_BYTES_MAX);
                    self.words.drain(..surplus);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// The end of what it said on standard error, in one line.
    pub(super) fn last_words(&self) -> Box<str> {
        let words = String::from_utf8_lossy(&self.words);
        words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ").into()
    }

    /// Reaps it, if it has exited.
    pub(super) fn reap(&self) -> Option<Exit> {
        let status = waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG).ok()?;
        offspring::exit_of(status)
    }
}
