//! What is to be told next about calls, as the event that tells it. PURE.
//! It does not know to whom it is sent, nor which calls' patience is over.

use crate::event::{TerminateReason, What};
use crate::model::State;
use crate::model::objects::{self, Next};
use crate::model::state::PoolLife;
use crate::model::task::Status;
use crate::task::{Call, Handle, Patience, Place, Reply, Shape, TaskId, ThreadId, Value};

use super::Caller;

/// How much the results of one call may come to. They travel in one message.
const RESULTS_BYTES_MAX: u64 = 3 << 20;

impl State {
    /// An open call that can be answered, or has to be known to wait; a transfer's new share; the pool's closing. `None`
    /// when all that wait must. Costs nothing while nobody asks anything.
    pub fn next_word(&self) -> Option<What> {
        match self.objects.next() {
            Some(Next::Answer((task, thread), reply)) => Some(What::CallAnswered { task, thread, reply }),
            Some(Next::Block((task, thread))) => Some(What::CallBlocked { task, thread }),
            Some(Next::Share((task, thread), link, bytes_per_s)) => {
                Some(What::LinkShared { task, thread, link, bytes_per_s })
            }
            None => {
                let caller = self.threads.next_to_look_at()?;
                Some(self.word_on(caller, self.threads.call(caller)?))
            }
        }
    }

    /// The answer to a call that waits no longer.
    pub fn out_of_patience(&self, task: TaskId, thread: ThreadId) -> Option<What> {
        let call = self.threads.call((task, thread))?;
        Some(What::CallAnswered { task, thread, reply: objects::without(call) })
    }

    /// Whether every open call is known to wait and all transfers know their shares.
    pub fn is_all_said(&self) -> bool {
        !self.objects.is_ready() && self.threads.next_to_look_at().is_none()
    }

    /// The first of these tasks that may still begin or end.
    pub(in crate::model) fn first_unfinished(&self, first: TaskId, count: u32, from: TaskId) -> Option<TaskId> {
        let end = first.0.saturating_add(count);
        let final_at = |task: TaskId| self.task(task).is_none_or(|record| record.status.is_final());
        (from.0.max(first.0)..end).map(TaskId).find(|&task| !final_at(task))
    }

    /// A call that is about no object.
    fn word_on(&self, caller: Caller, call: &Call) -> What {
        let (task, thread) = caller;
        let answer = |reply| What::CallAnswered { task, thread, reply };
        let wait = || match call.patience() {
            Patience::None => answer(Reply::TimedOut),
            _ => What::CallBlocked { task, thread },
        };
        let is_parents = self.task(task).is_some_and(|record| record.spec.place == Place::Main);
        match *call {
            Call::JoinThread { thread: other } if other == thread => {
                answer(Reply::Refused("a thread cannot join itself".into()))
            }
            Call::JoinThread { thread: other } => match self.threads.get((task, other)) {
                None => answer(Reply::Done),
                Some(_) => wait(),
            },
            Call::Submit { refusal: Some(ref why), .. } => answer(Reply::Refused(why.clone())),
            Call::Submit { first, count, .. } => {
                answer(Reply::Value(Value::Handle(Handle { first, count, shape: Shape::One })))
            }
            Call::Await { first, count, .. } if self.first_unfinished(first, count, first).is_none() => {
                answer(self.results_of(first, count))
            }
            Call::Join { first, count, .. } if self.first_unfinished(first, count, first).is_none() => {
                answer(Reply::Done)
            }
            Call::ClosePool | Call::TerminatePool | Call::JoinPool if !is_parents => {
                let verb = call.verb();
                answer(Reply::Refused(format!("only the parent can {verb} the pool").into()))
            }
            Call::ClosePool if self.pool_life == PoolLife::Open => What::PoolClosed,
            Call::TerminatePool if self.pool_life < PoolLife::Terminated => {
                What::PoolTerminated { why: TerminateReason::Asked }
            }
            Call::ClosePool | Call::TerminatePool => answer(Reply::Done),
            Call::JoinPool if self.pool_life == PoolLife::Open => {
                answer(Reply::Refused("the pool still takes tasks: close or terminate it before joining it".into()))
            }
            Call::JoinPool if self.queue.unfinished(Place::Pool) == 0 => answer(Reply::Done),
            _ => wait(),
        }
    }

    fn results_of(&self, first: TaskId, count: u32) -> Reply {
        let mut bytes = 0_u64;
        let mut results = Vec::new();
        for task in (first.0..first.0.saturating_add(count)).map(TaskId) {
            let result = self.result_of(task);
            bytes += match &result {
                Ok(value) => travels(value),
                Err(reason) => reason.len() as u64 + 8,
            };
            if bytes > RESULTS_BYTES_MAX {
                let mib = RESULTS_BYTES_MAX >> 20;
                return Reply::Refused(format!("the results are more than the {mib} MiB that one answer takes").into());
            }
            results.push(result);
        }
        Reply::Results(results)
    }

    /// What a final task returned, or why it has nothing to return.
    fn result_of(&self, task: TaskId) -> Result<Value, Box<str>> {
        let status = self.task(task).map(|record| record.status);
        match status {
            Some(Status::Done) => Ok(self.results.get(&task).map(|value| Value::clone(value)).unwrap_or_default()),
            Some(Status::Dropped) => Err("it was dropped before it began".into()),
            _ => match self.failure(task) {
                Some(failure) => Err(failure.to_string().into()),
                None => Err("it was interrupted".into()),
            },
        }
    }
}

/// What a value takes in a message at most.
fn travels(value: &Value) -> u64 {
    match value {
        Value::None | Value::Bool(_) => 3,
        Value::Int(_) | Value::Float(_) => 12,
        Value::Handle(_) => 16,
        Value::Text(text) => text.len() as u64 + 8,
        Value::List(values) => values.iter().map(travels).sum::<u64>() + 8,
    }
}
