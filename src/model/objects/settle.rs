//! What an answer changes in an object, and what the end of a task does. PURE.
//! It does not choose the answer.

use crate::event::Elapsed;
use crate::task::{Call, End, ObjectId, Reply, TaskId, Value};

use super::super::calls::Caller;
use super::answer::weight;
use super::link::{Transfer, reshare};
use super::{Book, Content, Held, Holder, Line, Object, Objects};

/// How a task came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum TaskEnd {
    /// By itself, however it ended: what it took and did not give back stays taken.
    Ended,
    /// Its worker died.
    Lost,
}

/// Permits that are free again because their holder died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::model) struct GivenBack {
    /// Of which semaphore.
    pub semaphore: Box<str>,
    /// How many.
    pub permits: u32,
}

impl Objects {
    /// The thread got this answer, which can be the answer.
    pub(in crate::model) fn settle(&mut self, id: ObjectId, caller: Caller, reply: &Reply, now: Elapsed) {
        let Some((object, book)) = self.pair(id) else { return };
        let Some(at) = object.waiters.iter().position(|waiter| waiter.caller() == caller) else { return };
        let waiter = object.waiters.remove(at);
        carry_out(object, book, caller, &waiter.call, reply, now);
        book.fresh.retain(|&other| other != caller);
        self.refresh(id);
    }

    /// The task is over: its copies of ends are closed, its transfers leave, and permits are given back if it died.
    pub(in crate::model) fn task_over(&mut self, task: TaskId, end: TaskEnd) -> Vec<GivenBack> {
        let mut given_back = Vec::new();
        for number in 0..self.all.len() {
            let (object, book) = (&mut self.all[number], &mut self.books[number]);
            match object.content {
                Content::Pipe { .. } => {
                    for end in [End::First, End::Second] {
                        book.ends.close(&mut object.holders, task, end);
                    }
                }
                Content::Link { .. } => {
                    let before = book.transfers.len();
                    book.transfers.retain(|transfer| transfer.caller.0 != task);
                    if book.transfers.len() < before {
                        reshare(object, book);
                    }
                }
                Content::Semaphore { .. } => given_back.extend(permits_of_ended(object, book, task, end)),
                Content::Queue { .. } | Content::Event { .. } => continue,
            }
            self.refresh(id_of(number));
        }
        given_back
    }

    /// A thread is over: its transfers leave.
    pub(in crate::model) fn thread_over(&mut self, caller: Caller) {
        for number in 0..self.all.len() {
            let (object, book) = (&mut self.all[number], &mut self.books[number]);
            if book.transfers.iter().any(|transfer| transfer.caller == caller) {
                book.transfers.retain(|transfer| transfer.caller != caller);
                reshare(object, book);
                self.refresh(id_of(number));
            }
        }
    }
}

fn id_of(number: usize) -> ObjectId {
    ObjectId(u16::try_from(number).expect("BUG: more objects than a scenario can have"))
}

fn carry_out(object: &mut Object, book: &mut Book, caller: Caller, call: &Call, reply: &Reply, now: Elapsed) {
    match (call, reply) {
        (Call::Put { value, .. }, Reply::Done) => take_in(object, book, End::First, value),
        (Call::Get { .. }, Reply::Value(_)) => give_out(object, book, End::First),
        (Call::Send { end, value, .. }, Reply::Done) => take_in(object, book, end.other(), value),
        (Call::Recv { end, .. }, Reply::Value(_)) => give_out(object, book, *end),
        (Call::CloseEnd { end, .. }, Reply::Done) => book.ends.close(&mut object.holders, caller.0, *end),
        (Call::Acquire { .. }, Reply::Done) => acquire(object, book, caller.0, now),
        (Call::Release { .. }, Reply::Done) => release(object, book, caller.0),
        (Call::SetEvent { .. } | Call::ClearEvent { .. }, Reply::Done) => {
            let set = matches!(call, Call::SetEvent { .. });
            if set {
                object.traffic.count(0);
            }
            object.content = Content::Event { set };
        }
        (Call::JoinLink { wants_bytes_per_s, .. }, Reply::Done) => {
            let wants = *wants_bytes_per_s;
            book.transfers.push(Transfer { caller, wants, share: None, target: 0, since: now });
            object.traffic.count(0);
            reshare(object, book);
        }
        (Call::LeaveLink { .. }, Reply::Done) => {
            book.transfers.retain(|transfer| transfer.caller != caller);
            reshare(object, book);
        }
        _ => {}
    }
}

