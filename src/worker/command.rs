//! Runs one command: in a process group of its own, its output kept, its end told apart by status and signal.
//! It does not know templates or inputs; it gets words. Of its two clocks one is the grace period, the other the screen's.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid as SystemPid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::control::Control;
use super::home::Home;
use super::keeper::{Keeper, Kept};
use super::lines::Lines;
use super::outbox::{Outbox, TELL_AFTER};
use super::start::{RUN_VARIABLE, host_name};
use super::{exec, guard};
use crate::clock::Clock;
use crate::command::{Note, Weight};
use crate::offspring;
use crate::task::{Captured, Failure, Outcome, Output, Pid, RawText, Stream, TaskId, spool_name};
use crate::wire::{Report, Setup, Stopping};

/// After the command's end, how long its pipes are still read: a daemon it left may hold them open.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// How much one read takes.
const READ_BYTES: usize = 64 << 10;

/// Everything around one command.
pub(super) struct Scene<'a> {
    pub task: TaskId,
    pub attempt: u16,
    pub setup: &'a Setup,
    pub control: &'a Control,
    pub outbox: &'a Outbox,
    pub home: &'a Home,
    pub hears: Hears<'a>,
}

impl Scene<'_> {
    /// Whether it is the parent that starts the command, which has set its process up for itself. Without the run's folder
    /// there is no run, and nobody has.
    fn is_in_a_run_of_the_parents(&self) -> bool {
        !self.home.is_own() && !self.setup.spool.0.is_empty()
    }
}

/// Who hears what a command prints.
#[derive(Clone, Copy)]
pub(super) enum Hears<'a> {
    /// The parent: the command is the task. Its output is kept, its beginning and glimpses of its output are told.
    Parent,
    /// A step of a function: each line of either stream, as it comes.
    Step(&'a dyn Fn(&str)),
}

/// Runs the words to their end. The output is empty where nothing was printed.
pub(super) fn run(words: &[RawText], scene: &Scene<'_>) -> (Outcome, Option<Box<Output>>) {
    let started = scene.control.start(|| {
        if scene.is_in_a_run_of_the_parents() {
            guard::stand(&scene.setup.spool)?;
        }
        // From its start on it is known as ours, so that no other thread takes it for something left behind.
        offspring::start_ours(|| spawn(words, scene), |(child, _)| Pid(child.id().cast_signed()))
    });
    let ((mut child, pipes), ours) = match started {
        Ok(started) => started,
        Err(text) => return (Outcome::Failed(Failure::Error { text: text.into() }), None),
    };
    let group = SystemPid::from_raw(child.id().cast_signed());
    if let Hears::Parent = scene.hears {
        scene.outbox.put(Report::Started { task: scene.task, pid: Some(Pid(group.as_raw())) });
    }
    let Watched { output, untold, stopped } = match watch(group, pipes, scene) {
        Ok(watched) => watched,
        Err(error) => {
            let _ = killpg(group, Signal::SIGKILL);
            let text = format!("lost sight of the command: {error}").into();
            scene.control.command_exited(group);
            let _ = child.wait();
            return (Outcome::Failed(Failure::Error { text }), None);
        }
    };
    if untold > 0 {
        let text = format!("output cut: {untold} bytes were not brought back from {}", host_name());
        scene.outbox.put(Report::Noted { task: scene.task, note: Note::new(Weight::Warning, text) });
    }
    let status = child.wait();
    drop(ours);
    if scene.home.is_own() && !offspring::some_are_ours() && offspring::has_children() {
        // What the command left behind ends with it: nothing of ours may outlive the task. While another thread's command
        // runs, nobody can tell whose it is; then it ends with the last of them.
        offspring::kill_strays();
    }
    let outcome = match status {
        // A command that tidies up and leaves with 0 when it is told to end has not done its work.
        Ok(_) if stopped.is_some() => Outcome::Failed(Failure::Stopped),
        Ok(status) if status.success() => Outcome::Done,
        Ok(status) => Outcome::Failed(match (status.code(), status.signal()) {
            (Some(code), _) => Failure::Exit { code },
            (None, signal) => Failure::Signal { signal: signal.unwrap_or_default() },
        }),
        Err(error) => {
            Outcome::Failed(Failure::Error { text: format!("the command's end was not to be had: {error}").into() })
        }
    };
    (outcome, (!output.is_empty()).then(|| Box::new(output)))
}

/// Whether the parent knows that the command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// A short command's beginning travels with its end.
    Untold,
    Told,
}

