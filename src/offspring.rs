//! The processes below this one: finding them, and ending every one of them. Used by the parent and by each worker alike.
//! It does not know which of them matter: whoever calls it names those to spare.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid as SystemPid;

use crate::task::Pid;

/// How often the kill loop looks again before it gives up on what cannot be killed (a process stuck in the kernel).
const ROUNDS_MAX: u32 = 200;

/// How long it waits for the killed to die between two looks.
const ROUND_WAIT: Duration = Duration::from_millis(5);

/// Children that somebody in this process waits for: [`kill_once`] leaves them alone, and does not take their end away.
static OURS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// The soft limit of open files as this process found it.
static OPEN_FILES: OnceLock<u64> = OnceLock::new();

/// The soft limit of open files that tasks get, whatever this process needs for itself: the one it had when this was first
/// called.
pub fn open_files_of_tasks() -> u64 {
    /// What most systems have.
    const USUAL: u64 = 1024;
    *OPEN_FILES.get_or_init(|| getrlimit(Resource::RLIMIT_NOFILE).map_or(USUAL, |(soft, _)| soft))
}

fn ours() -> MutexGuard<'static, Vec<Pid>> {
    // A list of numbers is whole at any time.
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a child that is ours until it is dropped from the list. No [`kill_once`] can come between its start and its
/// entry in the list.
///
/// # Errors
/// Whatever `start` gives; nothing is in the list then.
pub fn start_ours<C, E>(start: impl FnOnce() -> Result<C, E>, pid: impl FnOnce(&C) -> Pid) -> Result<(C, Ours), E> {
    let mut list = ours();
    let child = start()?;
    let pid = pid(&child);
    list.push(pid);
    Ok((child, Ours(pid)))
}

/// A place in the list of our children. To be dropped when the child was reaped.
#[derive(Debug)]
pub struct Ours(Pid);

impl Drop for Ours {
    fn drop(&mut self) {
        let mut list = ours();
        if let Some(place) = list.iter().position(|pid| *pid == self.0) {
            list.swap_remove(place);
        }
    }
}

/// Whether somebody in this process waits for a child of his.
pub fn some_are_ours() -> bool {
    !ours().is_empty()
}

/// Makes this process adopt whatever its descendants leave behind, so that nothing escapes by a double fork.
///
/// # Errors
/// When the kernel refuses (it is older than 3.4).
pub fn adopt_orphans() -> nix::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)
}

/// The direct children of this process, the adopted ones and the zombies among them included.
pub fn children() -> Vec<Pid> {
    children_of(Pid(std::process::id().cast_signed()))
}

/// All processes below `root`, nearest first, `root` not included.
pub fn below(root: Pid) -> Vec<Pid> {
    let mut found = children_of(root);
    let mut at = 0;
    while at < found.len() {
        found.extend(children_of(found[at]));
        at += 1;
    }
    found
}

/// Kills and reaps every child that is neither spared nor ours (see [`start_ours`]), with everything below it, once. Says
/// whether some are still there.
pub fn kill_once(spared: &[Pid]) -> Remaining {
    // Held while the children are listed, so that one that is being started is either not there yet or in the list.
    let list = ours();
    let children = children();
    let spared_too = list.clone();
    drop(list);
    kill_these(children.into_iter().filter(|pid| !spared.contains(pid) && !spared_too.contains(pid)).collect())
}

