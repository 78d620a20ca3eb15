//! Does one task after the other, on the worker's second thread. Tasks that take no time are done on the first.
//! It does not know the socket's other direction: what is wanted of the present task comes through the switch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::command::{self, Hears, Scene};
use super::control::Control;
use super::copy::{Copier, CopyStop};
use super::download::{self, Pass, Played};
use super::home::Home;
use super::outbox::{Outbox, TELL_AFTER};
use super::steps::{self, Steps};
use super::{Halted, Watch};
use crate::clock::Clock;
use crate::command::Note;
use crate::task::{Failure, Outcome, Output, Tally, TaskId, Work};
use crate::wire::{Assignment, Report, Setup, Stopping};

/// What the two threads of a worker share.
pub(super) struct Shared {
    pub setup: Setup,
    pub control: Control,
    pub outbox: Outbox,
    pub home: Home,
    pub steps: Steps,
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Assignment>,
    at_work: bool,
    closed: bool,
}

impl Shared {
    pub(super) fn new(setup: Setup, outbox: Outbox, home: Home) -> Self {
        let (control, steps) = (Control::new(), Steps::default());
        Self { setup, control, outbox, home, steps, queue: Mutex::default(), more: Condvar::new() }
    }

    /// Puts tasks behind those that wait.
    pub(super) fn push(&self, assignments: Vec<Assignment>) {
        self.lock().waiting.extend(assignments);
        self.more.notify_one();
    }

    /// Takes back all that has not begun.
    pub(super) fn recall(&self) -> Vec<TaskId> {
        self.lock().waiting.drain(..).map(|assignment| assignment.task).collect()
    }

    /// Ends the task if it is at work, or takes it out if it waits. No task can slip from one to the other meanwhile.
    pub(super) fn stop(&self, task: TaskId, how: Stopping) -> Stopped {
        let mut queue = self.lock();
        let before = queue.waiting.len();
        queue.waiting.retain(|assignment| assignment.task != task);
        if queue.waiting.len() < before {
            return Stopped::BeforeItBegan;
        }
        self.control.stop(task, how);
        drop(queue);
        self.steps.wake_all();
        Stopped::AtWork
    }

    /// Begins nothing more and lets nothing start a process any more; waits for a start that is under way.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.waiting.clear();
        queue.closed = true;
        drop(queue);
        self.more.notify_one();
        self.control.close();
    }

    /// Whether nothing waits and nothing is at work.
    pub(super) fn is_idle(&self) -> bool {
        let queue = self.lock();
        queue.waiting.is_empty() && !queue.at_work
    }

    /// None: the worker is ending.
    fn next(&self) -> Option<Assignment> {
        let mut queue = self.lock();
        queue.at_work = false;
        loop {
            if let Some(assignment) = queue.waiting.pop_front() {
                queue.at_work = true;
                if !assignment.spec.work.is_instant() {
                    self.control.begin(assignment.task);
                }
                return Some(assignment);
            }
            if queue.closed {
                return None;
            }
            drop(queue);
            self.outbox.flush();
            queue = self.lock();
            if queue.waiting.is_empty() && !queue.closed {
                queue = self.more.wait(queue).expect("BUG: the control thread panicked");
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().expect("BUG: a thread of the worker panicked while it held the queue")
    }
}

/// Where a stop met a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It waited; nobody else will report its end.
    BeforeItBegan,
    /// It is at work and will report its end itself, or has just done so.
    AtWork,
}

/// Does tasks until the worker ends.
pub(super) fn run(shared: &Shared) {
    let mut copier = Copier::of_run_since(shared.setup.began_unix_us);
    while let Some(assignment) = shared.next() {
        if assignment.spec.work.is_instant() {
            shared.outbox.put(instant(&assignment));
            continue;
        }
        // What came before is told before this begins: should the worker die, the parent knows what had not begun.
        shared.outbox.flush();
        let report = attempt(&assignment, shared, &mut copier);
        shared.control.end();
        shared.outbox.put(report);
    }
}

/// Does work that takes no time.
pub(super) fn instant(assignment: &Assignment) -> Report {
    Report::Ended { task: assignment.task, outcome: Outcome::Done, tally: Tally::default(), took_us: 0, output: None }
}

