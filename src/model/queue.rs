//! The queues of waiting tasks, one for each place and stage, and those waiting out their back-off. PURE.
//! It does not know workers; the queue shown is the queue used.

use std::collections::{BTreeSet, VecDeque};

use crate::event::Elapsed;
use crate::task::{Place, Stage, TaskId, TaskSpec};

/// How many places there are.
const PLACES: usize = 4;

/// Tasks that wait.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    waiting: [[VecDeque<TaskId>; Stage::COUNT]; PLACES],
    unfinished: [[u32; Stage::COUNT]; PLACES],
    delayed: BTreeSet<(Elapsed, TaskId)>,
}

impl Queue {
    /// The tasks of that place that may begin now, the next one first: those of the lowest stage that has unfinished tasks.
    /// The parent's program, which submits the others, holds up none of them.
    pub fn open(&self, place: Place) -> &VecDeque<TaskId> {
        let of = &self.waiting[row(place)];
        if place == Place::Main {
            return &of[0];
        }
        let unfinished = |stage: &usize| self.unfinished[1..].iter().any(|row| row[*stage] > 0);
        &of[(0..Stage::COUNT).find(unfinished).unwrap_or(0)]
    }

    /// All waiting tasks, place by place in the order of stages.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.waiting.iter().flatten().flatten().copied()
    }

    /// The tasks that wait for that place, in the order of stages.
    pub fn waiting(&self, place: Place) -> impl Iterator<Item = TaskId> {
        self.waiting[row(place)].iter().flatten().copied()
    }

    /// Whether a task waits for that place.
    pub fn is_waited_for(&self, place: Place) -> bool {
        self.waiting[row(place)].iter().any(|stage| !stage.is_empty())
    }

    /// How many tasks of that place are not final.
    pub fn unfinished(&self, place: Place) -> u32 {
        self.unfinished[row(place)].iter().sum()
    }

    /// The task whose back-off ends first, and when on the active clock.
    pub fn next_release(&self) -> Option<(Elapsed, TaskId)> {
        self.delayed.first().copied()
    }

    /// The tasks that wait out their back-off.
    pub fn delayed(&self) -> impl Iterator<Item = TaskId> {
        self.delayed.iter().map(|&(_, task)| task)
    }

    pub(super) fn add(&mut self, task: TaskId, spec: &TaskSpec) {
        self.unfinish(spec);
        self.push_back(task, spec);
    }

    pub(super) fn push_back(&mut self, task: TaskId, spec: &TaskSpec) {
        self.of(spec).push_back(task);
    }

    pub(super) fn push_front(&mut self, task: TaskId, spec: &TaskSpec) {
        self.of(spec).push_front(task);
    }

    /// Takes the task out; it is nearly always the first.
    pub(super) fn take(&mut self, task: TaskId, spec: &TaskSpec) -> bool {
        let waiting = self.of(spec);
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

    pub(super) fn finish(&mut self, spec: &TaskSpec) {
        self.unfinished[row(spec.place)][column(spec.stage)] -= 1;
    }

    pub(super) fn unfinish(&mut self, spec: &TaskSpec) {
        self.unfinished[row(spec.place)][column(spec.stage)] += 1;
    }

    fn of(&mut self, spec: &TaskSpec) -> &mut VecDeque<TaskId> {
        // There is one program, and no stage it could wait for.
        let stage = if spec.place == Place::Main { Stage(0) } else { spec.stage };
        &mut self.waiting[row(spec.place)][column(stage)]
    }
}

/// A place's row in a table; the program's is the first.
fn row(place: Place) -> usize {
    match place {
        Place::Main => 0,
        Place::Parent => 1,
        Place::Own => 2,
        Place::Pool => 3,
    }
}

/// A stage beyond the last counts as the last.
fn column(stage: Stage) -> usize {
    usize::from(stage.0).min(Stage::COUNT - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Work;

    #[test]
    fn a_later_stage_waits_for_the_earlier_one_wherever_that_is_done_but_not_for_the_program() {
        let spec = |place, stage| TaskSpec { place, stage: Stage(stage), ..TaskSpec::new(Work::Nothing) };
        let mut queue = Queue::default();
        let (main, own, pool) = (spec(Place::Main, 0), spec(Place::Own, 1), spec(Place::Pool, 2));
        queue.add(TaskId(0), &main);
        queue.add(TaskId(1), &own);
        queue.add(TaskId(2), &pool);
        assert_eq!(queue.open(Place::Main), &[TaskId(0)]);
        assert_eq!(queue.open(Place::Own), &[TaskId(1)]);
        assert!(queue.open(Place::Pool).is_empty());
        assert!(queue.take(TaskId(1), &own));
        assert!(queue.open(Place::Pool).is_empty(), "the first is not over yet");
        queue.finish(&own);
        assert_eq!(queue.open(Place::Pool), &[TaskId(2)]);
        assert_eq!((queue.unfinished(Place::Own), queue.unfinished(Place::Main)), (0, 1));
    }
}
