//! States made up for the tests of screens: objects, threads and told lines without the events that would lead to them.
//! It does not know whether such a state can come to be.

use super::{Object, Objects, Thread, Threads};
use crate::task::TaskId;

impl Objects {
    /// These, numbered in this order.
    pub(crate) fn made_up(all: Vec<Object>) -> Self {
        let mut objects = Self::default();
        objects.all.extend(all);
        objects
    }
}

impl Threads {
    /// These tasks with these threads.
    pub(crate) fn made_up(of: impl IntoIterator<Item = (TaskId, Vec<Thread>)>) -> Self {
        let mut threads = Self::default();
        threads.of.extend(of);
        threads
    }
}
