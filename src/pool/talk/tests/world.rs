//! The made-up world: workers that do as they are told, and tasks whose every word the test speaks.
//! It does not know what is to come of it.

use std::collections::HashMap;

use super::random::Reference;
use crate::command::{Asker, Command};
use crate::event::{Elapsed, Event, Exit, Phase, Policy, RunKind, Start, Stuck, What};
use crate::model::{IllegalEvent, State, Status};
use crate::pool::accept::accept;
use crate::pool::facts;
use crate::pool::planner::{self, Effect, Gate, Outlook, Step};
use crate::task::{
    Arguments, Bound, Call, Failure, FunctionCall, FunctionId, How, ObjectId, ObjectKind, ObjectSpec, Outcome,
    Patience, Pid, Place, Reply, Tally, TaskId, TaskSpec, ThreadId, Use, Value, Ways, Work, WorkerId,
};
use crate::wire::{Report, ToWorker};

pub(super) struct World {
    pub state: State,
    pub now: Elapsed,
    pub outlook: Outlook,
    /// What was told, in order.
    pub events: Vec<What>,
    /// The latest answer to each thread that was not asked for since.
    pub replies: HashMap<(TaskId, ThreadId), Reply>,
    /// The latest share of each transfer.
    pub shares: HashMap<(TaskId, ThreadId), u64>,
    /// Sees every event after it was applied.
    pub reference: Option<Box<Reference>>,
}

pub(super) fn queue(name: &str, capacity: Option<u32>) -> ObjectSpec {
    ObjectSpec { name: name.into(), kind: ObjectKind::Queue { capacity } }
}

pub(super) fn pipe(name: &str, ways: Ways) -> ObjectSpec {
    ObjectSpec { name: name.into(), kind: ObjectKind::Pipe { ends: ["out".into(), "in".into()], ways } }
}

pub(super) fn semaphore(name: &str, value: u32, bound: Bound) -> ObjectSpec {
    ObjectSpec { name: name.into(), kind: ObjectKind::Semaphore { value, bound } }
}

pub(super) fn flag(name: &str) -> ObjectSpec {
    ObjectSpec { name: name.into(), kind: ObjectKind::Event { set: false } }
}

pub(super) fn link(name: &str, bytes_per_s: u64) -> ObjectSpec {
    ObjectSpec { name: name.into(), kind: ObjectKind::Link { bytes_per_s } }
}

pub(super) fn task(name: &str, uses: &[(u16, How)]) -> TaskSpec {
    let uses = uses.iter().map(|&(object, how)| Use { object: ObjectId(object), how }).collect();
    let call = FunctionCall { function: FunctionId(0), args: Arguments::Once(Vec::new()), seed: 0, uses };
    TaskSpec::new(Work::Steps(Box::new(call))).named(name)
}

pub(super) fn parent(uses: &[(u16, How)]) -> TaskSpec {
    TaskSpec { place: Place::Main, ..task("main", uses) }
}

pub(super) fn put(queue: u16, value: i64, patience: Patience) -> Call {
    Call::Put { queue: ObjectId(queue), value: Value::Int(value), patience }
}

pub(super) fn get(queue: u16, patience: Patience) -> Call {
    Call::Get { queue: ObjectId(queue), patience }
}

pub(super) fn acquire(semaphore: u16) -> Call {
    Call::Acquire { semaphore: ObjectId(semaphore), patience: Patience::Forever }
}

pub(super) fn release(semaphore: u16) -> Call {
    Call::Release { semaphore: ObjectId(semaphore) }
}

pub(super) fn join(first: u32, count: u32) -> Call {
    Call::Join { first: TaskId(first), count, patience: Patience::Forever }
}

pub(super) fn int(value: i64) -> Reply {
    Reply::Value(Value::Int(value))
}

impl World {
    /// That many workers, all tasks added, the source closed; the first tasks are at work, one on each worker.
    pub(super) fn new(objects: Vec<ObjectSpec>, workers: u32, tasks: Vec<TaskSpec>) -> Self {
        Self::with_policy(Policy { stuck: Stuck::Stays, loss_retries: 0, ..Policy::default() }, objects, workers, tasks)
    }