struct Pipes<'a> {
    stdout: Pipe<'a, ChildStdout>,
    stderr: Pipe<'a, ChildStderr>,
}

struct Pipe<'a, R> {
    reader: Option<R>,
    ear: Ear<'a>,
}

enum Ear<'a> {
    Keeper(Keeper),
    Lines(Lines<'a>),
}

#[expect(clippy::disallowed_methods, reason = "this is where workers start commands")]
fn spawn<'a>(words: &[RawText], scene: &Scene<'a>) -> Result<(Child, Pipes<'a>), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("no command to run".to_owned()) };
    let spool = &scene.setup.spool;
    let cannot = |error| format!("cannot run {}: {}", program.lossy(), plain(&error));
    let (mut command, start) = if scene.is_in_a_run_of_the_parents() {
        let (command, start) = exec::command(words).map_err(cannot)?;
        (command, Some(start))
    } else {
        let mut command = Command::new(program.as_os());
        command.args(arguments.iter().map(RawText::as_os)).stdin(Stdio::null());
        (command, None)
    };
    if !spool.0.is_empty() {
        command.env(RUN_VARIABLE, spool.as_os());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().map_err(cannot)?;
    drop(command);
    if let Some(Err(error)) = start.map(exec::Start::wait) {
        let _ = child.wait();
        return Err(cannot(error));
    }
    let ear = |stream| match scene.hears {
        Hears::Step(hear) => Ear::Lines(Lines::new(hear)),
        Hears::Parent => {
            let name = spool_name(scene.task, scene.attempt, stream);
            let path = (!spool.0.is_empty()).then(|| std::path::Path::new(spool.as_os()).join(name));
            let setup = scene.setup;
            Ear::Keeper(Keeper::new(scene.task, stream, path, setup.output_bytes_max, setup.report_every()))
        }
    };
    let pipes = Pipes {
        stdout: Pipe { reader: child.stdout.take(), ear: ear(Stream::Stdout) },
        stderr: Pipe { reader: child.stderr.take(), ear: ear(Stream::Stderr) },
    };
    Ok((child, pipes))
}

/// The system's words without Rust's "(os error 2)".
fn plain(error: &std::io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |code| nix::errno::Errno::from_raw(code).desc().to_lowercase())
}

/// Reads both pipes until the leader has exited, sees the grace period through, then reads what is left for a moment.
fn watch(group: SystemPid, mut pipes: Pipes<'_>, scene: &Scene<'_>) -> std::io::Result<Watched> {
    let bell = scene.control.command_runs(group)?;
    let leader = rustix::process::Pid::from_raw(group.as_raw()).expect("BUG: a child with PID 0");
    let leader = pidfd_open(leader, PidfdFlags::empty())?;
    let mut scratch = vec![0; READ_BYTES];
    let mut stopping: Option<Clock> = None;
    let begun = Clock::start();
    let mut beginning = match scene.hears {
        Hears::Parent => Beginning::Untold,
        Hears::Step(_) => Beginning::Told,
    };
    loop {
        let stop = scene.control.stop_asked();
        if stop.is_some() && stopping.is_none() {
            stopping = Some(Clock::start());
        }
        let grace_left = match (stop, stopping) {
            (Some(Stopping::Gently { grace_ms }), Some(since)) => {
                let left = Duration::from_millis(grace_ms).saturating_sub(since.elapsed());
                if left.is_zero() {
                    let _ = killpg(group, Signal::SIGKILL);
                }
                Some(left)
            }
            _ => None,
        };
        let tell_in = (beginning == Beginning::Untold).then(|| TELL_AFTER.saturating_sub(begun.elapsed()));
        let timeout = shortest([grace_left.filter(|left| !left.is_zero()), tell_in], &pipes);
        let ready = wait(&leader, &pipes, &bell, timeout)?;
        pipes.stdout.read_if(ready.stdout, &mut scratch);
        pipes.stderr.read_if(ready.stderr, &mut scratch);
        if ready.leader {
            break;
        }
        pipes.show(scene);
        if beginning == Beginning::Untold && begun.elapsed() >= TELL_AFTER {
            scene.outbox.flush();
            beginning = Beginning::Told;
        }
    }
    let stopped = scene.control.command_exited(group);
    drain(&mut pipes, &mut scratch);
    let (stdout, stderr) = (pipes.stdout.ear.finish(), pipes.stderr.ear.finish());
    let output = Output { stdout: stdout.captured, stderr: stderr.captured };
    Ok(Watched { output, untold: stdout.untold + stderr.untold, stopped })
}

