//! Films of made-up runs: wherever one goes in them and however one gets there, the state is that of a plain fold.
//! It does not know real runs; it makes streams of events up, legal ones and torn, damaged and impossible ends of them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Film, Fold, Next, Options, Playing, Read, Target, Telling, play, tell};
use crate::command::Asker;
use crate::event::{Elapsed, Event, Exit, Phase, PhaseReason, Policy, Role, RunKind, Start, What};
use crate::journal::made_up::header;
use crate::journal::{encode_event, encode_header};
use crate::model::{Deck as _, Known, Motion, Replayed, State, Status, Task, Update, Way, Wish, WorkerState};
use crate::task::{Failure, Outcome, Pid, Place, Slot, Tally, TaskId, TaskSpec, Work, WorkerId};

/// How long a film is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers that are drawn from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

/// A run that is being made up: each event is one that can happen in the state so far.
struct MadeUp {
    state: State,
    events: Vec<Event>,
    at_us: u64,
    dice: Dice,
}

impl MadeUp {
    /// A run of at least so many events, to its end.
    fn run(seed: u64, events: usize) -> Vec<Event> {
        let mut made_up = Self { state: State::new(), events: Vec::new(), at_us: 0, dice: Dice(seed) };
        made_up.begin(events / 4 + 1);
        while made_up.events.len() < events {
            made_up.step();
        }
        made_up.end();
        made_up.events
    }

    fn tell(&mut self, what: What) {
        let event = Event { at: Elapsed(self.at_us), what };
        self.state.apply(&event).unwrap_or_else(|error| panic!("{error}: {event:?}"));
        self.events.push(event);
    }

    fn begin(&mut self, tasks: usize) {
        let policy = Policy { retries: 2, ..Policy::default() };
        self.tell(What::RunStarted(Box::new(Start::new("made up", RunKind::Scenario, Pid(1), 4, policy))));
        let spec = Arc::new(TaskSpec::new(Work::Sleep { duration_ms: 700 }));
        self.tell(What::TasksAdded { tasks: vec![spec; tasks] });
        self.tell(What::SourceClosed);
        self.tell(What::TargetSet { workers: 3, by: Asker::Start });
    }

    fn step(&mut self) {
        self.at_us += self.dice.below(4) * self.dice.below(50_000);
        let workers: Vec<WorkerId> = self.state.workers.iter().map(|worker| worker.id).collect();
        match self.dice.below(20) {
            0 => self.tell(What::Ticked),
            1 => {
                let workers = u32::try_from(self.dice.below(6)).unwrap() + 1;
                self.tell(What::TargetSet { workers, by: Asker::Person });
            }
            2 if self.dice.below(10) == 0 && !self.state.is_paused() => {
                self.tell(What::PoolPaused { why: crate::event::PauseReason::Asked });
            }
            _ if self.state.is_paused() => self.tell(What::PoolResumed { why: crate::event::PauseReason::Asked }),
            _ if self.state.wanted() < self.state.target => self.start_worker(),
            at => {
                let Some(&worker) = workers.get(usize::try_from(at).unwrap() % workers.len().max(1)) else { return };
                self.work(worker);
            }
        }
    }

    fn start_worker(&mut self) {
        let worker = self.state.workers.next_id();
        let slot: Slot = self.state.workers.free_seat();
        self.tell(What::WorkerStarting { worker, slot, role: Role::Pool });
        self.tell(What::WorkerSpawned { worker, pid: Pid(1000 + i32::try_from(worker.0).unwrap()) });
        self.tell(What::WorkerReady { worker, host: None, pid: None });
    }

    fn work(&mut self, worker: WorkerId) {
        let record = self.state.workers.get(worker).unwrap();
        if record.state != WorkerState::Ready {
            return;
        }
        if let Some(&task) = record.in_flight.front() {
            match self.dice.below(12) {
                0 => self.lose(worker, task),
                1..3 => self.ended(task, Outcome::Failed(Failure::Exit { code: 3 })),
                _ => self.ended(task, Outcome::Done),
            }
        } else if let Some(&task) = self.state.queue.open(Place::Pool).front() {
            self.tell(What::TasksDispatched { worker, tasks: vec![task] });
            self.tell(What::TaskStarted { task, worker, pid: None });
        }
    }

    fn ended(&mut self, task: TaskId, outcome: Outcome) {
        let tally = Tally { bytes: 0, files: 0 };
        self.tell(What::AttemptEnded { task, outcome, tally, took_us: 1000, output: None });
        self.decide(task);
    }

