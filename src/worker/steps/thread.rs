//! One thread of a function: what it has for itself, how it waits, and how it starts others.
//! It does not know what the single steps do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

use super::block::Flow;
use super::desk::Seat;
use super::draw::Draw;
use super::names::{Local, Origin};
use super::{Run, Stepped, Stop};
use crate::clock::Clock;
use crate::task::{Call, Function, Step, ThreadId, Value, Variable};
use crate::wire::Report;
use crate::worker::copy::Copier;
use crate::worker::home::EndsWithIt;

/// How many threads one task can have at a time.
const THREADS_MAX: usize = 256;

/// The threads of a task but its first.
#[derive(Default)]
pub(super) struct Threads(Mutex<Known>);

#[derive(Default)]
struct Known {
    started: u16,
    alive: Vec<(ThreadId, Kind)>,
}

/// Who waits for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of the task, as Python waits for threads that are no daemons.
    Plain,
    /// Nobody but who joins the pool: it ends with the first thread, whatever it does then.
    Handler,
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self, kind: Kind) -> Vec<ThreadId> {
        let known = self.lock();
        known.alive.iter().filter(|(_, other)| *other == kind).map(|(id, _)| *id).collect()
    }

    fn begin(&self, kind: Kind) -> Stepped<ThreadId> {
        let mut known = self.lock();
        if known.started == u16::MAX {
            return Err(format!("more threads than the {} that one task may start", u16::MAX).into());
        }
        if known.alive.len() + 1 >= THREADS_MAX {
            return Err(format!("more threads than the {THREADS_MAX} that one task may have at a time").into());
        }
        known.started += 1;
        let id = ThreadId(known.started);
        known.alive.push((id, kind));
        Ok(id)
    }

    fn end(&self, id: ThreadId) {
        self.lock().alive.retain(|(other, _)| *other != id);
    }
}

/// A thread as the one that started it knows it.
struct Started {
    name: Box<str>,
    id: ThreadId,
    /// Whether it was waited for to its end; who waits once more need not ask again.
    joined: bool,
}

/// One thread.
pub(super) struct Thread<'s, 'e> {
    pub(super) run: &'e Run<'e>,
    scope: &'s Scope<'s, 'e>,
    pub(super) id: ThreadId,
    kind: Kind,
    pub(super) name: Box<str>,
    pub(super) function: &'e Function,
    pub(super) locals: Vec<Local>,
    pub(super) seat: Arc<Seat>,
    pub(super) draw: Draw,
    pub(super) copier: Copier,
    /// Those it started, with their names.
    started: Vec<Started>,
}

impl<'s, 'e> Thread<'s, 'e> {
    /// The one a task begins with.
    pub(super) fn first(
        run: &'e Run<'e>,
        scope: &'s Scope<'s, 'e>,
        function: &'e Function,
        seat: Arc<Seat>,
        draw: Draw,
    ) -> Self {
        Self {
            run,
            scope,
            id: ThreadId::FIRST,
            kind: Kind::Plain,
            name: "MainThread".into(),
            function,
            locals: Vec::new(),
            seat,
            draw,
            copier: Copier::default(),
            started: Vec::new(),
        }
    }

    /// Calls the function.
    pub(super) fn call(&mut self, args: Vec<Value>) -> Stepped<Value> {
        let Function { name, params, locals, steps, .. } = self.function;
        if args.len() != usize::from(*params) {
            return Err(format!("function {name} takes {params} arguments, not {}", args.len()).into());
        }
        self.locals = args.into_iter().map(Local::from).collect();
        self.locals.resize_with(locals.len().max(usize::from(*params)), Local::default);
        match self.block(steps)? {
            Flow::Return(value) => Ok(value),
            Flow::On | Flow::Break => Ok(Value::None),
        }
    }

    /// Starts a thread for these steps, with a copy of this one's locals.
    pub(super) fn start_thread(&mut self, name: &str, steps: &'e [Step]) -> Stepped<()> {
        let id = self.start(name, Kind::Plain, move |thread| match thread.block(steps) {
            Err(Stop::Failed(text)) => {
                let text = format!("thread {}: {text}", thread.name);
                thread.complain(&text);
            }
            Err(Stop::Halted) | Ok(_) => {}
        })?;
        self.started.push(Started { name: name.into(), id, joined: false });
        Ok(())
    }

