//! A worker's first steps: a clean process with one socket, before any task. Then it serves until the socket ends.
//! It does not know what will be asked of it.

use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::ExitCode;

use anyhow::Context as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::unistd::{Pid as SystemPid, dup2_stdin, dup2_stdout, getppid};

use super::serve;
use crate::offspring;
use crate::task::RawText;

/// What every command carries in its environment: the run's own folder, by which what is left of it can be found.
pub(super) const RUN_VARIABLE: &str = "POOLTOP_RUN";

/// What a worker's process exits with when the parent is gone or breaks the protocol.
const EXIT_ORPHANED: u8 = 70;

/// Serves the parent at the other end of standard input until it hangs up. `args`: what stands behind [`crate::wire::WORKER_ARGUMENT`]: the PID of the parent, and the soft limit of open
/// files that tasks get.
pub fn main(args: &[String]) -> ExitCode {
    match start(args) {
        Ok((socket, parent)) => {
            let spool = serve::serve(socket);
            // The parent is gone or has dismissed us: whatever tasks left behind ends here.
            offspring::kill_all(&[]);
            if let Some(spool) = spool
                && getppid() != parent
            {
                clean_up_for(&spool);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            use std::io::Write as _;
            // Nobody may be there to read it.
            let _ = writeln!(std::io::stderr(), "pooltop worker: {error:#}");
            ExitCode::from(EXIT_ORPHANED)
        }
    }
}

/// The parent died before us and left things to do: what workers that died even earlier had started, and its folder.
fn clean_up_for(spool: &RawText) {
    offspring::kill_marked(RUN_VARIABLE, &spool.0);
    // Each of the workers tries; the first one does it.
    let _ = std::fs::remove_dir_all(spool.as_os());
}

fn start(args: &[String]) -> anyhow::Result<(OwnedFd, SystemPid)> {
    let usage = "is started by pooltop itself; it is no command for people";
    let [parent, open_files] = args else { anyhow::bail!("{usage}") };
    let parent: i32 = parent.parse().context(usage)?;
    let open_files: u64 = open_files.parse().context(usage)?;

    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None).context("unblock signals")?;
    offspring::adopt_orphans().context("become a subreaper")?;
    // Not SIGKILL: the worker must live to end its own children. CONT wakes it if somebody stopped it, and end-of-file
    // on the socket does the rest.
    nix::sys::prctl::set_pdeathsig(Signal::SIGCONT).context("ask for a signal at the parent's death")?;
    let parent = SystemPid::from_raw(parent);
    anyhow::ensure!(getppid() == parent, "the parent is gone");
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).context("read the limit of open files")?;
    setrlimit(Resource::RLIMIT_NOFILE, open_files.min(hard), hard).context("set the limit of open files")?;
    let _ = nix::sys::prctl::set_name(c"pooltop-worker");
    Ok((take_socket()?, parent))
}

/// Moves the socket away from standard input, where tasks would find it, and stray prints to standard error.
fn take_socket() -> anyhow::Result<OwnedFd> {
    let socket = std::io::stdin().as_fd().try_clone_to_owned().context("take the socket")?;
    dup2_stdin(File::open("/dev/null").context("open /dev/null")?).context("close standard input")?;
    dup2_stdout(std::io::stderr()).context("point standard output at standard error")?;
    Ok(socket)
}
