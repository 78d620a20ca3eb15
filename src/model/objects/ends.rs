//! Who has which end of a pipe, found at once: a hundred thousand tasks may have one each. PURE.
//! It does not know what is in the pipe, nor in which order its ends were taken.

use std::collections::{HashMap, VecDeque};

use super::{Held, Holder};
use crate::event::Elapsed;
use crate::task::{End, TaskId};

/// The copies of both ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    of: HashMap<TaskId, [bool; 2]>,
    open: [u32; 2],
}

impl Ends {
    /// Whether the task has a copy of that end.
    pub fn has(&self, task: TaskId, end: End) -> bool {
        self.of.get(&task).is_some_and(|ends| ends[end.index()])
    }

    /// Whether nobody has a copy of that end any more.
    pub fn is_closed(&self, end: End) -> bool {
        self.open[end.index()] == 0
    }

    /// The task has a copy of that end from now on.
    pub fn open(&mut self, holders: &mut VecDeque<Holder>, task: TaskId, end: End, since: Elapsed) {
        let ends = self.of.entry(task).or_default();
        if !std::mem::replace(&mut ends[end.index()], true) {
            self.open[end.index()] += 1;
            holders.push_back(Holder { task, what: Held::End(end), since });
        }
    }

    /// It has none any more.
    pub fn close(&mut self, holders: &mut VecDeque<Holder>, task: TaskId, end: End) {
        let Some(ends) = self.of.get_mut(&task) else { return };
        if !std::mem::replace(&mut ends[end.index()], false) {
            return;
        }
        if *ends == [false; 2] {
            self.of.remove(&task);
        }
        self.open[end.index()] -= 1;
        // Tasks end more or less in the order of their coming, so it is near the front.
        let is_it = |holder: &Holder| holder.task == task && holder.what == Held::End(end);
        if let Some(at) = holders.iter().position(is_it) {
            holders.remove(at);
        }
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
            let (mut ends, mut holders, mut plain) = (Ends::default(), VecDeque::new(), Vec::new());
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
