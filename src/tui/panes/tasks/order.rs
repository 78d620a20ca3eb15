//! Which tasks are listed, in which order: nothing to compute for all tasks in the order of submission. PURE.
//! It does not know how rows look.

use std::cell::RefCell;
use std::sync::Arc;

use crate::event::Elapsed;
use crate::model::{Motion, State, Status, Task};
use crate::task::TaskId;
use crate::tui::viewer::{Overlay, SortOrder, TaskColumn, Viewer};

/// Up to so many tasks, the list is made anew whenever anything has happened.
const TASKS_CHEAP: usize = 10_000;

/// A list of more tasks is kept for this long per task, so that making it takes a small share of the time.
const KEPT_US_PER_TASK: u64 = 4;

/// The tasks listed, by row.
#[derive(Clone, Debug)]
pub enum TaskOrder {
    /// All, the first submitted first.
    Ascending(u32),
    /// All, the last submitted first.
    Descending(u32),
    /// These.
    Listed(Arc<[TaskId]>),
}

impl TaskOrder {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ascending(count) | Self::Descending(count) => *count as usize,
            Self::Listed(tasks) => tasks.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The task in that row.
    pub fn get(&self, row: usize) -> Option<TaskId> {
        match self {
            Self::Listed(tasks) => tasks.get(row).copied(),
            Self::Ascending(count) => u32::try_from(row).ok().filter(|row| row < count).map(TaskId),
            Self::Descending(count) => {
                u32::try_from(row).ok().filter(|row| row < count).map(|row| TaskId(count - 1 - row))
            }
        }
    }

    /// The row of that task, if it is listed.
    pub fn position(&self, task: TaskId) -> Option<usize> {
        match self {
            Self::Ascending(count) => (task.0 < *count).then_some(task.index()),
            Self::Descending(count) => (task.0 < *count).then(|| (count - 1 - task.0) as usize),
            Self::Listed(tasks) => tasks.iter().position(|&other| other == task),
        }
    }
}

/// The list made last, so that not every frame makes it anew.
#[derive(Clone, Debug, Default)]
pub struct ListCache(RefCell<Option<Cached>>);

#[derive(Clone, Debug)]
struct Cached {
    filter: String,
    column: TaskColumn,
    order: SortOrder,
    at: Elapsed,
    counts: crate::model::Counts,
    tasks: usize,
    listed: Arc<[TaskId]>,
}

/// The filter in force: what is being typed counts already.
pub fn filter(viewer: &Viewer) -> &str {
    match &viewer.overlay {
        Overlay::Filter { typed } => typed,
        _ => &viewer.filter,
    }
}

/// The tasks in the order shown.
pub fn order(state: &State, viewer: &Viewer) -> TaskOrder {
    let list = &viewer.tasks;
    let filter = filter(viewer);
    if filter.is_empty() && list.column == TaskColumn::Number {
        let count = u32::try_from(state.tasks.len()).unwrap_or(u32::MAX);
        return match list.order {
            SortOrder::Ascending => TaskOrder::Ascending(count),
            SortOrder::Descending => TaskOrder::Descending(count),
        };
    }
    let mut cache = viewer.listed.0.borrow_mut();
    if let Some(cached) = cache.as_ref().filter(|cached| cached.serves(state, viewer)) {
        return TaskOrder::Listed(cached.listed.clone());
    }
    let listed: Arc<[TaskId]> = sorted(matching(state, filter), state, list.column, list.order).into();
    *cache = Some(Cached {
        filter: filter.to_owned(),
        column: list.column,
        order: list.order,
        at: state.now,
        counts: state.counts,
        tasks: state.tasks.len(),
        listed: listed.clone(),
    });
    TaskOrder::Listed(listed)
}

impl Cached {
    fn serves(&self, state: &State, viewer: &Viewer) -> bool {
        let asked_the_same = self.filter == filter(viewer)
            && self.column == viewer.tasks.column
            && self.order == viewer.tasks.order
            && self.tasks <= state.tasks.len();
        if !asked_the_same {
            return false;
        }
        let age_us = state.now.0.checked_sub(self.at.0);
        if age_us == Some(0) && self.counts == state.counts {
            return true;
        }
        // Who stands still at an instant wants that instant; and nothing will make the list anew there.
        if viewer.replay.as_ref().is_some_and(|playback| playback.motion == Motion::Paused) {
            return false;
        }
        let kept_us = self.tasks as u64 * KEPT_US_PER_TASK;
        self.tasks > TASKS_CHEAP && age_us.is_some_and(|age_us| age_us < kept_us)
    }
}

