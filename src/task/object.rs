//! Vocabulary: the objects processes talk through, what may be asked of one, and what the answer can be.
//! It does not know who waits for what: that is in the model.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{TaskId, Value};

/// An object's number: its place in the scenario's list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub u16);

impl ObjectId {
    /// Its place in a table of all objects.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A thread of one task: 0 is the one it began with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(pub u16);

impl ThreadId {
    /// The thread a task begins with.
    pub const FIRST: Self = Self(0);
}

/// One object as the scenario declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectSpec {
    /// What it is called.
    pub name: Box<str>,
    /// What it is.
    pub kind: ObjectKind,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// First in, first out; without a capacity a put never waits.
    Queue { capacity: Option<u32> },
    /// Two ends with names. In a one-way pipe the first end receives and the second sends, as in Python.
    Pipe { ends: [Box<str>; 2], ways: Ways },
    /// A count of permits.
    Semaphore { value: u32, bound: Bound },
    /// A flag that can be waited for.
    Event { set: bool },
    /// A network link; those who transfer share its capacity evenly, each up to what it wants.
    Link { bytes_per_s: u64 },
}

impl ObjectKind {
    /// The word people see.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Pipe { .. } => "pipe",
            Self::Semaphore { .. } => "semaphore",
            Self::Event { .. } => "event",
            Self::Link { .. } => "link",
        }
    }
}

/// In which directions a pipe carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ways {
    /// Each end sends and receives.
    Both,
    /// The second end sends, the first receives.
    SecondToFirst,
}

/// Whether a semaphore may be released above its first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It may.
    Plain,
    /// It may not: one release too many is an error of whoever does it.
    Bounded,
}

/// One end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The first one named.
    First,
    /// The second one.
    Second,
}

impl End {
    /// The end at the other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// Its place in the list of names.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// What the steps of a task can do with an object, known before it runs. Says who could still unblock whom, and who holds
/// which end of a pipe: a task holds a copy of every end its steps name, until it closes it or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Use {
    /// Which object.
    pub object: ObjectId,
    /// How.
    pub how: How,
}

/// See [`Use`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Puts into a queue.
    Puts,
    /// Gets from a queue.
    Gets,
    /// Has this end of a pipe.
    Holds(End),
    /// Acquires a semaphore.
    Acquires,
    /// Releases a semaphore.
    Releases,
    /// Sets an event.
    Sets,
    /// Waits for an event.
    Waits,
    /// Transfers over a link.
    Transfers,
}

/// How long a call may wait for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patience {
    /// Until it can be granted.
    Forever,
    /// Not at all.
    None,
    /// So long on the active clock, in microseconds (after `--speed`).
    Us(u64),
}

