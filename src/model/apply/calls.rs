//! What events about functions, their threads and the objects they talk through change in the state. PURE.
//! It does not decide which call is answered next.

mod check;
mod course;

use std::sync::Arc;

use crate::command::Weight;
use crate::event::{TerminateReason, What};
use crate::model::calls::{Caller, Wait, WaitOn};
use crate::model::log::bounded;
use crate::model::objects::{Object, Waiter};
use crate::model::state::{PoolLife, State};
use crate::model::story::{StoryKind, StoryLine};
use crate::task::{Call, ObjectId, ObjectSpec, Reply, TaskId, ThreadId, Value};

/// How much of a result is shown as a line.
const RESULT_BYTES_MAX: usize = 4 << 10;

impl State {
    /// The run's objects, as they are before anybody uses them.
    pub(super) fn declare_objects(&mut self, objects: &[ObjectSpec]) {
        self.objects.declare(objects);
    }

    /// Everything that is about functions and objects.
    pub(super) fn take_talk_in(&mut self, what: &What) {
        match what {
            What::CallMade { task, thread, call } => self.call_made((*task, *thread), call),
            What::CallBlocked { task, thread } => self.call_blocked((*task, *thread)),
            What::CallAnswered { task, thread, reply } => self.call_answered((*task, *thread), reply),
            What::ThreadStarted { task, thread, name } => self.thread_started((*task, *thread), name),
            What::ThreadEnded { task, thread } => self.thread_ended((*task, *thread)),
            What::LockAwaited { task, thread, lock, holder } => self.lock_awaited((*task, *thread), lock, *holder),
            What::LockTaken { task, thread } => self.lock_taken((*task, *thread)),
            What::ResultGiven { task, value } => self.result_given(*task, value),
            What::TaskSaid { task, thread, text } => self.task_said((*task, *thread), text),
            What::StoryTold { task, text } => self.story_told(*task, text),
            What::LinkShared { task, thread, link, bytes_per_s } => {
                self.link_shared((*task, *thread), *link, *bytes_per_s);
            }
            What::PoolClosed => self.pool_closed(),
            What::PoolTerminated { why } => self.pool_terminated(*why),
            What::VerdictReached { verdict } => self.verdict_reached(verdict),
            What::VerdictLifted => self.verdict_lifted(),
            What::WiresCounted { wires } => self.wires_counted(wires),
            // Told elsewhere.
            _ => {}
        }
    }

    fn call_made(&mut self, caller: Caller, call: &Call) {
        self.first_thread(caller.0);
        if self.threads.get(caller).is_none() {
            return;
        }
        let since = self.now;
        let wait = Wait { on: WaitOn::Call(call.clone()), since, blocked: false };
        self.threads.set_wait(caller, Some(wait), since);
        match call.object() {
            Some(object) => {
                let waiter = Waiter { task: caller.0, thread: caller.1, call: call.clone(), since };
                self.objects.asked(object, waiter);
            }
            None => self.threads.look_at(caller),
        }
    }

    fn call_blocked(&mut self, caller: Caller) {
        let Some(call) = self.threads.call(caller) else { return };
        let (patience, object, joins_pool) = (call.patience(), call.object(), *call == Call::JoinPool);
        if let Call::Await { first, count, .. } | Call::Join { first, count, .. } = *call
            && let Some(unfinished) = self.first_unfinished(first, count, first)
        {
            self.threads.watch(caller, unfinished);
        }
        if joins_pool {
            self.threads.join_pool(caller);
        }
        self.threads.block(caller, patience, self.active(), self.now);
        if let Some(object) = object {
            self.objects.blocked(object, caller);
        }
    }

    fn call_answered(&mut self, caller: Caller, reply: &Reply) {
        let object = self.threads.call(caller).and_then(Call::object);
        if let Some(object) = object {
            self.objects.settle(object, caller, reply, self.now);
        }
        self.threads.set_wait(caller, None, self.now);
        if *reply == Reply::Broken {
            let pipe = object.and_then(|id| self.objects.get(id)).map(Object::title);
            let (pipe, who) = (pipe.unwrap_or_default(), self.task_told(caller.0));
            let text = format!("{who} sent into {pipe}, of which nobody has the other end any more");
            self.log.push(self.now, Weight::Info, Some(caller.0), text);
        }
    }

    fn thread_started(&mut self, caller: Caller, name: &str) {
        if caller.1 != ThreadId::FIRST {
            self.first_thread(caller.0);
        }
        self.threads.begin(caller.0, caller.1, bounded(name), self.now);
    }

    fn thread_ended(&mut self, caller: Caller) {
        // One that is ended from outside may have asked something.
        if let Some(object) = self.threads.call(caller).and_then(Call::object) {
            self.objects.leave(object, caller);
        }
        self.objects.thread_over(caller);
        self.threads.end(caller, self.now);
    }

    fn lock_awaited(&mut self, caller: Caller, lock: &str, holder: ThreadId) {
        self.first_thread(caller.0);
        let on = WaitOn::Lock { name: bounded(lock), holder };
        self.threads.set_wait(caller, Some(Wait { on, since: self.now, blocked: true }), self.now);
    }

    fn lock_taken(&mut self, caller: Caller) {
        self.threads.set_wait(caller, None, self.now);
    }

    fn result_given(&mut self, task: TaskId, value: &Value) {
        // Nothing is what a function gives that returns nothing; it is no news.
        if *value != Value::None {
            let mut text = value.to_string();
            text.truncate(text.floor_char_boundary(RESULT_BYTES_MAX));
            self.tell((task, ThreadId::FIRST), StoryKind::Result, text.into());
        }
        self.results.insert(task, Arc::new(value.clone()));
    }

    fn task_said(&mut self, caller: Caller, text: &str) {
        self.tell(caller, StoryKind::Said, bounded(text));
    }

    fn story_told(&mut self, task: TaskId, text: &str) {
        self.story.now = Some((task, bounded(text)));
    }

    fn tell(&mut self, (task, thread): Caller, kind: StoryKind, text: Box<str>) {
        self.story.push(StoryLine { at: self.now, task, thread, kind, text });
    }

    fn link_shared(&mut self, caller: Caller, link: ObjectId, bytes_per_s: u64) {
        self.objects.shared(link, caller, bytes_per_s);
    }

    fn pool_closed(&mut self) {
        self.pool_life = PoolLife::Closed;
        self.log.push(self.now, Weight::Info, None, "pool closed: it takes no more tasks and does those it has");
    }

    fn pool_terminated(&mut self, why: TerminateReason) {
        self.pool_life = PoolLife::Terminated;
        self.terminated = Some(why);
        let text = match why {
            TerminateReason::Asked => "pool terminated: what waits is dropped, what runs is ended",
            TerminateReason::ParentEnded => {
                "pool terminated, for the parent has ended without waiting for it: what waits is dropped, what runs is ended"
            }
        };
        self.log.push(self.now, Weight::Info, None, text);
    }
}
