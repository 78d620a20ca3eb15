//! Records of runs that somebody made up: events as they come, events that cannot have been, and what was written, altered.
//! It does not know what is made of them; whatever it is, it must not harm.

mod altered;
mod talk;
#[cfg(test)]
mod tests;
mod wild;

use std::sync::Arc;

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::{IllegalEvent, State, Status, Worker, WorkerState};
use crate::command::{Asker, Note, Weight};
use crate::event::{
    DrainReason, Elapsed, Event, Exit, Halt, PauseReason, Phase, PhaseReason, Policy, Role, RunKind, Sample, Start,
    StopReason, Strategy, TerminateReason, Tuning, What, WireCount,
};
use crate::task::{
    CommandLine, Download, Failure, Outcome, Pid, Place, RawText, Shell, Slot, Stage, Stream, Tally, TaskId, TaskSpec,
    Template, Work, WorkerId,
};

/// Makes events up.
pub(crate) struct Forger {
    random: Pcg64Mcg,
    /// How many of a hundred events are wild.
    wild: u64,
    /// Whether time makes leaps.
    leaps: bool,
}

impl Forger {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let (wild, leaps) = (random.next_u64() % 60, random.next_u64() % 4 == 0);
        Self { random, wild, leaps }
    }

    /// A record of so many events that a state takes in, and that state. What it refuses is shown before and after.
    pub(crate) fn run(
        &mut self,
        events: usize,
        mut refused: impl FnMut(&State, &State, &Event, &IllegalEvent),
    ) -> (Vec<Event>, State) {
        let (mut state, mut record) = (State::new(), Vec::new());
        for turn in 0..events * 2 {
            let event = if turn == 0 { self.first() } else { self.event(&state) };
            let before = state.clone();
            match state.apply(&event) {
                Ok(()) => record.push(event),
                Err(illegal) => refused(&before, &state, &event, &illegal),
            }
        }
        (record, state)
    }

    /// What might happen next.
    pub(crate) fn event(&mut self, state: &State) -> Event {
        let what = if self.below(100) < self.wild { self.wild(state) } else { self.likely(state) };
        self.at(state, what)
    }

    fn first(&mut self) -> Event {
        let start = self.start();
        self.at(&State::new(), What::RunStarted(Box::new(start)))
    }

    fn at(&mut self, state: &State, what: What) -> Event {
        let later = match self.below(40) {
            0..15 => 0,
            15..30 => self.below(3_000),
            30..38 => self.below(400_000),
            38 if self.leaps => self.wild_number() / 4,
            _ => self.below(30_000_000),
        };
        Event { at: Elapsed(state.now.0.saturating_add(later)), what }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound.max(1)
    }

    fn small(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or_default()
    }

    fn lot(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.small(of.len())].clone()
    }

    fn start(&mut self) -> Start {
        let policy = Policy {
            retries: u32::from(self.below(3) as u8),
            speed_milli: self.one(&[0, 1, 1000, u32::MAX]),
            recycle_after: self.one(&[None, Some(0), Some(3)]),
            halt: self.one(&[
                Halt::Never,
                Halt::When {
                    urgency: crate::event::Urgency::Soon,
                    ended: crate::event::Ended::Done,
                    amount: crate::event::Amount::Percent(u8::MAX),
                },
            ]),
            ..Policy::default()
        };
        let kind = self.one(&[RunKind::Scenario, RunKind::Copy, RunKind::Command]);
        let cpus = self.one(&[0, 2, u32::MAX]);
        let story = crate::event::Story { watch: self.text(), ending: self.text() };
        Start {
            objects: self.objects(),
            launcher: self.one(&[None, Some("ssh farm".into())]),
            strategy: self.one(&[Strategy::Pool, Strategy::ProcessEach, Strategy::Sequential]),
            story: self.one(&[None, Some(story)]),
            ..Start::new(self.text(), kind, Pid(1), cpus, policy)
        }
    }

    /// What the supervisor could well tell next; mostly it can be.
    fn likely(&mut self, state: &State) -> What {
        let lively = state.workers.iter().filter(|worker| worker.state == WorkerState::Ready).count();
        match self.below(26) {
            0 => What::TasksAdded { tasks: (0..=self.small(6)).map(|_| Arc::new(self.spec(state))).collect() },
            1 if lively < 6 => self.starting(state),
            1..5 => self.course_of_a_worker(state),
            5..9 => self.dispatch(state),
            9 if !state.undecided.is_empty() => self.decision(state),
            9..11 => self.on_delayed(state),
            11..15 => state.next_word().unwrap_or_else(|| self.at_work(state)),
            15..18 => self.at_work(state),
            18..23 => self.talk(state),
            23 => self.seconds(state),
            24 => self.ending(state),
            _ => self.whole(state),
        }
    }

    fn spec(&mut self, state: &State) -> TaskSpec {
        let raw = |text: &str| RawText::from(text);
        let work = match self.below(8) {
            0 => Work::Nothing,
            1 => Work::Sleep { duration_ms: self.wild_number() },
            2 => Work::Download(Download {
                bytes: self.wild_number(),
                duration_ms: 5,
                seed: 1,
                fail_per_mille: 0,
                stall_per_mille: 0,
            }),
            3 => {
                let shell = self.one(&[Shell::No, Shell::Sh]);
                let template = Arc::new(Template { argv: vec![raw("sh"), raw("{}\u{202e}{}")], shell });
                Work::Command(Box::new(CommandLine { template, input: Some(raw("\u{1b}[2J a")), ordinal: 1 }))
            }
            4 => Work::Copy(Box::new(self.copy())),
            _ => Work::Steps(Box::new(self.function(state))),
        };
        let place = if state.main.is_none() && self.below(4) == 0 {
            Place::Main
        } else {
            self.one(&[Place::Pool, Place::Pool, Place::Pool, Place::Own, Place::Parent])
        };
        TaskSpec {
            name: self.lot().then(|| self.text()),
            work,
            stage: Stage(self.one(&[0, 0, 0, 0, 1, 3, 255])),
            place,
        }
    }

    fn starting(&mut self, state: &State) -> What {
        let waits = |place| state.queue.open(place).front().copied();
        let inside = |slot| state.workers.at(slot).is_none();
        let (role, slot) = match (waits(Place::Main), waits(Place::Parent), waits(Place::Own)) {
            (Some(_), ..) if inside(Slot::MAIN) => (Role::Main, Slot::MAIN),
            (_, Some(_), _) if inside(Slot::PARENT) => (Role::Parent, Slot::PARENT),
            (.., Some(task)) if self.lot() => (Role::Own(task), state.workers.free_seat()),
            _ => (Role::Pool, state.workers.free_seat()),
        };
        What::WorkerStarting { worker: state.workers.next_id(), slot, role }
    }

    fn course_of_a_worker(&mut self, state: &State) -> What {
        let coming: Vec<&Worker> = state.workers.iter().filter(|worker| worker.is_starting()).collect();
        if let Some(&&Worker { id: worker, state, .. }) = coming.first() {
            return match state {
                WorkerState::Starting if self.below(9) == 0 => What::WorkerNotSpawned { worker, reason: self.text() },
                WorkerState::Starting => What::WorkerSpawned { worker, pid: Pid(self.wild_number() as i32) },
                _ => What::WorkerReady { worker, host: self.lot().then(|| self.text()), pid: None },
            };
        }
        let worker = self.worker(state);
        match self.below(24) {
            0 => What::WorkerDraining {
                worker,
                why: self.one(&[DrainReason::Retired, DrainReason::Recycled, DrainReason::Replaced]),
            },
            1 => What::WorkerKept { worker },
            2 => What::WorkerDismissed { worker },
            3 => What::WorkerKilled { worker, reason: self.text() },
            4 => What::WorkerSilent { worker },
            5 => What::WorkerAsked { worker },
            6 => What::WorkerAnswered { worker },
            7..10 => {
                let how = self.one(&[Exit::Code(0), Exit::Code(i32::MIN), Exit::Signal(9), Exit::Signal(i32::MAX)]);
                What::WorkerExited { worker, how, last_words: self.text() }
            }
            10 => What::TasksRecalled { worker },
            11 => {
                let held = state.workers.get(worker).map(|record| record.in_flight.iter().copied().collect());
                What::TasksReturned { worker, tasks: held.unwrap_or_default() }
            }
            _ => self.starting(state),
        }
    }

    fn dispatch(&mut self, state: &State) -> What {
        let ready: Vec<&Worker> = state.workers.iter().filter(|worker| worker.state == WorkerState::Ready).collect();
        if ready.is_empty() {
            return self.starting(state);
        }
        let worker = self.one(&ready);
        let place = match worker.role {
            Role::Pool => Place::Pool,
            Role::Own(_) => Place::Own,
            Role::Parent => Place::Parent,
            Role::Main => Place::Main,
        };
        let count = 1 + self.small(3);
        let tasks: Vec<TaskId> = state.queue.open(place).iter().take(count).copied().collect();
        if tasks.is_empty() && self.below(9) > 0 {
            return self.at_work(state);
        }
        What::TasksDispatched { worker: worker.id, tasks }
    }

    fn decision(&mut self, state: &State) -> What {
        let Some(&task) = state.undecided.front() else { return What::Ticked };
        if self.lot() {
            What::TaskFailed { task }
        } else {
            What::TaskRequeued { task, not_before: Elapsed(self.wild_number()) }
        }
    }

    fn on_delayed(&mut self, state: &State) -> What {
        let Some((_, task)) = state.queue.next_release() else { return self.dispatch(state) };
        if self.lot() { What::TaskReleased { task } } else { What::TaskDropped { task } }
    }

    /// A task that somebody is at, or nearly.
    fn task_at_work(&mut self, state: &State) -> TaskId {
        let fronts: Vec<TaskId> = state.workers.iter().filter_map(|worker| worker.in_flight.front().copied()).collect();
        if fronts.is_empty() { self.task(state) } else { self.one(&fronts) }
    }

    fn at_work(&mut self, state: &State) -> What {
        let task = self.task_at_work(state);
        let record = state.task(task);
        let worker = record.and_then(|record| record.worker).unwrap_or(WorkerId(0));
        if record.is_some_and(|record| record.status == Status::Sent) && self.below(4) > 0 {
            return What::TaskStarted { task, worker, pid: self.one(&[None, Some(Pid(-1))]) };
        }
        match self.below(16) {
            0 => What::TaskProgressed { task, done: self.wild_number(), total: self.wild_number() },
            1 | 2 => What::TaskPrinted {
                task,
                stream: self.one(&[Stream::Stdout, Stream::Stderr]),
                skipped: self.wild_number(),
                bytes: self.text().as_bytes().to_vec(),
            },
            3 => What::TaskNoted { task, note: self.note() },
            4 => What::TaskPaused { task },
            5 => What::TaskResumed { task },
            6 => {
                let reasons = [
                    StopReason::Asked,
                    StopReason::Killed,
                    StopReason::TimedOut,
                    StopReason::RunStopping,
                    StopReason::PoolTerminated,
                ];
                What::TaskStopping { task, why: self.one(&reasons) }
            }
            7 => What::TaskSignalled { task, signal: self.wild_number() as i32 },
            8 => What::AttemptLost { task, failure: self.failure() },
            9 => What::TaskRevived { task: self.task(state) },
            10 => What::TaskDropped { task: self.task(state) },
            _ => What::AttemptEnded {
                task,
                outcome: if self.lot() { Outcome::Done } else { Outcome::Failed(self.failure()) },
                tally: Tally { bytes: self.wild_number(), files: self.wild_number() as u32 },
                took_us: self.wild_number(),
                output: self.output(),
            },
        }
    }

    /// What is told once a second.
    fn seconds(&mut self, state: &State) -> What {
        let workers: Vec<WorkerId> = state.workers.iter().map(|worker| worker.id).collect();
        match self.below(3) {
            0 => What::Ticked,
            1 => {
                let cpu_percent = self.one(&[0.0, 33.3, f32::MAX, -1.0]);
                let rss_bytes = self.wild_number();
                let sample = |worker| Sample { worker, cpu_percent, rss_bytes, stopped: false };
                What::Sampled { samples: workers.into_iter().map(sample).collect() }
            }
            _ => {
                let mut numbers = [0; 4].map(|_: u64| self.wild_number()).into_iter().cycle();
                let mut next = || numbers.next().unwrap_or_default();
                let count = workers.into_iter().map(|worker| WireCount {
                    worker,
                    frames_in: next(),
                    bytes_in: next(),
                    frames_out: next(),
                    bytes_out: next(),
                });
                What::WiresCounted { wires: count.collect() }
            }
        }
    }

    /// Rarely: the run comes to its end, or goes on after it.
    fn ending(&mut self, state: &State) -> What {
        match self.below(24) {
            0 => What::RunEnded,
            1 => What::PhaseEntered {
                phase: self.one(&[Phase::Draining, Phase::Stopping, Phase::Killing, Phase::Closing, Phase::Ended]),
                why: self.one(&[
                    PhaseReason::Finished,
                    PhaseReason::Stuck,
                    PhaseReason::Halted,
                    PhaseReason::NotRecorded,
                ]),
            },
            2 | 3 => self.resumed(state),
            4 => What::PoolClosed,
            5 => What::PoolTerminated { why: self.one(&[TerminateReason::Asked, TerminateReason::ParentEnded]) },
            6 => What::CrashLoopStopped { deaths: self.wild_number() as u32 },
            7 => What::RecordingFailed { reason: self.text() },
            8 => What::SourceClosed,
            9..12 => state
                .judged()
                .map_or(What::VerdictLifted, |verdict| What::VerdictReached { verdict: Box::new(verdict) }),
            _ => self.on_delayed(state),
        }
    }

    /// About the pool as a whole.
    fn whole(&mut self, state: &State) -> What {
        let why = self.one(&[PauseReason::Asked, PauseReason::Suspended]);
        match self.below(6) {
            0 => What::TargetSet {
                workers: self.one(&[0, 1, 4, 1024, u32::MAX]),
                by: self.one(&[Asker::Start, Asker::Person, Asker::Scenario, Asker::Tuner, Asker::Tuner]),
            },
            1 if state.is_paused_by(why) => What::PoolResumed { why },
            1 => What::PoolPaused { why },
            2 | 3 if state.is_paused() => What::PoolResumed { why },
            2 => What::TuningChanged {
                tuning: self.one(&[
                    Tuning::Off,
                    Tuning::Searching,
                    Tuning::Searching,
                    Tuning::Settled { workers: u32::MAX },
                ]),
            },
            3 => What::Noted { note: self.note() },
            _ => self.dispatch(state),
        }
    }

    fn note(&mut self) -> Note {
        Note::new(self.one(&[Weight::Info, Weight::Skipped, Weight::Warning, Weight::Error]), self.text())
    }

    fn failure(&mut self) -> Failure {
        match self.below(6) {
            0 => Failure::Exit { code: self.wild_number() as i32 },
            1 => Failure::Signal { signal: self.wild_number() as i32 },
            2 => Failure::Error { text: self.text() },
            3 => Failure::TimedOut { after_ms: self.wild_number() },
            4 => Failure::WorkerLost { how: self.text() },
            _ => self.one(&[Failure::Stopped, Failure::InDoubt]),
        }
    }
}
