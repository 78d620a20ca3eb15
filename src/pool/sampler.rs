//! Measures CPU and memory of the workers and of what runs below them, on a thread of its own, once when asked.
//! It does not know which workers matter; it is told which processes to look at and looks at no other.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use sysinfo::{Pid as SystemPid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

use super::mailbox::{Letter, Mailbox};
use crate::event::Sample;
use crate::offspring;
use crate::task::{Pid, WorkerId};

/// Asks the thread for a measurement.
pub(super) struct Sampler {
    wanted: Sender<Vec<(WorkerId, Pid)>>,
}

impl Sampler {
    /// Starts the thread. Measurements come back through the mailbox.
    pub(super) fn start(mailbox: Mailbox) -> std::io::Result<Self> {
        let (wanted, requests) = bounded(1);
        std::thread::Builder::new().name("sampler".to_owned()).spawn(move || run(&requests, &mailbox))?;
        Ok(Self { wanted })
    }

    /// Wants these measured. While the thread is still at the last request, this one is dropped: the next comes soon.
    pub(super) fn want(&self, workers: Vec<(WorkerId, Pid)>) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.wanted.try_send(workers) {}
    }
}

fn run(requests: &Receiver<Vec<(WorkerId, Pid)>>, mailbox: &Mailbox) {
    let own = Pid(std::process::id().cast_signed());
    // Without /proc there is nothing to measure; the screen then shows no figures.
    let Ok(mut system) = System::new() else { return };
    for workers in requests {
        let families: Vec<(WorkerId, Vec<SystemPid>)> = workers
            .into_iter()
            .map(|(worker, pid)| {
                // Below the parent are all the others, who are measured for themselves.
                let below = if pid == own { Vec::new() } else { offspring::below(pid) };
                let family = std::iter::once(pid).chain(below);
                (worker, family.map(|pid| SystemPid::from_u32(pid.0.cast_unsigned())).collect())
            })
            .collect();
        let samples = measure(&mut system, &families);
        if mailbox.post(Letter::Samples(samples)).is_err() {
            return;
        }
    }
}

fn measure(system: &mut System, families: &[(WorkerId, Vec<SystemPid>)]) -> Vec<Sample> {
    let all: Vec<SystemPid> = families.iter().flat_map(|(_, family)| family).copied().collect();
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&all), true, what);
    families
        .iter()
        .map(|(worker, family)| {
            let mut sample = Sample { worker: *worker, cpu_percent: 0.0, rss_bytes: 0, stopped: false };
            for (place, pid) in family.iter().enumerate() {
                let Some(process) = system.process(*pid) else { continue };
                sample.cpu_percent += process.cpu_usage();
                sample.rss_bytes += process.memory();
                sample.stopped |= place == 0 && process.status() == ProcessStatus::Stop;
            }
            sample
        })
        .collect()
}
