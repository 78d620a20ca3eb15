//! A made-up disk on which the simulated runs are recorded, and what waits for it, as the supervisor has it.
//! It does not know when a run is cut off.

use std::sync::Arc;

use super::World;
use crate::event::{Event, Phase, What};
use crate::pool::facts;
use crate::pool::held::{Held, Said, must_be_recorded_first};
use crate::task::{CommandLine, Shell, TaskId, Template, Work, WorkerId};
use crate::wire::ToWorker;

/// Whether what was told is safe, and what waits for that.
#[derive(Default)]
pub(super) struct Disk {
    /// Every event of the run.
    pub told: Vec<Event>,
    /// How many of them were told by the processes before this one.
    pub former: usize,
    /// How many of all are safe.
    pub safe: usize,
    pub fails: bool,
    pub held: Held,
}

/// Work that must not be done twice.
pub(super) fn command() -> Work {
    let template = Arc::new(Template { argv: vec!["true".into()], shell: Shell::No });
    Work::Command(Box::new(CommandLine { template, input: None, ordinal: 1 }))
}

impl Disk {
    fn of_this_process(&self, events: usize) -> u64 {
        events.saturating_sub(self.former) as u64
    }
}

impl World {
    pub(super) fn hand_over(&mut self, worker: WorkerId, tasks: Vec<TaskId>) {
        let mut works = tasks.iter().map(|task| &self.state.task(*task).unwrap().spec.work);
        let first = works.any(must_be_recorded_first);
        let tasks = match &mut self.disk {
            None => Some(tasks),
            Some(disk) => {
                let after = if first { disk.of_this_process(disk.told.len()) } else { 0 };
                disk.held.give(worker, tasks, after, self.now)
            }
        };
        if let Some(tasks) = tasks {
            self.give(worker, tasks);
        }
    }

    pub(super) fn tell_or_hold(&mut self, worker: WorkerId, message: ToWorker) {
        let Some(disk) = &mut self.disk else { return self.tell(worker, &message) };
        if let ToWorker::Stop(task, _) = message
            && disk.held.withdraw(worker, task)
        {
            self.record(facts::stopped_unbegun(task));
            return self.release();
        }
        if let Some(message) = disk.held.say(worker, message) {
            self.tell(worker, &message);
        }
    }

    /// Some of what was told is safe now, perhaps; or nothing will be any more.
    pub(super) fn sync(&mut self) {
        let Some(per_mille) = self.shape.sync_per_mille else { return };
        let lot = self.lot(per_mille);
        let Some(disk) = &self.disk else { return };
        if disk.fails && lot {
            self.record(What::RecordingFailed { reason: "no space".into() });
            self.take_back_all();
            self.disk = None;
        } else if lot {
            let (safe, told) = (disk.safe, disk.told.len());
            let more = 1 + self.below((told - safe) as u64);
            let now = self.now;
            let disk = self.disk.as_mut().unwrap();
            disk.safe = told.min(safe + usize::try_from(more).unwrap());
            disk.held.safe(disk.of_this_process(disk.safe), now);
            self.release();
        }
    }

    pub(super) fn heed_phase(&mut self) {
        if self.state.phase > Phase::Running {
            self.take_back_all();
        }
    }

    pub(super) fn take_back(&mut self, worker: WorkerId) {
        let tasks = self.disk.as_mut().map(|disk| disk.held.take_back(worker)).unwrap_or_default();
        self.never_told(worker, tasks);
    }

    fn take_back_all(&mut self) {
        let all = self.disk.as_mut().map(|disk| disk.held.take_back_all()).unwrap_or_default();
        for (worker, tasks) in all {
            self.never_told(worker, tasks);
        }
    }

    fn never_told(&mut self, worker: WorkerId, tasks: Vec<TaskId>) {
        if tasks.is_empty() {
            return;
        }
        let mut events = Vec::new();
        facts::returned(&self.state, worker, tasks, &mut events);
        for event in events {
            self.record(event);
        }
    }

    fn release(&mut self) {
        let Some(disk) = &mut self.disk else { return };
        for (worker, said) in disk.held.release() {
            match said {
                Said::Tasks(tasks) => self.give(worker, tasks),
                Said::Message(message) => self.tell(worker, &message),
            }
        }
    }

    fn give(&mut self, worker: WorkerId, tasks: Vec<TaskId>) {
        assert_eq!(self.state.recording_failed, None, "work is given out that cannot be recorded");
        self.actors.get_mut(&worker).unwrap().queue.extend(tasks);
    }

    /// A worker begins this. Whatever happens now, the record knows of it.
    pub(super) fn begins(&mut self, task: TaskId) {
        if !must_be_recorded_first(&self.state.task(task).unwrap().spec.work) {
            return;
        }
        *self.begun.entry(task).or_default() += 1;
        let Some(disk) = &self.disk else { return };
        let dispatched =
            |event: &&Event| matches!(&event.what, What::TasksDispatched { tasks, .. } if tasks.contains(&task));
        let returned =
            |event: &&Event| matches!(&event.what, What::TasksReturned { tasks, .. } if tasks.contains(&task));
        let safe = &disk.told[..disk.safe];
        let recorded = safe.iter().filter(dispatched).count() - safe.iter().filter(returned).count();
        assert!(recorded >= self.begun[&task] as usize, "task {task} begins and a crash would leave no word of it");
    }
}
