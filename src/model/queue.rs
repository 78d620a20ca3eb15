//! The queues of waiting tasks, one for each place and stage, and those waiting out their back-off. PURE.
//! It does not know workers; the queue shown is the queue used.

use super::shared::{Line, Map};
use crate::event::Elapsed;
use crate::task::{Place, Stage, TaskId, TaskSpec};

/// How many places there are.
const PLACES: usize = 4;

/// Tasks that wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    waiting: [[Waiting; Stage::COUNT]; PLACES],
    unfinished: [[u32; Stage::COUNT]; PLACES],
    delayed: Map<(Elapsed, TaskId), ()>,
    until: Map<TaskId, Elapsed>,
}

/// Tasks that wait for one place, of one stage.
pub type Waiting = Line<TaskId, 1024>;

impl Queue {
    /// The tasks of that place that may begin now, the next one first: those of the lowest stage that has unfinished tasks.
    /// The parent's program, which submits the others, holds up none of them.
    pub fn open(&self, place: Place) -> &Waiting {
        let of = &self.waiting[row(place)];
        if place == Place::Main {
            return &of[0];
        }
        let unfinished = |stage: &usize| self.unfinished[1..].iter().any(|row| row[*stage] > 0);
        &of[(0..Stage::COUNT).find(unfinished).unwrap_or(0)]
    }

    /// All waiting tasks, place by place in the order of stages.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.waiting.iter().flatten().flat_map(Line::iter).copied()
    }

    /// The tasks that wait for that place, in the order of stages.
    pub fn waiting(&self, place: Place) -> impl Iterator<Item = TaskId> {
        self.waiting[row(place)].iter().flat_map(Line::iter).copied()
    }

    /// Whether a task waits for that place.
    pub fn is_waited_for(&self, place: Place) -> bool {
        self.waiting[row(place)].iter().any(|stage| !stage.is_empty())
    }

    /// How many tasks wait for that place.
    pub fn count(&self, place: Place) -> usize {
        self.waiting[row(place)].iter().map(Line::len).sum()
    }

    /// How many tasks of that place are not final.
    pub fn unfinished(&self, place: Place) -> u32 {
        self.unfinished[row(place)].iter().sum()
    }

    /// The task whose back-off ends first, and when on the active clock.
    pub fn next_release(&self) -> Option<(Elapsed, TaskId)> {
        self.delayed.first().map(|(&entry, ())| entry)
    }

    /// The tasks that wait out their back-off.
    pub fn delayed(&self) -> impl Iterator<Item = TaskId> {
        self.delayed.iter().map(|(&(_, task), ())| task)
    }

    /// Behind the others. The place where it stands, by which it can be taken out again.
    pub(super) fn push_back(&mut self, task: TaskId, spec: &TaskSpec) -> u32 {
        self.of(spec).push_back(task)
    }

    /// Before the others. See [`Self::push_back`].
    pub(super) fn push_front(&mut self, task: TaskId, spec: &TaskSpec) -> u32 {
        self.of(spec).push_front(task)
    }

    /// Takes out the task that stands at that place.
    pub(super) fn take(&mut self, spec: &TaskSpec, place: u32) -> Option<TaskId> {
        self.of(spec).remove(place)
    }

    pub(super) fn delay(&mut self, task: TaskId, until: Elapsed) {
        self.delayed.insert((until, task), ());
        self.until.insert(task, until);
    }

    pub(super) fn release(&mut self, task: TaskId) {
        if let Some(until) = self.until.remove(&task) {
            self.delayed.remove(&(until, task));
        }
    }

    pub(super) fn finish(&mut self, spec: &TaskSpec) {
        self.unfinished[row(spec.place)][column(spec.stage)] -= 1;
    }

    pub(super) fn unfinish(&mut self, spec: &TaskSpec) {
        self.unfinished[row(spec.place)][column(spec.stage)] += 1;
    }

    fn of(&mut self, spec: &TaskSpec) -> &mut Waiting {
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
        let mut add = |task, spec| {
            queue.unfinish(spec);
            queue.push_back(TaskId(task), spec)
        };
        let (_, second, _) = (add(0, &main), add(1, &own), add(2, &pool));
        assert_eq!(*queue.open(Place::Main), [TaskId(0)]);
        assert_eq!(*queue.open(Place::Own), [TaskId(1)]);
        assert!(queue.open(Place::Pool).is_empty());
        assert_eq!(queue.take(&own, second), Some(TaskId(1)));
        assert!(queue.open(Place::Pool).is_empty(), "the first is not over yet");
        queue.finish(&own);
        assert_eq!(*queue.open(Place::Pool), [TaskId(2)]);
        assert_eq!((queue.unfinished(Place::Own), queue.unfinished(Place::Main)), (0, 1));
    }
}
