//! Functions as the parent at the other end of the socket sees them: what they report, ask, and make of the answers.
//! It does not know the parent: the tests play it.

mod other_end;

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::command::{Note, Weight};
use crate::task::{
    Action, Binary, Call, Callback, End, Expr, Function, Grain, Handle, Known, Mapping, ObjectId, ObjectKind,
    ObjectSpec, Patience, Reply, Shape, Step, Submission, Variable, Waiting, Ways, Work,
};
use crate::wire::{Initialize, Stopping, ToWorker};
use other_end::{OtherEnd, setup};

const QUEUE: ObjectId = ObjectId(0);
const PIPE: ObjectId = ObjectId(1);
const LINK: ObjectId = ObjectId(2);

fn int(int: i64) -> Expr {
    Expr::Literal(Value::Int(int))
}

fn text(text: &str) -> Expr {
    Expr::Literal(Value::Text(text.into()))
}

fn local(place: u16) -> Expr {
    Expr::Variable(Variable::Local(place))
}

fn shared(place: u16) -> Expr {
    Expr::Variable(Variable::Shared(place))
}

fn sum(left: Expr, right: Expr) -> Expr {
    Expr::Binary(Binary::Add, Box::new(left), Box::new(right))
}

fn print(text: Expr) -> Step {
    Step::Print { text }
}

fn set(variable: Variable, value: Expr) -> Step {
    Step::Set { variable, value }
}

fn sleep(ms: u64) -> Step {
    Step::Sleep { low_ms: ms, high_ms: ms, grain: Grain::Milliseconds }
}

fn thread(name: &str, steps: Vec<Step>) -> Step {
    Step::Thread { name: text(name), steps }
}

fn repeat(times: i64, steps: Vec<Step>) -> Step {
    Step::Repeat { times: Some(int(times)), counter: None, steps }
}

fn forever(steps: Vec<Step>) -> Step {
    Step::Repeat { times: None, counter: None, steps }
}

fn ask(action: Action, into: u16) -> Step {
    Step::Ask { action, into: Some(Variable::Local(into)), error: None, otherwise: None }
}

fn get(waiting: Waiting) -> Action {
    Action::Get { queue: QUEUE, waiting }
}

fn function(name: &str, params: u16, steps: Vec<Step>) -> Function {
    let locals = (0..6).map(|place| format!("v{place}").into()).collect();
    Function { name: name.into(), params, locals, steps, uses: Vec::new() }
}

/// A program whose first function is the one to call.
fn program(functions: Vec<Function>) -> Program {
    let object = |name: &str, kind| ObjectSpec { name: name.into(), kind };
    Program {
        functions,
        shared: vec![("balance".into(), Value::Int(0))],
        locks: vec!["first".into(), "second".into()],
        objects: vec![
            object("q", ObjectKind::Queue { capacity: None }),
            object("p", ObjectKind::Pipe { ends: ["left".into(), "right".into()], ways: Ways::Both }),
            object("net", ObjectKind::Link { bytes_per_s: 1000 }),
        ],
        trees: Vec::new(),
        initializer: None,
    }
}

fn only(steps: Vec<Step>) -> Program {
    program(vec![function("main", 0, steps)])
}

/// What the first function comes to, with the reports on the way.
fn outcome(steps: Vec<Step>) -> (Outcome, Vec<Report>) {
    let mut end = OtherEnd::new(only(steps));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    end.until_ended(|call| panic!("asked {call:?}"))
}

fn failure(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(Failure::Error { text }) => text,
        other => panic!("{other:?}"),
    }
}

fn said(reports: &[Report]) -> Vec<&str> {
    let texts = reports.iter().filter_map(|report| match report {
        Report::Said { text, .. } => Some(&**text),
        _ => None,
    });
    texts.collect()
}

fn result(reports: &[Report]) -> Option<&Value> {
    // It stands right before the end.
    match reports {
        [.., Report::Result { value, .. }, Report::Ended { .. }] => Some(value),
        _ => None,
    }
}

