//! The one loop: receive, stamp, apply, plan, perform, publish. Nothing else changes the state of a live run.
//! It does not decide (the planner does), draws nothing, prints nothing, and never waits for anything but its epoll.

mod perform;
mod receive;
mod record;

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use nix::sys::signalfd::SignalFd;

use super::child::Child;
use super::limits::raise_open_files;
use super::mailbox::{Inbox, Mailbox, mailbox};
use super::planner::{self, Outlook, Step};
use super::poller::Poller;
use super::publish::{Publisher, Subscriber, Told};
use super::sampler::Sampler;
use super::settings::{Samples, Settings};
use super::signals;
use super::timetable::Timetable;
use crate::clock::Clock;
use crate::command::{Asker, Command};
use crate::event::{Elapsed, Event, Phase, What, WireCount};
use crate::model::{IllegalEvent, State, Worker};
use crate::offspring;
use crate::task::{Pid, WorkerId};
use record::Recording;

/// How many decisions are carried out before the loop looks at its inputs again. Starting a process is the slowest.
const STEPS_A_TURN_MAX: usize = 256;

/// See [`STEPS_A_TURN_MAX`].
const STARTS_A_TURN_MAX: usize = 8;

/// Between two ticks, while something runs.
const TICK_MS: u64 = 1_000;

/// How many workers are measured at a tick; one costs a tenth of a millisecond.
const SAMPLES_AT_ONCE_MAX: usize = 32;

/// How soon a slow follower, or what a dead worker left behind, is tried again.
const AGAIN_MS: u64 = 20;

/// How long a stopped run waits, after its end, for those who have not read everything.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// How long the threads that were workers may take to end after the run.
const THREADS_WITHIN: Duration = Duration::from_secs(1);

/// A running pool.
pub struct Pool {
    /// The way in.
    pub mailbox: Mailbox,
    /// The loop's thread; ends with the run.
    pub thread: JoinHandle<Finished>,
}

/// What is left of a run.
pub struct Finished {
    /// The state after the last event.
    pub state: State,
    /// Whether the followers got everything.
    pub told: Told,
    signals: SignalFd,
    hurry: Hurry,
}

pub(super) struct Supervisor {
    state: State,
    clock: Clock,
    now: Elapsed,
    poller: Poller,
    inbox: Inbox,
    signals: SignalFd,
    sampler: Option<Sampler>,
    publisher: Publisher,
    recording: Option<Recording>,
    settings: Settings,
    timetable: Timetable,
    children: HashMap<WorkerId, Child>,
    /// Threads of this process that were workers and hung up. Each channel is closed when its thread has ended.
    threads: Vec<Receiver<()>>,
    unsent: Vec<WorkerId>,
    unpublished: Vec<Event>,
    scratch: Box<[u8]>,
    open_files: u64,
    /// Children this process had before it became this program (a shell's `exec`): none of ours.
    inherited: Vec<Pid>,
    next_tick: Elapsed,
    /// How far down the list of workers the latest measurement went.
    sampled_to: usize,
    /// When adopted orphans are looked for again.
    sweep_at: Option<Elapsed>,
    /// Workers that closed their socket and have not exited, and until when they may take their time.
    hung_up: Vec<(WorkerId, Elapsed)>,
    hurry: Hurry,
}

/// Starts the loop on a thread of its own. Signals must be blocked already (see [`super::block_signals`]).
///
/// # Errors
/// When the system has no descriptor or thread left for it.
pub fn start(mut settings: Settings, subscribers: Vec<Subscriber>) -> std::io::Result<Pool> {
    let (mailbox, inbox) = mailbox()?;
    let signals = signals::descriptor()?;
    let poller = Poller::new()?;
    poller.watch_bell(&*inbox.bell)?;
    poller.watch_signals(&signals)?;
    let inherited = offspring::children();
    offspring::adopt_orphans()?;
    let sampler = match settings.samples {
        Samples::Wanted => Some(Sampler::start(mailbox.clone())?),
        Samples::NotWanted => None,
    };
    let state = settings.take_state();
    let recorder = settings.recorder.take();
    let supervisor = Supervisor {
        clock: Clock::start_at(state.now),
        now: state.now,
        poller,
        inbox,
        signals,
        sampler,
        recording: recorder.is_some().then(Recording::default),
        publisher: Publisher::new(subscribers, recorder),
        timetable: Timetable::new(settings.timed.clone(), &state),
        settings,
        children: HashMap::new(),
        threads: Vec::new(),
        unsent: Vec::new(),
        unpublished: Vec::new(),
        scratch: vec![0; 64 << 10].into_boxed_slice(),
        open_files: raise_open_files(),
        inherited,
        next_tick: state.now.plus_ms(TICK_MS),
        state,
        sampled_to: 0,
        sweep_at: None,
        hung_up: Vec::new(),
        hurry: Hurry::No,
    };
    let thread = std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || supervisor.run())?;
    Ok(Pool { mailbox, thread })
}

