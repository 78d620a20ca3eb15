//! Tests of planner and state together: a made-up world of workers and commands runs random histories, faster than real.
//! It does not know processes; what a worker would do is drawn from a seed.

mod check;
mod crashes;
mod disk;
mod histories;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::accept::accept;
use super::facts;
use super::planner::{self, Effect, Gate, Outlook, Step};
use crate::command::{Asker, Command, Pick, Resize};
use crate::event::{self, Elapsed, Event, Exit, Phase, Policy, RunKind, Start, TerminateReason, What};
use crate::model::{PoolLife, State};
use crate::task::{Failure, Outcome, Pid, Place, Stage, Tally, TaskId, TaskSpec, ThreadId, Work, WorkerId};
use crate::wire::{Report, ToWorker};
use disk::Disk;

/// How long a history may be before it counts as one that never ends.
const TURNS_MAX: u32 = 200_000;

/// How many histories a test looks at: a slice, or as many as `PROPTEST_CASES` says.
fn cases(slice: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(slice)
}

/// Commands come from outside at any time, so nothing is ever found stuck.
const SOMEBODY: Outlook = Outlook { timed_left: true, lag_us: 0 };

/// What the world is like.
#[derive(Clone, Debug)]
struct Shape {
    seed: u64,
    tasks: u32,
    workers: u32,
    kill_per_mille: u64,
    fail_per_mille: u64,
    command_per_mille: u64,
    retries: u32,
    timeout_ms: Option<u64>,
    recycle_after: Option<u32>,
    task_us_max: u64,
    strategy: event::Strategy,
    program: Program,
    /// How often in a thousand turns what was told is safe; `None`: it is not recorded.
    sync_per_mille: Option<u64>,
}

/// What the parent's program does once it has handed over its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// There is none: the tasks come from outside.
    None,
    /// It waits for them all.
    Waits,
    /// It closes the pool and waits for it.
    Closes,
    /// It terminates the pool and waits for it.
    Terminates,
    /// It ends.
    Forgets,
}

/// A worker as the world has it: what it was given, and whether the present one has begun.
#[derive(Default)]
struct Actor {
    greeted: bool,
    told_to_exit: bool,
    frozen: bool,
    queue: VecDeque<TaskId>,
    begun: Option<(TaskId, u64)>,
    stopped: BTreeSet<TaskId>,
}

struct World {
    shape: Shape,
    random: Pcg64Mcg,
    state: State,
    now: Elapsed,
    actors: BTreeMap<WorkerId, Actor>,
    ends: BTreeMap<TaskId, u32>,
    starts: BTreeMap<TaskId, u32>,
    /// What the parent's program has still to hand over.
    to_submit: VecDeque<TaskSpec>,
    disk: Option<Disk>,
    /// How often workers began what must not be done twice unrecorded.
    begun: BTreeMap<TaskId, u32>,
}

impl World {
    fn new(shape: Shape) -> Self {
        let mut world = Self::bare(shape);
        let policy = Policy {
            retries: world.shape.retries,
            timeout_ms: world.shape.timeout_ms,
            recycle_after: world.shape.recycle_after,
            grace_ms: 50,
            backoff_ms: 5,
            ..Policy::default()
        };
        let strategy = world.shape.strategy;
        let start = Start { strategy, ..Start::new("history", RunKind::Scenario, Pid(1), 2, policy) };
        world.record(What::RunStarted(Box::new(start)));
        world.record(What::TargetSet { workers: world.shape.workers, by: Asker::Start });
        world.feed();
        world
    }

    /// Nothing has happened.
    fn bare(shape: Shape) -> Self {
        Self {
            random: Pcg64Mcg::seed_from_u64(shape.seed),
            disk: shape.sync_per_mille.map(|_| Disk::default()),
            shape,
            state: State::new(),
            now: Elapsed::default(),
            actors: BTreeMap::new(),
            ends: BTreeMap::new(),
            starts: BTreeMap::new(),
            to_submit: VecDeque::new(),
            begun: BTreeMap::new(),
        }
    }

    /// Hands over the tasks that the run does not know yet, or the program that will.
    fn feed(&mut self) {
        let known = self.state.tasks.len().saturating_sub(usize::from(self.state.main.is_some()));
        let specs = (0..self.shape.tasks).skip(known).map(|n| {
            let work = match n % 4 {
                0 => Work::Nothing,
                1 => Work::Sleep { duration_ms: 1 },
                _ => disk::command(),
            };
            let place = match n % 11 {
                4 | 9 => Place::Own,
                7 => Place::Parent,
                _ => Place::Pool,
            };
            TaskSpec { stage: Stage(u8::from(n % 7 == 6)), place, ..TaskSpec::new(work) }
        });
        let specs = specs.collect();
        if self.shape.program == Program::None {
            self.command(Command::Submit(specs));
        } else {
            self.to_submit = specs.into();
            let program = TaskSpec { place: Place::Main, ..TaskSpec::new(Work::Sleep { duration_ms: 1 }) };
            if self.state.main.is_none() {
                self.command(Command::Submit(vec![program]));
            }
        }
        self.command(Command::Close);
    }

