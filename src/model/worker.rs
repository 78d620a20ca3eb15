//! The workers' records and their seats, those in the parent itself among them. PURE.
//! It does not know processes: a worker here is what the events say of it.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::shared::List;
use crate::event::{DrainReason, Elapsed, Exit, Role, StopReason};
use crate::task::{Pid, Slot, TaskId, WorkerId};

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Decided on; no process yet. From `WorkerStarting`.
    Starting,
    /// Its process exists and has not said hello. From `WorkerSpawned`.
    Greeting,
    /// Takes tasks: idle or busy, by what is in flight. From `WorkerReady`, `WorkerKept`.
    Ready,
    /// Finishes what it holds. From `WorkerDraining`.
    Draining(DrainReason),
    /// Told to end. From `WorkerDismissed`.
    Leaving,
    /// Killed by us, not yet gone. From `WorkerKilled`.
    Killed,
}

/// The task a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub task: TaskId,
    /// The command's process, if it is a command.
    pub pid: Option<Pid>,
    /// When it began, on the active clock, moved on by the time it was frozen by itself.
    pub began_active: Elapsed,
    /// Since when it is frozen by itself, on the active clock.
    pub paused_active: Option<Elapsed>,
    /// Why and when (on the active clock) it was told to end.
    pub stopping: Option<(StopReason, Elapsed)>,
    /// Payload so far.
    pub done: u64,
    /// Payload in all, as known now.
    pub total: u64,
}

impl Running {
    /// A task that begins at `active` on the active clock.
    pub(super) fn new(task: TaskId, active: Elapsed) -> Self {
        Self { task, pid: None, began_active: active, paused_active: None, stopping: None, done: 0, total: 0 }
    }
}

/// Whether unbegun tasks were asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Not asked.
    No,
    /// Asked, no answer yet; nothing is given to the worker until then.
    Asked,
    /// Answered while the present task still runs: nothing more is sent ahead of its end.
    Answered,
}

/// One child process as the events tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// Its seat.
    pub slot: Slot,
    /// What it is for.
    pub role: Role,
    /// The machine it runs on, if it was started through a launcher.
    pub host: Option<Box<str>>,
    /// Its process, once there is one. Through a launcher: its process on that machine, once it said hello.
    pub pid: Option<Pid>,
    /// Where it is in its life.
    pub state: WorkerState,
    /// Since when it is in that state.
    pub since: Elapsed,
    /// When it was decided on.
    pub started: Elapsed,
    /// What it holds, in the order it will do them; the first is the one it is at.
    pub in_flight: VecDeque<TaskId>,
    /// What is known of the one it is at, if it said so.
    pub running: Option<Running>,
    /// Whether unbegun tasks were asked back.
    pub recall: Recall,
    /// Attempts it ended.
    pub ended: u32,
    /// When it was last heard of.
    pub heard: Elapsed,
    /// When it was asked whether it is alive, if it has not been heard of since.
    pub asked: Option<Elapsed>,
    /// Whether it was said to be silent since it was last heard of.
    pub silent: bool,
    /// Time spent on tasks that ended, in microseconds.
    pub busy_us: u64,
    /// Per cent of one CPU, with everything below it, at the latest sample.
    pub cpu_percent: f32,
    /// Resident memory, with everything below it, at the latest sample.
    pub rss_bytes: u64,
    /// Whether the kernel says it is stopped by a signal.
    pub stopped: bool,
}

impl Worker {
    /// A worker just decided on.
    pub fn new(id: WorkerId, slot: Slot, role: Role, at: Elapsed) -> Self {
        Self {
            id,
            slot,
            role,
            host: None,
            pid: None,
            state: WorkerState::Starting,
            since: at,
            started: at,
            in_flight: VecDeque::new(),
            running: None,
            recall: Recall::No,
            ended: 0,
            heard: at,
            asked: None,
            silent: false,
            busy_us: 0,
            cpu_percent: 0.0,
            rss_bytes: 0,
            stopped: false,
        }
    }

    /// What sentences call it: "worker 3", "process 3" if it lives for one task, "the parent".
    pub fn title(&self) -> Cow<'static, str> {
        title(self.slot, self.role)
    }

    /// Whether it is one of the pool.
    pub fn is_of_pool(&self) -> bool {
        self.role == Role::Pool
    }

    /// Whether it is a process of its own.
    pub fn is_process(&self) -> bool {
        !self.role.is_in_parent()
    }

    /// Whether it is there or coming, and not going; of the pool's, these count against the target.
    pub fn is_wanted(&self) -> bool {
        matches!(self.state, WorkerState::Starting | WorkerState::Greeting | WorkerState::Ready)
    }

    /// Whether it is coming up.
    pub fn is_starting(&self) -> bool {
        matches!(self.state, WorkerState::Starting | WorkerState::Greeting)
    }

    /// " (PID 19774)" with a space before it, also where that is if it is elsewhere; nothing before there is a process.
    pub fn process(&self) -> String {
        match (self.pid, &self.host) {
            (None, _) => String::new(),
            (Some(pid), None) => format!(" (PID {pid})"),
            (Some(pid), Some(host)) => format!(" (PID {pid} on {host})"),
        }
    }

    /// How it ended. Of one that is elsewhere only the launcher's end can be told.
    pub fn end(&self, how: Exit) -> String {
        let through = if self.host.is_some() { "lost: launcher " } else { "" };
        if !self.is_process() {
            return "a thread of the parent has ended by itself".to_owned();
        }
        format!("{}{} {through}{how}", self.title(), self.process())
    }

    /// Takes the task from the worker's hands. What came behind it may now be sent ahead again.
    pub(super) fn release(&mut self, task: TaskId) -> Option<Running> {
        if self.in_flight.front() == Some(&task) {
            self.in_flight.pop_front();
        } else {
            self.in_flight.retain(|&held| held != task);
        }
        if self.recall == Recall::Answered {
            self.recall = Recall::No;
        }
        self.running.take_if(|running| running.task == task)
    }

    /// The word people see.
    pub fn word(&self) -> &'static str {
        match self.state {
            _ if self.stopped => "stopped",
            _ if self.silent => "silent",
            WorkerState::Starting | WorkerState::Greeting => "starting",
            WorkerState::Ready => match self.running {
                Some(Running { stopping: Some(_), .. }) => "stopping",
                Some(Running { paused_active: Some(_), .. }) => "paused",
                _ if self.in_flight.is_empty() => "idle",
                _ => "busy",
            },
            WorkerState::Draining(_) => "draining",
            WorkerState::Leaving => "leaving",
            WorkerState::Killed => "killed",
        }
    }
}