impl Supervisor {
    fn run(mut self) -> Finished {
        self.begin();
        let mut ready = Vec::new();
        loop {
            let rested = self.plan();
            self.send_all();
            self.publish();
            if self.state.phase == Phase::Ended {
                return self.finish();
            }
            let until = if rested == Rested::No { Some(self.now) } else { self.until() };
            self.poller.wait(self.clock.now(), until, &mut ready).expect("BUG: epoll does not work");
            self.now = self.clock.now();
            self.receive(&ready);
            self.keep_time();
            self.heed_recorder();
        }
    }

    /// Carries out what the planner wants until it wants nothing, or the turn is over.
    fn plan(&mut self) -> Rested {
        let mut starts = 0;
        for _ in 0..STEPS_A_TURN_MAX {
            let gate = self.publisher.gate();
            let Some(step) = planner::next(&self.state, self.now, gate, self.outlook()) else { return Rested::Yes };
            starts += usize::from(matches!(step.effect, planner::Effect::Spawn(_)));
            self.take(step);
            if starts >= STARTS_A_TURN_MAX {
                break;
            }
        }
        Rested::No
    }

    fn outlook(&self) -> Outlook {
        Outlook { timed_left: !self.timetable.is_over(), lag_us: self.lag_us() }
    }

    fn take(&mut self, step: Step) {
        self.record(step.event);
        self.perform(step.effect);
        self.heed_phase();
    }

    fn take_command(&mut self, command: Command, asker: Asker) {
        if matches!(command, Command::Stop | Command::Kill) && !super::talk::may_be_looked_at(&self.state, &command) {
            self.hurry = Hurry::Yes;
        }
        for step in super::accept::accept(&self.state, command, asker) {
            self.take(step);
        }
        self.timetable.heed(&self.state, asker, self.now);
    }

    /// Our own decisions and facts always fit the state.
    fn record(&mut self, what: What) {
        if let Err(illegal) = self.try_record(what) {
            panic!("BUG: {illegal}");
        }
    }

    fn try_record(&mut self, what: What) -> Result<(), IllegalEvent> {
        let event = Event { at: self.now, what };
        self.state.apply(&event)?;
        if !self.publisher.is_alone() {
            self.unpublished.push(event);
        }
        if let Some(recording) = &mut self.recording {
            recording.events += 1;
        }
        Ok(())
    }

    fn publish(&mut self) {
        self.publisher.publish(std::mem::take(&mut self.unpublished));
        if self.publisher.is_behind() {
            self.publisher.catch_up(&self.state);
        }
    }