#[test]
fn steps_are_done_in_order_and_the_result_comes_last() {
    let steps = vec![
        Step::For {
            each: 0,
            of: Expr::List(vec![int(1), int(2), int(3), int(4)]),
            steps: vec![
                Step::When {
                    condition: Expr::Binary(Binary::Equal, Box::new(local(0)), Box::new(int(2))),
                    then: vec![print(text("two"))],
                    otherwise: vec![print(local(0))],
                },
                Step::When {
                    condition: Expr::Binary(Binary::Equal, Box::new(local(0)), Box::new(int(3))),
                    then: vec![Step::Break],
                    otherwise: Vec::new(),
                },
            ],
        },
        Step::Repeat { times: Some(int(2)), counter: Some(1), steps: vec![print(local(1))] },
        Step::Return { value: sum(local(0), int(10)) },
        print(text("never")),
    ];
    let (outcome, reports) = outcome(steps);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(said(&reports), ["1", "two", "3", "0", "1"]);
    assert_eq!(result(&reports), Some(&Value::Int(13)));
    assert!(matches!(reports[0], Report::Started { pid: None, .. }));
}

#[test]
fn what_goes_wrong_names_function_and_step() {
    let divided = Expr::Binary(Binary::Divide, Box::new(int(1)), Box::new(int(0)));
    let (wrong, _) = outcome(vec![set(Variable::Local(0), divided)]);
    assert_eq!(failure(&wrong), "function main: set: division by zero");
    let (wrong, _) = outcome(vec![Step::Fail { text: text("the disk is full") }]);
    assert_eq!(failure(&wrong), "the disk is full");
    let (wrong, _) = outcome(vec![forever(vec![Step::Compute { operations: int(-1) }])]);
    assert_eq!(failure(&wrong), "function main: compute: a number of additions cannot be negative");
}

#[test]
fn a_process_that_is_the_parents_cannot_be_ended_by_a_function() {
    for step in [Step::Exit { code: int(3) }, Step::Kill { signal: 9 }] {
        let (wrong, _) = outcome(vec![step]);
        assert!(failure(&wrong).ends_with("cannot end the parent's process this way"), "{wrong:?}");
    }
}