    pub(super) fn with_policy(policy: Policy, objects: Vec<ObjectSpec>, workers: u32, tasks: Vec<TaskSpec>) -> Self {
        let mut world = Self {
            state: State::new(),
            now: Elapsed::default(),
            outlook: Outlook { timed_left: false, lag_us: 0 },
            events: Vec::new(),
            replies: HashMap::new(),
            shares: HashMap::new(),
            reference: None,
        };
        let start = Start { objects, ..Start::new("t", RunKind::Scenario, Pid(1), 2, policy) };
        let count = u32::try_from(tasks.len()).unwrap();
        world.record(What::RunStarted(Box::new(start))).unwrap();
        world.record(What::TargetSet { workers, by: Asker::Start }).unwrap();
        world.record(What::TasksAdded { tasks: tasks.into_iter().map(Into::into).collect() }).unwrap();
        world.record(What::SourceClosed).unwrap();
        for number in 0..workers {
            let worker = WorkerId(number);
            let slot = world.state.workers.free_seat();
            let role = crate::event::Role::Pool;
            world.record(What::WorkerStarting { worker, slot, role }).unwrap();
            world.record(What::WorkerSpawned { worker, pid: Pid(100 + number.cast_signed()) }).unwrap();
            world.record(What::WorkerReady { worker, host: None, pid: None }).unwrap();
            if number < count {
                world.record(What::TasksDispatched { worker, tasks: vec![TaskId(number)] }).unwrap();
                world.record(What::TaskStarted { task: TaskId(number), worker, pid: None }).unwrap();
            }
        }
        world.plan();
        world
    }

    pub(super) fn record(&mut self, what: What) -> Result<(), IllegalEvent> {
        self.now.0 += 1;
        let event = Event { at: self.now, what };
        self.state.apply(&event)?;
        if let Some(reference) = &mut self.reference {
            reference.see(&self.state, &event.what);
        }
        self.events.push(event.what);
        Ok(())
    }

    /// The planner's wishes, until it has none.
    pub(super) fn plan(&mut self) {
        for step in 0.. {
            assert!(step < 10_000, "the planner never rests; its last wish is {:?}", self.events.last());
            let next = planner::next(&self.state, self.now, Gate::Open, self.outlook);
            match next {
                Some(Step { event, effect }) => self.take(event, effect),
                None if self.begin_next() => {}
                None => break,
            }
        }
        let due = planner::deadline(&self.state, self.now);
        assert!(due.is_none_or(|at| at > self.now), "something due is left undone");
    }

    /// A worker begins the next of what it was given.
    fn begin_next(&mut self) -> bool {
        let next = self.state.workers.iter().find_map(|worker| {
            let &task = worker.in_flight.front()?;
            (self.state.task(task)?.status == Status::Sent).then_some((task, worker.id))
        });
        if let Some((task, worker)) = next {
            self.record(What::TaskStarted { task, worker, pid: None }).unwrap();
        }
        next.is_some()
    }

    fn take(&mut self, event: What, effect: Effect) {
        let text = format!("{event:?}");
        self.record(event).unwrap_or_else(|illegal| panic!("{illegal} from {text}"));
        match effect {
            Effect::Spawn(worker) => {
                self.record(What::WorkerSpawned { worker, pid: Pid(1000 + worker.0.cast_signed()) }).unwrap();
                self.record(What::WorkerReady { worker, host: None, pid: None }).unwrap();
            }
            Effect::Send(worker, message) => self.tell(worker, message),
            _ => {}
        }
    }

