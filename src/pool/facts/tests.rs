//! What hostile, broken or unlucky workers may say, fed to the state as it would arrive: it is refused or bounded, never believed.
//! It does not know sockets; the frames are tested where they are made.

use proptest::prelude::*;

use super::*;
use crate::command::{Asker, Weight};
use crate::event::{Elapsed, Event, Policy, RunKind, Start};
use crate::task::{Arguments, Download, FunctionCall, FunctionId, Pid, Slot, Stream, TaskSpec, Work};

/// Two workers that hold four tasks each, of eight downloads.
fn state() -> State {
    let mut state = State::new();
    let start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
    let download = Download { bytes: u64::MAX, duration_ms: 1, seed: 0, fail_per_mille: 0, stall_per_mille: 0 };
    let spec = || TaskSpec::new(Work::Download(download.clone())).into();
    let mut events = vec![
        What::RunStarted(Box::new(start)),
        What::TargetSet { workers: 2, by: Asker::Start },
        What::TasksAdded { tasks: (0..8).map(|_| spec()).collect() },
    ];
    for number in 0..2_u16 {
        let worker = WorkerId(number.into());
        events.extend([
            What::WorkerStarting { worker, slot: Slot(number), role: crate::event::Role::Pool },
            What::WorkerSpawned { worker, pid: Pid(100 + i32::from(number)) },
            What::WorkerReady { worker, host: None, pid: None },
            What::TasksDispatched { worker, tasks: (0..4).map(|task| TaskId(u32::from(number) * 4 + task)).collect() },
        ]);
    }
    for what in events {
        record(&mut state, what).unwrap();
    }
    state
}

fn record(state: &mut State, what: What) -> Result<(), IllegalEvent> {
    let at = Elapsed(state.now.0 + 1);
    state.apply(&Event { at, what })
}

/// As the supervisor does it.
fn hear(state: &mut State, worker: u32, report: Report) -> Result<(), IllegalEvent> {
    let mut events = Vec::new();
    of_report(state, WorkerId(worker), report, &mut events)?;
    events.into_iter().try_for_each(|event| record(state, event))
}

fn ended(task: u32, outcome: Outcome) -> Report {
    let tally = Tally { bytes: u64::MAX, files: u32::MAX };
    Report::Ended { task: TaskId(task), outcome, tally, took_us: u64::MAX, output: None }
}

#[test]
fn nobody_speaks_for_a_task_that_another_holds() {
    let mut state = state();
    let (task, note) = (TaskId(4), Note::new(Weight::Error, "not mine"));
    for report in [
        ended(4, Outcome::Done),
        Report::Started { task, pid: None },
        Report::Progressed { task, done: 1, total: 2 },
        Report::Printed { task, stream: Stream::Stdout, skipped: 0, bytes: vec![b'x'] },
        Report::Noted { task, note },
    ] {
        assert!(matches!(hear(&mut state, 0, report), Err(IllegalEvent::NotHeld { .. })));
    }
    assert_eq!(state.task(task).unwrap().status, Status::Sent);
    assert_eq!(state.counts.in_flight(), 8);
    hear(&mut state, 1, ended(4, Outcome::Done)).unwrap();
    assert!(matches!(hear(&mut state, 1, ended(4, Outcome::Done)), Err(IllegalEvent::NotHeld { .. })));
}

#[test]
fn what_was_not_asked_for_is_not_taken_back_and_nothing_is_taken_twice() {
    let mut state = state();
    let tasks = vec![TaskId(3), TaskId(3)];
    assert!(hear(&mut state, 0, Report::Returned { tasks: vec![TaskId(3)] }).is_err());
    record(&mut state, What::TasksRecalled { worker: WorkerId(0) }).unwrap();
    assert!(hear(&mut state, 0, Report::Returned { tasks }).is_err());
    assert_eq!((state.counts.in_flight(), state.queue.iter().count()), (8, 0));
    hear(&mut state, 0, Report::Returned { tasks: vec![TaskId(2), TaskId(3)] }).unwrap();
    assert_eq!(state.queue.iter().collect::<Vec<_>>(), [TaskId(2), TaskId(3)]);
}

#[test]
fn the_answer_of_a_worker_that_was_kept_is_taken() {
    let mut state = state();
    let worker = WorkerId(0);
    record(&mut state, What::WorkerDraining { worker, why: crate::event::DrainReason::Retired }).unwrap();
    record(&mut state, What::TasksRecalled { worker }).unwrap();
    record(&mut state, What::WorkerKept { worker }).unwrap();
    hear(&mut state, 0, Report::Returned { tasks: vec![TaskId(1)] }).unwrap();
}