    fn lose(&mut self, worker: WorkerId, task: TaskId) {
        self.tell(What::AttemptLost { task, failure: Failure::WorkerLost { how: "killed".into() } });
        self.decide(task);
        self.tell(What::WorkerExited { worker, how: Exit::Signal(9), last_words: "".into() });
    }

    fn decide(&mut self, task: TaskId) {
        let Task { status, attempts, .. } = *self.state.task(task).unwrap();
        if status == Status::Undecided {
            let not_before = self.state.active();
            if attempts < 3 {
                self.tell(What::TaskRequeued { task, not_before });
                self.tell(What::TaskReleased { task });
            } else {
                self.tell(What::TaskFailed { task });
            }
        }
    }

    fn end(&mut self) {
        let held: Vec<TaskId> = self.state.workers.iter().flat_map(|worker| worker.in_flight.clone()).collect();
        for task in held {
            self.ended(task, Outcome::Done);
        }
        self.tell(What::PhaseEntered { phase: Phase::Stopping, why: PhaseReason::Asked });
        self.tell(What::PhaseEntered { phase: Phase::Closing, why: PhaseReason::Asked });
        let workers: Vec<WorkerId> = self.state.workers.iter().map(|worker| worker.id).collect();
        for worker in workers {
            self.tell(What::WorkerDismissed { worker });
            self.tell(What::WorkerExited { worker, how: Exit::Code(0), last_words: "".into() });
        }
        self.tell(What::RunEnded);
    }
}

/// A journal in a folder of its own.
struct Journal {
    folder: TempDir,
    crc: u32,
    seq: u64,
}