fn kill_these(strangers: Vec<Pid>) -> Remaining {
    if strangers.is_empty() {
        return Remaining::None;
    }
    for stranger in strangers {
        // Not yet reaped, so the number is still its own. What is below it may be gone by now; the next look tells.
        for pid in below(stranger) {
            let _ = kill(system(pid), Signal::SIGKILL);
        }
        let _ = kill(system(stranger), Signal::SIGKILL);
        let _ = waitid(Id::Pid(system(stranger)), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
    }
    Remaining::Some
}

/// Kills and reaps everything below this process but the spared children and what is below those, until nothing is left.
/// This is for the end: what is ours goes, too.
pub fn kill_all(spared: &[Pid]) -> Remaining {
    until_none(|| kill_these(children().into_iter().filter(|pid| !spared.contains(pid)).collect()))
}

/// The same, but what is ours (see [`start_ours`]) stays.
pub fn kill_strays() -> Remaining {
    until_none(|| kill_once(&[]))
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when an adopted process has died but looking again")]
fn until_none(mut kill: impl FnMut() -> Remaining) -> Remaining {
    for _ in 0..ROUNDS_MAX {
        if kill() == Remaining::None {
            return Remaining::None;
        }
        std::thread::sleep(ROUND_WAIT);
    }
    kill()
}

/// Kills every process that carries `name=value` in its environment, until none is left. For the one case in which no family
/// tie is left: a worker was killed, its tasks' processes went to the parent, and the parent was killed before it had seen to
/// them. Processes that cleared their environment are not found.
#[expect(clippy::disallowed_methods, reason = "nothing tells when a stranger's process has died but looking again")]
pub fn kill_marked(name: &str, value: &[u8]) {
    let mark = [name.as_bytes(), b"=", value].concat();
    let own = std::process::id().cast_signed();
    for _ in 0..ROUNDS_MAX {
        let marked: Vec<Pid> = all().filter(|pid| pid.0 != own && carries(*pid, &mark)).collect();
        if marked.is_empty() {
            return;
        }
        for pid in marked {
            let _ = kill(system(pid), Signal::SIGKILL);
        }
        std::thread::sleep(ROUND_WAIT);
    }
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Pid)
}

/// A dead process has no environment, so zombies do not count.
fn carries(pid: Pid, mark: &[u8]) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|variable| variable == mark)
}

/// Whether there is any child at all, dead or alive, at the price of one system call.
pub fn has_children() -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(waitid(Id::All, flags), Err(Errno::ECHILD))
}

/// Whether a kill loop left something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Nothing.
    None,
    /// Something is there, or was a moment ago.
    Some,
}

/// The number in the kernel's own type.
pub fn system(pid: Pid) -> SystemPid {
    SystemPid::from_raw(pid.0)
}

/// How a process ended, if this status says that it did.
pub fn exit_of(status: WaitStatus) -> Option<crate::event::Exit> {
    match status {
        WaitStatus::Exited(_, code) => Some(crate::event::Exit::Code(code)),
        WaitStatus::Signaled(_, signal, _) => Some(crate::event::Exit::Signal(signal as i32)),
        _ => None,
    }
}

/// Read from each thread's list, because a child belongs to the thread that started it.
fn children_of(pid: Pid) -> Vec<Pid> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        if let Ok(list) = std::fs::read_to_string(thread.path().join("children")) {
            found.extend(list.split_ascii_whitespace().filter_map(|word| word.parse().ok()).map(Pid));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// Tells the tests' own program that it may kill what it has for children: the tests of one program share them.
    const ALONE: &str = "POOLTOP_TEST_ALONE";

    #[expect(clippy::disallowed_methods, reason = "killing children takes children")]
    fn command(program: &str) -> Command {
        Command::new(program)
    }

    fn sleeper() -> std::io::Result<Child> {
        command("sleep").arg("1000").stdin(Stdio::null()).spawn()
    }

    fn pid(child: &Child) -> Pid {
        Pid(child.id().cast_signed())
    }

    #[test]
    fn what_is_ours_is_spared_until_it_is_reaped_or_all_is_over() {
        if std::env::var_os(ALONE).is_none() {
            let name = "offspring::tests::what_is_ours_is_spared_until_it_is_reaped_or_all_is_over";
            let alone = command("/proc/self/exe").args(["--exact", name]).env(ALONE, "1").output().unwrap();
            assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stdout));
            return;
        }
        let (mut mine, ours) = start_ours(sleeper, pid).unwrap();
        let mut stray = sleeper().unwrap();
        assert_eq!(kill_strays(), Remaining::None);
        assert_eq!(children(), [pid(&mine)]);
        assert!(stray.wait().is_err(), "its end was taken away");

        // Its end is not taken away either.
        mine.kill().unwrap();
        let exited = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(system(pid(&mine))), exited).unwrap();
        assert_eq!(kill_once(&[]), Remaining::None);
        assert_eq!(mine.wait().unwrap().signal(), Some(9));
        drop(ours);

        let (_mine, _ours) = start_ours(sleeper, pid).unwrap();
        assert_eq!(kill_all(&[]), Remaining::None);
        assert_eq!(children(), []);
    }
}
