//! What functions might do and ask, made up; and the objects they do it with.
//! It does not know what can be granted.

use super::Forger;
use crate::event::{Resumed, What};
use crate::model::{State, Status};
use crate::task::{
    Arguments, Bound, Call, CopyBatch, CopyEntry, CopyRoots, End, EntryKind, Fingerprint, FunctionCall, FunctionId,
    Handle, How, ObjectId, ObjectKind, ObjectSpec, Patience, Pid, RawText, Reply, Shape, TaskId, ThreadId, Use, Value,
    Verify, Ways, Work,
};

impl Forger {
    pub(super) fn objects(&mut self) -> Vec<ObjectSpec> {
        let ends = [Box::from("\u{202e}in"), Box::from("out")];
        let kinds = [
            ObjectKind::Queue { capacity: self.one(&[None, Some(0), Some(1), Some(u32::MAX)]) },
            ObjectKind::Pipe { ends: ends.clone(), ways: Ways::Both },
            ObjectKind::Pipe { ends, ways: Ways::SecondToFirst },
            ObjectKind::Semaphore {
                value: self.one(&[0, 1, 2, u32::MAX]),
                bound: self.one(&[Bound::Plain, Bound::Bounded]),
            },
            ObjectKind::Event { set: self.lot() },
            ObjectKind::Link { bytes_per_s: self.one(&[0, 1000, u64::MAX]) },
        ];
        let count = self.small(9);
        (0..count).map(|_| ObjectSpec { name: self.text(), kind: self.one(&kinds) }).collect()
    }

    pub(super) fn object(&mut self, state: &State) -> ObjectId {
        ObjectId(self.small(state.objects.len() + 1) as u16)
    }

    fn end(&mut self) -> End {
        self.one(&[End::First, End::Second])
    }

    pub(super) fn function(&mut self, state: &State) -> FunctionCall {
        let count = self.small(6);
        let uses = (0..count).map(|_| {
            let end = self.end();
            let how = [How::Puts, How::Gets, How::Holds(end), How::Acquires, How::Releases, How::Sets, How::Holds(end)];
            Use { object: self.object(state), how: self.one(&how) }
        });
        FunctionCall { uses: uses.collect(), function: FunctionId(0), args: Arguments::Once(Vec::new()), seed: 0 }
    }

    pub(super) fn copy(&mut self) -> CopyBatch {
        let raw = |text: &str| RawText::from(text);
        let roots = CopyRoots { source: raw("/a\u{1b}[2J"), target: raw("/b"), verify: Verify::No };
        let seen = Fingerprint { bytes: self.wild_number(), device: 0, inode: 0, modified_ns: 0 };
        let entry = CopyEntry { name: RawText(vec![0xff, 0x1b, b'x']), rename: None, kind: EntryKind::File(seen) };
        let count = self.small(4);
        CopyBatch { roots: roots.into(), folder: raw("f"), entries: vec![entry; count] }
    }

    pub(super) fn value(&mut self) -> Value {
        let handle = Handle { first: TaskId(u32::MAX), count: u32::MAX, shape: Shape::One };
        match self.below(8) {
            0 => Value::Text(self.text()),
            1 => Value::List(vec![Value::Int(1), Value::Text(self.text())]),
            2 => Value::Float(-0.0),
            3 => Value::Handle(handle),
            4 => Value::List(vec![Value::List(vec![Value::None; 40]); 40]),
            5 => Value::Int(self.wild_number() as i64),
            6 => Value::Bool(true),
            _ => Value::None,
        }
    }

    fn patience(&mut self) -> Patience {
        let us = self.wild_number();
        self.one(&[Patience::Forever, Patience::Forever, Patience::None, Patience::Us(us)])
    }

    pub(super) fn thread(&mut self, state: &State, task: TaskId) -> ThreadId {
        let known: Vec<ThreadId> = state.threads.of(task).iter().map(|thread| thread.id).collect();
        match self.below(12) {
            0 => ThreadId(self.one(&[1, 2, 3, u16::MAX])),
            _ if known.is_empty() => ThreadId::FIRST,
            _ => self.one(&known),
        }
    }