    fn tell(&mut self, worker: WorkerId, message: ToWorker) {
        match message {
            ToWorker::Answer(task, thread, reply) => {
                self.replies.insert((task, thread), reply);
            }
            ToWorker::Share { task, thread, bytes_per_s, .. } => {
                self.shares.insert((task, thread), bytes_per_s);
            }
            ToWorker::Recall => {
                let held = self.state.workers.get(worker).unwrap().in_flight.iter().skip(1).copied().collect();
                self.hear(worker, Report::Returned { tasks: held }).unwrap();
            }
            ToWorker::Ping => self.record(What::WorkerAnswered { worker }).unwrap(),
            ToWorker::Stop(task, _) => self.end(task.0, Outcome::Failed(Failure::Stopped)),
            ToWorker::Exit => {
                self.record(What::WorkerExited { worker, how: Exit::Code(0), last_words: "".into() }).unwrap();
            }
            _ => {}
        }
    }

    /// As the supervisor hears it.
    pub(super) fn hear(&mut self, worker: WorkerId, report: Report) -> Result<(), IllegalEvent> {
        let mut events = Vec::new();
        facts::of_report(&self.state, worker, report, &mut events)?;
        events.into_iter().try_for_each(|event| self.record(event))
    }

    pub(super) fn report(&mut self, task: u32, report: Report) -> Result<(), IllegalEvent> {
        let worker = self.state.task(TaskId(task)).unwrap().worker.unwrap();
        self.hear(worker, report)
    }

    pub(super) fn try_ask(&mut self, task: u32, thread: u16, call: Call) -> Result<(), IllegalEvent> {
        let (id, thread) = (TaskId(task), ThreadId(thread));
        self.report(task, Report::Asked { task: id, thread, call })?;
        self.replies.remove(&(id, thread));
        self.plan();
        Ok(())
    }

    /// The first thread asks; what it is told at once.
    pub(super) fn ask(&mut self, task: u32, call: Call) -> Option<Reply> {
        self.try_ask(task, 0, call).unwrap();
        self.reply(task)
    }

    /// What the first thread was told on its latest call.
    pub(super) fn reply(&self, task: u32) -> Option<Reply> {
        self.replies.get(&(TaskId(task), ThreadId::FIRST)).cloned()
    }

    pub(super) fn thread(&mut self, task: u32, thread: u16, name: &str) {
        let report = Report::ThreadStarted { task: TaskId(task), thread: ThreadId(thread), name: name.into() };
        self.report(task, report).unwrap();
    }

    pub(super) fn end(&mut self, task: u32, outcome: Outcome) {
        let tally = Tally::default();
        self.report(task, Report::Ended { task: TaskId(task), outcome, tally, took_us: 1, output: None }).unwrap();
    }

    pub(super) fn done(&mut self, task: u32) {
        self.end(task, Outcome::Done);
        self.plan();
    }

    /// The task's worker dies.
    pub(super) fn kill(&mut self, task: u32) {
        let worker = self.state.task(TaskId(task)).unwrap().worker.unwrap();
        let mut events = Vec::new();
        facts::of_exit(&self.state, worker, Exit::Signal(9), Box::default(), &mut events);
        for event in events {
            self.record(event).unwrap();
        }
        self.plan();
    }

    pub(super) fn command(&mut self, command: Command) {
        for Step { event, effect } in accept(&self.state, command, Asker::Person) {
            self.take(event, effect);
        }
        self.plan();
    }

    pub(super) fn wait_ms(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        self.plan();
    }

    pub(super) fn status(&self, task: u32) -> Status {
        self.state.task(TaskId(task)).unwrap().status
    }

    pub(super) fn object(&self, id: u16) -> &crate::model::Object {
        self.state.objects.get(ObjectId(id)).unwrap()
    }

    #[track_caller]
    pub(super) fn no_verdict(&self) {
        assert_eq!(self.state.verdict, None);
        assert!(self.state.phase <= Phase::Draining);
    }

    #[track_caller]
    pub(super) fn verdict(&self) -> &str {
        &self.state.verdict.as_ref().expect("a verdict").text
    }

    #[track_caller]
    pub(super) fn advice(&self) -> &str {
        self.state.verdict.as_ref().expect("a verdict").advice.as_deref().expect("advice")
    }
}
