//! Threads of tasks and what they ask: who lives, who waits for an answer, since when. PURE.
//! It does not know objects' contents; it knows which call is open, and which of those to look at next.

mod next;

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::event::Elapsed;
use crate::task::{Call, Patience, TaskId, ThreadId};

/// A thread of a task: who calls.
pub(super) type Caller = (TaskId, ThreadId);

/// The threads of all tasks that run functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threads {
    pub(super) of: HashMap<TaskId, Vec<Thread>>,
    /// Tasks of which every thread is known to wait.
    stuck: BTreeSet<TaskId>,
    /// Open calls that are about no object and to be looked at, in order.
    to_look_at: VecDeque<Caller>,
    /// Blocked calls that wait so long and no longer, on the active clock.
    patience: BTreeSet<(Elapsed, Caller)>,
    until: HashMap<Caller, Elapsed>,
    /// Blocked calls that wait for tasks: each watches one that is not final, and moves on when that one is.
    watchers: HashMap<TaskId, Vec<Caller>>,
    watched: HashMap<Caller, TaskId>,
    /// Blocked calls that wait for all tasks of the pool.
    pool_joiners: Vec<Caller>,
    /// When something last changed here, and how often something has.
    changed: Elapsed,
    changes: u64,
    /// The count at the latest verdict.
    judged: u64,
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

    /// Tasks of which no thread can go on, in order.
    pub fn stuck(&self) -> impl Iterator<Item = TaskId> {
        self.stuck.iter().copied()
    }

    /// How many those are.
    pub fn stuck_count(&self) -> usize {
        self.stuck.len()
    }

    /// The blocked call whose patience ends first, and when on the active clock.
    pub fn next_impatient(&self) -> Option<(Elapsed, TaskId, ThreadId)> {
        self.patience.first().map(|&(until, (task, thread))| (until, task, thread))
    }

    /// When something last changed.
    pub fn changed(&self) -> Elapsed {
        self.changed
    }

    /// Whether nothing has changed since the latest verdict.
    pub fn is_judged(&self) -> bool {
        self.judged == self.changes
    }

    /// The open call that is about no object and is to be looked at next.
    pub(super) fn next_to_look_at(&self) -> Option<Caller> {
        self.to_look_at.front().copied()
    }

    pub(super) fn get(&self, (task, thread): Caller) -> Option<&Thread> {
        let threads = self.of.get(&task)?;
        threads.binary_search_by_key(&thread, |known| known.id).ok().map(|at| &threads[at])
    }

    /// Its open call.
    pub(super) fn call(&self, caller: Caller) -> Option<&Call> {
        match &self.get(caller)?.wait.as_ref()?.on {
            WaitOn::Call(call) => Some(call),
            WaitOn::Lock { .. } => None,
        }
    }

    /// The open calls of a task that are about an object.
    pub(super) fn object_calls(&self, task: TaskId) -> impl Iterator<Item = (ThreadId, &Call)> {
        self.of(task).iter().filter_map(|thread| match &thread.wait.as_ref()?.on {
            WaitOn::Call(call) if call.object().is_some() => Some((thread.id, call)),
            _ => None,
        })
    }

    /// Whether its open call, about no object, is on the list of those to be looked at.
    pub(super) fn is_to_be_looked_at(&self, caller: Caller) -> bool {
        self.to_look_at.contains(&caller)
    }

    /// One more thread.
    pub(super) fn begin(&mut self, task: TaskId, thread: ThreadId, name: Box<str>, now: Elapsed) {
        let threads = self.of.entry(task).or_default();
        let Err(at) = threads.binary_search_by_key(&thread, |known| known.id) else { return };
        threads.insert(at, Thread { id: thread, name, wait: None });
        self.stuck.remove(&task);
        self.touch(now);
    }

    /// The thread is over, with whatever it waited for. Those that wait for its end are to be looked at.
    pub(super) fn end(&mut self, caller: Caller, now: Elapsed) {
        self.forget_call(caller);
        if let Some(threads) = self.of.get_mut(&caller.0) {
            threads.retain(|thread| thread.id != caller.1);
        }
        let joins = |thread: &&Thread| {
            let on = thread.wait.as_ref().map(|wait| (&wait.on, wait.blocked));
            matches!(on, Some((WaitOn::Call(Call::JoinThread { thread }), true)) if *thread == caller.1)
        };
        let joiners: Vec<Caller> = self.of(caller.0).iter().filter(joins).map(|thread| (caller.0, thread.id)).collect();
        self.to_look_at.extend(joiners);
        self.settle(caller.0, now);
    }

    /// All threads of a task are over.
    pub(super) fn end_all(&mut self, task: TaskId, now: Elapsed) {
        let Some(threads) = self.of.get(&task) else { return };
        let callers: Vec<Caller> = threads.iter().map(|thread| (task, thread.id)).collect();
        for caller in callers {
            self.forget_call(caller);
        }
        self.of.remove(&task);
        self.settle(task, now);
    }

    /// From now on the thread waits, or goes on.
    pub(super) fn set_wait(&mut self, caller: Caller, wait: Option<Wait>, now: Elapsed) {
        if wait.is_none() {
            self.forget_call(caller);
        }
        if let Some(thread) = self.get_mut(caller) {
            thread.wait = wait;
        }
        self.settle(caller.0, now);
    }

    /// It must wait, and how long it will, from `active` on the active clock.
    pub(super) fn block(&mut self, caller: Caller, patience: Patience, active: Elapsed, now: Elapsed) {
        if let Some(wait) = self.get_mut(caller).and_then(|thread| thread.wait.as_mut()) {
            wait.blocked = true;
        }
        if let Patience::Us(us) = patience {
            let until = Elapsed(active.0.saturating_add(us));
            if let Some(before) = self.until.insert(caller, until) {
                self.patience.remove(&(before, caller));
            }
            self.patience.insert((until, caller));
        }
        self.to_look_at.retain(|&other| other != caller);
        self.settle(caller.0, now);
    }

    pub(super) fn look_at(&mut self, caller: Caller) {
        self.to_look_at.push_back(caller);
    }

    /// The call waits for that task's end.
    pub(super) fn watch(&mut self, caller: Caller, task: TaskId) {
        self.watchers.entry(task).or_default().push(caller);
        self.watched.insert(caller, task);
    }

    /// The call waits for the pool's tasks.
    pub(super) fn join_pool(&mut self, caller: Caller) {
        self.pool_joiners.push(caller);
    }

    /// Whether any call waits for a task's end.
    pub(super) fn awaits_tasks(&self) -> bool {
        !self.watchers.is_empty() || !self.pool_joiners.is_empty()
    }

    /// The task has come to its end; those who watched it.
    pub(super) fn watchers_of(&mut self, task: TaskId) -> Vec<Caller> {
        let callers = self.watchers.remove(&task).unwrap_or_default();
        for caller in &callers {
            self.watched.remove(caller);
        }
        callers
    }

    /// All tasks of the pool have come to their end.
    pub(super) fn pool_is_done(&mut self) {
        self.to_look_at.extend(self.pool_joiners.drain(..));
    }

    /// A verdict was reached over what there is.
    pub(super) fn judge(&mut self) {
        self.judged = self.changes;
    }

    fn get_mut(&mut self, (task, thread): Caller) -> Option<&mut Thread> {
        let threads = self.of.get_mut(&task)?;
        let at = threads.binary_search_by_key(&thread, |known| known.id).ok()?;
        threads.get_mut(at)
    }

    /// The call is answered or gone: it stands on no list any more.
    fn forget_call(&mut self, caller: Caller) {
        self.to_look_at.retain(|&other| other != caller);
        self.pool_joiners.retain(|&other| other != caller);
        if let Some(until) = self.until.remove(&caller) {
            self.patience.remove(&(until, caller));
        }
        if let Some(task) = self.watched.remove(&caller)
            && let Some(watchers) = self.watchers.get_mut(&task)
        {
            watchers.retain(|&other| other != caller);
            if watchers.is_empty() {
                self.watchers.remove(&task);
            }
        }
    }

    /// Keeps the list of stuck tasks after a change of one.
    fn settle(&mut self, task: TaskId, now: Elapsed) {
        let threads = self.of(task);
        let waits = |thread: &Thread| thread.wait.as_ref().is_some_and(|wait| wait.blocked);
        if !threads.is_empty() && threads.iter().all(waits) {
            self.stuck.insert(task);
        } else {
            self.stuck.remove(&task);
        }
        self.touch(now);
    }

    fn touch(&mut self, now: Elapsed) {
        self.changed = now;
        self.changes += 1;
    }
}

impl Wait {
    /// The verb people see: "blocked in get".
    pub fn verb(&self) -> &'static str {
        match &self.on {
            WaitOn::Call(call) => call.verb(),
            WaitOn::Lock { .. } => "lock",
        }
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
