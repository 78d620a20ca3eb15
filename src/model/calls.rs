//! Threads of tasks and what they ask: who lives, who waits for an answer, since when. PURE.
//! It does not know objects' contents; it knows which call is open.

use std::collections::HashMap;

use crate::event::Elapsed;
use crate::task::{Call, TaskId, ThreadId};

/// The threads of all tasks that run functions.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    pub(super) of: HashMap<TaskId, Vec<Thread>>,
}

/// One thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// Its number within the task.
    pub id: ThreadId,
    /// What it is called.
    pub name: Box<str>,
    /// What it waits for, if it waits.
    pub wait: Option<Wait>,
}

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// What.
    pub on: WaitOn,
    /// Since when.
    pub since: Elapsed,
    /// Whether it is known that it must wait; until then the answer is on its way.
    pub blocked: bool,
}

/// See [`Wait`].
#[derive(Clone, Debug, PartialEq)]
pub enum WaitOn {
    /// The answer to a call.
    Call(Call),
    /// A lock that another thread of its process holds.
    Lock { name: Box<str>, holder: ThreadId },
}

impl Threads {
    /// The living threads of a task, in the order of their beginning; none if it runs no function.
    pub fn of(&self, task: TaskId) -> &[Thread] {
        self.of.get(&task).map_or(&[], Vec::as_slice)
    }
}

/// A task of which no thread can go on now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocked<'a> {
    /// The thread that has waited longest.
    pub thread: &'a Thread,
    /// What it waits for.
    pub wait: &'a Wait,
}
