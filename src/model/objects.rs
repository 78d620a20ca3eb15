//! The objects processes talk through: what is in them, who holds and who waits. PURE.
//! It does not decide when a call is answered: the planner asks what could be, and `apply` carries it out.

mod answer;
mod ends;
mod link;
mod settle;
mod traffic;

use std::collections::VecDeque;

use crate::event::Elapsed;
use crate::task::{Call, End, ObjectId, ObjectKind, ObjectSpec, Patience, TaskId, ThreadId, Value};

use super::calls::Caller;
use super::shared::{Line, Map};
pub(super) use answer::{Next, without};
use ends::Ends;
use link::Transfer;
pub(super) use settle::TaskEnd;

/// How many values lie in a queue without a capacity, or in one direction of a pipe, at most.
pub const ITEMS_MAX: usize = 1_000_000;

/// How much memory they take at most.
pub const ITEMS_BYTES_MAX: u64 = 256 << 20;

/// All objects of a run, by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    pub(super) all: Vec<Object>,
    books: Vec<Book>,
    /// Objects at which something is to be done now, in the order in which that came up.
    ready: VecDeque<ObjectId>,
}

/// What is known of an object beside what is shown.
#[derive(Clone, Debug, Default, PartialEq)]
struct Book {
    /// Who waits for it and was not looked at yet, in the order of their asking.
    fresh: VecDeque<Caller>,
    /// What lies in it, in bytes of memory; a pipe's two directions.
    weight: [u64; 2],
    /// Who has which end of a pipe.
    ends: Ends,
    /// Where in the line of holders those stand who have permits.
    permits: Map<TaskId, u32>,
    /// Permits that tasks had when they ended by themselves.
    left_behind: Map<TaskId, u32>,
    /// Who transfers over it, in the order of their beginning.
    transfers: Vec<Transfer>,
    /// Those of them that are to be told a new share, in the order of telling.
    untold: VecDeque<Caller>,
    /// The traffic at the latest tick, and when that was.
    counted: (Elapsed, u64, u64),
    /// Whether it is among those at which something is to be done.
    is_ready: bool,
}

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// As the scenario declares it.
    pub spec: ObjectSpec,
    /// What is in it.
    pub content: Content,
    /// Who waits for it, the longest first.
    pub waiters: Vec<Waiter>,
    /// Who has something of it, in the order of their getting it.
    pub holders: Line<Holder>,
    /// What went through it so far.
    pub traffic: Traffic,
}

/// What is in an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// What was put and not gotten.
    Queue { items: Line<Value> },
    /// What waits to be received at each end.
    Pipe { arrived: [Line<Value>; 2] },
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
    /// As they are before anybody uses them.
    pub(super) fn declare(&mut self, specs: &[ObjectSpec]) {
        self.books = vec![Book::default(); specs.len()];
        self.all = specs.iter().map(|spec| Object::new(spec.clone())).collect();
    }

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

    /// Whether something is to be done at one of them.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A thread asks for something of it. It stands in line from now on.
    pub(super) fn asked(&mut self, id: ObjectId, waiter: Waiter) {
        let Some((object, book)) = self.pair(id) else { return };
        book.fresh.push_back((waiter.task, waiter.thread));
        object.waiters.push(waiter);
        self.refresh(id);
    }

    /// It was looked at: the thread must wait.
    pub(super) fn blocked(&mut self, id: ObjectId, caller: Caller) {
        let Some((_, book)) = self.pair(id) else { return };
        book.fresh.retain(|&other| other != caller);
        self.refresh(id);
    }

    /// The thread waits for it no longer.
    pub(super) fn leave(&mut self, id: ObjectId, caller: Caller) {
        let Some((object, book)) = self.pair(id) else { return };
        book.fresh.retain(|&other| other != caller);
        if let Some(at) = object.waiters.iter().position(|waiter| waiter.caller() == caller) {
            object.waiters.remove(at);
        }
        self.refresh(id);
    }

    /// The task has a copy of that end from now on.
    pub(super) fn hold_end(&mut self, id: ObjectId, end: End, task: TaskId, since: Elapsed) {
        let Some((object, book)) = self.pair(id) else { return };
        if matches!(object.content, Content::Pipe { .. }) {
            book.ends.open(&mut object.holders, task, end, since);
            self.refresh(id);
        }
    }

    /// Permits of this semaphore that the task had when it ended by itself.
    pub(super) fn left_behind(&self, id: ObjectId, task: TaskId) -> u32 {
        self.books.get(id.index()).map_or(0, |book| book.left(task))
    }

    fn pair(&mut self, id: ObjectId) -> Option<(&mut Object, &mut Book)> {
        Some((self.all.get_mut(id.index())?, self.books.get_mut(id.index())?))
    }

    /// Keeps the list of those at which something is to be done; to be called after every change. One that stays on it
    /// goes to its end, so that a busy object does not hold up the others.
    fn refresh(&mut self, id: ObjectId) {
        let is_ready = self.next_at(id).is_some();
        let Some(book) = self.books.get_mut(id.index()) else { return };
        if book.is_ready {
            self.ready.retain(|&other| other != id);
        }
        book.is_ready = is_ready;
        if is_ready {
            self.ready.push_back(id);
        }
    }
}

impl Book {
    fn left(&self, task: TaskId) -> u32 {
        self.left_behind.get(&task).copied().unwrap_or(0)
    }
}

impl Waiter {
    fn caller(&self) -> Caller {
        (self.task, self.thread)
    }

    fn has_no_patience(&self) -> bool {
        self.call.patience() == Patience::None
    }
}

impl Object {
    fn new(spec: ObjectSpec) -> Self {
        let content = match spec.kind {
            ObjectKind::Queue { .. } => Content::Queue { items: Line::default() },
            ObjectKind::Pipe { .. } => Content::Pipe { arrived: [Line::default(), Line::default()] },
            ObjectKind::Semaphore { value, .. } => Content::Semaphore { free: value },
            ObjectKind::Event { set } => Content::Event { set },
            ObjectKind::Link { .. } => Content::Link { used_bytes_per_s: 0 },
        };
        Self { spec, content, waiters: Vec::new(), holders: Line::default(), traffic: Traffic::default() }
    }

    /// Its kind and its name: "queue tasks".
    pub fn title(&self) -> String {
        format!("{} {}", self.spec.kind.word(), self.spec.name)
    }

    /// What an end of a pipe is called.
    pub fn end_name(&self, end: End) -> &str {
        match &self.spec.kind {
            ObjectKind::Pipe { ends, .. } => &ends[end.index()],
            _ => "",
        }
    }

    /// How full it is and how full it can be, where that means something: what waits in a queue or pipe and its capacity,
    /// permits taken and permits in all, bytes a second used and in all.
    pub fn level(&self) -> (u64, Option<u64>) {
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