fn line(object: &mut Object, end: End) -> Option<&mut Line<Value>> {
    match &mut object.content {
        Content::Queue { items } => Some(items),
        Content::Pipe { arrived } => Some(&mut arrived[end.index()]),
        _ => None,
    }
}

fn take_in(object: &mut Object, book: &mut Book, end: End, value: &Value) {
    let Some(line) = line(object, end) else { return };
    line.push_back(value.clone());
    book.weight[end.index()] += weight(value);
    object.traffic.count(value.bytes());
}

fn give_out(object: &mut Object, book: &mut Book, end: End) {
    if let Some(value) = line(object, end).and_then(Line::pop_front) {
        book.weight[end.index()] -= weight(&value);
    }
}

fn acquire(object: &mut Object, book: &mut Book, task: TaskId, now: Elapsed) {
    let Content::Semaphore { free: free @ 1.. } = &mut object.content else { return };
    *free -= 1;
    if let Some(permits) = permits_mut(object, book, task) {
        *permits = permits.saturating_add(1);
    } else {
        let place = object.holders.push_back(Holder { task, what: Held::Permits(1), since: now });
        book.permits.insert(task, place);
    }
    object.traffic.count(0);
}

/// Anybody may release. A permit is counted as given back by the one who does it, if it has one; otherwise by one that
/// ended with it, or whoever has had one longest.
fn release(object: &mut Object, book: &mut Book, task: TaskId) {
    let Content::Semaphore { free } = &mut object.content else { return };
    *free = free.saturating_add(1);
    let has_some = book.permits.get(&task).is_some();
    let left = book.left_behind.first().map(|(&other, _)| other);
    let longest = object.holders.front().map(|holder| holder.task);
    let giver = if has_some { Some(task) } else { left.or(longest) };
    let Some(giver) = giver else { return };
    let rest = permits_mut(object, book, giver).map_or(0, |permits| permits.saturating_sub(1));
    keep(object, book, giver, rest, book.left(giver).min(rest));
}

fn permits_of_ended(object: &mut Object, book: &mut Book, task: TaskId, end: TaskEnd) -> Option<GivenBack> {
    let had = *permits_mut(object, book, task)?;
    match end {
        TaskEnd::Ended => {
            keep(object, book, task, had, had);
            None
        }
        TaskEnd::Lost => {
            // What an earlier attempt left behind stays left behind.
            let left = book.left(task);
            let permits = had.saturating_sub(left);
            keep(object, book, task, left, left);
            let Content::Semaphore { free } = &mut object.content else { return None };
            *free = free.saturating_add(permits);
            (permits > 0).then(|| GivenBack { semaphore: object.spec.name.clone(), permits })
        }
    }
}

/// The task has that many permits from now on, and left that many of them behind.
fn keep(object: &mut Object, book: &mut Book, task: TaskId, permits: u32, left: u32) {
    match permits_mut(object, book, task) {
        Some(held) if permits > 0 => *held = permits,
        _ => {
            if let Some(place) = book.permits.remove(&task) {
                object.holders.remove(place);
            }
        }
    }
    if left > 0 {
        book.left_behind.insert(task, left);
    } else {
        book.left_behind.remove(&task);
    }
}

fn permits_mut<'a>(object: &'a mut Object, book: &Book, task: TaskId) -> Option<&'a mut u32> {
    match &mut object.holders.at_mut(*book.permits.get(&task)?)?.what {
        Held::Permits(permits) => Some(permits),
        Held::End(_) | Held::Transfer { .. } => None,
    }
}