#[test]
fn a_get_waits_for_its_answer_and_whoever_cannot_have_it_does_otherwise() {
    let otherwise = Some(vec![print(local(2))]);
    let nowait = Step::Ask { action: get(Waiting::None), into: None, error: Some(2), otherwise };
    let mut end =
        OtherEnd::new(only(vec![ask(get(Waiting::Forever), 0), print(local(0)), nowait, ask(get(Waiting::Ms(50)), 0)]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let mut patiences = Vec::new();
    let (wrong, reports) = end.until_ended(|call| {
        let Call::Get { queue: QUEUE, patience } = *call else { panic!("{call:?}") };
        patiences.push(patience);
        match patience {
            Patience::Forever => Reply::Value(Value::Text("there".into())),
            _ => Reply::Empty,
        }
    });
    assert_eq!(patiences, [Patience::Forever, Patience::None, Patience::Us(50_000)]);
    assert_eq!(said(&reports), ["there", "empty"]);
    assert_eq!(failure(&wrong), "function main: get on queue q: empty");
    assert_eq!(result(&reports), None);
}

#[test]
fn what_is_sent_is_evaluated_and_what_is_too_large_is_refused_here() {
    let large = Expr::Binary(Binary::Multiply, Box::new(text("x")), Box::new(int(70_000)));
    let put = |value| Action::Put { queue: QUEUE, value, waiting: Waiting::Forever };
    let send = Action::Send { pipe: PIPE, end: End::Second, value: Expr::List(vec![int(1)]) };
    let mut end = OtherEnd::new(only(vec![ask(send, 0), ask(put(large), 0)]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let mut calls = Vec::new();
    let (wrong, _) = end.until_ended(|call| {
        calls.push(call.clone());
        Reply::Done
    });
    let value = Value::List(vec![Value::Int(1)]);
    assert_eq!(calls, [Call::Send { pipe: PIPE, end: End::Second, value }]);
    assert!(failure(&wrong).starts_with("function main: put on queue q: a value of about 70000 bytes"), "{wrong:?}");
}

#[test]
fn a_stop_reaches_every_thread_however_it_waits() {
    let waits = [
        vec![ask(get(Waiting::Forever), 0)],
        vec![sleep(3_600_000)],
        vec![forever(Vec::new())],
        vec![Step::Compute { operations: int(i64::MAX) }],
        vec![Step::Locked {
            lock: 0,
            steps: vec![thread("w", vec![Step::Locked { lock: 0, steps: Vec::new() }]), sleep(3_600_000)],
        }],
    ];
    let mut steps: Vec<Step> = waits.into_iter().map(|steps| thread("w", steps)).collect();
    steps.push(print(text("all wait")));
    steps.push(Step::JoinThreads { name: None });
    let mut end = OtherEnd::new(only(steps));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::LockAwaited { .. }));
    end.tell(&ToWorker::Stop(TaskId(0), Stopping::Now));
    let (stopped, reports) = end.until_ended_by_itself();
    assert_eq!(stopped, Outcome::Failed(Failure::Stopped));
    let ended = reports.iter().filter(|report| matches!(report, Report::ThreadEnded { .. })).count();
    assert_eq!(ended, 6);
    // The worker is none the worse for it.
    end.run(TaskId(1), Place::Pool, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::Said { task: TaskId(1), .. }));
}

#[test]
fn frozen_functions_stand_still_and_sleep_on_where_they_were() {
    let mut end = OtherEnd::new(only(vec![print(text("begun")), sleep(150), print(text("awake"))]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::Said { .. }));
    end.tell(&ToWorker::Pause);
    end.nothing_for(Duration::from_millis(400));
    end.tell(&ToWorker::Resume);
    end.until(|report| matches!(report, Report::Said { .. }));
}

#[test]
fn threads_have_a_copy_of_the_locals_and_are_waited_for() {
    let steps = vec![
        set(Variable::Local(0), int(1)),
        thread(
            "t",
            vec![set(Variable::Local(0), sum(local(0), int(1))), print(local(0)), Step::Fail { text: text("broken") }],
        ),
        Step::JoinThreads { name: Some(text("t")) },
        print(local(0)),
        thread("left alone", vec![sleep(50), print(Expr::Known(Known::Thread))]),
        Step::Return { value: text("result") },
    ];
    let (done, reports) = outcome(steps);
    assert_eq!(done, Outcome::Done);
    assert_eq!(said(&reports), ["2", "1", "left alone"]);
    let notes: Vec<&Note> = reports
        .iter()
        .filter_map(|report| match report {
            Report::Noted { note, .. } => Some(note),
            _ => None,
        })
        .collect();
    assert_eq!(notes, [&Note::new(Weight::Error, "thread t: broken")]);
    assert_eq!(result(&reports), Some(&Value::Text("result".into())));
}

/// Two threads that count, and the count and the lost updates behind it.
fn race(times: i64, within: impl Fn(Vec<Step>) -> Vec<Step>) -> (i64, i64) {
    let add = set(Variable::Shared(0), sum(shared(0), int(1)));
    let count = || thread("counter", vec![repeat(times, within(vec![add.clone()]))]);
    let steps = vec![
        count(),
        count(),
        Step::JoinThreads { name: None },
        Step::Return { value: Expr::List(vec![shared(0), Expr::Known(Known::LostUpdates(0))]) },
    ];
    let (done, reports) = outcome(steps);
    assert_eq!(done, Outcome::Done);
    match result(&reports) {
        Some(Value::List(values)) => match values[..] {
            [Value::Int(balance), Value::Int(lost)] => (balance, lost),
            _ => panic!("{values:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn threads_race_for_a_variable_and_every_update_is_accounted_for() {
    let clock = Clock::start();
    let (balance, lost) = race(100_000, |steps| steps);
    assert_eq!(balance + lost, 200_000);
    assert!(balance >= 2 && lost >= 0);
    // It takes a tenth of a second; the rest is for a machine that is busy.
    assert!(clock.elapsed() < Duration::from_secs(10), "{:?}", clock.elapsed());
}

#[test]
fn a_lock_loses_nothing() {
    let locked = |steps| vec![Step::Locked { lock: 0, steps }];
    assert_eq!(race(2_000, locked), (4_000, 0));
}

#[test]
fn an_update_is_lost_also_when_the_value_took_a_way_through_a_local() {
    let through_local = vec![
        set(Variable::Local(0), shared(0)),
        thread("other", vec![set(Variable::Shared(0), sum(shared(0), int(5)))]),
        Step::JoinThreads { name: None },
        set(Variable::Shared(0), sum(local(0), int(1))),
        Step::Return { value: Expr::List(vec![shared(0), Expr::Known(Known::LostUpdates(0))]) },
    ];
    let (_, reports) = outcome(through_local);
    assert_eq!(result(&reports), Some(&Value::List(vec![Value::Int(1), Value::Int(1)])));
}

#[test]
fn variables_live_as_long_as_the_process() {
    let add = set(Variable::Shared(0), sum(shared(0), int(1)));
    let mut end = OtherEnd::new(only(vec![add, Step::Return { value: shared(0) }]));
    for task in 0..3 {
        end.run(TaskId(task), Place::Pool, Arguments::Once(Vec::new()));
        let (_, reports) = end.until_ended(|call| panic!("{call:?}"));
        assert_eq!(result(&reports), Some(&Value::Int(i64::from(task) + 1)));
    }
}

#[test]
fn a_lock_taken_twice_is_an_error_and_a_long_wait_is_told() {
    let twice = vec![Step::Locked { lock: 0, steps: vec![Step::Locked { lock: 0, steps: Vec::new() }] }];
    let (wrong, _) = outcome(twice);
    assert!(failure(&wrong).starts_with("function main: with_lock first: this thread holds it"), "{wrong:?}");

    let mut end = OtherEnd::new(only(vec![Step::Locked {
        lock: 1,
        steps: vec![
            thread("waits", vec![Step::Locked { lock: 1, steps: vec![print(text("mine"))] }]),
            ask(get(Waiting::Forever), 0),
        ],
    }]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let awaited = end.until(|report| matches!(report, Report::LockAwaited { .. }));
    let expected =
        Report::LockAwaited { task: TaskId(0), thread: ThreadId(1), lock: "second".into(), holder: ThreadId(0) };
    assert_eq!(awaited, expected);
    end.tell(&ToWorker::Answer(TaskId(0), ThreadId(0), Reply::Value(Value::None)));
    let (done, reports) = end.until_ended_by_itself();
    assert_eq!(done, Outcome::Done);
    assert!(reports.contains(&Report::LockTaken { task: TaskId(0), thread: ThreadId(1) }));
    assert_eq!(said(&reports), ["mine"]);
}

#[test]
fn no_task_says_more_than_two_hundred_lines_a_second() {
    let clock = Clock::start();
    let (_, reports) = outcome(vec![repeat(401, vec![print(text("x"))])]);
    assert_eq!(said(&reports).len(), 401);
    assert!(clock.elapsed() >= Duration::from_secs(2), "{:?}", clock.elapsed());
    let long = Expr::Binary(Binary::Multiply, Box::new(text("好")), Box::new(int(5_000)));
    let (_, reports) = outcome(vec![print(long)]);
    assert_eq!(said(&reports)[0].len(), 4095);
}

#[test]
fn a_chunk_calls_the_function_for_each_value_and_gives_their_results() {
    let square = Expr::Binary(Binary::Multiply, Box::new(local(0)), Box::new(local(0)));
    // What one call leaves in its locals is not there in the next.
    let mut end = OtherEnd::new(program(vec![function(
        "square",
        1,
        vec![print(local(1)), set(Variable::Local(1), int(1)), Step::Return { value: square }],
    )]));
    end.run(TaskId(0), Place::Pool, Arguments::Each(vec![Value::Int(2), Value::Int(3)]));
    let (_, reports) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!(result(&reports), Some(&Value::List(vec![Value::Int(4), Value::Int(9)])));
    assert_eq!(said(&reports), ["None", "None"]);
}

fn mapping(values: i64, chunk: Option<i64>) -> Mapping {
    let over = Expr::List((0..values).map(int).collect());
    Mapping { function: FunctionId(1), over, chunk: chunk.map(int), callback: None, error_callback: None }
}

fn parent(steps: Vec<Step>) -> Program {
    program(vec![function("main", 0, steps), function("square", 1, Vec::new())])
}

#[test]
fn a_map_is_cut_as_cpython_cuts_it_and_its_results_are_put_together() {
    let mut end = OtherEnd::new(parent(vec![
        ask(Action::Map(mapping(18, None)), 0),
        ask(Action::Map(mapping(5, Some(2))), 1),
        ask(Action::Map(mapping(0, None)), 2),
        Step::Return { value: Expr::List(vec![local(0), local(1), local(2)]) },
    ]));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (done, reports) = end.until_ended(|call| match *call {
        Call::Await { count, .. } => {
            Reply::Results((0..count).map(|chunk| Ok(Value::List(vec![Value::Int(i64::from(chunk))]))).collect())
        }
        _ => panic!("{call:?}"),
    });
    assert_eq!(done, Outcome::Done);
    let names: Vec<&str> = end.submitted.iter().filter_map(|spec| spec.name.as_deref()).collect();
    // Two workers: eight chunks at most, so three values in each.
    let expected =
        ["square[0..3]", "square[3..6]", "square[6..9]", "square[9..12]", "square[12..15]", "square[15..18]"];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], ["square[0..2]", "square[2..4]", "square[4..5]"]);
    let Work::Steps(call) = &end.submitted[8].work else { panic!("{:?}", end.submitted[8]) };
    assert_eq!(call.args, Arguments::Each(vec![Value::Int(4)]));
    let list = |count: i64| Value::List((0..count).map(Value::Int).collect());
    assert_eq!(result(&reports), Some(&Value::List(vec![list(6), list(3), list(0)])));
}

#[test]
fn seeds_of_submitted_tasks_repeat_and_differ() {
    let seeds = || {
        let mut end = OtherEnd::new(parent(vec![ask(Action::MapAsync(mapping(4, Some(1))), 0)]));
        end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
        end.until_ended(|call| panic!("{call:?}"));
        let seed_of = |spec: &TaskSpec| match &spec.work {
            Work::Steps(call) => call.seed,
            other => panic!("{other:?}"),
        };
        end.submitted.iter().map(seed_of).collect::<Vec<u64>>()
    };
    let first = seeds();
    assert_eq!(first, seeds());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

fn submission(callback: Vec<Step>, error_callback: Vec<Step>) -> Submission {
    let called_back = |steps| Some(Callback { value: 3, steps });
    Submission {
        function: FunctionId(1),
        args: vec![int(7)],
        name: Some(Expr::Text(vec![text("square of "), int(7)])),
        callback: called_back(callback),
        error_callback: called_back(error_callback),
    }
}

#[test]
fn callbacks_are_threads_of_the_parent_with_a_copy_of_its_locals() {
    let submission = submission(vec![print(Expr::List(vec![local(0), local(3)]))], vec![Step::Fail { text: local(3) }]);
    let mut end = OtherEnd::new(parent(vec![
        set(Variable::Local(0), text("mine")),
        ask(Action::ApplyAsync(submission.clone()), 1),
        set(Variable::Local(0), text("changed")),
        ask(Action::ApplyAsync(submission), 2),
        ask(Action::ClosePool, 4),
        ask(Action::JoinPool, 4),
        Step::Return { value: Expr::List(vec![local(1), local(2)]) },
    ]));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (done, reports) = end.until_ended(|call| match *call {
        Call::Await { first: TaskId(100), .. } => Reply::Results(vec![Ok(Value::Int(49))]),
        Call::Await { .. } => Reply::Results(vec![Err("its worker died".into())]),
        _ => Reply::Done,
    });
    assert_eq!(done, Outcome::Done);
    assert_eq!(said(&reports), ["['mine', 49]"]);
    let note = Note::new(Weight::Error, "callback of task 102: its worker died");
    assert!(reports.contains(&Report::Noted { task: TaskId(0), note }), "{reports:?}");
    let names: Vec<&str> = reports
        .iter()
        .filter_map(|report| match report {
            Report::ThreadStarted { name, .. } => Some(&**name),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["result handler", "result handler"]);
    let handle = |first| Value::Handle(Handle { first: TaskId(first), count: 1, shape: Shape::One });
    assert_eq!(result(&reports), Some(&Value::List(vec![handle(100), handle(101)])));
    let spec = &end.submitted[0];
    assert_eq!((spec.name.as_deref(), spec.place), (Some("square of 7"), Place::Pool));
}

#[test]
fn callbacks_that_nobody_joined_end_with_the_parents_program() {
    let submission = submission(vec![print(text("too late"))], Vec::new());
    let mut end = OtherEnd::new(parent(vec![ask(Action::ApplyAsync(submission), 1)]));
    end.never_answers_awaits = true;
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (done, reports) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!((done, said(&reports)), (Outcome::Done, Vec::new()));
    assert!(matches!(reports[reports.len() - 3], Report::ThreadEnded { .. }), "{reports:?}");
}

#[test]
fn a_failed_task_fails_whoever_wants_its_result() {
    let action = || Action::Apply(Submission { callback: None, error_callback: None, ..submission(vec![], vec![]) });
    let otherwise = Some(vec![print(local(5))]);
    let mut end = OtherEnd::new(parent(vec![
        Step::Ask { action: action(), into: None, error: Some(5), otherwise },
        ask(action(), 0),
    ]));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (wrong, reports) = end.until_ended(|_| Reply::Results(vec![Err("division by zero".into())]));
    assert_eq!(said(&reports), ["division by zero"]);
    assert_eq!(failure(&wrong), "function main: apply of square: division by zero");
}

#[test]
fn a_refused_submission_and_one_from_elsewhere_are_told() {
    let start = || vec![ask(Action::Start(submission(Vec::new(), Vec::new())), 0)];
    let mut end = OtherEnd::new(parent(start()));
    end.refuses_tasks = true;
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (wrong, _) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!(failure(&wrong), "function main: start of square: the pool is closed");
    assert_eq!(end.submitted[0].place, Place::Own);
    let mut end = OtherEnd::new(parent(start()));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let (wrong, _) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!(failure(&wrong), "function main: start of square: only the parent's program can do this");
}

#[test]
fn too_many_tasks_and_too_large_ones_are_an_error_of_the_step() {
    let of = |over, chunk| Mapping { over, chunk: Some(int(chunk)), ..mapping(0, None) };
    let range = Expr::Call(crate::task::Builtin::Range, vec![int(10_001)]);
    let mut end = OtherEnd::new(parent(vec![ask(Action::MapAsync(of(range, 1)), 0)]));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (wrong, _) = end.until_ended(|call| panic!("{call:?}"));
    assert!(failure(&wrong).contains("10001 tasks at once are more than 10000"), "{wrong:?}");
    let texts = Expr::Binary(
        Binary::Multiply,
        Box::new(Expr::List(vec![Expr::Literal(Value::Text("x".repeat(60_000).into()))])),
        Box::new(int(100)),
    );
    let mut end = OtherEnd::new(parent(vec![ask(Action::MapAsync(of(texts, 1)), 0)]));
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    let (wrong, _) = end.until_ended(|call| panic!("{call:?}"));
    assert!(failure(&wrong).contains("can be handed over at once"), "{wrong:?}");
}

#[test]
fn time_runs_as_fast_as_the_speed_says() {
    let mut setup = setup(only(vec![sleep(60_000), Step::Return { value: Expr::Known(Known::Elapsed) }]));
    setup.speed_milli = 1_000_000;
    let mut end = OtherEnd::with(setup);
    let clock = Clock::start();
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let (_, reports) = end.until_ended(|call| panic!("{call:?}"));
    let Some(Value::Float(elapsed)) = result(&reports) else { panic!("{reports:?}") };
    assert!(*elapsed >= 60.0, "{elapsed}");
    assert!(clock.elapsed() < Duration::from_secs(30));
}

#[test]
fn draws_repeat_with_the_seed_and_threads_have_streams_of_their_own() {
    let drawn = |seed| {
        let mut end = OtherEnd::new(only(vec![Step::Download {
            name: text("d"),
            bytes: (1, 1_000_000),
            time_ms: (1, 1),
            grain: Grain::Milliseconds,
            link: None,
            fail_per_mille: 0,
            stall_per_mille: 0,
        }]));
        end.seed = seed;
        end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
        let (_, reports) = end.until_ended(|call| panic!("{call:?}"));
        match reports.last() {
            Some(Report::Ended { tally, .. }) => tally.bytes,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn a_transfer_goes_as_fast_as_its_share_and_leaves_its_link() {
    let mut end = OtherEnd::new(only(vec![Step::Download {
        name: text("d"),
        bytes: (1_000_000, 1_000_000),
        time_ms: (100, 100),
        grain: Grain::Milliseconds,
        link: Some(LINK),
        fail_per_mille: 0,
        stall_per_mille: 0,
    }]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let share = |link, bytes_per_s| ToWorker::Share { task: TaskId(0), thread: ThreadId(0), link, bytes_per_s };
    let asked = end.until(|report| matches!(report, Report::Asked { .. }));
    let call = Call::JoinLink { link: LINK, wants_bytes_per_s: 10_000_000 };
    assert_eq!(asked, Report::Asked { task: TaskId(0), thread: ThreadId(0), call });
    end.tell(&share(LINK, 0));
    end.tell(&ToWorker::Answer(TaskId(0), ThreadId(0), Reply::Done));
    // Another link's share is none of its business.
    end.tell(&share(QUEUE, u64::MAX));
    end.until(|report| matches!(report, Report::Progressed { done: 0, total: 1_000_000, .. }));
    end.nothing_for(Duration::from_millis(200));
    end.tell(&share(LINK, u64::MAX));
    let asked = end.until(|report| matches!(report, Report::Asked { .. }));
    let call = Call::LeaveLink { link: LINK };
    assert_eq!(asked, Report::Asked { task: TaskId(0), thread: ThreadId(0), call });
    end.tell(&ToWorker::Answer(TaskId(0), ThreadId(0), Reply::Done));
    let (done, reports) = end.until_ended_by_itself();
    assert_eq!(done, Outcome::Done);
    assert!(matches!(reports.last(), Some(Report::Ended { tally: Tally { bytes: 1_000_000, .. }, .. })));
}

#[test]
fn answers_that_nobody_asked_for_mean_nothing() {
    let mut end =
        OtherEnd::new(only(vec![print(text("begun")), sleep(50), ask(get(Waiting::Forever), 0), print(local(0))]));
    let answer = |task, thread, text: &str| {
        ToWorker::Answer(TaskId(task), ThreadId(thread), Reply::Value(Value::Text(text.into())))
    };
    end.tell(&answer(0, 0, "before the task"));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::Said { .. }));
    end.tell(&answer(0, 0, "before the question"));
    end.until(|report| matches!(report, Report::Asked { .. }));
    end.tell(&answer(0, 7, "another thread"));
    end.tell(&answer(5, 0, "another task"));
    end.tell(&ToWorker::Share { task: TaskId(0), thread: ThreadId(0), link: LINK, bytes_per_s: 1 });
    end.tell(&answer(0, 0, "the answer"));
    end.tell(&answer(0, 0, "a second answer"));
    let (done, reports) = end.until_ended_by_itself();
    assert_eq!((done, said(&reports)), (Outcome::Done, vec!["the answer"]));
    end.tell(&answer(0, 0, "after the task"));
    end.tell(&ToWorker::Ping);
    end.until(|report| matches!(report, Report::Pong));
}

#[test]
fn an_answer_to_another_question_fails_the_step() {
    let mut end = OtherEnd::new(only(vec![ask(get(Waiting::Forever), 0)]));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let (wrong, _) = end.until_ended(|_| Reply::Results(Vec::new()));
    assert!(failure(&wrong).ends_with("the answer belongs to another question"), "{wrong:?}");
}

#[test]
fn a_commands_lines_are_said_and_its_status_counts() {
    let sh = |script: &str| Step::Command { words: vec![text("sh"), text("-c"), text(script)] };
    // In threads at once, none of which may take the others' commands for something left behind.
    let steps = vec![
        thread("slow", vec![sh("sleep 0.3; echo slow")]),
        sh("echo one; echo two >&2; echo three"),
        Step::JoinThreads { name: None },
        sh("exit 3"),
    ];
    let (wrong, reports) = outcome(steps);
    let mut lines = said(&reports);
    lines.sort_unstable();
    assert_eq!(lines, ["one", "slow", "three", "two"]);
    assert_eq!(failure(&wrong), "function main: run: sh: exit 3");
}

#[test]
fn a_file_of_a_tree_is_copied_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let (from, to) = (root.join("from"), root.join("to"));
    std::fs::create_dir_all(from.join("a/b")).unwrap();
    std::fs::create_dir(&to).unwrap();
    std::fs::write(from.join("a/b/photo"), b"12345").unwrap();
    std::fs::write(from.join("top"), b"1").unwrap();
    let path = |path: &std::path::Path| crate::task::RawText::from(path.as_os_str());
    let copy = |path| Step::CopyFile { tree: 0, path };
    let mut program = only(vec![
        Step::For { each: 0, of: Expr::Known(Known::Files(0)), steps: vec![print(local(0)), copy(local(0))] },
        copy(text("../secret")),
    ]);
    program.trees = vec![crate::task::Tree { name: "photos".into(), from: path(&from), to: path(&to) }];
    let mut end = OtherEnd::new(program);
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let (wrong, reports) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!(said(&reports), ["a/b/photo", "top"]);
    assert_eq!(std::fs::read(to.join("a/b/photo")).unwrap(), b"12345");
    assert!(failure(&wrong).contains("is no path within tree photos"), "{wrong:?}");
    assert!(matches!(reports.last(), Some(Report::Ended { tally: Tally { bytes: 6, files: 2 }, .. })));
}

#[test]
fn dismissed_or_hung_up_the_worker_in_the_parent_ends_whatever_it_does() {
    let busy = || only(vec![thread("t", vec![forever(Vec::new())]), ask(get(Waiting::Forever), 0)]);
    let mut end = OtherEnd::new(busy());
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::Asked { .. }));
    end.tell(&ToWorker::Exit);
    end.join();
    let mut end = OtherEnd::new(busy());
    end.run(TaskId(0), Place::Main, Arguments::Once(Vec::new()));
    end.until(|report| matches!(report, Report::Asked { .. }));
    end.hang_up();
}

#[test]
fn an_initializer_runs_before_the_hello_and_is_seen_by_the_tasks() {
    let mut program = program(vec![
        function("main", 0, vec![Step::Return { value: shared(0) }]),
        function("prepare", 0, vec![set(Variable::Shared(0), int(42))]),
    ]);
    program.initializer = Some(FunctionId(1));
    let mut setup = setup(program);
    setup.initialize = Initialize::First;
    let mut end = OtherEnd::with(setup);
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let (_, reports) = end.until_ended(|call| panic!("{call:?}"));
    assert_eq!(result(&reports), Some(&Value::Int(42)));
    assert!(!end.host.is_empty());
}

mod process {
    //! What a worker in a process of its own does to it. The test's own program plays the worker.

    use super::other_end::Worker;
    use super::*;

    /// No test of its own: what the others start.
    #[test]
    fn serves_when_told() {
        if std::env::var_os(other_end::AS_WORKER).is_some() {
            let args = [std::os::unix::process::parent_id().to_string().into(), "1024".into()];
            let code = crate::worker::main(&args);
            std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS) * 99);
        }
    }

    fn status(steps: Vec<Step>) -> (Option<i32>, Option<i32>, Vec<Report>) {
        use std::os::unix::process::ExitStatusExt as _;
        let (mut end, mut worker) = Worker::start(setup(only(steps)));
        end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
        let reports = end.until_hung_up();
        let status = worker.0.wait().unwrap();
        (status.code(), status.signal(), reports)
    }

    #[test]
    fn a_function_can_end_its_process_by_a_status_or_a_signal() {
        let (code, _, reports) = status(vec![print(text("last words")), Step::Exit { code: int(7) }]);
        assert_eq!((code, said(&reports)), (Some(7), vec!["last words"]));
        let (_, signal, reports) = status(vec![Step::Kill { signal: 15 }, print(text("never"))]);
        assert_eq!((signal, said(&reports)), (Some(15), Vec::new()));
    }

    #[test]
    fn a_failing_initializer_ends_its_worker_with_a_word() {
        use std::io::Read as _;
        let mut program = only(vec![Step::Fail { text: text("no database") }]);
        program.initializer = Some(FunctionId(0));
        let mut setup = setup(program);
        setup.initialize = Initialize::First;
        let (mut end, mut worker) = Worker::start(setup);
        assert_eq!(end.until_hung_up(), Vec::new());
        assert!(end.host.is_empty(), "it said hello");
        assert_eq!(worker.0.wait().unwrap().code(), Some(1));
        let mut words = String::new();
        worker.0.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert_eq!(words, "initializer failed: no database\n");
    }
}