#[test]
fn absurd_figures_are_no_panic() {
    let mut state = state();
    for task in 0..4 {
        let id = TaskId(task);
        hear(&mut state, 0, Report::Started { task: id, pid: None }).unwrap();
        hear(&mut state, 0, Report::Progressed { task: id, done: u64::MAX, total: u64::MAX }).unwrap();
        let printed = |skipped| Report::Printed { task: id, stream: Stream::Stderr, skipped, bytes: vec![0; 9000] };
        hear(&mut state, 0, printed(u64::MAX)).unwrap();
        hear(&mut state, 0, printed(u64::MAX)).unwrap();
        let _ = (state.progress(), state.rate());
        hear(&mut state, 0, ended(task, Outcome::Done)).unwrap();
        let _ = (state.progress(), state.rate());
    }
    record(&mut state, What::TaskRevived { task: TaskId(0) }).unwrap();
    assert!(state.pace_us.unwrap() <= state.now.0);
}

#[test]
fn texts_are_bounded() {
    let mut state = state();
    let text = "\u{e4}".repeat(1 << 20);
    let note = Note::new(Weight::Error, text.as_str());
    hear(&mut state, 0, Report::Noted { task: TaskId(0), note }).unwrap();
    hear(&mut state, 0, ended(0, Outcome::Failed(Failure::Error { text: text.as_str().into() }))).unwrap();
    hear(&mut state, 0, ended(1, Outcome::Failed(Failure::WorkerLost { how: text.as_str().into() }))).unwrap();
    assert!(state.skipped.first[0].len() < TEXT_BYTES_MAX + 10);
    assert!(state.log.lines().iter().all(|line| line.text.len() < TEXT_BYTES_MAX + 200));
    for task in [0, 1] {
        let failure = state.failure(TaskId(task)).unwrap();
        assert!(matches!(failure, Failure::Error { text } if text.len() < TEXT_BYTES_MAX + 10));
    }
}

