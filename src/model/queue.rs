//! The queue of waiting tasks, by stage, and those waiting out their back-off. PURE.
//! It does not know workers; the queue shown is the queue used.

use std::collections::{BTreeSet, VecDeque};

use crate::event::Elapsed;
use crate::task::{Stage, TaskId};

/// Tasks that wait.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    stages: [VecDeque<TaskId>; Stage::COUNT],
    unfinished: [u32; Stage::COUNT],
    delayed: BTreeSet<(Elapsed, TaskId)>,
}

impl Queue {
    /// The tasks a worker may be given now, the next one first: those of the lowest stage that has unfinished tasks.
    pub fn open(&self) -> &VecDeque<TaskId> {
        let lowest = self.unfinished.iter().position(|&count| count > 0).unwrap_or(0);
        &self.stages[lowest]
    }

    /// All waiting tasks in the order of stages.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.stages.iter().flatten().copied()
    }

    /// The task whose back-off ends first, and when on the active clock.
    pub fn next_release(&self) -> Option<(Elapsed, TaskId)> {
        self.delayed.first().copied()
    }

    pub(super) fn add(&mut self, task: TaskId, stage: Stage) {
        self.unfinished[index(stage)] += 1;
        self.stages[index(stage)].push_back(task);
    }

    pub(super) fn push_back(&mut self, task: TaskId, stage: Stage) {
        self.stages[index(stage)].push_back(task);
    }

    pub(super) fn push_front(&mut self, task: TaskId, stage: Stage) {
        self.stages[index(stage)].push_front(task);
    }

    /// Takes the task out; it is nearly always the first.
    pub(super) fn take(&mut self, task: TaskId, stage: Stage) -> bool {
        let waiting = &mut self.stages[index(stage)];
        if waiting.front() == Some(&task) {
            waiting.pop_front();
            return true;
        }
        match waiting.iter().position(|&other| other == task) {
            Some(at) => waiting.remove(at).is_some(),
            None => false,
        }
    }

    pub(super) fn delay(&mut self, task: TaskId, until: Elapsed) {
        self.delayed.insert((until, task));
    }

    pub(super) fn release(&mut self, task: TaskId) -> bool {
        match self.delayed.iter().find(|&&(_, other)| other == task).copied() {
            Some(entry) => self.delayed.remove(&entry),
            None => false,
        }
    }

    pub(super) fn finish(&mut self, stage: Stage) {
        self.unfinished[index(stage)] -= 1;
    }

    pub(super) fn unfinish(&mut self, stage: Stage) {
        self.unfinished[index(stage)] += 1;
    }
}

/// A stage beyond the last counts as the last.
fn index(stage: Stage) -> usize {
    usize::from(stage.0).min(Stage::COUNT - 1)
}
