//! Who holds the run's lock, and for how long.
//! It does not know what the lock is for.

use std::fs::{File, TryLockError};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;

use pooltop::clock::Clock;
use pooltop::command::{Asker, Command as Asked};
use pooltop::event::What;
use pooltop::offspring;
use pooltop::pool::{self, Settings};
use pooltop::task::{Captured, Pid, Place, TaskSpec};

use crate::{PATIENCE, Stand, script, settings};

/// In front of a folder: this process is to run a pool there until it is killed.
pub const PARENT: &str = "--parent";

fn locked(folder: &Path) -> Arc<OwnedFd> {
    let file = File::create(folder.join("locked")).unwrap();
    file.lock().unwrap();
    Arc::new(file.into())
}

fn is_free(folder: &Path) -> bool {
    match File::open(folder.join("locked")).unwrap().try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(error)) => panic!("{error}"),
    }
}

/// Whether there is such a process, zombies not counted.
fn lives(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells of these conditions, so they are looked at again and again"
)]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let clock = Clock::start();
    while !is_so() {
        assert!(clock.elapsed() < PATIENCE, "{what} never came");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// A pool with one command that ignores what it can, and says who it is.
pub fn be_the_parent(folder: &Path) {
    pool::block_signals().unwrap();
    let settings = Settings { lock: Some(locked(folder)), ..settings(folder, 1) };
    let pool = pool::start(settings, Vec::new()).unwrap();
    let says = folder.join("command");
    let line =
        format!("trap '' TERM INT HUP; echo $$ > {0}.new; mv {0}.new {0}; while :; do sleep 1; done", says.display());
    pool.mailbox.send(Asked::Submit(vec![script(&line)]), Asker::Person).unwrap();
    let _ = pool.thread.join();
}

/// Killed in any case, or whoever reads what this process prints would wait for it.
struct Parent(Child);

impl Parent {
    #[expect(clippy::disallowed_methods, reason = "the parent is killed, so it has to be another process")]
    fn start(folder: &Path) -> Self {
        Self(Command::new(std::env::current_exe().unwrap()).arg(PARENT).arg(folder).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn the_lock_outlives_the_parent(folder: &Path) {
    let mut parent = Parent::start(folder);
    wait_until("the command", || folder.join("command").exists());
    let command = Pid(std::fs::read_to_string(folder.join("command")).unwrap().trim().parse().unwrap());
    let parent_pid = Pid(parent.0.id().cast_signed());
    let worker = offspring::below(parent_pid).into_iter().find(|&pid| pid != command).unwrap();
    let held = std::fs::read_dir(format!("/proc/{worker}/fd")).unwrap();
    let held = held.filter(|entry| {
        let file = std::fs::read_link(entry.as_ref().unwrap().path());
        file.is_ok_and(|file| file == folder.join("locked").canonicalize().unwrap())
    });
    assert_eq!(held.count(), 1, "the worker holds it");
    parent.kill();
    wait_until("the lock", || is_free(folder));
    assert!(!lives(command), "whoever gets the lock can be sure that nothing of the run is left");
}

pub fn commands_do_not_have_it(folder: &Path) {
    let settings = Settings { lock: Some(locked(folder)), ..settings(folder, 1) };
    let stand = Stand::start(settings);
    // In a worker, in a process of its own, and below the parent itself.
    let tasks =
        [Place::Pool, Place::Own, Place::Parent].map(|place| TaskSpec { place, ..script("ls -l /proc/self/fd") });
    stand.ask(Asked::Submit(tasks.into()));
    stand.ask(Asked::Close);
    let (mailbox, events, mut outputs) = (stand.mailbox, stand.events, Vec::new());
    let mut told = 0;
    while let Ok(batch) = events.recv_timeout(PATIENCE) {
        told += batch.len() as u64;
        pooltop::command::Recorded::safe(&mailbox, told);
        for event in batch.iter() {
            if let What::AttemptEnded { output: Some(output), .. } = &event.what
                && let Captured::Inline(bytes) = &output.stdout
            {
                outputs.push(String::from_utf8_lossy(bytes).into_owned());
            }
        }
    }
    assert_eq!(outputs.len(), 3);
    for output in outputs {
        assert!(output.contains("/dev/null") && !output.contains("locked"), "{output}");
    }
    stand.thread.join().unwrap();
    assert!(is_free(folder), "and after the run nobody has");
}