fn any_report() -> impl Strategy<Value = Report> {
    let task = || (0..10_u32).prop_map(TaskId);
    prop_oneof![
        task().prop_map(|task| Report::Started { task, pid: None }),
        (task(), any::<u64>(), any::<u64>()).prop_map(|(task, done, total)| Report::Progressed { task, done, total }),
        (task(), any::<u64>()).prop_map(|(task, skipped)| Report::Printed {
            task,
            stream: Stream::Stdout,
            skipped,
            bytes: vec![b'x'; 10]
        }),
        (task(), any::<bool>()).prop_map(|(task, done)| ended(
            task.0,
            if done { Outcome::Done } else { Outcome::Failed(Failure::Stopped) }
        )),
        prop::collection::vec(task(), 0..5).prop_map(|tasks| Report::Returned { tasks }),
        Just(Report::Pong),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a worker says, in whatever order: nothing panics, and no count drifts.
    #[test]
    fn nonsense_never_spoils_the_state(said in prop::collection::vec((0..3_u32, any_report(), any::<bool>()), 0..60)) {
        let mut state = state();
        for (worker, report, recall) in said {
            if recall && state.workers.get(WorkerId(worker)).is_some_and(|record| record.recall == Recall::No) {
                record(&mut state, What::TasksRecalled { worker: WorkerId(worker) }).unwrap();
            }
            let _ = hear(&mut state, worker, report);
            let held: usize = state.workers.iter().map(|worker| worker.in_flight.len()).sum();
            prop_assert_eq!(held, state.counts.in_flight() as usize);
            prop_assert_eq!(state.queue.iter().count(), state.counts.waiting() as usize);
            prop_assert_eq!(state.counts.total(), 8);
        }
    }
}

#[test]
fn what_a_worker_elsewhere_calls_its_machine_is_bounded_and_never_missing() {
    let mut state = State::new();
    let mut start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
    start.launcher = Some("ssh host".into());
    record(&mut state, What::RunStarted(Box::new(start))).unwrap();
    let worker = WorkerId(0);
    record(&mut state, What::WorkerStarting { worker, slot: Slot(0), role: crate::event::Role::Pool }).unwrap();
    let ready = |host: &str, pid| {
        let hello = Hello { pid: Pid(pid), host: host.into() };
        match of_hello(&state, state.workers.get(worker).unwrap(), hello) {
            What::WorkerReady { host, pid, .. } => (host.unwrap(), pid),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ready("alpha", 7), ("alpha".into(), Some(Pid(7))));
    assert_eq!(ready("", -1), ("elsewhere".into(), None));
    let (long, _) = ready(&"\u{7167}".repeat(100_000), 1);
    assert!(long.len() <= HOST_BYTES_MAX + 3 && long.ends_with("..."), "{long}");
}

/// A run whose parent's program, task 0, is under way on worker 0.
fn program() -> State {
    let mut state = State::new();
    let start = Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default());
    let (worker, task) = (WorkerId(0), TaskId(0));
    let spec = TaskSpec { place: Place::Main, ..TaskSpec::new(Work::Sleep { duration_ms: 1 }) };
    for what in [
        What::RunStarted(Box::new(start)),
        What::TasksAdded { tasks: vec![spec.into()] },
        What::SourceClosed,
        What::WorkerStarting { worker, slot: Slot::MAIN, role: Role::Main },
        What::WorkerSpawned { worker, pid: Pid(1) },
        What::WorkerReady { worker, host: None, pid: None },
        What::TasksDispatched { worker, tasks: vec![task] },
        What::TaskStarted { task, worker, pid: None },
    ] {
        record(&mut state, what).unwrap();
    }
    state
}

#[test]
fn nothing_of_anothers_is_given_back() {
    let mut state = state();
    record(&mut state, What::TaskStopping { task: TaskId(5), why: StopReason::Asked }).unwrap();
    record(&mut state, What::TasksRecalled { worker: WorkerId(0) }).unwrap();
    let refused = hear(&mut state, 0, Report::Returned { tasks: vec![TaskId(5)] });
    assert!(matches!(refused, Err(IllegalEvent::NotHeld { .. })), "{refused:?}");
    assert_eq!(state.task(TaskId(5)).unwrap().status, Status::Stopping);
}

#[test]
fn a_process_of_its_own_that_exits_well_has_done_its_task() {
    for (code, done) in [(0, true), (3, false)] {
        let mut state = steps(Place::Own);
        let mut events = Vec::new();
        of_exit(&state, WorkerId(0), Exit::Code(code), Box::default(), &mut events);
        for event in events {
            record(&mut state, event).unwrap();
        }
        let status = state.task(TaskId(0)).unwrap().status;
        assert_eq!(status, if done { Status::Done } else { Status::Undecided });
    }
}

#[test]
fn what_has_asked_something_has_begun_and_is_not_given_back() {
    let mut state = steps(Place::Pool);
    let (task, thread) = (TaskId(0), ThreadId::FIRST);
    hear(&mut state, 0, Report::Asked { task, thread, call: Call::JoinThread { thread: ThreadId(9) } }).unwrap();
    record(&mut state, What::TasksRecalled { worker: WorkerId(0) }).unwrap();
    assert!(hear(&mut state, 0, Report::Returned { tasks: vec![task] }).is_err());
    assert_eq!((state.threads.of(task).len(), state.queue.iter().count()), (1, 0));
}

/// One task of steps, on a worker that was given it and has said nothing yet.
fn steps(place: Place) -> State {
    let call = FunctionCall { function: FunctionId(0), args: Arguments::Once(Vec::new()), seed: 0, uses: Vec::new() };
    let spec = TaskSpec { place, ..TaskSpec::new(Work::Steps(Box::new(call))) };
    let role = if place == Place::Own { Role::Own(TaskId(0)) } else { Role::Pool };
    let (mut state, worker) = (State::new(), WorkerId(0));
    for what in [
        What::RunStarted(Box::new(Start::new("t", RunKind::Scenario, Pid(1), 1, Policy::default()))),
        What::TasksAdded { tasks: vec![spec.into()] },
        What::WorkerStarting { worker, slot: Slot(0), role },
        What::WorkerSpawned { worker, pid: Pid(100) },
        What::WorkerReady { worker, host: None, pid: None },
        What::TasksDispatched { worker, tasks: vec![TaskId(0)] },
    ] {
        record(&mut state, what).unwrap();
    }
    state
}

fn submits(place: Place) -> Report {
    let spec = TaskSpec { place, ..TaskSpec::new(Work::Nothing) };
    Report::Submits { task: TaskId(0), thread: ThreadId::FIRST, specs: vec![spec.clone(), spec] }
}

/// Why the tasks are not taken, if they are not; and how many are added.
fn taken(state: &State, place: Place) -> (Option<Box<str>>, usize) {
    let mut events = Vec::new();
    of_report(state, WorkerId(0), submits(place), &mut events).unwrap();
    let Some(What::CallMade { call: Call::Submit { first, count, refusal }, .. }) = events.pop() else {
        panic!("no call: {events:?}")
    };
    assert_eq!((first, count), (TaskId(1), 2));
    let added = events.iter().map(|event| if let What::TasksAdded { tasks } = event { tasks.len() } else { 0 }).sum();
    (refusal, added)
}

#[test]
fn the_program_hands_tasks_over_until_its_pool_is_closed() {
    let mut state = program();
    assert_eq!(taken(&state, Place::Pool), (None, 2));
    record(&mut state, What::PoolClosed).unwrap();
    let (refusal, added) = taken(&state, Place::Pool);
    assert!(refusal.is_some_and(|text| text.contains("the pool is closed")) && added == 0);
    assert_eq!(taken(&state, Place::Own), (None, 2), "processes are no concern of the pool");
    let why = crate::event::PhaseReason::Asked;
    record(&mut state, What::PhaseEntered { phase: Phase::Draining, why }).unwrap();
    assert_eq!(taken(&state, Place::Own), (None, 2), "they are work that is left");
    record(&mut state, What::PhaseEntered { phase: Phase::Stopping, why }).unwrap();
    let (refusal, added) = taken(&state, Place::Own);
    assert!(refusal.is_some_and(|text| text.contains("stopping")) && added == 0);
}

#[test]
fn nobody_but_the_program_hands_tasks_over() {
    let mut others = state();
    assert!(hear(&mut others, 0, submits(Place::Pool)).is_err(), "a worker of the pool did");
    let mut state = program();
    assert!(hear(&mut state, 0, submits(Place::Main)).is_err(), "a second program");
    assert_eq!(state.tasks.len(), 1);
}
