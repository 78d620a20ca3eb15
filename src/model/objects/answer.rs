//! What can be done at an object now: the first call in line that can be answered, or who must be told to wait. PURE.
//! It does not change anything; `settle` does when the answer was given.

use crate::task::{Bound, Call, End, ObjectId, ObjectKind, Reply, TaskId, Value, Ways};

use super::super::calls::Caller;
use super::{Book, Content, ITEMS_BYTES_MAX, ITEMS_MAX, Object, Objects, Waiter};

/// The next thing to do at an object.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::model) enum Next {
    /// This call is answered.
    Answer(Caller, Reply),
    /// This one cannot be answered now.
    Block(Caller),
    /// This transfer has another share.
    Share(Caller, ObjectId, u64),
}

/// What a call gets, before values are copied.
enum Grant {
    Done,
    /// The first value in line, at this end of a pipe.
    First(End),
    Flag(bool),
    EndOfFile,
    Broken,
    Refused(String),
}

/// Calls of one lane are answered in the order of their coming: one that cannot be answered holds up those behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Put,
    Get,
    Recv(End),
    Acquire,
    Wait,
}

impl Objects {
    /// The next thing to do at any object.
    pub(in crate::model) fn next(&self) -> Option<Next> {
        self.next_at(*self.ready.front()?)
    }

    /// The next thing to do at this one.
    pub(super) fn next_at(&self, id: ObjectId) -> Option<Next> {
        let (object, book) = (self.all.get(id.index())?, self.books.get(id.index())?);
        granted(object, book).or_else(|| untold(id, book)).or_else(|| {
            let &caller = book.fresh.front()?;
            let waiter = object.waiters.iter().find(|waiter| waiter.caller() == caller)?;
            Some(if waiter.has_no_patience() {
                Next::Answer(caller, without(&waiter.call))
            } else {
                Next::Block(caller)
            })
        })
    }
}

impl Objects {
    /// Whether the call can be answered like this now.
    pub(in crate::model) fn is_answer(&self, id: ObjectId, caller: Caller, reply: &Reply) -> bool {
        let (Some(object), Some(book)) = (self.all.get(id.index()), self.books.get(id.index())) else { return false };
        let Some(waiter) = object.waiters.iter().find(|waiter| waiter.caller() == caller) else { return false };
        match (&waiter.call, reply) {
            (_, Reply::Refused(_))
            | (Call::Put { .. }, Reply::Full)
            | (Call::Get { .. }, Reply::Empty)
            | (Call::Recv { .. } | Call::Acquire { .. } | Call::WaitEvent { .. }, Reply::TimedOut) => true,
            _ => match (grant(object, book, waiter), reply) {
                (Some(Grant::Done), Reply::Done)
                | (Some(Grant::EndOfFile), Reply::EndOfFile)
                | (Some(Grant::Broken), Reply::Broken) => true,
                (Some(Grant::Flag(flag)), Reply::Value(Value::Bool(told))) => flag == *told,
                (Some(Grant::First(end)), Reply::Value(value)) => first(object, end) == Some(value),
                _ => false,
            },
        }
    }
}

/// The first value in line.
fn first(object: &Object, end: End) -> Option<&Value> {
    match &object.content {
        Content::Queue { items } => items.front(),
        Content::Pipe { arrived } => arrived[end.index()].front(),
        _ => None,
    }
}

/// What a call gets that may not wait (longer).
pub(in crate::model) fn without(call: &Call) -> Reply {
    match call {
        Call::Put { .. } => Reply::Full,
        Call::Get { .. } => Reply::Empty,
        _ => Reply::TimedOut,
    }
}

/// Shares are told when all who come and go have done so, so that each is told once.
fn untold(id: ObjectId, book: &Book) -> Option<Next> {
    let &caller = book.untold.front()?;
    let transfer = book.transfers.iter().find(|transfer| transfer.caller == caller)?;
    Some(Next::Share(caller, id, transfer.target))
}

fn granted(object: &Object, book: &Book) -> Option<Next> {
    let mut held_up: Vec<Lane> = Vec::new();
    for waiter in &object.waiters {
        let lane = lane(&waiter.call);
        let is_held_up = lane.is_some_and(|lane| held_up.contains(&lane));
        // A refusal takes nothing from those in front, and another thread of the task may have closed the end meanwhile.
        if is_held_up && !matches!(lane, Some(Lane::Recv(_))) {
            continue;
        }
        match grant(object, book, waiter) {
            Some(grant) if is_held_up && !matches!(grant, Grant::Refused(_)) => {}
            Some(grant) => return Some(Next::Answer(waiter.caller(), reply(object, grant))),
            None => held_up.extend(lane),
        }
    }
    None
}

fn lane(call: &Call) -> Option<Lane> {
    match *call {
        Call::Put { .. } => Some(Lane::Put),
        Call::Get { .. } => Some(Lane::Get),
        Call::Recv { end, .. } => Some(Lane::Recv(end)),
        Call::Acquire { .. } => Some(Lane::Acquire),
        Call::WaitEvent { .. } => Some(Lane::Wait),
        _ => None,
    }
}