/// What sentences call a worker of that role in that seat.
fn title(slot: Slot, role: Role) -> Cow<'static, str> {
    if let Role::Own(_) = role { format!("process {slot}").into() } else { slot.title() }
}

/// The workers by seat, and where to find them by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workers {
    /// Those in the parent itself: its program, then the one for its tasks.
    inside: [Option<Worker>; 2],
    seats: Vec<Option<Worker>>,
    seat_of: List<(Slot, Role)>,
}

impl Workers {
    /// Those that are there, or about to be: the parent's program, the parent, then the others in the order of their seats.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Worker> {
        self.inside.iter().chain(&self.seats).flatten()
    }

    /// Those of the pool.
    pub fn of_pool(&self) -> impl DoubleEndedIterator<Item = &Worker> {
        self.seats.iter().flatten().filter(|worker| worker.is_of_pool())
    }

    /// How many processes there are, or are about to be.
    pub fn processes(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    /// How many those are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The worker of that number, unless it is gone.
    pub fn get(&self, id: WorkerId) -> Option<&Worker> {
        self.at(self.seat_of(id)?).filter(|worker| worker.id == id)
    }

    /// The worker in that seat.
    pub fn at(&self, slot: Slot) -> Option<&Worker> {
        match slot {
            Slot::MAIN => self.inside[0].as_ref(),
            Slot::PARENT => self.inside[1].as_ref(),
            _ => self.seats.get(slot.index())?.as_ref(),
        }
    }

    /// The seat of any worker there ever was.
    pub fn seat_of(&self, id: WorkerId) -> Option<Slot> {
        self.seat_of.get(id.0 as usize).map(|&(slot, _)| slot)
    }

    /// What sentences call any worker there ever was.
    pub fn title_of(&self, id: WorkerId) -> Option<Cow<'static, str>> {
        self.seat_of.get(id.0 as usize).map(|&(slot, role)| title(slot, role))
    }

    /// The number the next worker gets.
    pub fn next_id(&self) -> WorkerId {
        WorkerId(u32::try_from(self.seat_of.len()).expect("BUG: more than 2^32 workers"))
    }

    /// The lowest free seat.
    pub fn free_seat(&self) -> Slot {
        let index = self.seats.iter().position(Option::is_none).unwrap_or(self.seats.len());
        Slot(u16::try_from(index).expect("BUG: more seats than WORKERS_MAX allows"))
    }

    /// Whether there is such a seat, or it is the next one to be set up.
    pub(super) fn has_seat(&self, slot: Slot) -> bool {
        slot.is_in_parent() || slot.index() <= self.seats.len()
    }

    /// How many match.
    pub fn count(&self, which: impl Fn(&Worker) -> bool) -> u32 {
        u32::try_from(self.iter().filter(|worker| which(worker)).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn get_mut(&mut self, id: WorkerId) -> Option<&mut Worker> {
        let slot = self.seat_of(id)?;
        self.chair(slot)?.as_mut().filter(|worker| worker.id == id)
    }

    /// Silence that fell while the program itself stood still is nobody's fault.
    pub(super) fn hear_all(&mut self, now: Elapsed) {
        for worker in self.inside.iter_mut().chain(&mut self.seats).flatten() {
            worker.heard = now;
            worker.asked = None;
            if worker.state == WorkerState::Greeting {
                worker.since = now;
            }
        }
    }

    pub(super) fn seat(&mut self, worker: Worker) {
        let slot = worker.slot;
        if !slot.is_in_parent() && self.seats.len() <= slot.index() {
            self.seats.resize_with(slot.index() + 1, || None);
        }
        self.seat_of.push((slot, worker.role));
        if let Some(chair) = self.chair(slot) {
            *chair = Some(worker);
        }
    }

    pub(super) fn remove(&mut self, id: WorkerId) -> Option<Worker> {
        let slot = self.seat_of(id)?;
        let chair = self.chair(slot)?;
        if chair.as_ref()?.id == id { chair.take() } else { None }
    }

    /// All of them are gone at once. Their numbers stay taken.
    pub(super) fn clear(&mut self) -> Vec<Worker> {
        let all = self.inside.iter_mut().chain(&mut self.seats).filter_map(Option::take).collect();
        self.seats.clear();
        all
    }

    fn chair(&mut self, slot: Slot) -> Option<&mut Option<Worker>> {
        match slot {
            Slot::MAIN => Some(&mut self.inside[0]),
            Slot::PARENT => Some(&mut self.inside[1]),
            _ => self.seats.get_mut(slot.index()),
        }
    }
}