impl Journal {
    fn of(events: &[Event]) -> Self {
        let mut bytes = Vec::new();
        let crc = encode_header(&mut bytes, &header());
        let mut journal = Self { folder: tempfile::tempdir().unwrap(), crc, seq: 0 };
        journal.append_bytes(&bytes);
        journal.append(events);
        journal
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    fn encoded(&mut self, events: &[Event]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for event in events {
            self.seq += 1;
            self.crc = encode_event(&mut bytes, self.seq, event, self.crc);
        }
        bytes
    }

    fn append(&mut self, events: &[Event]) {
        let bytes = self.encoded(events);
        self.append_bytes(&bytes);
    }

    fn append_bytes(&self, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn film(&self) -> Film {
        Film::new(Fold::open(&self.path()).unwrap(), None)
    }

    fn film_read(&self) -> Film {
        let mut film = self.film();
        while film.read(1000) == Read::Some {}
        film
    }

    fn play(&self, speed_milli: u32, live: &Arc<AtomicBool>) -> (Playing, Receiver<Update>) {
        let live = Arc::clone(live);
        let options = Options { speed_milli, from: None };
        play(self.film(), self.folder.path().to_owned(), options, move || live.load(Ordering::Relaxed)).unwrap()
    }
}

fn folded(events: &[Event]) -> State {
    let mut state = State::new();
    for event in events {
        state.apply(event).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever one goes, and from wherever, the state is that of all events up to there and no other.
    #[test]
    fn every_instant_is_that_of_a_plain_fold(
        seed in any::<u64>(),
        size in 10..3000_usize,
        jumps in proptest::collection::vec((any::<bool>(), 0..=1000_u64), 1..12),
    ) {
        let events = MadeUp::run(seed, size);
        let film = Journal::of(&events).film_read();
        prop_assert_eq!(film.events(), events.len() as u64);
        prop_assert!(film.has_ended());
        prop_assert!(*film.fold().state() == folded(&events));
        let mut cursor = film.cursor();
        for (by_event, share) in jumps {
            let (target, count) = if by_event {
                let event = film.events() * share / 1000;
                (Target::Event(event), usize::try_from(event).unwrap())
            } else {
                let time = Elapsed(film.end().0 * share / 1000);
                (Target::Time(time), events.partition_point(|event| event.at <= time))
            };
            prop_assert_eq!(film.go(&mut cursor, target), Ok(()));
            prop_assert_eq!(cursor.event(), count as u64);
            prop_assert!(*cursor.state() == folded(&events[..count]), "{:?}", target);
        }
    }

    /// Whatever byte is damaged: what comes before is shown, and nothing after it.
    #[test]
    fn what_comes_before_damage_is_shown(seed in any::<u64>(), share in 0..1000_usize, flip in 1..=255_u8) {
        let events = MadeUp::run(seed, 60);
        let journal = Journal::of(&events);
        let mut bytes = std::fs::read(journal.path()).unwrap();
        let header = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let at = header + (bytes.len() - header) * share / 1000;
        bytes[at] ^= flip;
        let intact = bytes[header..at].split(|&byte| byte == b'\n').count() - 1;
        std::fs::write(journal.path(), &bytes).unwrap();
        let film = journal.film_read();
        prop_assert_eq!(film.events(), intact as u64);
        prop_assert!(*film.fold().state() == folded(&events[..intact]));
    }
}

#[test]
fn keyframes_are_few_however_many_events_there_are() {
    let events = MadeUp::run(7, 3000);
    let mut journal = Journal::of(&events[..events.len() - 1]);
    // As many ticks as make the distance of keyframes double more than once.
    let end = events.last().unwrap().at;
    let ticks: Vec<Event> = (0..140_000).map(|tick| Event { at: Elapsed(end.0 + tick), what: What::Ticked }).collect();
    journal.append(&ticks);
    let film = journal.film_read();
    assert_eq!(film.events(), (events.len() - 1 + ticks.len()) as u64);
    assert!((16..=64).contains(&film.keyframes.len()), "{}", film.keyframes.len());
    let gaps = film.keyframes.windows(2).map(|pair| pair[1].mark.seq - pair[0].mark.seq);
    assert!(gaps.clone().all(|gap| gap == film.every), "{:?}", gaps.collect::<Vec<_>>());
}

#[test]
fn an_event_that_cannot_have_happened_ends_the_film() {
    let events = MadeUp::run(1, 50);
    let mut journal = Journal::of(&events[..40]);
    journal.append(&[Event { at: events[39].at, what: What::TaskFailed { task: TaskId(9_999) } }]);
    journal.append(&events[40..]);
    let film = journal.film_read();
    assert_eq!(film.events(), 40);
    let why = film.fold().spoilt().unwrap();
    assert!(why.contains("line 42") && why.contains("there is no task 10000"), "{why}");
}

#[test]
fn what_is_not_a_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(Fold::open(&pipe).err().unwrap().to_string(), "it is not a file");
    std::fs::write(folder.path().join("other"), "hello\n").unwrap();
    let why = Fold::open(&folder.path().join("other")).err().unwrap().to_string();
    assert!(why.contains("not that of a journal"), "{why}");
}

/// Waits until the player shows something of that kind.
#[track_caller]
fn wait_for(updates: &Receiver<Update>, what: &str, holds: impl Fn(&Replayed) -> bool) -> Replayed {
    let clock = crate::clock::Clock::start();
    let mut last = None;
    while let Some(left) = PATIENCE.checked_sub(clock.elapsed()) {
        let Ok(Update::Replayed(replayed)) = updates.recv_timeout(left) else { break };
        if holds(&replayed) {
            return *replayed;
        }
        last = Some(replayed.playback);
    }
    panic!("not {what}: {last:?}");
}

#[test]
fn a_wish_leads_to_the_state_of_that_instant() {
    let events = MadeUp::run(3, 2000);
    let journal = Journal::of(&events);
    let (playing, updates) = journal.play(250, &Arc::default());
    let begun = wait_for(&updates, "read", |shown| shown.playback.known == Known::Whole);
    assert_eq!((begun.playback.motion, begun.playback.speed_milli), (Motion::Playing, 250));
    playing.wish(Wish::PlayOrPause);
    playing.wish(Wish::Tenth(5));
    let half = Elapsed(begun.playback.end.0 / 2);
    let shown = wait_for(&updates, "at half", |shown| shown.playback.position == half);
    let count = events.partition_point(|event| event.at <= half);
    assert_eq!(shown.playback.event, count as u64);
    assert_eq!(shown.state.counts, folded(&events[..count]).counts);
    // The clock has gone on to the instant, not only to the event before it.
    assert_eq!(shown.state.now, half);
    playing.wish(Wish::Event(Way::Back));
    playing.wish(Wish::Event(Way::Back));
    let before = wait_for(&updates, "two events back", |shown| shown.playback.event == count as u64 - 2);
    assert!(before.state == folded(&events[..count - 2]));
    playing.wish(Wish::Event(Way::On));
    playing.wish(Wish::Event(Way::On));
    let again = wait_for(&updates, "where it was", |shown| shown.playback.event == count as u64);
    assert!(again.state == folded(&events[..count]));
    playing.wish(Wish::End);
    wait_for(&updates, "at the end", |shown| shown.state.phase == Phase::Ended);
    playing.wish(Wish::Moment(Way::Back));
    let resized = wait_for(&updates, "at a moment", |shown| shown.state.phase != Phase::Ended);
    assert!(resized.playback.moments.iter().any(|moment| moment.at == resized.playback.position));
    drop(updates);
    assert!(playing.end().unwrap().state == folded(&events));
}

#[test]
fn a_run_that_goes_on_is_followed_through_a_torn_line_to_its_end() {
    let events = MadeUp::run(5, 300);
    let mut journal = Journal::of(&events[..100]);
    let live = Arc::new(AtomicBool::new(true));
    let (playing, updates) = journal.play(1000, &live);
    let shown = wait_for(&updates, "at the edge", |shown| shown.playback.is_live() && shown.playback.event == 100);
    assert_eq!(shown.state.now, events[99].at);
    let bytes = journal.encoded(&events[100..200]);
    let (first, second) = bytes.split_at(bytes.len() - 10);
    journal.append_bytes(first);
    wait_for(&updates, "up to the torn line", |shown| shown.playback.event == 199);
    journal.append_bytes(second);
    wait_for(&updates, "the line that was torn", |shown| shown.playback.event == 200);
    journal.append(&events[200..]);
    let end = wait_for(&updates, "the end", |shown| shown.playback.known == Known::Whole);
    assert_eq!((end.playback.event, end.playback.motion), (events.len() as u64, Motion::Paused));
    drop(playing);
}

#[test]
fn a_run_whose_writer_dies_was_cut_off() {
    let events = MadeUp::run(5, 300);
    let journal = Journal::of(&events[..100]);
    let live = Arc::new(AtomicBool::new(true));
    let (playing, updates) = journal.play(1000, &live);
    wait_for(&updates, "at the edge", |shown| shown.playback.is_live());
    live.store(false, Ordering::Relaxed);
    let shown = wait_for(&updates, "cut off", |shown| shown.playback.known == Known::CutOff);
    assert_eq!(shown.playback.motion, Motion::Paused);
    drop(updates);
    assert_eq!(playing.end().unwrap().known, Known::CutOff);
}

#[test]
fn a_file_that_is_changed_under_the_player_ends_the_film_and_nothing_else() {
    let events = MadeUp::run(3, 2000);
    let journal = Journal::of(&events);
    let (playing, updates) = journal.play(250, &Arc::default());
    wait_for(&updates, "read", |shown| shown.playback.known == Known::Whole);
    std::fs::write(journal.path(), vec![b'x'; 1_000_000]).unwrap();
    playing.wish(Wish::Tenth(7));
    wait_for(&updates, "damaged", |shown| matches!(shown.playback.known, Known::Damaged { .. }));
    drop(playing);
}

#[test]
fn what_is_told_is_what_was_recorded() {
    let events = MadeUp::run(11, 1500);
    let journal = Journal::of(&events);
    for from in [Elapsed(0), Elapsed(events[700].at.0)] {
        let (sender, updates) = bounded(2);
        let (_stop, stopped) = bounded(1);
        let fold = Fold::open(&journal.path()).unwrap();
        let telling = Telling { from, speed_milli: None, idle_limit_ms: None };
        let teller = std::thread::spawn(move || tell(fold, telling, &sender, &stopped, &|| false));
        let (mut heard, mut state) = (Vec::new(), State::new());
        for update in &updates {
            state.follow(&update);
            if let Update::Events(some) = update {
                heard.extend_from_slice(&some);
            }
        }
        let told = teller.join().unwrap();
        assert_eq!(told.known, Known::Whole);
        let first = events.iter().position(|event| event.at >= from).unwrap();
        assert_eq!(heard, events[first..]);
        assert!(state == folded(&events));
    }
}

#[test]
fn an_impossible_event_is_told_to_nobody() {
    let events = MadeUp::run(1, 50);
    let mut journal = Journal::of(&events[..40]);
    journal.append(&[Event { at: events[39].at, what: What::RunEnded }]);
    let mut fold = Fold::open(&journal.path()).unwrap();
    let mut count = 0;
    while let Next::Event(event) = fold.read_on() {
        if fold.apply(&event).is_err() {
            break;
        }
        count += 1;
    }
    assert_eq!((count, fold.read(), fold.spoilt().is_some()), (40, 40, true));
}