/// What came of a command, but for its status.
struct Watched {
    output: Output,
    /// How many bytes were cut and cannot be fetched by anybody.
    untold: u64,
    /// How it had been told to end before it did.
    stopped: Option<Stopping>,
}

#[derive(Clone, Copy)]
struct Ready {
    leader: bool,
    stdout: bool,
    stderr: bool,
}

fn wait(leader: &OwnedFd, pipes: &Pipes<'_>, rings: &EventFd, timeout: Option<Duration>) -> std::io::Result<Ready> {
    let timeout = timeout.map_or(PollTimeout::NONE, |left| {
        PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
    });
    // A closed pipe's place is taken by the bell, which is there anyway, so that the places stay the same.
    let bell = rings.as_fd();
    let stdout = pipes.stdout.reader.as_ref().map_or(bell, |reader| reader.as_fd());
    let stderr = pipes.stderr.reader.as_ref().map_or(bell, |reader| reader.as_fd());
    let mut fds = [leader.as_fd(), bell, stdout, stderr].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let [leader, rung, stdout, stderr] = fds.map(|fd| fd.any().unwrap_or(false));
    if rung {
        let _ = rings.read();
    }
    Ok(Ready {
        leader,
        stdout: stdout && pipes.stdout.reader.is_some(),
        stderr: stderr && pipes.stderr.reader.is_some(),
    })
}

fn shortest(others: [Option<Duration>; 2], pipes: &Pipes<'_>) -> Option<Duration> {
    let glimpses = [pipes.stdout.ear.glimpse_in(), pipes.stderr.ear.glimpse_in()];
    glimpses.into_iter().chain(others).flatten().min()
}

/// What the leader wrote before it exited is in the pipes; what a process it left behind writes later is waited for only a moment.
fn drain(pipes: &mut Pipes<'_>, scratch: &mut [u8]) {
    let since = Clock::start();
    while pipes.stdout.reader.is_some() || pipes.stderr.reader.is_some() {
        let left = DRAIN_TIME.saturating_sub(since.elapsed());
        let open: Vec<_> = [
            pipes.stdout.reader.as_ref().map(|reader| reader.as_fd()),
            pipes.stderr.reader.as_ref().map(|reader| reader.as_fd()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut fds: Vec<_> = open.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
        let ready = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
        if !matches!(ready, Ok(1..)) {
            break;
        }
        let hit: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        let mut hit = hit.into_iter();
        let stdout = pipes.stdout.reader.is_some() && hit.next().unwrap_or(false);
        let stderr = pipes.stderr.reader.is_some() && hit.next().unwrap_or(false);
        pipes.stdout.read_if(stdout, scratch);
        pipes.stderr.read_if(stderr, scratch);
        // Only now: where this thread had to wait longer than that for its turn, the leader's words are in the pipes all the same.
        if left.is_zero() {
            break;
        }
    }
}

impl Pipes<'_> {
    fn show(&mut self, scene: &Scene<'_>) {
        let glimpses = [self.stdout.ear.glimpse(), self.stderr.ear.glimpse()];
        for report in glimpses.into_iter().flatten() {
            scene.outbox.say(report);
        }
    }
}

impl Ear<'_> {
    fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Keeper(keeper) => keeper.take(bytes),
            Self::Lines(lines) => lines.take(bytes),
        }
    }

    fn glimpse_in(&self) -> Option<Duration> {
        match self {
            Self::Keeper(keeper) => keeper.glimpse_in(),
            Self::Lines(_) => None,
        }
    }

    fn glimpse(&mut self) -> Option<Report> {
        match self {
            Self::Keeper(keeper) => keeper.glimpse(),
            Self::Lines(_) => None,
        }
    }

    fn finish(self) -> Kept {
        match self {
            Self::Keeper(keeper) => keeper.finish(),
            Self::Lines(lines) => {
                lines.finish();
                Kept { captured: Captured::default(), untold: 0 }
            }
        }
    }
}

impl<R: std::io::Read> Pipe<'_, R> {
    /// One read; poll said that it will not block.
    fn read_if(&mut self, ready: bool, scratch: &mut [u8]) {
        if !ready {
            return;
        }
        let Some(reader) = &mut self.reader else { return };
        match reader.by_ref().read(scratch) {
            Ok(0) => self.reader = None,
            Ok(count) => self.ear.take(&scratch[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => self.reader = None,
        }
    }
}
