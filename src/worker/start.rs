//! A worker's first steps: a clean process with one connection, before any task. Then it serves until that ends.
//! It does not know what will be asked of it.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::unistd::{Pid as SystemPid, dup2_stdin, dup2_stdout, getppid};

use super::exec::{self, EXEC_ARGUMENT};
use super::guard::{self, GUARD_ARGUMENT};
use super::{launch, serve};
use crate::offspring;
use crate::task::{KEPT_SPOOL, RawText};
use crate::wire::{HOLD_ARGUMENT, LAUNCH_ARGUMENT, STDIO_ARGUMENT, take_over};

/// What every command carries in its environment: the run's own folder, by which what is left of it can be found.
pub(super) const RUN_VARIABLE: &str = "POOLTOP_RUN";

/// What a worker's process exits with when the parent is gone or breaks the protocol.
const EXIT_ORPHANED: u8 = 70;

/// Whoever calls it by hand is told this.
pub(super) const USAGE: &str = "is started by pooltop itself; it is no command for people";

/// Serves the parent at the other end of standard input until it hangs up. `args`: what stands behind
/// [`crate::wire::WORKER_ARGUMENT`]. Of a child: the PID of the parent, the soft limit of open files that tasks get, and perhaps
/// [`HOLD_ARGUMENT`]. Through
/// a launcher: [`STDIO_ARGUMENT`]. Of the launcher itself: [`LAUNCH_ARGUMENT`] and what follows it. Of the
/// guard of commands in the parent: [`GUARD_ARGUMENT`] and the run's folder. Of such a
/// command: [`EXEC_ARGUMENT`] and what follows it.
pub fn main(args: &[OsString]) -> ExitCode {
    let served = match args {
        [mode, rest @ ..] if mode == LAUNCH_ARGUMENT => launch::launch(rest).map(|never| match never {}),
        [mode] if mode == STDIO_ARGUMENT => serve_afar(),
        [mode, rest @ ..] if mode == EXEC_ARGUMENT => exec::main(rest).map(|never| match never {}),
        [mode, run] if mode == GUARD_ARGUMENT => {
            guard::main(run);
            Ok(())
        }
        args => serve_child(args),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Nobody may be there to read it.
            let _ = writeln!(std::io::stderr(), "pooltop worker: {error:#}");
            ExitCode::from(EXIT_ORPHANED)
        }
    }
}

/// What this machine calls itself.
pub(super) fn host_name() -> Box<str> {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into()).unwrap_or_default()
}

/// A child of the parent's process.
fn serve_child(args: &[OsString]) -> anyhow::Result<()> {
    let [parent, open_files, holds @ ..] = args else { anyhow::bail!(USAGE) };
    let holds = match holds {
        [] => false,
        [word] if word == HOLD_ARGUMENT => true,
        _ => anyhow::bail!(USAGE),
    };
    let parent = SystemPid::from_raw(number(parent)?);
    let open_files = number(open_files)?;
    settle()?;
    anyhow::ensure!(getppid() == parent, "the parent is gone");
    limit_open_files(open_files)?;
    let (socket, _) = take_ends()?;
    // Until it is in our hands it is in the socket, and held as well. It ends with this process, after all it had started.
    let _held = if holds { Some(take_over(&socket).context("take what is to be held")?) } else { None };
    let spool = serve::serve(socket);
    // The parent is gone or has dismissed us: whatever tasks left behind ends here.
    offspring::kill_all(&[]);
    if let Some(spool) = spool
        && getppid() != parent
    {
        clean_up(&spool);
    }
    Ok(())
}

/// A process that a launcher started: its own parent is a shell or a server, the folder, the environment and the limits are
/// those it finds, and the end of its input is all it learns of the parent's end.
fn serve_afar() -> anyhow::Result<()> {
    settle()?;
    let (input, output) = take_ends()?;
    for end in [&input, &output] {
        // Whoever had them before may have left them so.
        let flags = OFlag::from_bits_retain(fcntl(end, FcntlArg::F_GETFL).context("look at standard input")?);
        fcntl(end, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK)).context("make standard input wait")?;
    }
    serve::serve_on(input, output);
    offspring::kill_all(&[]);
    Ok(())
}

/// Ends what a former process of a run has left running, by what every command carries; nobody is at the run any more.
pub fn end_leftovers(spool: &RawText) {
    offspring::kill_marked(RUN_VARIABLE, &spool.0);
}

/// The parent died before us and left things to do: what it had started itself, or workers that died even earlier, and its
/// folder, unless that is part of a record.
pub(super) fn clean_up(spool: &RawText) {
    offspring::kill_marked(RUN_VARIABLE, &spool.0);
    if !spool.0.ends_with(KEPT_SPOOL.as_bytes()) {
        // Each of the workers tries; the first one does it.
        let _ = std::fs::remove_dir_all(spool.as_os());
    }
}

/// What every worker needs, wherever it is.
fn settle() -> anyhow::Result<()> {
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None).context("unblock signals")?;
    offspring::adopt_orphans().context("become a subreaper")?;
    // Not SIGKILL: the worker must live to end its own children. CONT wakes it if somebody stopped it, and end-of-file
    // on its connection does the rest.
    nix::sys::prctl::set_pdeathsig(Signal::SIGCONT).context("ask for a signal at the parent's death")?;
    let _ = nix::sys::prctl::set_name(c"pooltop-worker");
    Ok(())
}

/// Sets the soft limit; the hard one stays.
pub(super) fn limit_open_files(open_files: u64) -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).context("read the limit of open files")?;
    setrlimit(Resource::RLIMIT_NOFILE, open_files.min(hard), hard).context("set the limit of open files")
}

/// Moves the connection away from standard input and output, where tasks would find it, and stray prints to standard error.
fn take_ends() -> anyhow::Result<(OwnedFd, OwnedFd)> {
    let input = std::io::stdin().as_fd().try_clone_to_owned().context("take standard input")?;
    let output = std::io::stdout().as_fd().try_clone_to_owned().context("take standard output")?;
    dup2_stdin(File::open("/dev/null").context("open /dev/null")?).context("close standard input")?;
    dup2_stdout(std::io::stderr()).context("point standard output at standard error")?;
    Ok((input, output))
}

/// A number among the arguments.
pub(super) fn number<T: FromStr>(word: &OsString) -> anyhow::Result<T> {
    word.to_str().and_then(|word| word.parse().ok()).context(USAGE)
}
