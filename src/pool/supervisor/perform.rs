//! The supervisor's hands: carries out what was decided and recorded.
//! It does not decide, and reports what came of it as facts.

use super::Supervisor;
use crate::event::{Role, What};
use crate::pool::child::{self, Body, Child, Way};
use crate::pool::limits::told;
use crate::pool::planner::Effect;
use crate::pool::poller::{Interest, Place};
use crate::task::{Failure, Outcome, RawText, Tally, TaskId, WorkerId};
use crate::wire::{Assignment, FrameError, Initialize, Setup, ToWorker};

impl Supervisor {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Spawn(worker) => self.spawn(worker),
            Effect::Give(worker, tasks) => self.hand_over(worker, tasks),
            Effect::Send(worker, message) => self.tell(worker, message),
            Effect::SendAll(message) => {
                let workers: Vec<WorkerId> = self.children.keys().copied().collect();
                for worker in workers {
                    self.tell(worker, message.clone());
                }
            }
            Effect::Kill(worker) => {
                self.mute(worker);
                if let Some(child) = self.children.get(&worker) {
                    child.kill();
                }
            }
        }
    }

    fn spawn(&mut self, worker: WorkerId) {
        let Some(record) = self.state.workers.get(worker) else { return };
        let (slot, role) = (record.slot, record.role);
        let started = self.start(role).and_then(|child| match self.watch(worker, &child) {
            Ok(()) => Ok(child),
            Err(error) => {
                child.kill();
                Err(error.into())
            }
        });
        match started {
            Ok(child) => {
                let pid = child.pid;
                let spool = match child.way {
                    Way::Direct => self.settings.spool.clone(),
                    Way::Launched => RawText::from(""),
                };
                self.children.insert(worker, child);
                self.record(What::WorkerSpawned { worker, pid });
                let setup = Setup {
                    slot,
                    speed_milli: self.state.policy.speed_milli,
                    report_every_ms: report_every_ms(self.state.target),
                    spool,
                    output_bytes_max: self.settings.output_bytes_max,
                    parent: self.settings.start.pid,
                    cpus: self.settings.start.cpus,
                    pool_size: self.settings.target,
                    began_unix_us: self.settings.began_unix_us,
                    program: self.settings.program.clone(),
                    initialize: if role == Role::Pool && self.settings.start.initializer.is_some() {
                        Initialize::First
                    } else {
                        Initialize::No
                    },
                };
                self.say(worker, &ToWorker::Setup(setup));
            }
            Err(error) => {
                let reason = told(&error).into();
                self.record(What::WorkerNotSpawned { worker, reason });
                // A half-started process may be left to reap.
                self.sweep_at = Some(self.now);
            }
        }
    }

    fn start(&self, role: Role) -> std::io::Result<Child> {
        let name = match (role, &self.settings.launcher) {
            // Only the pool's own workers may be elsewhere.
            (Role::Pool, Some(launcher)) => return child::launch(launcher, self.open_files),
            (Role::Pool | Role::Own(_), _) => return child::spawn(self.open_files, self.settings.lock.as_deref()),
            (Role::Main, _) => "program",
            (Role::Parent, _) => "tasks",
        };
        child::spawn_inside(name, self.settings.start.pid, &self.settings.serve)
    }

    fn watch(&self, worker: WorkerId, child: &Child) -> nix::Result<()> {
        self.poller.watch(&child.receiver, worker, Place::Socket)?;
        let Body::Process { pidfd, stderr, .. } = &child.body else { return Ok(()) };
        self.poller.watch(stderr, worker, Place::Words)?;
        self.poller.watch(pidfd, worker, Place::Exit)
    }

    /// What is too long for one message goes in several; one task that is too long alone has failed.
    pub(super) fn give(&mut self, worker: WorkerId, tasks: &[TaskId]) {
        let assignments: Vec<Assignment> = tasks
            .iter()
            .filter_map(|&task| {
                let record = self.state.task(task)?;
                Some(Assignment { task, attempt: record.attempts, spec: record.spec.clone() })
            })
            .collect();
        let Err(error) = self.try_say(worker, &ToWorker::Run(assignments)) else { return };
        match tasks {
            [] => {}
            &[task] => {
                let outcome = Outcome::Failed(Failure::Error { text: format!("cannot be handed out: {error}").into() });
                let tally = Tally::default();
                self.record(What::AttemptEnded { task, outcome, tally, took_us: 0, output: None });
            }
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.give(worker, first);
                self.give(worker, second);
            }
        }
    }

    /// Says what is always short.
    pub(super) fn say(&mut self, worker: WorkerId, message: &ToWorker) {
        self.try_say(worker, message).expect("BUG: a message without tasks is too long for a frame");
    }

    fn try_say(&mut self, worker: WorkerId, message: &ToWorker) -> Result<(), FrameError> {
        if let Some(child) = self.children.get_mut(&worker) {
            child.sender.queue(message)?;
            self.unsent.push(worker);
        }
        Ok(())
    }

    /// Writes what the turn has gathered. What a socket does not take now goes when it says so.
    pub(super) fn send_all(&mut self) {
        for worker in std::mem::take(&mut self.unsent) {
            self.send(worker);
        }
    }

    pub(super) fn send(&mut self, worker: WorkerId) {
        let Some(child) = self.children.get_mut(&worker) else { return };
        let was_waiting = child.waits_to_write;
        // A broken connection is told by the socket's other direction, as its end.
        let _ = child.sender.flush();
        child.waits_to_write = child.sender.is_waiting() && !child.heard_all;
        if child.waits_to_write != was_waiting && !child.heard_all {
            let interest = if child.waits_to_write { Interest::ReadAndWrite } else { Interest::Read };
            let _ = self.poller.watch_writing(&child.receiver, worker, interest);
        }
    }
}

/// How much progress all workers together report in a second; no screen shows more.
const REPORTS_A_SECOND_MAX: u32 = 160;

/// Twenty reports a second from each worker, and fewer from each where there are many: the screen shows no more.
fn report_every_ms(workers: u32) -> u32 {
    (workers.saturating_mul(1000) / REPORTS_A_SECOND_MAX).clamp(50, 2000)
}
