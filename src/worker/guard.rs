//! The guard of commands in the parent's own process: a process that outlives a killed parent by a moment and ends what the
//! parent's threads had started.
//! It does not know what that was; it goes by the mark that every command carries.
//!
//! A worker's process learns of the parent's death by the end of its connection and ends what it had started. Threads of the
//! parent die with it, and what they had started goes to whoever takes orphans in. So before the first command there, a guard is
//! started, at the other end of a pipe that the kernel closes with the parent, whatever killed it.

use std::ffi::{OsStr, OsString};
use std::io::{PipeWriter, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::start::clean_up;
use crate::offspring::{self, Ours};
use crate::task::{Pid, RawText};
use crate::wire::WORKER_ARGUMENT;

/// Behind [`WORKER_ARGUMENT`], before the run's folder: not a worker, but the guard.
pub(super) const GUARD_ARGUMENT: &str = "--guard";

/// This very program, also when the file was replaced meanwhile.
const SELF: &str = "/proc/self/exe";

/// The one of this process, if there is one.
static GUARD: Mutex<Option<Guard>> = Mutex::new(None);

struct Guard {
    run: RawText,
    process: Child,
    /// Whoever kills what is left behind is to leave it alone.
    _ours: Ours,
    /// Closed by our end, and by nothing else.
    _held: PipeWriter,
}

impl Guard {
    fn stands(&mut self, run: &RawText) -> bool {
        self.run == *run && matches!(self.process.try_wait(), Ok(None))
    }
}

/// Sees to it that a guard stands for this run. To be called before a command is started in the parent's process.
///
/// # Errors
/// Why there can be none; the command is not to be started then.
pub(super) fn stand(run: &RawText) -> Result<(), String> {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    if !guard.as_mut().is_some_and(|guard| guard.stands(run)) {
        *guard = Some(start(run).map_err(|error| format!("cannot start the guard of commands: {}", error.kind()))?);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it guards what is started here, and is started by the same")]
fn start(run: &RawText) -> std::io::Result<Guard> {
    let (end_of_it, held) = std::io::pipe()?;
    let mut command = Command::new(SELF);
    command
        .arg0("pooltop")
        .args([OsStr::new(WORKER_ARGUMENT), OsStr::new(GUARD_ARGUMENT), run.as_os()])
        .stdin(end_of_it)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let (process, ours) = offspring::start_ours(|| command.spawn(), |child| Pid(child.id().cast_signed()))?;
    Ok(Guard { run: run.clone(), process, _ours: ours, _held: held })
}

/// Waits for the end of standard input, which is the parent's, and cleans up. The signals that are blocked in the parent
/// stay so: what ends the parent is not to end this before.
pub(super) fn main(run: &OsString) {
    let _ = nix::sys::prctl::set_name(c"pooltop-guard");
    let mut nothing = Vec::new();
    // An error is an end, too.
    let _ = std::io::stdin().read_to_end(&mut nothing);
    clean_up(&RawText(run.as_bytes().into()));
}