fn matching(state: &State, filter: &str) -> Vec<TaskId> {
    let ids = 0..u32::try_from(state.tasks.len()).unwrap_or(u32::MAX);
    if filter.is_empty() {
        return ids.map(TaskId).collect();
    }
    let needle = Needle::new(filter);
    let blocked = needle.is_in("blocked");
    let is_blocked = |id: TaskId, task: &Task| super::is_held(task) && state.blocked(id).is_some();
    let by_status = Status::ALL.map(|status| needle.is_in(status.word()));
    ids.map(TaskId)
        .zip(&state.tasks)
        .filter(|&(id, task)| {
            by_status[task.status as usize] || needle.is_in(&task.spec.title()) || (blocked && is_blocked(id, task))
        })
        .map(|(id, _)| id)
        .collect()
}

/// What is looked for. Capitals count only if there are any in it.
struct Needle<'a> {
    text: &'a str,
    case: Case,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Matters,
    Ignored,
}

impl<'a> Needle<'a> {
    fn new(text: &'a str) -> Self {
        let case = if text.chars().any(char::is_uppercase) { Case::Matters } else { Case::Ignored };
        Self { text, case }
    }

    fn is_in(&self, hay: &str) -> bool {
        match self.case {
            Case::Matters => hay.contains(self.text),
            Case::Ignored if hay.is_ascii() => {
                let needle = self.text.as_bytes();
                hay.as_bytes().windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
            }
            Case::Ignored => hay.to_lowercase().contains(self.text),
        }
    }
}

/// Equal ones stay in the order of submission, whichever way the others go.
fn sorted(mut tasks: Vec<TaskId>, state: &State, column: TaskColumn, order: SortOrder) -> Vec<TaskId> {
    let of = |id: &TaskId| -> &Task { &state.tasks[id.index()] };
    match (column, order) {
        (TaskColumn::Number, SortOrder::Ascending) => {}
        (TaskColumn::Number, SortOrder::Descending) => tasks.reverse(),
        (TaskColumn::Title, _) => by(&mut tasks, order, |id| of(id).spec.title().into_owned()),
        (TaskColumn::Status, _) => by(&mut tasks, order, |id| of(id).status),
        (TaskColumn::Took, _) => by(&mut tasks, order, |id| of(id).took(state.now)),
        (TaskColumn::Attempts, _) => by(&mut tasks, order, |id| of(id).attempts),
    }
    tasks
}

fn by<K: Ord>(tasks: &mut [TaskId], order: SortOrder, key: impl Fn(&TaskId) -> K) {
    match order {
        SortOrder::Ascending => tasks.sort_by_cached_key(key),
        SortOrder::Descending => tasks.sort_by_cached_key(|id| std::cmp::Reverse(key(id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::sample;

    fn viewer(filter: &str, column: TaskColumn, order: SortOrder) -> Viewer {
        let mut viewer = Viewer { filter: filter.to_owned(), ..Viewer::default() };
        viewer.tasks.column = column;
        viewer.tasks.order = order;
        viewer
    }

    #[test]
    fn rows_and_tasks_find_each_other_in_every_order() {
        let state = sample::failures();
        for column in
            [TaskColumn::Number, TaskColumn::Title, TaskColumn::Status, TaskColumn::Took, TaskColumn::Attempts]
        {
            for sort in [SortOrder::Ascending, SortOrder::Descending] {
                for filter in ["", "done", "IMG", "img_001"] {
                    let order = order(&state, &viewer(filter, column, sort));
                    for row in 0..order.len() {
                        assert_eq!(order.position(order.get(row).unwrap()), Some(row));
                    }
                    assert_eq!(order.get(order.len()), None);
                    assert!(filter != "IMG" || order.is_empty());
                }
            }
        }
    }

    #[test]
    fn all_tasks_as_submitted_are_never_listed_one_by_one() {
        let state = sample::busy();
        let up = order(&state, &viewer("", TaskColumn::Number, SortOrder::Ascending));
        assert!(matches!(up, TaskOrder::Ascending(250)), "{up:?}");
        let down = order(&state, &viewer("", TaskColumn::Number, SortOrder::Descending));
        assert!(matches!(down, TaskOrder::Descending(250)), "{down:?}");
    }

    #[test]
    fn a_filter_finds_titles_and_states() {
        let state = sample::busy();
        let order_of = |filter: &str| order(&state, &viewer(filter, TaskColumn::Number, SortOrder::Ascending)).len();
        assert_eq!(order_of("running"), state.count(Status::Running) as usize);
        assert_eq!(order_of("从入门"), 32);
        assert_eq!(order_of("peking"), order_of("Peking"));
        assert_eq!(order_of("no such thing"), 0);
    }

    #[test]
    fn what_is_typed_counts_at_once_and_a_change_is_seen() {
        let state = sample::busy();
        let mut viewer = viewer("", TaskColumn::Number, SortOrder::Ascending);
        viewer.overlay = Overlay::Filter { typed: "done".to_owned() };
        assert_eq!(order(&state, &viewer).len(), state.count(Status::Done) as usize);
        let later = sample::draining();
        assert_eq!(order(&later, &viewer).len(), later.count(Status::Done) as usize);
    }
}