/// What a thread of a task asks of the parent and waits for. Each is answered by one [`Reply`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Into a queue. `Full` when it may not wait.
    Put { queue: ObjectId, value: Value, patience: Patience },
    /// Out of a queue. `Empty` when it may not wait.
    Get { queue: ObjectId, patience: Patience },
    /// Whether a queue is empty at this moment, which says nothing about the next.
    IsEmpty { queue: ObjectId },
    /// Into a pipe; never waits. `Broken` when nobody can ever receive it.
    Send { pipe: ObjectId, end: End, value: Value },
    /// Out of a pipe. `EndOfFile` when nothing is in it and every copy of the other end is closed.
    Recv { pipe: ObjectId, end: End, patience: Patience },
    /// Closes this task's copy of an end.
    CloseEnd { pipe: ObjectId, end: End },
    /// One permit.
    Acquire { semaphore: ObjectId, patience: Patience },
    /// Gives one back. `Refused` when a bounded one has them all.
    Release { semaphore: ObjectId },
    /// Sets an event and wakes all its waiters.
    SetEvent { event: ObjectId },
    /// Clears it.
    ClearEvent { event: ObjectId },
    /// Waits until it is set.
    WaitEvent { event: ObjectId, patience: Patience },
    /// Whether it is set.
    IsSet { event: ObjectId },
    /// Begins a transfer that could go that fast. Its share comes as messages of its own, now and whenever it changes.
    JoinLink { link: ObjectId, wants_bytes_per_s: u64 },
    /// The transfer is over.
    LeaveLink { link: ObjectId },
    /// Waits until that thread of this task has ended.
    JoinThread { thread: ThreadId },
    /// These were submitted just before; says their numbers, or why they were not taken.
    Submit { first: TaskId, count: u32, refusal: Option<Box<str>> },
    /// Waits for the tasks' ends and asks for their results.
    Await { first: TaskId, count: u32, patience: Patience },
    /// Waits for the tasks' ends, however they end.
    Join { first: TaskId, count: u32, patience: Patience },
    /// The pool takes no more tasks; those it has are done.
    ClosePool,
    /// The pool takes no more tasks; those that wait are dropped, those that run are ended.
    TerminatePool,
    /// Waits until the workers of a closed or terminated pool have left. `Refused` while it takes tasks.
    JoinPool,
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// What was gotten, received or asked.
    Value(Value),
    /// For each awaited task what it returned, or why it has nothing to return.
    Results(Vec<Result<Value, Box<str>>>),
    /// A queue had nothing, and the call would not wait (longer).
    Empty,
    /// A queue had no room, and the call would not wait (longer).
    Full,
    /// Nothing more will ever come out of the pipe.
    EndOfFile,
    /// Nobody will ever read what is sent into the pipe.
    Broken,
    /// The patience is over.
    TimedOut,
    /// It makes no sense; says why.
    Refused(Box<str>),
}

/// What a call is about, for people: "get from queue tasks".
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Puts => "puts",
            Self::Gets => "gets",
            Self::Holds(_) => "holds",
            Self::Acquires => "acquires",
            Self::Releases => "releases",
            Self::Sets => "sets",
            Self::Waits => "waits",
            Self::Transfers => "transfers",
        })
    }
}

impl Call {
    /// The object it is about, if it is about one.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
        match *self {
            Self::Put { queue, .. } | Self::Get { queue, .. } | Self::IsEmpty { queue } => Some(queue),
            Self::Send { pipe, .. } | Self::Recv { pipe, .. } | Self::CloseEnd { pipe, .. } => Some(pipe),
            Self::Acquire { semaphore, .. } | Self::Release { semaphore } => Some(semaphore),
            Self::SetEvent { event }
            | Self::ClearEvent { event }
            | Self::WaitEvent { event, .. }
            | Self::IsSet { event } => Some(event),
            Self::JoinLink { link, .. } | Self::LeaveLink { link } => Some(link),
            _ => None,
        }
    }

    /// How long it may wait.
    #[must_use]
    pub fn patience(&self) -> Patience {
        match *self {
            Self::Put { patience, .. }
            | Self::Get { patience, .. }
            | Self::Recv { patience, .. }
            | Self::Acquire { patience, .. }
            | Self::WaitEvent { patience, .. }
            | Self::Await { patience, .. }
            | Self::Join { patience, .. } => patience,
            _ => Patience::Forever,
        }
    }

    /// The verb people see when it waits: "blocked in get".
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Get { .. } => "get",
            Self::IsEmpty { .. } => "empty",
            Self::Send { .. } => "send",
            Self::Recv { .. } => "recv",
            Self::CloseEnd { .. } | Self::ClosePool => "close",
            Self::Acquire { .. } => "acquire",
            Self::Release { .. } => "release",
            Self::SetEvent { .. } => "set",
            Self::ClearEvent { .. } => "clear",
            Self::WaitEvent { .. } => "wait",
            Self::IsSet { .. } => "is_set",
            Self::JoinLink { .. } => "transfer",
            Self::LeaveLink { .. } => "leave",
            Self::JoinThread { .. } | Self::Join { .. } | Self::JoinPool => "join",
            Self::Submit { .. } => "submit",
            Self::Await { .. } => "result",
            Self::TerminatePool => "terminate",
        }
    }
}