fn attempt(assignment: &Assignment, shared: &Shared, copier: &mut Copier) -> Report {
    let task = assignment.task;
    let clock = Clock::start();
    let mut meter = Meter { task, shared, told: None, untold: None };
    let setup = &shared.setup;
    let speed = setup.speed_milli;
    // A frozen pool begins nothing, and a stop may have come before the beginning.
    let (outcome, tally, output) = if shared.control.check().is_err() {
        (Outcome::Failed(Failure::Stopped), Tally::default(), None)
    } else {
        match &assignment.spec.work {
            Work::Nothing => (Outcome::Done, Tally::default(), None),
            Work::Sleep { duration_ms } => {
                meter.begun(Telling::AtOnce);
                let slept = shared.control.sleep(download::scaled(*duration_ms, speed));
                (ended(slept), Tally::default(), None)
            }
            Work::Download(download) => {
                meter.begun(Telling::AtOnce);
                let mut time = Real(&shared.control);
                let (outcome, tally) =
                    downloaded(download::play(download, assignment.attempt, speed, &mut meter, &mut time));
                (outcome, tally, None)
            }
            Work::Copy(batch) => {
                meter.begun(Telling::Later);
                let (outcome, tally) = copied(copier.run(batch, assignment.attempt, &mut meter));
                (outcome, tally, None)
            }
            Work::Steps(call) => {
                meter.begun(Telling::AtOnce);
                let (outcome, tally) = steps::run(call, task, assignment.attempt, &assignment.spec, shared);
                (outcome, tally, None)
            }
            Work::Command(line) => {
                let scene = Scene {
                    task,
                    attempt: assignment.attempt,
                    setup,
                    control: &shared.control,
                    outbox: &shared.outbox,
                    home: &shared.home,
                    hears: Hears::Parent,
                };
                let (outcome, output): (_, Option<Box<Output>>) = command::run(&line.expand(setup.slot), &scene);
                (outcome, Tally::default(), output)
            }
        }
    };
    let took_us = u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX);
    Report::Ended { task, outcome, tally, took_us, output }
}

fn ended(result: Result<(), Halted>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(Halted) => Outcome::Failed(Failure::Stopped),
    }
}

fn downloaded(played: Result<Played, Halted>) -> (Outcome, Tally) {
    match played {
        Ok(Played::Whole(tally)) => (Outcome::Done, tally),
        Ok(Played::BrokenOff { tally, text }) => (Outcome::Failed(Failure::Error { text: text.into() }), tally),
        Err(Halted) => (Outcome::Failed(Failure::Stopped), Tally::default()),
    }
}

fn copied(result: Result<Tally, CopyStop>) -> (Outcome, Tally) {
    match result {
        Ok(tally) => (Outcome::Done, tally),
        Err(CopyStop::Halted) => (Outcome::Failed(Failure::Stopped), Tally::default()),
        Err(CopyStop::Failed { tally, text }) => (Outcome::Failed(Failure::Error { text: text.into() }), tally),
    }
}

struct Real<'a>(&'a Control);

impl Pass for Real<'_> {
    fn pass(&mut self, time: Duration) -> Result<(), Halted> {
        self.0.sleep(time)
    }
}

/// Thins progress out and carries freezes and stops into the work.
struct Meter<'a> {
    task: TaskId,
    shared: &'a Shared,
    told: Option<Clock>,
    untold: Option<Clock>,
}

/// When the parent is told that work began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    AtOnce,
    Later,
}

impl Meter<'_> {
    /// Work that waits tells at once; work that may be over in a moment tells when it is not.
    fn begun(&mut self, telling: Telling) {
        self.shared.outbox.put(Report::Started { task: self.task, pid: None });
        match telling {
            Telling::AtOnce => self.shared.outbox.flush(),
            Telling::Later => self.untold = Some(Clock::start()),
        }
    }
}

impl Watch for Meter<'_> {
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Halted> {
        if self.untold.take_if(|begun| begun.elapsed() >= TELL_AFTER).is_some() {
            self.shared.outbox.flush();
        }
        if self.told.is_none_or(|told| told.elapsed() >= self.shared.setup.report_every()) {
            // The first one is due only after a while, so that short work costs no messages.
            if self.told.replace(Clock::start()).is_some() {
                self.shared.outbox.say(Report::Progressed { task: self.task, done, total });
            }
        }
        self.shared.control.check()
    }

    fn note(&mut self, note: Note) {
        self.shared.outbox.put(Report::Noted { task: self.task, note });
    }
}
