//! What a task can say and ask at all; everything else is refused before it changes anything. PURE.
//! It does not know whether a call can be granted.

use crate::model::apply::IllegalEvent;
use crate::model::calls::Caller;
use crate::model::state::State;
use crate::task::{Call, ObjectKind, Reply, TaskId, ThreadId, VALUE_BYTES_MAX, VALUE_DEPTH_MAX, Value};

impl State {
    /// A task that nobody holds says nothing, nor does one that waits behind another.
    pub(super) fn must_run(&self, event: &'static str, task: TaskId) -> Result<(), IllegalEvent> {
        let record = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?;
        let status = record.status;
        let holder = record.worker.and_then(|worker| self.workers.get(worker));
        let is_at_it = status.is_in_flight() && holder.is_some_and(|holder| holder.in_flight.front() == Some(&task));
        if is_at_it { Ok(()) } else { Err(IllegalEvent::TaskIs { event, task, status }) }
    }

    /// Nor does a thread that is not there. The first one is there as soon as it says something.
    pub(super) fn may_speak(&self, event: &'static str, caller: Caller) -> Result<(), IllegalEvent> {
        self.must_run(event, caller.0)?;
        let begins = caller.1 == ThreadId::FIRST && self.threads.of(caller.0).is_empty();
        if begins || self.threads.get(caller).is_some() {
            Ok(())
        } else {
            Err(IllegalEvent::NoThread { event, task: caller.0, thread: caller.1 })
        }
    }

    /// The call the thread waits with.
    pub(super) fn open_call(&self, event: &'static str, caller: Caller) -> Result<&Call, IllegalEvent> {
        let (task, thread) = caller;
        self.threads.call(caller).ok_or(IllegalEvent::NoCall { event, task, thread })
    }

    /// Whether there is what is asked for, and whether it is of the kind of which that can be asked.
    pub(super) fn can_be_asked(&self, event: &'static str, task: TaskId, call: &Call) -> Result<(), IllegalEvent> {
        if let Some(id) = call.object() {
            let object = self.objects.get(id).ok_or(IllegalEvent::NoObject { event, task, object: id })?;
            if !is_of_kind(call, &object.spec.kind) {
                let (verb, object) = (call.verb(), object.title().into());
                return Err(IllegalEvent::WrongObject { event, task, verb, object });
            }
        }
        match *call {
            Call::Put { ref value, .. } | Call::Send { ref value, .. } => of_size(event, task, value),
            Call::Submit { refusal: Some(_), .. } => Ok(()),
            Call::Submit { first, count, .. } | Call::Await { first, count, .. } | Call::Join { first, count, .. } => {
                let all = self.tasks.len() as u64;
                if u64::from(first.0) + u64::from(count) <= all {
                    Ok(())
                } else {
                    Err(IllegalEvent::NoTask { event, task: first })
                }
            }
            _ => Ok(()),
        }
    }
}

fn is_of_kind(call: &Call, kind: &ObjectKind) -> bool {
    match kind {
        ObjectKind::Queue { .. } => matches!(call, Call::Put { .. } | Call::Get { .. } | Call::IsEmpty { .. }),
        ObjectKind::Pipe { .. } => matches!(call, Call::Send { .. } | Call::Recv { .. } | Call::CloseEnd { .. }),
        ObjectKind::Semaphore { .. } => matches!(call, Call::Acquire { .. } | Call::Release { .. }),
        ObjectKind::Event { .. } => matches!(
            call,
            Call::SetEvent { .. } | Call::ClearEvent { .. } | Call::WaitEvent { .. } | Call::IsSet { .. }
        ),
        ObjectKind::Link { .. } => matches!(call, Call::JoinLink { .. } | Call::LeaveLink { .. }),
    }
}

/// Whether a value is one that a function can make: neither too long nor too deep, and every number a number.
pub(super) fn of_size(event: &'static str, task: TaskId, value: &Value) -> Result<(), IllegalEvent> {
    let fits = is_sound(value, VALUE_DEPTH_MAX) && value.bytes() <= VALUE_BYTES_MAX as u64;
    if fits { Ok(()) } else { Err(IllegalEvent::BadValue { event, task }) }
}

fn is_sound(value: &Value, depth: usize) -> bool {
    match value {
        Value::List(values) => depth > 0 && values.iter().all(|value| is_sound(value, depth - 1)),
        Value::Float(float) => float.is_finite(),
        _ => true,
    }
}

/// Whether that can be the answer to a call that is about no object.
pub(super) fn fits(call: &Call, reply: &Reply) -> bool {
    match reply {
        Reply::Refused(_) => true,
        Reply::Done => matches!(
            call,
            Call::JoinThread { .. } | Call::Join { .. } | Call::ClosePool | Call::TerminatePool | Call::JoinPool
        ),
        Reply::Value(_) => matches!(call, Call::Submit { .. }),
        Reply::Results(results) => matches!(call, Call::Await { count, .. } if *count as usize == results.len()),
        Reply::TimedOut => matches!(call, Call::Await { .. } | Call::Join { .. }),
        Reply::Empty | Reply::Full | Reply::EndOfFile | Reply::Broken => false,
    }
}