    fn lot(&mut self, per_mille: u64) -> bool {
        self.random.next_u64() % 1000 < per_mille
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound.max(1)
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).unwrap()
    }

    fn record(&mut self, what: What) {
        self.count(&what);
        let event = Event { at: self.now, what };
        if let Err(illegal) = self.state.apply(&event) {
            panic!("{illegal} from {event:?}");
        }
        if let Some(disk) = &mut self.disk {
            disk.told.push(event);
        }
        self.check();
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Spawn(worker) => {
                if self.lot(20) {
                    self.record(What::WorkerNotSpawned { worker, reason: "no luck".into() });
                } else {
                    self.actors.insert(worker, Actor::default());
                    self.record(What::WorkerSpawned { worker, pid: Pid(1000 + worker.0.cast_signed()) });
                }
            }
            Effect::Give(worker, tasks) => self.hand_over(worker, tasks),
            Effect::Send(worker, message) => self.tell_or_hold(worker, message),
            Effect::SendAll(message) => {
                for worker in self.actors.keys().copied().collect::<Vec<_>>() {
                    self.tell_or_hold(worker, message.clone());
                }
            }
            Effect::Kill(worker) if self.is_inside(worker) => self.die(worker, Exit::Code(0)),
            Effect::Kill(worker) => self.die(worker, Exit::Signal(9)),
        }
    }

    fn is_inside(&self, worker: WorkerId) -> bool {
        self.state.workers.get(worker).is_some_and(|record| !record.is_process())
    }

    fn tell(&mut self, worker: WorkerId, message: &ToWorker) {
        let Some(actor) = self.actors.get_mut(&worker) else { return };
        match message {
            ToWorker::Exit => actor.told_to_exit = true,
            ToWorker::Recall => {
                let tasks: Vec<TaskId> = actor.queue.drain(..).collect();
                self.report(worker, Report::Returned { tasks });
            }
            ToWorker::Pause => actor.frozen = true,
            ToWorker::Resume => actor.frozen = false,
            ToWorker::Stop(task, _) => {
                actor.stopped.insert(*task);
            }
            ToWorker::Ping => self.report(worker, Report::Pong),
            _ => {}
        }
    }

    fn report(&mut self, worker: WorkerId, report: Report) {
        let mut events = Vec::new();
        facts::of_report(&self.state, worker, report, &mut events).unwrap();
        for event in events {
            self.record(event);
        }
    }

    fn die(&mut self, worker: WorkerId, how: Exit) {
        if self.actors.remove(&worker).is_some() {
            self.take_back(worker);
            let mut events = Vec::new();
            facts::of_exit(&self.state, worker, how, Box::default(), &mut events);
            for event in events {
                self.record(event);
            }
        }
    }

    fn command(&mut self, command: Command) {
        for Step { event, effect } in accept(&self.state, command, Asker::Person) {
            self.take(Step { event, effect });
        }
    }

    fn take(&mut self, step: Step) {
        self.record(step.event);
        self.perform(step.effect);
        self.heed_phase();
    }

    fn any_command(&mut self) {
        let task = TaskId(self.small(self.shape.tasks));
        let worker = WorkerId(self.small(self.state.workers.next_id().0));
        let command = match self.below(16) {
            14 => Command::KillWorker(Pick::Busy),
            15 => Command::KillWorker(Pick::Any),
            0..3 => Command::Resize(Resize::To(1 + self.small(12))),
            3 => Command::Resize(Resize::By(1)),
            4 => Command::Resize(Resize::By(-1)),
            5 => Command::PausePool,
            6 | 7 => Command::ResumePool,
            8 => Command::StopTask(task),
            9 => Command::PauseTask(task),
            10 => Command::ResumeTask(task),
            11 => Command::ReplaceWorker(worker),
            12 => Command::RetryTask(task),
            _ => Command::KillTask(task),
        };
        self.command(command);
    }

    /// One thing happens to one worker.
    fn act(&mut self) {
        let Some(worker) = self.any_actor() else { return };
        if self.lot(self.shape.kill_per_mille) && !self.is_inside(worker) {
            return self.die(worker, Exit::Signal(9));
        }
        let now = self.now.0;
        let longest = self.shape.task_us_max;
        let actor = &self.actors[&worker];
        if !actor.greeted {
            let starting = self.state.workers.get(worker).is_some_and(crate::model::Worker::is_starting);
            if starting {
                self.record(What::WorkerReady { worker, host: None, pid: None });
            }
            self.actors.get_mut(&worker).unwrap().greeted = true;
        } else if actor.told_to_exit {
            self.die(worker, Exit::Code(0));
        } else if let Some((task, until)) = actor.begun {
            let stopped = actor.stopped.contains(&task);
            if self.state.main == Some(task) && !stopped {
                if !actor.frozen && !self.program_is_over(worker, task) {
                    return;
                }
                self.actors.get_mut(&worker).unwrap().begun = Some((task, now));
            }
            let actor = &self.actors[&worker];
            if stopped || (now >= until && !actor.frozen) {
                self.actors.get_mut(&worker).unwrap().begun = None;
                let failed = stopped || self.lot(self.shape.fail_per_mille);
                let failure = if stopped { Failure::Stopped } else { Failure::Exit { code: 1 } };
                let outcome = if failed { Outcome::Failed(failure) } else { Outcome::Done };
                let tally = Tally::default();
                self.report(worker, Report::Ended { task, outcome, tally, took_us: longest / 2, output: None });
            }
        } else if !actor.frozen && !actor.queue.is_empty() {
            let length = self.below(longest);
            let actor = self.actors.get_mut(&worker).unwrap();
            let task = actor.queue.pop_front().unwrap();
            actor.begun = Some((task, now + length));
            self.begins(task);
            self.report(worker, Report::Started { task, pid: None });
        }
    }

    /// One step of the parent's program.
    fn program_is_over(&mut self, worker: WorkerId, task: TaskId) -> bool {
        let count = 1 + self.small(9) as usize;
        let specs: Vec<TaskSpec> = self.to_submit.drain(..count.min(self.to_submit.len())).collect();
        if !specs.is_empty() {
            self.report(worker, Report::Submits { task, thread: ThreadId::FIRST, specs });
            return false;
        }
        let life = self.state.pool_life;
        let pool_is_done = self.state.queue.unfinished(Place::Pool) == 0;
        match self.shape.program {
            Program::None | Program::Forgets => true,
            Program::Waits => self.state.counts.total() - self.state.counts.ended() == 1,
            Program::Closes if life == PoolLife::Open => {
                self.record(What::PoolClosed);
                false
            }
            Program::Terminates if life < PoolLife::Terminated => {
                self.record(What::PoolTerminated { why: TerminateReason::Asked });
                false
            }
            Program::Closes | Program::Terminates => pool_is_done,
        }
    }

    fn any_actor(&mut self) -> Option<WorkerId> {
        let nth = self.small(u32::try_from(self.actors.len()).unwrap()) as usize;
        self.actors.keys().nth(nth).copied()
    }

    fn plan(&mut self) {
        for step in 0.. {
            let Some(wish) = planner::next(&self.state, self.now, Gate::Open, SOMEBODY) else { break };
            assert!(step < 100_000, "the planner never rests; its last wish is {:?}", wish.event);
            self.take(wish);
        }
        if let Some(at) = planner::deadline(&self.state, self.now) {
            assert!(at > self.now || self.state.phase == Phase::Ended, "something due is left undone");
        }
    }

    /// Runs the history to its end. Commands cease after a while, and a pool that was left frozen or empty goes on.
    fn run(&mut self) {
        let over = self.run_for(TURNS_MAX);
        assert!(over, "the run never ends: {:?}, phase {:?}, {:?}", self.state.counts, self.state.phase, self.shape);
    }

    /// Whether it came to its end in so many turns.
    fn run_for(&mut self, turns: u32) -> bool {
        for turn in 0..turns {
            self.plan();
            if self.state.phase == Phase::Ended {
                return true;
            }
            self.now.0 += 1 + self.below(self.shape.task_us_max / 2 + 2);
            // Where nobody has anything to do, time runs on to the next deadline, as it does in the real loop.
            if (self.actors.is_empty() || self.lot(100))
                && let Some(at) = planner::deadline(&self.state, self.now)
            {
                self.now = self.now.max(at);
            }
            self.sync();
            if turn < 2000 && self.lot(self.shape.command_per_mille) {
                self.any_command();
            }
            if turn == 2000 {
                self.command(Command::ResumePool);
                self.command(Command::Resize(Resize::To(3)));
                for task in 0..self.shape.tasks {
                    self.command(Command::ResumeTask(TaskId(task)));
                }
            }
            self.act();
        }
        false
    }
}
