//! What cannot have been, or only just: numbers at their ends, texts a terminal would obey, events about anything.
//! It does not know the state's rules.

use super::Forger;
use crate::event::{DrainReason, Elapsed, Exit, Phase, PhaseReason, Role, What};
use crate::model::State;
use crate::task::{Captured, Output, Pid, Slot, TaskId, WorkerId};

/// Texts that do something to a terminal, or to whoever measures them.
pub(super) const TEXTS: [&str; 9] = [
    "a plain text",
    "",
    "\u{1b}[2J\u{1b}]0;title\u{7}\r\n\tx",
    "\u{202e}txt.exe \u{2066}\u{200b}\u{feff}",
    "你好，世界 👩‍👩‍👧‍👦 e\u{301}\u{301}\u{301}",
    "\u{0}\u{9b}31m\u{7f}\u{85}\u{2028}",
    "𝕳 \u{e0041}\u{fffb}",
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789",
    "word",
];

impl Forger {
    pub(super) fn wild_number(&mut self) -> u64 {
        let any = self.below(u64::MAX);
        let near = self.below(5);
        self.one(&[
            0,
            1,
            near,
            1000,
            65_533 + near,
            u64::from(u32::MAX) - 2 + near,
            1 << 53,
            u64::MAX - near,
            u64::MAX / 2,
            any,
        ])
    }

    pub(super) fn text(&mut self) -> Box<str> {
        let text = self.one(&TEXTS);
        match self.below(60) {
            0 => text.repeat(400).into(),
            1..30 => "text".into(),
            _ => text.into(),
        }
    }

    pub(super) fn task(&mut self, state: &State) -> TaskId {
        match self.below(12) {
            0 => TaskId(self.wild_number() as u32),
            _ => TaskId(self.small(state.tasks.len() + 1) as u32),
        }
    }

    pub(super) fn worker(&mut self, state: &State) -> WorkerId {
        let there: Vec<WorkerId> = state.workers.iter().map(|worker| worker.id).collect();
        match self.below(12) {
            0 => WorkerId(self.wild_number() as u32),
            1 => WorkerId(self.small(state.workers.next_id().0 as usize + 1) as u32),
            _ if there.is_empty() => WorkerId(0),
            _ => self.one(&there),
        }
    }

    pub(super) fn output(&mut self) -> Option<Box<Output>> {
        let inline = Captured::Inline(self.text().as_bytes().to_vec());
        let spooled = Captured::Spooled { bytes: self.wild_number(), cut: self.wild_number() };
        let stdout = self.one(&[inline.clone(), spooled]);
        self.lot().then(|| Box::new(Output { stdout, stderr: inline }))
    }

    /// An event about anything, in any state.
    pub(super) fn wild(&mut self, state: &State) -> What {
        let (task, worker) = (self.task(state), self.worker(state));
        let thread = self.thread(state, task);
        let some: Vec<TaskId> = (0..self.small(5)).map(|_| self.task(state)).collect();
        match self.below(30) {
            0 => What::WorkerStarting {
                worker: state.workers.next_id(),
                slot: Slot(self.wild_number() as u16),
                role: self.one(&[Role::Pool, Role::Own(task), Role::Parent, Role::Main]),
            },
            1 => What::WorkerSpawned { worker, pid: Pid(i32::MIN) },
            2 => What::WorkerReady { worker, host: None, pid: Some(Pid(0)) },
            3 => What::WorkerExited { worker, how: Exit::Code(0), last_words: self.text() },
            4 => What::WorkerKept { worker },
            5 => What::WorkerDraining { worker, why: DrainReason::Retired },
            6 => What::TasksDispatched { worker, tasks: some },
            7 => What::TasksReturned { worker, tasks: some },
            8 => What::TaskStarted { task, worker, pid: None },
            9 => What::TaskProgressed { task, done: self.wild_number(), total: self.wild_number() },
            10 => What::TaskRequeued { task, not_before: Elapsed(self.wild_number()) },
            11 => What::TaskReleased { task },
            12 => What::TaskFailed { task },
            13 => What::TaskDropped { task },
            14 => What::TaskRevived { task },
            15 => What::AttemptLost { task, failure: self.failure() },
            16 => What::CallMade { task, thread, call: self.call(state) },
            17 => What::CallBlocked { task, thread },
            18 => What::CallAnswered { task, thread, reply: self.reply() },
            19 => What::ThreadStarted { task, thread, name: self.text() },
            20 => What::ThreadEnded { task, thread },
            21 => What::LinkShared { task, thread, link: self.object(state), bytes_per_s: self.wild_number() },
            22 => What::TasksRecalled { worker },
            23 => What::WorkerDismissed { worker },
            24 => What::TaskPaused { task },
            25 => What::TaskResumed { task },
            26 if self.below(8) == 0 => What::PhaseEntered { phase: Phase::Closing, why: PhaseReason::NoWorkers },
            27 => What::ResultGiven { task, value: self.value() },
            28 if self.below(8) == 0 => What::RunStarted(Box::new(self.start())),
            _ => What::TasksAdded { tasks: vec![self.spec(state).into(), self.spec(state).into()] },
        }
    }
}
