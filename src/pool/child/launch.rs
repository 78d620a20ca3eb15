//! A worker that is started through a launcher, perhaps on another machine: its process here, and how both are ended.
//! It does not know what the launcher is. What it prints before the worker's greeting is skipped where frames are read.

use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child as Process, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{Shutdown, shutdown};

use super::{Child, SELF, Way, adopt_or_end};
use crate::offspring;
use crate::pool::settings::Launcher;
use crate::task::{Pid, RawText};
use crate::wire::{LAUNCH_ARGUMENT, STDIO_ARGUMENT, WORKER_ARGUMENT};

/// Starts a worker at the launcher's other end. A launcher that is not there dies at once and says so in its last words.
pub(in crate::pool) fn launch(launcher: &Launcher, open_files: u64) -> std::io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let process = start(launcher, theirs, open_files)?;
    adopt_or_end(ours, process, Way::Launched)
}

/// This program becomes the launcher, in a session of its own: see `worker/launch.rs`. The words stay words; no shell of
/// ours reads them.
#[expect(clippy::disallowed_methods, reason = "this is where the parent starts launchers")]
fn start(launcher: &Launcher, socket: UnixStream, open_files: u64) -> std::io::Result<Process> {
    let output = socket.try_clone()?;
    Command::new(SELF)
        .arg0("pooltop")
        .args([WORKER_ARGUMENT, LAUNCH_ARGUMENT, &std::process::id().to_string(), &open_files.to_string()])
        .args(launcher.argv().iter().map(RawText::as_os))
        .arg(launcher.program().as_os())
        .args([WORKER_ARGUMENT, STDIO_ARGUMENT])
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::from(OwnedFd::from(output)))
        .stderr(Stdio::piped())
        .spawn()
}

/// Ends the launcher with its whole group, whose leader is not yet reaped, and what it wants to say to the worker: whoever
/// else holds the other end reads the end of it, and ends.
pub(super) fn end(pid: Pid, socket: &impl AsFd) {
    // Before it is the leader of a group there is none, and whoever ended by itself is told of by its pidfd.
    let _ = killpg(offspring::system(pid), Signal::SIGKILL);
    let _ = shutdown(socket.as_fd().as_raw_fd(), Shutdown::Write);
}
