//! What a task can say and ask at all; everything else is refused before it changes anything. PURE.
//! It does not know whether a call can be granted.

use crate::event::What;
use crate::model::apply::IllegalEvent;
use crate::model::calls::{Caller, Wait, WaitOn};
use crate::model::state::{PoolLife, State};
use crate::task::{Call, ObjectKind, Reply, TaskId, ThreadId, VALUE_BYTES_MAX, VALUE_DEPTH_MAX, Value, Work};

/// More threads than any task can have at a time; each of its calls looks at all of them.
const THREADS_MAX: usize = 1024;

impl State {
    /// Everything that is about functions and objects.
    pub(in crate::model::apply) fn check_talk(&self, what: &What) -> Result<(), IllegalEvent> {
        match what {
            What::CallMade { task, thread, call } => self.check_made((*task, *thread), call),
            What::CallBlocked { task, thread } => self.check_blocked((*task, *thread)),
            What::CallAnswered { task, thread, reply } => self.check_answered((*task, *thread), reply),
            What::ThreadStarted { task, thread, .. } => self.check_thread_started((*task, *thread)),
            What::ThreadEnded { task, thread } => self.may_speak("thread_ended", (*task, *thread)),
            What::LockAwaited { task, thread, .. } => {
                let event = "lock_awaited";
                self.may_speak(event, (*task, *thread))?;
                self.waits_for_nothing(event, (*task, *thread))
            }
            What::LockTaken { task, thread } => self.check_lock_taken((*task, *thread)),
            What::ResultGiven { task, value } => {
                let event = "result_given";
                self.must_run(event, *task)?;
                of_size(event, *task, value)
            }
            What::TaskSaid { task, thread, .. } => self.may_speak("task_said", (*task, *thread)),
            What::StoryTold { task, .. } => self.must_run("story_told", *task),
            What::LinkShared { task, thread, link, bytes_per_s } => {
                let is_its_share = self.objects.is_share(*link, (*task, *thread), *bytes_per_s);
                let refusal = IllegalEvent::NoCall { event: "link_shared", task: *task, thread: *thread };
                if is_its_share { Ok(()) } else { Err(refusal) }
            }
            What::PoolClosed => self.only_if("pool_closed", self.pool_life == PoolLife::Open),
            What::PoolTerminated { .. } => self.only_if("pool_terminated", self.pool_life != PoolLife::Terminated),
            What::VerdictReached { .. } => self.only_if("verdict_reached", self.verdict.is_none()),
            What::VerdictLifted => self.only_if("verdict_lifted", self.verdict.is_some()),
            // All others can always be.
            _ => Ok(()),
        }
    }

    fn check_made(&self, caller: Caller, call: &Call) -> Result<(), IllegalEvent> {
        let event = "call_made";
        match call {
            // What hands tasks over need not be a function; what is none waits for nothing.
            Call::Submit { .. } if caller.1 == ThreadId::FIRST => self.must_run(event, caller.0)?,
            _ => self.may_speak(event, caller)?,
        }
        self.waits_for_nothing(event, caller)?;
        self.can_be_asked(event, caller.0, call)
    }

    fn check_blocked(&self, caller: Caller) -> Result<(), IllegalEvent> {
        let event = "call_blocked";
        let call = self.open_call(event, caller)?;
        let is_known =
            self.threads.get(caller).and_then(|thread| thread.wait.as_ref()).is_some_and(|wait| wait.blocked);
        let is_over = match *call {
            Call::Await { first, count, .. } | Call::Join { first, count, .. } => {
                self.first_unfinished(first, count, first).is_none()
            }
            _ => false,
        };
        // Once is enough, unless what it waits for has changed since.
        if (is_known && !self.threads.is_to_be_looked_at(caller)) || is_over {
            return Err(unfit(event, caller, call));
        }
        Ok(())
    }

    fn check_answered(&self, caller: Caller, reply: &Reply) -> Result<(), IllegalEvent> {
        let event = "call_answered";
        let call = self.open_call(event, caller)?;
        let fits = match call.object() {
            Some(object) => self.objects.is_answer(object, caller, reply),
            None => fits(call, reply),
        };
        if fits { Ok(()) } else { Err(unfit(event, caller, call)) }
    }