    /// When the loop must wake though nothing happens.
    fn until(&self) -> Option<Elapsed> {
        let timed = self.timetable.next();
        let tick = self.is_lively().then_some(self.next_tick);
        let behind = self.publisher.is_behind().then(|| self.now.plus_ms(AGAIN_MS));
        let hung_up = self.hung_up.iter().map(|(_, until)| *until).min();
        [planner::deadline(&self.state, self.now), timed, tick, behind, self.sweep_at, hung_up]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether clocks and rates on a screen move.
    fn is_lively(&self) -> bool {
        !self.state.is_paused() && (self.state.counts.in_flight() > 0 || self.state.queue.next_release().is_some())
    }

    /// Does what the clock says.
    fn keep_time(&mut self) {
        while let Some(command) = self.timetable.due(self.now) {
            self.take_command(command, Asker::Scenario);
        }
        if self.sweep_at.is_some_and(|at| at <= self.now) {
            self.sweep();
        }
        self.end_hung_up();
        if self.next_tick <= self.now {
            self.next_tick = self.now.plus_ms(TICK_MS);
            if self.is_lively() {
                self.record(What::Ticked);
                self.count_wires();
                self.want_samples();
            }
        }
    }

    /// What went over the connections on which something did.
    fn count_wires(&mut self) {
        let mut wires = Vec::new();
        for (&worker, child) in &mut self.children {
            let now = (child.sender.traffic(), child.receiver.traffic());
            if now != child.told {
                child.told = now;
                let ((to, from), worker) = (now, worker);
                wires.push(WireCount {
                    worker,
                    frames_in: to.frames,
                    bytes_in: to.bytes,
                    frames_out: from.frames,
                    bytes_out: from.bytes,
                });
            }
        }
        if !wires.is_empty() {
            wires.sort_unstable_by_key(|count| count.worker);
            self.record(What::WiresCounted { wires });
        }
    }

    /// A few workers at a time, one after the other, so that measuring costs the same however many there are.
    fn want_samples(&mut self) {
        let Some(sampler) = &self.sampler else { return };
        let lively =
            self.state.workers.iter().filter(|worker| !worker.in_flight.is_empty() || worker.cpu_percent > 0.0);
        // The parent's own process is one, however many of its threads work; a PID of another machine means nothing here.
        let mut inside = 0;
        let once = |worker: &&Worker| {
            inside += u32::from(!worker.is_process());
            !self.state.is_launched(worker) && (worker.is_process() || inside == 1)
        };
        let lively: Vec<_> = lively.filter(once).filter_map(|worker| Some((worker.id, worker.pid?))).collect();
        let first = if self.sampled_to < lively.len() { self.sampled_to } else { 0 };
        let some: Vec<_> = lively.iter().skip(first).take(SAMPLES_AT_ONCE_MAX).copied().collect();
        self.sampled_to = first + some.len();
        sampler.want(some);
    }

    /// Kills what dead workers left to us and reaps what died; looks again until nothing is left.
    fn sweep(&mut self) {
        let remaining = offspring::kill_once(&self.spared());
        self.sweep_at = (remaining == offspring::Remaining::Some).then(|| self.now.plus_ms(AGAIN_MS));
    }

    /// The children that are to live.
    fn spared(&self) -> Vec<Pid> {
        let processes = self.children.values().filter(|child| !child.is_inside());
        processes.map(|child| child.pid).chain(self.inherited.iter().copied()).collect()
    }

    fn finish(self) -> Finished {
        offspring::kill_all(&self.spared());
        let Self { state, publisher, inbox, signals, mut hurry, threads, inherited, .. } = self;
        let clock = Clock::start();
        // One that computes and never looks up ends with the program.
        for thread in threads {
            let _ = thread.recv_timeout(THREADS_WITHIN.saturating_sub(clock.elapsed()));
        }
        offspring::kill_all(&inherited); // One of them may have been starting a command.
        // Whoever still sends must not wait for a loop that is over.
        drop(inbox);
        let clock = Clock::start();
        let told = publisher.finish(&state, || {
            if signals::end_is_wanted(&signals) {
                hurry = Hurry::Yes;
            }
            hurry == Hurry::No || clock.elapsed() < LAST_WORDS_WITHIN
        });
        Finished { state, told, signals, hurry }
    }
}

/// Whether somebody wants the program to end, with or without its last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hurry {
    No,
    Yes,
}

impl Finished {
    /// Whether somebody wants the program to end now: the run was told to stop, or a signal came after it.
    pub fn end_is_wanted(&mut self) -> bool {
        if signals::end_is_wanted(&self.signals) {
            self.hurry = Hurry::Yes;
        }
        self.hurry == Hurry::Yes
    }
}

/// Whether the planner has nothing more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rested {
    Yes,
    No,
}

/// The parent's own process.
#[must_use]
pub fn own_pid() -> Pid {
    Pid(std::process::id().cast_signed())
}
