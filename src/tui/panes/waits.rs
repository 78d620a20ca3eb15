//! In words: what a thread waits for, who is meant, how long it has been. PURE.
//! It does not know where the words stand.

use std::borrow::Cow;
use std::time::Duration;

use crate::event::Elapsed;
use crate::model::{Blocked, State, Wait, WaitOn, Worker};
use crate::task::{Call, End, ObjectId, ObjectKind, TaskId, ThreadId};
use crate::tui::format::age;

/// How long something has been waited for: `2.1s`, `1:05`.
pub(super) fn waited(since: Elapsed, now: Elapsed) -> String {
    let time = now.since(since);
    if time < Duration::from_mins(1) { format!("{:.1}s", time.as_secs_f64()) } else { age(time) }
}

/// What a task is called.
pub(super) fn title(task: TaskId, state: &State) -> Cow<'_, str> {
    state.task(task).map_or_else(|| Cow::Owned(format!("task {task}")), |record| record.spec.title())
}

/// What a task is called, and which of its threads is meant if it is not the one it began with.
pub(super) fn who(task: TaskId, thread: ThreadId, state: &State) -> String {
    let title = title(task, state);
    match thread_name(task, thread, state) {
        Some(name) if thread != ThreadId::FIRST => format!("{title}/{name}"),
        None if thread != ThreadId::FIRST => format!("{title}/thread {}", thread.0),
        _ => title.into_owned(),
    }
}

/// "get on q 2.1s"
pub(super) fn blocked_words(task: TaskId, blocked: &Blocked<'_>, state: &State) -> String {
    wait_words(task, blocked.wait, state)
}

/// "get 2.1s", where there is no room for what it is about.
pub(super) fn blocked_words_short(blocked: &Blocked<'_>, state: &State) -> String {
    let verb = match &blocked.wait.on {
        WaitOn::Call(call) => call.verb(),
        WaitOn::Lock { .. } => "lock",
    };
    format!("{verb} {}", waited(blocked.wait.since, state.now))
}

/// "get on q 2.1s"
pub(super) fn wait_words(task: TaskId, wait: &Wait, state: &State) -> String {
    let what = match &wait.on {
        WaitOn::Call(call) => call_words(call, task, state),
        WaitOn::Lock { name, holder } => match thread_name(task, *holder, state) {
            Some(holder) => format!("lock {name}, held by {holder},"),
            None => format!("lock {name}"),
        },
    };
    format!("{what} {}", waited(wait.since, state.now))
}

/// What a worker's seat is called: its number, the machine it is on, or that it is the parent itself.
pub(super) fn seat(worker: &Worker) -> String {
    match &worker.host {
        _ if worker.role.is_in_parent() => "parent".to_owned(),
        Some(host) => format!("{}@{host}", worker.slot),
        None => worker.slot.to_string(),
    }
}

/// Whether the run has functions that talk to each other; their panes are laid out for it.
pub(super) fn talks(state: &State) -> bool {
    state.main.is_some() || !state.objects.is_empty()
}

fn call_words(call: &Call, task: TaskId, state: &State) -> String {
    let verb = call.verb();
    match *call {
        Call::Await { first, count: 1, .. } => format!("{verb} of {}", title(first, state)),
        Call::Await { count, .. } => format!("{count} {verb}s"),
        Call::Join { first, count: 1, .. } => format!("{verb} {}", title(first, state)),
        Call::Join { count, .. } => format!("{verb} {count} tasks"),
        Call::JoinThread { thread } => match thread_name(task, thread, state) {
            Some(name) => format!("{verb} {name}"),
            None => format!("{verb} a thread"),
        },
        Call::JoinPool => format!("{verb} the pool"),
        Call::Recv { pipe, end, .. } => match state.objects.get(pipe) {
            Some(object) => format!("{verb} on {} ({})", object.spec.name, end_name(pipe, end, state)),
            None => verb.to_owned(),
        },
        _ => match call.object().and_then(|id| state.objects.get(id)) {
            Some(object) => format!("{verb} on {}", object.spec.name),
            None => verb.to_owned(),
        },
    }
}

/// What an end of a pipe is called.
pub(super) fn end_name(pipe: ObjectId, end: End, state: &State) -> String {
    match state.objects.get(pipe).map(|object| &object.spec.kind) {
        Some(ObjectKind::Pipe { ends, .. }) => ends[end.index()].to_string(),
        _ => "a pipe".to_owned(),
    }
}

fn thread_name(task: TaskId, thread: ThreadId, state: &State) -> Option<&str> {
    state.threads.of(task).iter().find(|other| other.id == thread).map(|found| &*found.name)
}
