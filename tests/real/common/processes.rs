//! A look at the kernel's process table: who lives, whose child it is, which test it belongs to; and waiting on all that.
//! It does not know how a process was started. A process that empties its own environment (`env -i`) is found only as a
//! child of one that did not.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pooltop::clock::Clock;
use rustix::process::PidfdFlags;
use tempfile::TempDir;

/// The variable by which a test finds its processes again, whatever became of their parents.
pub const TAG_VARIABLE: &str = "POOLTOP_TEST_TAG";

/// How often a condition nobody tells us about is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A name that all processes of one test, and no others, carry in their environment, and where they record what they do.
#[derive(Clone, Debug)]
pub struct Tag(String, Arc<TempDir>);

impl Tag {
    /// A new one; `what` makes it readable in a process list.
    pub fn new(what: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // In memory where there is such a place: what is synced a thousand times is not to wear out anybody's disk.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let state = tempfile::Builder::new().prefix("pooltop-test-").tempdir_in(place).expect("a folder can be made");
        let name = format!("{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(name, Arc::new(state))
    }

    /// What its processes take for the place where programs keep what they did.
    pub fn state_home(&self) -> &Path {
        self.1.path()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A line of the process table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    /// As `ps` shows it: R, S, D, T, Z.
    pub state: char,
    /// The kernel's short name of it.
    pub name: String,
    /// The arguments, separated by spaces; empty for a zombie.
    pub command_line: String,
}

impl Process {
    /// `None` if there is no such process any more.
    pub fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold spaces and parentheses, so the fields are counted from its last parenthesis.
        let (head, fields) = stat.rsplit_once(") ")?;
        let (_, name) = head.split_once('(')?;
        let mut fields = fields.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command_line = String::from_utf8_lossy(&command_line).trim_end_matches('\0').replace('\0', " ");
        Some(Self { pid, parent, state, name: name.to_owned(), command_line })
    }

    /// Dead, but nobody has asked how it ended.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, parent, state, name, command_line } = self;
        write!(f, "PID {pid} ({name}) {state}, child of {parent}: {command_line}")
    }
}

/// Everything in the process table.
pub fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::read).collect()
}

/// The processes of a test. A zombie has no environment left; it counts as long as its parent is one of them.
pub fn tagged(tag: &Tag) -> Vec<Process> {
    let wanted = format!("{TAG_VARIABLE}={}", tag.as_str());
    let (mut found, rest): (Vec<_>, Vec<_>) =
        all().into_iter().partition(|process| environment_has(process.pid, wanted.as_bytes()));
    let parents: BTreeSet<i32> = found.iter().map(|process| process.pid).collect();
    // Between the end of its environment and its death a process is neither; then, too, its parent tells.
    found.extend(rest.into_iter().filter(|process| {
        parents.contains(&process.parent) && (process.is_zombie() || process.command_line.is_empty())
    }));
    found
}

/// The processes whose parent this is, zombies among them.
pub fn children_of(pid: i32) -> Vec<Process> {
    all().into_iter().filter(|process| process.parent == pid).collect()
}

/// Whether the process is there and not a zombie.
pub fn is_alive(pid: i32) -> bool {
    Process::read(pid).is_some_and(|process| !process.is_zombie())
}

/// Sends a signal to one process. False if there is none of that number.
pub fn send_signal(pid: i32, signal: Signal) -> bool {
    assert!(pid > 1, "BUG: {pid} would signal more than one process");
    kill(Pid::from_raw(pid), signal).is_ok()
}

/// Kills whatever carries the tag, until nothing does. For the end of a test that failed half-way.
pub fn kill_tagged(tag: &Tag) {
    let clock = Clock::start();
    loop {
        let alive: Vec<Process> = tagged(tag).into_iter().filter(|process| !process.is_zombie()).collect();
        if alive.is_empty() || clock.elapsed() > super::PATIENCE {
            return;
        }
        for process in alive {
            send_signal(process.pid, Signal::SIGKILL);
        }
        nap();
    }
}

/// Waits until no process carries the tag, and panics with the names of those that still do.
#[track_caller]
pub fn wait_until_none(tag: &Tag, timeout: Duration) {
    let clock = Clock::start();
    loop {
        let survivors = tagged(tag);
        if survivors.is_empty() {
            return;
        }
        if clock.elapsed() >= timeout {
            let names: Vec<String> = survivors.iter().map(|process| format!("  {process}")).collect();
            kill_tagged(tag);
            panic!("still there after {timeout:?}:\n{}", names.join("\n"));
        }
        nap();
    }
}

/// Waits until the condition holds, and panics with `what` if it does not in time.
#[track_caller]
pub fn wait_until(mut condition: impl FnMut() -> bool, what: &str, timeout: Duration) {
    wait_for_some(|| condition().then_some(()), what, timeout);
}

/// Waits until there is something, and panics with `what` if there is nothing in time.
#[track_caller]
pub fn wait_for_some<T>(mut look: impl FnMut() -> Option<T>, what: &str, timeout: Duration) -> T {
    let clock = Clock::start();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.elapsed() < timeout, "not within {timeout:?}: {what}");
        nap();
    }
}

/// A descriptor that becomes readable when the process ends, reaped or not.
pub fn watch(child: &std::process::Child) -> OwnedFd {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).expect("an unreaped child can be watched")
}

/// Waits until a watched process ends; false if it does not in time.
pub fn has_ended_within(watched: &impl AsFd, timeout: Duration) -> bool {
    let mut fds = [PollFd::new(watched.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(timeout).expect("a timeout of less than 24 days");
    nix::poll::poll(&mut fds, timeout).is_ok_and(|ready| ready > 0)
}

fn environment_has(pid: i32, wanted: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
}

#[expect(
    clippy::disallowed_methods,
    reason = "nobody tells us about the process table: it must be looked at again and again"
)]
fn nap() {
    std::thread::sleep(LOOK_EVERY);
}