fn reply(object: &Object, grant: Grant) -> Reply {
    match grant {
        Grant::Done => Reply::Done,
        Grant::Flag(flag) => Reply::Value(Value::Bool(flag)),
        Grant::EndOfFile => Reply::EndOfFile,
        Grant::Broken => Reply::Broken,
        Grant::Refused(text) => Reply::Refused(text.into()),
        Grant::First(end) => Reply::Value(first(object, end).cloned().unwrap_or_default()),
    }
}

/// What this call gets if it is answered now; `None` if it has to wait.
fn grant(object: &Object, book: &Book, waiter: &Waiter) -> Option<Grant> {
    match (&object.content, &waiter.call) {
        (Content::Queue { items }, call) => match call {
            Call::Put { value, .. } => has_room(object, book, value).then_some(Grant::Done),
            Call::Get { .. } => (!items.is_empty()).then_some(Grant::First(End::First)),
            _ => Some(Grant::Flag(items.is_empty())),
        },
        (Content::Pipe { .. }, call) => of_pipe(object, book, waiter.task, call),
        (Content::Semaphore { free }, call) => match call {
            Call::Acquire { .. } => (*free > 0).then_some(Grant::Done),
            _ => Some(release(object, *free)),
        },
        (Content::Event { set }, call) => match call {
            Call::WaitEvent { .. } => set.then_some(Grant::Done),
            Call::IsSet { .. } => Some(Grant::Flag(*set)),
            _ => Some(Grant::Done),
        },
        (Content::Link { .. }, call) => {
            let is_in = book.transfers.iter().any(|transfer| transfer.caller == waiter.caller());
            let name = &object.spec.name;
            Some(match call {
                Call::JoinLink { .. } if is_in => Grant::Refused(format!("it already transfers over link {name}")),
                Call::LeaveLink { .. } if !is_in => Grant::Refused(format!("it does not transfer over link {name}")),
                _ => Grant::Done,
            })
        }
    }
}

/// Whether a value fits into a queue.
fn has_room(object: &Object, book: &Book, value: &Value) -> bool {
    let (Content::Queue { items }, ObjectKind::Queue { capacity }) = (&object.content, &object.spec.kind) else {
        return false;
    };
    // As in Python a capacity of 0 is none.
    let capacity = capacity.filter(|&capacity| capacity > 0).map_or(ITEMS_MAX, |capacity| capacity as usize);
    let light = items.is_empty() || book.weight[0].saturating_add(weight(value)) <= ITEMS_BYTES_MAX;
    items.len() < capacity.min(ITEMS_MAX) && light
}

/// What a value takes in memory.
pub(super) fn weight(value: &Value) -> u64 {
    let own = size_of::<Value>() as u64;
    match value {
        Value::Text(text) => own + text.len() as u64,
        Value::List(values) => own + values.iter().map(weight).sum::<u64>(),
        _ => own,
    }
}

fn release(object: &Object, free: u32) -> Grant {
    let name = &object.spec.name;
    match object.spec.kind {
        ObjectKind::Semaphore { value, bound: Bound::Bounded } if free >= value => {
            Grant::Refused(format!("semaphore {name} released too often"))
        }
        _ if free == u32::MAX => Grant::Refused(format!("semaphore {name} has all the permits there can be")),
        _ => Grant::Done,
    }
}

fn of_pipe(object: &Object, book: &Book, task: TaskId, call: &Call) -> Option<Grant> {
    let (Content::Pipe { arrived }, ObjectKind::Pipe { ways, .. }) = (&object.content, &object.spec.kind) else {
        return None;
    };
    let name = &object.spec.name;
    match *call {
        Call::Send { end, ref value, .. } => Some(if *ways == Ways::SecondToFirst && end == End::First {
            Grant::Refused(format!("end {} of pipe {name} only receives", object.end_name(end)))
        } else if !book.ends.has(task, end) {
            not_open(object, end)
        } else if book.ends.is_closed(end.other()) {
            Grant::Broken
        } else if is_overfull(arrived[end.other().index()].len(), book.weight[end.other().index()], value) {
            Grant::Refused(format!("too much waits in pipe {name}"))
        } else {
            Grant::Done
        }),
        Call::Recv { end, .. } => {
            if *ways == Ways::SecondToFirst && end == End::Second {
                Some(Grant::Refused(format!("end {} of pipe {name} only sends", object.end_name(end))))
            } else if !book.ends.has(task, end) {
                Some(not_open(object, end))
            } else if !arrived[end.index()].is_empty() {
                Some(Grant::First(end))
            } else {
                book.ends.is_closed(end.other()).then_some(Grant::EndOfFile)
            }
        }
        // As in Python closing what is closed is no error.
        _ => Some(Grant::Done),
    }
}

fn is_overfull(items: usize, bytes: u64, value: &Value) -> bool {
    items >= ITEMS_MAX || (items > 0 && bytes.saturating_add(weight(value)) > ITEMS_BYTES_MAX)
}

fn not_open(object: &Object, end: End) -> Grant {
    Grant::Refused(format!("this process has closed end {} of pipe {}", object.end_name(end), object.spec.name))
}
