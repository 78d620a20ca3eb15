//! Runs functions: tasks that are steps of the scenario's program, with threads, variables, and questions to the parent.
//! It does not know who answers the questions, nor the text the steps were written in.

mod action;
mod ask;
mod block;
mod command;
mod desk;
mod draw;
mod file;
mod lock;
mod names;
mod result;
mod say;
mod submit;
mod thread;
mod transfer;
mod variable;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Scope;

use super::Halted;
use super::runner::Shared;
use crate::clock::Clock;
use crate::task::{
    Arguments, Failure, FunctionCall, FunctionId, Outcome, Place, Program, Tally, TaskId, TaskSpec, ThreadId, Value,
};
use crate::wire::{Report, Setup};

use desk::Desk;
use draw::Draw;
use lock::Lock;
use say::Voice;
use thread::{Thread, Threads};
use transfer::Progress;
use variable::Cell;

/// What lives as long as the worker's process: the way for answers, and the memory that tasks leave to the next.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) desk: Desk,
    memory: OnceLock<Memory>,
}

/// What the functions of one process share.
#[derive(Default)]
struct Memory {
    cells: Vec<Cell>,
    locks: Vec<Lock>,
}

impl Steps {
    /// Whoever waits looks again whether it is to go on.
    pub(super) fn wake_all(&self) {
        self.desk.wake_all();
        for lock in self.memory.get().iter().flat_map(|memory| &memory.locks) {
            lock.wake_all();
        }
    }

    fn memory(&self, program: &Program) -> &Memory {
        self.memory.get_or_init(|| Memory {
            cells: program.shared.iter().map(|(_, first)| Cell::new(first.clone())).collect(),
            locks: program.locks.iter().map(|_| Lock::default()).collect(),
        })
    }
}

/// Why steps are not gone on with.
#[derive(Debug)]
enum Stop {
    /// The task was told to end.
    Halted,
    /// They cannot be; says why.
    Failed(Box<str>),
}

impl From<Halted> for Stop {
    fn from(Halted: Halted) -> Self {
        Self::Halted
    }
}

impl From<Box<str>> for Stop {
    fn from(text: Box<str>) -> Self {
        Self::Failed(text)
    }
}

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self::Failed(text.into())
    }
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Self::Failed(text.into())
    }
}

type Stepped<T> = Result<T, Stop>;

/// One task, or the initializer, while its steps are done.
struct Run<'e> {
    shared: &'e Shared,
    program: &'e Program,
    memory: &'e Memory,
    /// None: the initializer, of which nothing is told.
    task: Option<TaskId>,
    attempt: u16,
    name: Box<str>,
    place: Place,
    begun: Clock,
    /// The first thread has ended, and those it does not wait for are to end.
    over: AtomicBool,
    threads: Threads,
    voice: Voice,
    progress: Progress,
    bytes: AtomicU64,
    files: AtomicU64,
}

impl<'e> Run<'e> {
    fn new(shared: &'e Shared, program: &'e Program) -> Self {
        Self {
            shared,
            program,
            memory: shared.steps.memory(program),
            task: None,
            attempt: 1,
            name: "initializer".into(),
            place: Place::Pool,
            begun: Clock::start(),
            over: AtomicBool::new(false),
            threads: Threads::default(),
            voice: Voice::default(),
            progress: Progress::default(),
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
        }
    }

    fn setup(&self) -> &'e Setup {
        &self.shared.setup
    }

    /// Says it at once. Nothing is told of an initializer.
    fn report(&self, report: impl FnOnce(TaskId) -> Report) {
        if let Some(task) = self.task {
            self.shared.outbox.say(report(task));
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            bytes: self.bytes.load(Ordering::Relaxed),
            files: u32::try_from(self.files.load(Ordering::Relaxed)).unwrap_or(u32::MAX),
        }
    }

    /// Does the calls one after the other on the first thread, then waits for the others as Python does at the end of a
    /// process.
    fn whole(&self, function: FunctionId, args: &Arguments, seed: u64) -> Stepped<Value> {
        std::thread::scope(|scope| {
            let result = self.first_thread(scope, function, args, seed);
            self.over.store(true, Ordering::Release);
            self.shared.steps.wake_all();
            result
        })
    }

    fn first_thread<'s>(
        &'e self,
        scope: &'s Scope<'s, 'e>,
        function: FunctionId,
        args: &Arguments,
        seed: u64,
    ) -> Stepped<Value> {
        let Some(function) = self.program.functions.get(usize::from(function.0)) else {
            return Err(format!("there is no function {}", function.0).into());
        };
        let seat = self.shared.steps.desk.seat(self.task, ThreadId::FIRST);
        let mut thread = Thread::first(self, scope, function, seat, Draw::new(seed));
        let result = match args {
            Arguments::Once(values) => thread.call(values.clone()),
            Arguments::Each(each) => {
                let results: Stepped<Vec<Value>> = each.iter().map(|value| thread.call(vec![value.clone()])).collect();
                results.map(Value::List)
            }
        };
        match result {
            Err(Stop::Halted) => Err(Stop::Halted),
            // Threads go on, also after a failure of the first one.
            result => thread.join_all().and(result),
        }
    }
}

/// Does the task's calls, and tells the result.
pub(super) fn run(
    call: &FunctionCall,
    task: TaskId,
    attempt: u16,
    spec: &TaskSpec,
    shared: &Shared,
) -> (Outcome, Tally) {
    let Some(program) = &shared.setup.program else {
        let text = "this worker has no program to take functions from".into();
        return (Outcome::Failed(Failure::Error { text }), Tally::default());
    };
    shared.steps.desk.open(task);
    let name = match (&spec.name, program.functions.get(usize::from(call.function.0))) {
        (None, Some(function)) => function.name.clone(),
        _ => spec.title().into(),
    };
    let run = Run { task: Some(task), attempt, name, place: spec.place, ..Run::new(shared, program) };
    let ended = run.whole(call.function, &call.args, call.seed);
    shared.steps.desk.close();
    let too_large = |text| {
        let function = program.functions.get(usize::from(call.function.0)).map_or("?", |function| &function.name);
        format!("function {function}: return: {text}")
    };
    let outcome = match ended.and_then(|value| Ok(result::sendable(value).map_err(too_large)?)) {
        Ok(value) => {
            shared.outbox.put(Report::Result { task, value });
            Outcome::Done
        }
        Err(Stop::Halted) => Outcome::Failed(Failure::Stopped),
        Err(Stop::Failed(text)) => Outcome::Failed(Failure::Error { text }),
    };
    (outcome, run.tally())
}

/// Runs the program's initializer, if it has one.
///
/// # Errors
/// Why it failed.
pub(super) fn initialize(shared: &Shared) -> Result<(), Box<str>> {
    let Some(program) = &shared.setup.program else { return Ok(()) };
    let Some(initializer) = program.initializer else { return Ok(()) };
    let seed = u64::from(shared.setup.slot.0);
    match Run::new(shared, program).whole(initializer, &Arguments::Once(Vec::new()), seed) {
        Ok(_) => Ok(()),
        Err(Stop::Halted) => Err("told to end".into()),
        Err(Stop::Failed(text)) => Err(text),
    }
}

#[cfg(test)]
mod tests;
