//! Becomes a command that the parent's own process starts: this very program is started first, undoes what the parent has set
//! for itself (blocked signals, more open files), and then turns into the command. So no unsafe code is needed in between.
//! It does not know what the command is for.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::dup2_stdin;

use super::start::{USAGE, limit_open_files, number};
use crate::offspring;
use crate::task::RawText;
use crate::wire::WORKER_ARGUMENT;

/// Behind [`WORKER_ARGUMENT`], before the soft limit of open files and the command's words: not a worker, but what becomes
/// the command.
pub(super) const EXEC_ARGUMENT: &str = "--exec";

/// This very program, also when the file was replaced meanwhile.
const SELF: &str = "/proc/self/exe";

/// Where it is told why the command could not be started.
pub(super) struct Start(UnixStream);

impl Start {
    /// Waits until the command runs. The [`Command`] must be gone, for it holds the other end.
    pub(super) fn wait(mut self) -> std::io::Result<()> {
        let mut code = [0; 4];
        match self.0.read_exact(&mut code) {
            // The other end was closed by its turning into the command.
            Err(_) => Ok(()),
            Ok(()) => Err(std::io::Error::from_raw_os_error(i32::from_le_bytes(code))),
        }
    }
}

/// What starts the words, their standard input included.
#[expect(clippy::disallowed_methods, reason = "it is started where workers start commands")]
pub(super) fn command(words: &[RawText]) -> std::io::Result<(Command, Start)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(SELF);
    command
        .args([OsStr::new(WORKER_ARGUMENT), OsStr::new(EXEC_ARGUMENT)])
        .arg(offspring::open_files_of_tasks().to_string())
        .args(words.iter().map(RawText::as_os))
        .stdin(OwnedFd::from(theirs));
    Ok((command, Start(ours)))
}

/// Turns into the command, or tells at standard input why not.
#[expect(clippy::disallowed_methods, reason = "this starts no child; it is what this process becomes")]
pub(super) fn main(args: &[OsString]) -> anyhow::Result<Infallible> {
    let [open_files, program, words @ ..] = args else { anyhow::bail!(USAGE) };
    // Closed by a successful exec.
    let report = std::io::stdin().as_fd().try_clone_to_owned().context("take standard input")?;
    dup2_stdin(std::fs::File::open("/dev/null").context("open /dev/null")?).context("close standard input")?;
    limit_open_files(number(open_files)?)?;
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None).context("unblock signals")?;
    let error = Command::new(program).args(words).stdin(Stdio::inherit()).exec();
    let code = error.raw_os_error().unwrap_or(nix::libc::EINVAL);
    // Whoever started it knows what to say of it.
    let _ = UnixStream::from(report).write_all(&code.to_le_bytes());
    std::process::exit(127)
}