    /// Starts a thread for whatever is to be done.
    pub(super) fn start(
        &mut self,
        name: &str,
        kind: Kind,
        work: impl FnOnce(&mut Thread<'s, 'e>) + Send + 's,
    ) -> Stepped<ThreadId> {
        let name = super::say::cut(name);
        let run = self.run;
        let id = run.threads.begin(kind)?;
        let mut thread = Thread {
            run,
            scope: self.scope,
            id,
            kind,
            name: name.clone(),
            function: self.function,
            locals: self.locals.clone(),
            seat: run.shared.steps.desk.seat(run.task, id),
            draw: Draw::new(self.draw.give_seed()),
            copier: Copier::default(),
            started: Vec::new(),
        };
        run.report(|task| Report::ThreadStarted { task, thread: id, name });
        let body = move || {
            let _ends = EndsWithIt(&run.shared.home);
            work(&mut thread);
            thread.end();
        };
        if let Err(error) = Builder::new().spawn_scoped(self.scope, body) {
            run.threads.end(id);
            run.report(|task| Report::ThreadEnded { task, thread: id });
            return Err(format!("cannot start a thread: {}", error.kind()).into());
        }
        Ok(id)
    }

    fn end(&self) {
        self.run.threads.end(self.id);
        self.run.shared.steps.desk.leave(self.id);
        self.run.report(|task| Report::ThreadEnded { task, thread: self.id });
    }

    /// Waits for the threads of that name that this one started, or for all of them.
    pub(super) fn join_threads(&mut self, name: Option<&str>) -> Stepped<()> {
        let is_wanted = |started: &Started| name.is_none_or(|name| *name == *started.name);
        if let Some(name) = name
            && !self.started.iter().any(is_wanted)
        {
            return Err(format!("no thread {name} was started here").into());
        }
        for place in 0..self.started.len() {
            let Started { id, joined, .. } = self.started[place];
            if !joined && is_wanted(&self.started[place]) {
                self.join_each(&[id])?;
                self.started[place].joined = true;
            }
        }
        Ok(())
    }

    /// Waits for all threads of the task that are not to end by themselves.
    pub(super) fn join_all(&mut self) -> Stepped<()> {
        loop {
            let alive = self.run.threads.alive(Kind::Plain);
            if alive.is_empty() || self.run.task.is_none() {
                return Ok(());
            }
            self.join_each(&alive)?;
        }
    }

    /// Waits for the callbacks that are under way.
    pub(super) fn join_handlers(&mut self) -> Stepped<()> {
        let mut alive = self.run.threads.alive(Kind::Handler);
        alive.retain(|id| *id != self.id);
        self.join_each(&alive)
    }

    fn join_each(&mut self, threads: &[ThreadId]) -> Stepped<()> {
        threads.iter().try_for_each(|&thread| self.ask(Call::JoinThread { thread }).map(|_| ()))
    }

    /// Between any two steps: stands still while the task is frozen, and ends when it is to end.
    pub(super) fn tick(&self) -> Stepped<()> {
        self.run.shared.control.check()?;
        if self.is_dismissed() { Err(Stop::Halted) } else { Ok(()) }
    }

    /// Whether whatever the thread waits for is not to be waited for any more.
    pub(super) fn is_halted(&self) -> bool {
        let control = &self.run.shared.control;
        self.is_dismissed() || !control.is_calm() && control.stop_asked().is_some()
    }

    fn is_dismissed(&self) -> bool {
        self.kind == Kind::Handler && self.run.over.load(Ordering::Acquire)
    }

    /// Lets that much time pass, frozen time not counted.
    pub(super) fn sleep(&self, duration: Duration) -> Stepped<()> {
        let control = &self.run.shared.control;
        let mut left = duration;
        loop {
            self.tick()?;
            let clock = Clock::start();
            let frozen = self.seat.wait(Some(left), || self.is_halted(), |_| (!control.is_calm()).then_some(()))?;
            if frozen.is_none() {
                return self.tick();
            }
            left = left.saturating_sub(clock.elapsed());
        }
    }

    /// Puts a value where it belongs. `origin`: what it was made from.
    pub(super) fn assign(&mut self, variable: Variable, value: Value, origin: Option<Origin>) {
        match variable {
            Variable::Local(place) => {
                if let Some(local) = self.locals.get_mut(usize::from(place)) {
                    *local = Local { value, origin };
                }
            }
            Variable::Shared(shared) => {
                if let Some(cell) = self.run.memory.cells.get(usize::from(shared)) {
                    cell.write(value, origin.map(|origin| origin.seen));
                }
            }
        }
    }

    /// A failure that says where it is.
    pub(super) fn failed(&self, text: &str) -> Stop {
        Stop::Failed(format!("function {}: {text}", self.function.name).into())
    }
}