    pub(super) fn call(&mut self, state: &State) -> Call {
        let patience = self.patience();
        let tasks = state.tasks.len();
        let (first, count) = (TaskId(self.small(tasks) as u32), self.small(tasks + 1) as u32);
        if self.below(3) == 0 {
            return match self.below(8) {
                0 => Call::Submit { first, count, refusal: self.lot().then(|| self.text()) },
                1..4 => Call::Await { first, count, patience },
                4 => Call::Join { first, count, patience },
                5 => Call::JoinThread { thread: ThreadId(self.small(4) as u16) },
                6 => self.one(&[Call::ClosePool, Call::TerminatePool]),
                _ => Call::JoinPool,
            };
        }
        let (id, end, value) = (self.object(state), self.end(), self.value());
        match state.objects.get(id).map(|object| &object.spec.kind) {
            Some(ObjectKind::Queue { .. }) => self.one(&[
                Call::Put { queue: id, value, patience },
                Call::Get { queue: id, patience },
                Call::IsEmpty { queue: id },
            ]),
            Some(ObjectKind::Pipe { .. }) => self.one(&[
                Call::Send { pipe: id, end, value },
                Call::Recv { pipe: id, end, patience },
                Call::CloseEnd { pipe: id, end },
            ]),
            Some(ObjectKind::Semaphore { .. }) => self.one(&[
                Call::Acquire { semaphore: id, patience },
                Call::Acquire { semaphore: id, patience },
                Call::Release { semaphore: id },
            ]),
            Some(ObjectKind::Event { .. }) => self.one(&[
                Call::SetEvent { event: id },
                Call::ClearEvent { event: id },
                Call::WaitEvent { event: id, patience },
                Call::IsSet { event: id },
            ]),
            _ => {
                let wants_bytes_per_s = self.wild_number();
                self.one(&[Call::JoinLink { link: id, wants_bytes_per_s }, Call::LeaveLink { link: id }])
            }
        }
    }

    /// A task that could say something, if there is one.
    fn talker(&mut self, state: &State) -> TaskId {
        let fronts = state.workers.iter().filter_map(|worker| worker.in_flight.front().copied());
        let talks = |task: &TaskId| {
            let does_steps = state.task(*task).is_some_and(|record| matches!(record.spec.work, Work::Steps(_)));
            does_steps && state.threads.of(*task).iter().all(|thread| thread.wait.is_none())
        };
        let talkers: Vec<TaskId> = fronts.filter(talks).collect();
        if talkers.is_empty() || self.below(4) == 0 { self.task_at_work(state) } else { self.one(&talkers) }
    }

    pub(super) fn talk(&mut self, state: &State) -> What {
        let task = self.talker(state);
        let thread = self.thread(state, task);
        match self.below(22) {
            0 => What::TaskSaid { task, thread, text: self.text() },
            1 => What::StoryTold { task, text: self.text() },
            2 => What::ResultGiven { task, value: self.value() },
            3 => What::ThreadStarted { task, thread: ThreadId(self.small(6) as u16), name: self.text() },
            4 => What::ThreadEnded { task, thread },
            5 => What::LockAwaited { task, thread, lock: self.text(), holder: self.thread(state, task) },
            6 => What::LockTaken { task, thread },
            7 => match state.threads.next_impatient() {
                Some((_, task, thread)) => state.out_of_patience(task, thread).unwrap_or(What::Ticked),
                None => What::CallBlocked { task, thread },
            },
            8 => What::CallAnswered { task, thread, reply: self.reply() },
            9 => What::CallBlocked { task, thread },
            10 => {
                let link = self.object(state);
                What::LinkShared { task, thread, link, bytes_per_s: self.wild_number() }
            }
            _ => What::CallMade { task, thread, call: self.call(state) },
        }
    }

    pub(super) fn reply(&mut self) -> Reply {
        let value = self.value();
        let refused = Reply::Refused(self.text());
        self.one(&[
            Reply::Done,
            Reply::Value(value.clone()),
            Reply::Results(vec![Ok(value), Err("no".into())]),
            Reply::Empty,
            Reply::Full,
            Reply::EndOfFile,
            Reply::Broken,
            Reply::TimedOut,
            refused,
        ])
    }

    pub(super) fn resumed(&mut self, state: &State) -> What {
        let all = || (0..).map(TaskId).zip(&state.tasks);
        let in_flight = all().filter(|(_, record)| record.status.is_in_flight());
        let ended =
            all().filter(|(_, record)| matches!(record.status, Status::Failed | Status::Interrupted | Status::Dropped));
        let rerun = in_flight.map(|(task, _)| task).filter(|_| self.lot()).collect();
        let again = ended.map(|(task, _)| task).filter(|_| self.lot()).collect();
        let policy = state.policy.clone();
        let away_us = Some(self.wild_number());
        let resumed = Resumed { pid: Pid(2), cpus: 1, away_us, target: 2, policy, rerun, again };
        What::RunResumed { resumed: Box::new(resumed) }
    }
}
