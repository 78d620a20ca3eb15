//! Becomes the launcher: the parent starts this program, and it turns into whatever argument vector leads to a worker.
//! It does not know what the launcher does. It is there because a clean session needs no unsafe code in a process of its own.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Context as _;
use nix::sys::signal::Signal;
use nix::unistd::{getppid, setsid};

use super::start::{USAGE, limit_open_files, number};

/// Turns into the launcher, or says why not. `args`: the PID of the parent, the soft limit of open files that the launcher
/// gets, and the launcher's words.
#[expect(clippy::disallowed_methods, reason = "this starts no child; it is what this process becomes")]
pub(super) fn launch(args: &[OsString]) -> anyhow::Result<Infallible> {
    let [parent, open_files, program, words @ ..] = args else { anyhow::bail!(USAGE) };
    // No terminal to ask on: a password prompt in the middle of the screen would help nobody. And a group of its own, by
    // which it can be ended with whatever it started.
    setsid().context("start a session")?;
    // Unlike a worker it has nothing to clean up, and need not notice the end of its input.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).context("ask for a signal at the parent's death")?;
    anyhow::ensure!(getppid().as_raw() == number::<i32>(parent)?, "the parent is gone");
    limit_open_files(number(open_files)?)?;
    let error = Command::new(program).args(words).exec();
    Err(error).with_context(|| format!("cannot start the launcher {}", program.to_string_lossy()))
}
