//! The objects processes talk through: what is in them, who holds and who waits. PURE.
//! It does not decide when a call is answered: the planner asks what could be, and `apply` carries it out.

use std::collections::VecDeque;

use crate::event::Elapsed;
use crate::task::{Call, End, ObjectId, ObjectSpec, TaskId, ThreadId, Value};

/// All objects of a run, by number.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub(super) all: Vec<Object>,
}

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    /// As the scenario declares it.
    pub spec: ObjectSpec,
    /// What is in it.
    pub content: Content,
    /// Who waits for it, the longest first.
    pub waiters: Vec<Waiter>,
    /// Who has something of it, in the order of their getting it.
    pub holders: Vec<Holder>,
    /// What went through it so far.
    pub traffic: Traffic,
}

/// What is in an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// What was put and not gotten.
    Queue { items: VecDeque<Value> },
    /// What waits to be received at each end.
    Pipe { arrived: [VecDeque<Value>; 2] },
    /// Permits that are free.
    Semaphore { free: u32 },
    /// Whether it is set.
    Event { set: bool },
    /// Shares given out, in bytes a second.
    Link { used_bytes_per_s: u64 },
}

/// A thread whose call is not answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiter {
    /// Whose.
    pub task: TaskId,
    /// Which of its threads.
    pub thread: ThreadId,
    /// What it asked.
    pub call: Call,
    /// Since when.
    pub since: Elapsed,
}

/// A task that has something of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which.
    pub task: TaskId,
    /// What.
    pub what: Held,
    /// Since when.
    pub since: Elapsed,
}

/// What a task can have of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// So many permits of a semaphore.
    Permits(u32),
    /// A copy of an end of a pipe.
    End(End),
    /// A transfer over a link, with its share.
    Transfer { bytes_per_s: u64 },
}

/// What went through an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Messages put, sent; permits taken; times set; transfers begun.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages a second, over the last seconds.
    pub messages_per_s: f64,
    /// Bytes a second, over the last seconds.
    pub bytes_per_s: f64,
}

impl Objects {
    /// All of them, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        (0..).map(ObjectId).zip(&self.all)
    }

    /// One of them.
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.all.get(id.index())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Object {
    /// How full it is and how full it can be, where that means something: what waits in a queue or pipe and its capacity,
    /// permits taken and permits in all, bytes a second used and in all.
    pub fn level(&self) -> (u64, Option<u64>) {
        use crate::task::ObjectKind;
        match (&self.content, &self.spec.kind) {
            (Content::Queue { items }, ObjectKind::Queue { capacity }) => (items.len() as u64, capacity.map(u64::from)),
            (Content::Pipe { arrived }, _) => (arrived.iter().map(|way| way.len() as u64).sum(), None),
            (Content::Semaphore { free }, ObjectKind::Semaphore { value, .. }) => {
                (u64::from(value.saturating_sub(*free)), Some(u64::from(*value)))
            }
            (Content::Event { set }, _) => (u64::from(*set), Some(1)),
            (Content::Link { used_bytes_per_s }, ObjectKind::Link { bytes_per_s }) => {
                (*used_bytes_per_s, Some(*bytes_per_s))
            }
            _ => (0, None),
        }
    }
}
