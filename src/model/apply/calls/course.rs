//! What the course of tasks, of time and of the run means for threads, calls and objects. PURE.
//! It does not know what a task asked for.

use std::collections::HashMap;

use crate::command::Weight;
use crate::event::{Verdict, WireCount};
use crate::model::log::bounded;
use crate::model::objects::TaskEnd;
use crate::model::state::{State, WireUse};
use crate::model::task::Status;
use crate::task::{Call, End, How, ObjectId, ObjectKind, Place, TaskId, ThreadId, Work, WorkerId};

/// How many lines of a verdict are kept; it has no more.
const WAITS_MAX: usize = 64;

/// What the thread is called that a task begins with.
const FIRST_THREAD: &str = "MainThread";

impl State {
    /// The task was added, or will be done again: from now on it has copies of the ends its steps name.
    pub(in crate::model::apply) fn talk_begins(&mut self, task: TaskId) {
        let Some(record) = self.tasks.get(task.index()) else { return };
        let Work::Steps(call) = &record.spec.work else { return };
        let since = self.now;
        if record.spec.place == Place::Main {
            // The parent made all pipes before it did anything else.
            let pipes: Vec<ObjectId> = self
                .objects
                .iter()
                .filter(|(_, object)| matches!(object.spec.kind, ObjectKind::Pipe { .. }))
                .map(|(id, _)| id)
                .collect();
            for pipe in pipes {
                self.objects.hold_end(pipe, End::First, task, since);
                self.objects.hold_end(pipe, End::Second, task, since);
            }
            return;
        }
        for used in &call.uses {
            if let How::Holds(end) = used.how {
                self.objects.hold_end(used.object, end, task, since);
            }
        }
    }

    /// The first thread of a task that does steps.
    pub(in crate::model::apply) fn first_thread(&mut self, task: TaskId) {
        let does_steps = self.task(task).is_some_and(|record| matches!(record.spec.work, Work::Steps(_)));
        if does_steps && self.threads.of(task).is_empty() {
            self.threads.begin(task, ThreadId::FIRST, FIRST_THREAD.into(), self.now);
        }
    }

    /// An attempt is over: its threads are, and what they asked.
    pub(in crate::model::apply) fn talk_ends(&mut self, task: TaskId, end: TaskEnd) {
        if !self.task(task).is_some_and(|record| matches!(record.spec.work, Work::Steps(_))) {
            return;
        }
        let open: Vec<(ThreadId, Option<ObjectId>)> =
            self.threads.object_calls(task).map(|(thread, call)| (thread, call.object())).collect();
        for (thread, object) in open {
            if let Some(object) = object {
                self.objects.leave(object, (task, thread));
            }
        }
        self.threads.end_all(task, self.now);
        for given in self.objects.task_over(task, end) {
            let (who, name) = (self.task_told(task), given.semaphore);
            let text = match given.permits {
                1 => format!("{who} held a permit of semaphore {name} when its worker died; it is given back"),
                many => {
                    format!("{who} held {many} permits of semaphore {name} when its worker died; they are given back")
                }
            };
            self.log.push(self.now, Weight::Warning, Some(task), text);
        }
    }

    /// The task has come to its end. Those who wait for tasks look for what they wait for next.
    #[inline]
    pub(in crate::model::apply) fn talk_of_end(&mut self, task: TaskId, status: Status) {
        if status == Status::Dropped {
            self.talk_ends(task, TaskEnd::Ended);
        }
        // Nearly always nobody does.
        if self.threads.awaits_tasks() {
            self.watchers_go_on(task);
            if self.queue.unfinished(Place::Pool) == 0 {
                self.threads.pool_is_done();
            }
        }
    }

    fn watchers_go_on(&mut self, task: TaskId) {
        for caller in self.threads.watchers_of(task) {
            let next = self.threads.call(caller).and_then(|call| match *call {
                Call::Await { first, count, .. } | Call::Join { first, count, .. } => {
                    self.first_unfinished(first, count, task).or_else(|| self.first_unfinished(first, count, first))
                }
                _ => None,
            });
            match next {
                Some(next) => self.threads.watch(caller, next),
                None => self.threads.look_at(caller),
            }
        }
    }

    /// A second went by.
    pub(in crate::model::apply) fn ticked(&mut self) {
        self.objects.ticked(self.now);
    }

    pub(super) fn wires_counted(&mut self, wires: &[WireCount]) {
        let before: HashMap<WorkerId, WireUse> = std::mem::take(&mut self.wires);
        // Of a worker that has left nothing more is told.
        let there = before.into_iter().filter(|(worker, _)| self.workers.get(*worker).is_some());
        let mut uses: HashMap<WorkerId, WireUse> = there.collect();
        for &count in wires.iter().filter(|count| self.workers.get(count.worker).is_some()) {
            let fresh = WireUse { count, at: self.now, frames_per_s: 0.0, bytes_per_s: 0.0 };
            let known = uses.entry(count.worker).or_insert(fresh);
            let secs = self.now.since(known.at).as_secs_f64();
            if secs > 0.0 {
                let moved = |now: [u64; 2], then: [u64; 2]| {
                    rate(now[0].saturating_sub(then[0]).saturating_add(now[1].saturating_sub(then[1])), secs)
                };
                let then = known.count;
                let frames = moved([count.frames_in, count.frames_out], [then.frames_in, then.frames_out]);
                let bytes = moved([count.bytes_in, count.bytes_out], [then.bytes_in, then.bytes_out]);
                *known = WireUse { count, at: self.now, frames_per_s: frames, bytes_per_s: bytes };
            }
        }
        self.wires = uses;
    }

    pub(super) fn verdict_reached(&mut self, verdict: &Verdict) {
        self.log.push(self.now, Weight::Error, None, &verdict.text);
        self.verdict = Some(Box::new(Verdict {
            text: bounded(&verdict.text),
            waits: verdict.waits.iter().take(WAITS_MAX).map(|wait| bounded(wait)).collect(),
            advice: verdict.advice.as_deref().map(bounded),
        }));
        self.threads.judge();
    }

    pub(super) fn verdict_lifted(&mut self) {
        self.verdict = None;
        self.log.push(self.now, Weight::Info, None, "something can go on after all");
    }

    /// "task 3 (consumer)".
    pub(super) fn task_told(&self, task: TaskId) -> String {
        match self.task(task) {
            Some(record) => format!("task {task} ({})", record.spec.title()),
            None => format!("task {task}"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(moved: u64, secs: f64) -> f64 {
    moved as f64 / secs
}
