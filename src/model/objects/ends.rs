//! Who has which end of a pipe, found at once: a hundred thousand tasks may have one each. PURE.
//! It does not know what is in the pipe, nor in which order its ends were taken.

use super::{Held, Holder, Line, Map};
use crate::event::Elapsed;
use crate::task::{End, TaskId};

/// The copies of both ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ends {
    /// Where in the line of holders each copy stands.
    of: Map<TaskId, [Option<u32>; 2]>,
    open: [u32; 2],
}

impl Ends {
    /// Whether the task has a copy of that end.
    pub fn has(&self, task: TaskId, end: End) -> bool {
        self.of.get(&task).is_some_and(|ends| ends[end.index()].is_some())
    }

    /// Whether nobody has a copy of that end any more.
    pub fn is_closed(&self, end: End) -> bool {
        self.open[end.index()] == 0
    }

    /// The task has a copy of that end from now on.
    pub fn open(&mut self, holders: &mut Line<Holder>, task: TaskId, end: End, since: Elapsed) {
        let place = &mut self.of.get_or_insert_with(task, Default::default)[end.index()];
        if place.is_none() {
            self.open[end.index()] += 1;
            *place = Some(holders.push_back(Holder { task, what: Held::End(end), since }));
        }
    }

    /// It has none any more.
    pub fn close(&mut self, holders: &mut Line<Holder>, task: TaskId, end: End) {
        if !self.has(task, end) {
            return;
        }
        let Some(ends) = self.of.get_mut(&task) else { return };
        if let Some(place) = ends[end.index()].take() {
            holders.remove(place);
        }
        if *ends == [None; 2] {
            self.of.remove(&task);
        }
        self.open[end.index()] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENDS: [End; 2] = [End::First, End::Second];

    proptest! {
        /// The same as looking through the list each time.
        #[test]
        fn who_is_found_at_once_is_who_is_in_the_list(turns in prop::collection::vec((0..6_u32, 0..2_usize, any::<bool>()), 0..80)) {
            let (mut ends, mut holders, mut plain) = (Ends::default(), Line::default(), Vec::new());
            for (task, end, opens) in turns {
                let (task, end) = (TaskId(task), ENDS[end]);
                if !opens {
                    ends.close(&mut holders, task, end);
                    plain.retain(|held| *held != (task, end));
                } else if !plain.contains(&(task, end)) {
                    plain.push((task, end));
                    ends.open(&mut holders, task, end, Elapsed(0));
                } else {
                    ends.open(&mut holders, task, end, Elapsed(0));
                }
                let listed: Vec<_> = holders.iter().map(|holder| (holder.task, holder.what)).collect();
                let expected: Vec<_> = plain.iter().map(|&(task, end)| (task, Held::End(end))).collect();
                prop_assert_eq!(listed, expected);
                for end in ENDS {
                    prop_assert_eq!(ends.is_closed(end), plain.iter().all(|(_, held)| *held != end));
                    prop_assert!((0..6).map(TaskId).all(|task| ends.has(task, end) == plain.contains(&(task, end))));
                }
            }
        }
    }
}