    fn check_thread_started(&self, caller: Caller) -> Result<(), IllegalEvent> {
        let (event, (task, thread)) = ("thread_started", caller);
        self.must_do_steps(event, task)?;
        // The first one may not have said anything so far, but is there.
        let is_there = thread == ThreadId::FIRST && !self.threads.of(task).is_empty();
        if is_there || self.threads.get(caller).is_some() {
            return Err(IllegalEvent::ThreadThere { event, task, thread });
        }
        if self.threads.of(task).len() >= THREADS_MAX {
            return Err(IllegalEvent::TooMany { event, of: "threads" });
        }
        Ok(())
    }

    fn check_lock_taken(&self, caller: Caller) -> Result<(), IllegalEvent> {
        let event = "lock_taken";
        self.may_speak(event, caller)?;
        match self.threads.get(caller).and_then(|thread| thread.wait.as_ref()) {
            Some(Wait { on: WaitOn::Lock { .. }, .. }) => Ok(()),
            _ => Err(IllegalEvent::NoCall { event, task: caller.0, thread: caller.1 }),
        }
    }

    /// A task that nobody holds says nothing, nor does one that waits behind another.
    fn must_run(&self, event: &'static str, task: TaskId) -> Result<(), IllegalEvent> {
        let record = self.task(task).ok_or(IllegalEvent::NoTask { event, task })?;
        let status = record.status;
        let holder = record.worker.and_then(|worker| self.workers.get(worker));
        let is_at_it = status.is_in_flight() && holder.is_some_and(|holder| holder.in_flight.front() == Some(&task));
        if is_at_it { Ok(()) } else { Err(IllegalEvent::TaskIs { event, task, status }) }
    }

    /// Only functions have threads.
    fn must_do_steps(&self, event: &'static str, task: TaskId) -> Result<(), IllegalEvent> {
        self.must_run(event, task)?;
        let does_steps = self.task(task).is_some_and(|record| matches!(record.spec.work, Work::Steps(_)));
        if does_steps { Ok(()) } else { Err(IllegalEvent::NoThread { event, task, thread: ThreadId::FIRST }) }
    }

    /// A thread that is not there says nothing. The first one is there as soon as it says something.
    fn may_speak(&self, event: &'static str, caller: Caller) -> Result<(), IllegalEvent> {
        self.must_do_steps(event, caller.0)?;
        let begins = caller.1 == ThreadId::FIRST && self.threads.of(caller.0).is_empty();
        if begins || self.threads.get(caller).is_some() {
            Ok(())
        } else {
            Err(IllegalEvent::NoThread { event, task: caller.0, thread: caller.1 })
        }
    }

    fn waits_for_nothing(&self, event: &'static str, caller: Caller) -> Result<(), IllegalEvent> {
        match self.threads.get(caller).and_then(|thread| thread.wait.as_ref()) {
            Some(wait) => Err(IllegalEvent::ThreadWaits { event, task: caller.0, thread: caller.1, verb: wait.verb() }),
            None => Ok(()),
        }
    }

    /// The call the thread waits with.
    fn open_call(&self, event: &'static str, caller: Caller) -> Result<&Call, IllegalEvent> {
        let (task, thread) = caller;
        self.threads.call(caller).ok_or(IllegalEvent::NoCall { event, task, thread })
    }

    /// Whether there is what is asked for, and whether it is of the kind of which that can be asked.
    fn can_be_asked(&self, event: &'static str, task: TaskId, call: &Call) -> Result<(), IllegalEvent> {
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

fn unfit(event: &'static str, caller: Caller, call: &Call) -> IllegalEvent {
    IllegalEvent::Unfit { event, task: caller.0, thread: caller.1, verb: call.verb() }
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
fn of_size(event: &'static str, task: TaskId, value: &Value) -> Result<(), IllegalEvent> {
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
fn fits(call: &Call, reply: &Reply) -> bool {
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
