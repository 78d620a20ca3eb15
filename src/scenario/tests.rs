//! Functions, objects and the parent's program as people write them, and what is said about what cannot be.
//! It does not know how a program is carried out.

mod refused;

use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::verbs::VERBS;
use super::*;
use crate::command::{Command, Pick, Tune};
use crate::event;
use crate::notation::Language;
use crate::task::{
    Action, Arguments, Bound, End, Expr, Function, FunctionId, Grain, How, Known, ObjectId, ObjectKind, Place, Program,
    Slot, Step, Use, Value, Variable, Waiting, Ways, Work,
};

fn read(text: &str, language: Language) -> Result<Plan, ScenarioError> {
    parse(text, Origin { path: "tour.toml", name: "tour", folder: Some(Path::new("here")) }, None, language)
}

fn plan(text: &str) -> Plan {
    read(text, Language::English).unwrap_or_else(|error| panic!("{}", error.render(Colours::Never)))
}

fn told(text: &str) -> String {
    read(text, Language::English).expect_err("it was accepted").render(Colours::Never)
}

/// Something of every kind, for steps to use.
const AROUND: &str = r#"
locks = ["mutex"]
[shared]
balance = 0
[queue.q]
capacity = 3
[pipe.p]
ends = ["left", "right"]
[pipe.one_way]
ends = ["sink", "source"]
duplex = false
[semaphore.doors]
value = 4
[event.ready]
[link.net]
capacity = "40 MB/s"
[tree.photos]
files = 2
size = "1 kB"
[function.f]
params = ["n"]
steps = [{ return = "n * n" }]
"#;

/// A scenario whose parent does these steps.
fn parent(steps: &str) -> String {
    format!("{AROUND}[parent]\nsteps = [\n{steps}\n]\n")
}

/// A scenario with a function that does these steps.
fn child(steps: &str) -> String {
    format!(
        "{AROUND}[function.g]\nparams = [\"a\"]\nsteps = [\n{steps}\n]\n[parent]\nsteps = [{{ start = \"g\", args = [1] }}]\n"
    )
}

fn program(text: &str) -> Program {
    plan(text).program.expect("a program")
}

fn main_steps(steps: &str) -> Vec<Step> {
    let plan = plan(&parent(steps));
    let main = plan.main.expect("a parent").function;
    plan.program.expect("a program").functions[usize::from(main.0)].steps.clone()
}

fn one(step: &str) -> Step {
    main_steps(step).remove(0)
}

fn local(number: u16) -> Expr {
    Expr::Variable(Variable::Local(number))
}

fn text(text: &str) -> Expr {
    Expr::Literal(Value::Text(text.into()))
}

fn ask(action: Action, into: Option<Variable>) -> Step {
    Step::Ask { action, into, error: None, otherwise: None }
}

// -- what can be written ------------------------------------------------------------------------------------------------

#[test]
#[expect(clippy::too_many_lines, reason = "a list of all verbs")]
fn every_step_becomes_what_it_says() {
    let int = |int| Expr::Literal(Value::Int(int));
    let first = Some(Variable::Local(0));
    let (q, pipe, one_way, doors, ready) = (ObjectId(0), ObjectId(1), ObjectId(2), ObjectId(3), ObjectId(4));
    for (step, expected) in [
        (r#"{ sleep = "1s..3s" }"#, Step::Sleep { low_ms: 1000, high_ms: 3000, grain: Grain::Milliseconds }),
        (
            r#"{ sleep = "500ms..3500ms", whole = true }"#,
            Step::Sleep { low_ms: 1000, high_ms: 3000, grain: Grain::Seconds },
        ),
        (r#"{ print = "a {pid}" }"#, Step::Print { text: Expr::Text(vec![text("a "), Expr::Known(Known::Pid)]) }),
        (r#"{ note = "look" }"#, Step::Note { text: "look".into() }),
        ("{ compute = 5 }", Step::Compute { operations: int(5) }),
        (r#"{ set = "x", to = -7 }"#, Step::Set { variable: Variable::Local(0), value: int(-7) }),
        (
            r#"{ set = "balance", to = 1.5 }"#,
            Step::Set { variable: Variable::Shared(0), value: Expr::Literal(Value::Float(1.5)) },
        ),
        (
            r#"{ return = [1, "'a'", true] }"#,
            Step::Return { value: Expr::List(vec![int(1), text("a"), Expr::Literal(Value::Bool(true))]) },
        ),
        (r#"{ fail = "no" }"#, Step::Fail { text: text("no") }),
        (
            r#"{ repeat = "forever", counter = "i", steps = [{ break = true }] }"#,
            Step::Repeat { times: None, counter: Some(0), steps: vec![Step::Break] },
        ),
        ("{ repeat = 3, steps = [] }", Step::Repeat { times: Some(int(3)), counter: None, steps: vec![] }),
        (
            r#"{ for = "x", of = "[x]", steps = [] }"#,
            Step::For { each: 0, of: Expr::List(vec![local(0)]), steps: vec![] },
        ),
        (
            r#"{ when = "True", steps = [], else = [{ compute = 1 }] }"#,
            Step::When {
                condition: Expr::Literal(Value::Bool(true)),
                then: vec![],
                otherwise: vec![Step::Compute { operations: int(1) }],
            },
        ),
        (r#"{ put = "q", value = 1 }"#, ask(Action::Put { queue: q, value: int(1), waiting: Waiting::Forever }, None)),
        (
            r#"{ put = "q", value = 1, timeout = "2s" }"#,
            ask(Action::Put { queue: q, value: int(1), waiting: Waiting::Ms(2000) }, None),
        ),
        (
            r#"{ put_nowait = "q", value = 1 }"#,
            ask(Action::Put { queue: q, value: int(1), waiting: Waiting::None }, None),
        ),
        (r#"{ get = "q", into = "m" }"#, ask(Action::Get { queue: q, waiting: Waiting::Forever }, first)),
        (r#"{ get_nowait = "q", into = "m" }"#, ask(Action::Get { queue: q, waiting: Waiting::None }, first)),
        (r#"{ empty = "q", into = "b" }"#, ask(Action::IsEmpty { queue: q }, first)),
        (r#"{ send = "left", value = 1 }"#, ask(Action::Send { pipe, end: End::First, value: int(1) }, None)),
        (
            r#"{ send = "source", value = 1 }"#,
            ask(Action::Send { pipe: one_way, end: End::Second, value: int(1) }, None),
        ),
        (
            r#"{ recv = "right", into = "m" }"#,
            ask(Action::Recv { pipe, end: End::Second, waiting: Waiting::Forever }, first),
        ),
        (r#"{ close = "left" }"#, ask(Action::CloseEnd { pipe, end: End::First }, None)),
        (r#"{ acquire = "doors" }"#, ask(Action::Acquire { semaphore: doors, waiting: Waiting::Forever }, None)),
        (r#"{ release = "doors" }"#, ask(Action::Release { semaphore: doors }, None)),
        (r#"{ set_event = "ready" }"#, ask(Action::SetEvent { event: ready }, None)),
        (r#"{ clear_event = "ready" }"#, ask(Action::ClearEvent { event: ready }, None)),
        (r#"{ wait_event = "ready" }"#, ask(Action::WaitEvent { event: ready, waiting: Waiting::Forever }, None)),
        (r#"{ is_set = "ready", into = "b" }"#, ask(Action::IsSet { event: ready }, first)),
        (r#"{ close = "pool" }"#, ask(Action::ClosePool, None)),
        (r#"{ join = "pool" }"#, ask(Action::JoinPool, None)),
        (r#"{ terminate = "pool" }"#, ask(Action::TerminatePool, None)),
        (r#"{ result = "1", into = "r" }"#, ask(Action::Result { of: int(1), waiting: Waiting::Forever }, first)),
        (
            r#"{ join = "[1]", timeout = "1s" }"#,
            ask(Action::Join { of: Expr::List(vec![int(1)]), waiting: Waiting::Ms(1000) }, None),
        ),
        (r#"{ join = "threads" }"#, Step::JoinThreads { name: None }),
        (r#"{ join = "threads", name = "a" }"#, Step::JoinThreads { name: Some(text("a")) }),
        (
            r#"{ thread = "T", steps = [{ compute = 1 }] }"#,
            Step::Thread { name: text("T"), steps: vec![Step::Compute { operations: int(1) }] },
        ),
        (r#"{ with_lock = "mutex", steps = [] }"#, Step::Locked { lock: 0, steps: vec![] }),
        (r#"{ copy_file = "a", tree = "photos" }"#, Step::CopyFile { tree: 0, path: text("a") }),
        (
            r#"{ run = ["echo", "{pid}"] }"#,
            Step::Command { words: vec![text("echo"), Expr::Text(vec![Expr::Known(Known::Pid)])] },
        ),
    ] {
        assert_eq!(one(step), expected, "{step}");
    }
    for (step, expected) in
        [("{ exit = 3 }", Step::Exit { code: int(3) }), (r#"{ kill_self = "sigterm" }"#, Step::Kill { signal: 15 })]
    {
        assert!(program(&child(step)).functions.iter().any(|one| one.steps == [expected.clone()]), "{step}");
    }
}

#[test]
fn a_download_is_drawn_when_it_is_done() {
    let download = r#"{ download = { name = "{pid}.iso", size = "1 MB..2 MB", time = "1s..3s", link = "net", fail = "5%", stall = "1%" }, whole = true }"#;
    let Step::Download { bytes, time_ms, grain, link, fail_per_mille, stall_per_mille, .. } = one(download) else {
        panic!("no download")
    };
    assert_eq!((bytes, time_ms, grain), ((1_000_000, 2_000_000), (1000, 3000), Grain::Seconds));
    assert_eq!((link, fail_per_mille, stall_per_mille), (Some(ObjectId(5)), 50, 10));
    let Step::Download { name, time_ms, grain, link, .. } = one(r#"{ download = { size = "1 MB" } }"#) else {
        panic!("no download")
    };
    assert_eq!((name, time_ms, grain, link), (text("download"), (5000, 10_000), Grain::Seconds, None));
}

#[test]
fn calls_are_handed_over_with_callbacks() {
    let Step::Ask { action: Action::ApplyAsync(call), into, .. } = one(
        r#"{ apply_async = "f", args = ["pid"], name = "f {pid}", into = "h", callback = [{ print = "{result}" }], error_callback = [{ print = "{error}" }] }"#,
    ) else {
        panic!("no call")
    };
    assert_eq!(
        (call.function, call.args, into),
        (FunctionId(0), vec![Expr::Known(Known::Pid)], Some(Variable::Local(0)))
    );
    let (callback, error_callback) = (call.callback.unwrap(), call.error_callback.unwrap());
    assert_eq!((callback.value, error_callback.value), (1, 2));
    assert_eq!(callback.steps, [Step::Print { text: Expr::Text(vec![local(1)]) }]);
    assert_eq!(error_callback.steps, [Step::Print { text: Expr::Text(vec![local(2)]) }]);

    let named =
        one(r#"{ map_async = "f", over = "range(3)", chunk = 2, value = "all", callback = [{ print = "{all}" }] }"#);
    let Step::Ask { action: Action::MapAsync(map), .. } = named else { panic!("no map") };
    assert_eq!((map.chunk, map.callback.unwrap().value), (Some(Expr::Literal(Value::Int(2))), 0));
    assert!(matches!(one(r#"{ map = "f", over = [1, 2] }"#), Step::Ask { action: Action::Map(_), .. }));
    assert!(matches!(one(r#"{ apply = "f", args = [1] }"#), Step::Ask { action: Action::Apply(_), .. }));
    assert!(matches!(one(r#"{ start = "f", args = [1] }"#), Step::Ask { action: Action::Start(_), .. }));
}

#[test]
fn otherwise_knows_the_reason() {
    let Step::Ask { error, otherwise, .. } =
        one(r#"{ get_nowait = "q", into = "m", otherwise = [{ print = "{error}" }] }"#)
    else {
        panic!("no get")
    };
    assert_eq!((error, otherwise), (Some(1), Some(vec![Step::Print { text: Expr::Text(vec![local(1)]) }])));
    let Step::Ask { error, .. } = one(r#"{ get_nowait = "q", error = "why", otherwise = [{ print = "{why}" }] }"#)
    else {
        panic!("no get")
    };
    assert_eq!(error, Some(0));
}

#[test]
fn objects_have_their_places_and_their_kinds() {
    let program = program(&format!(
        "{AROUND}[queue.endless]\n[semaphore.bounded]\nbounded = true\n[event.done]\nset = true\n[parent]\nsteps = []\n"
    ));
    let kinds: Vec<(&str, ObjectKind)> =
        program.objects.iter().map(|object| (&*object.name, object.kind.clone())).collect();
    let ends = |first: &str, second: &str| [first.into(), second.into()];
    assert_eq!(
        kinds,
        [
            ("q", ObjectKind::Queue { capacity: Some(3) }),
            ("p", ObjectKind::Pipe { ends: ends("left", "right"), ways: Ways::Both }),
            ("one_way", ObjectKind::Pipe { ends: ends("sink", "source"), ways: Ways::SecondToFirst }),
            ("doors", ObjectKind::Semaphore { value: 4, bound: Bound::Plain }),
            ("ready", ObjectKind::Event { set: false }),
            ("net", ObjectKind::Link { bytes_per_s: 40_000_000 }),
            ("endless", ObjectKind::Queue { capacity: None }),
            ("bounded", ObjectKind::Semaphore { value: 1, bound: Bound::Bounded }),
            ("done", ObjectKind::Event { set: true }),
        ]
    );
    assert_eq!(program.shared, [("balance".into(), Value::Int(0))]);
    assert_eq!((program.locks.len(), &*program.trees[0].name, &program.trees[0].from.0[..]), (1, "photos", &b""[..]));
}

#[test]
fn what_a_function_uses_is_known_through_threads_and_callbacks() {
    let text = child(
        r#"{ thread = "T", steps = [{ with_lock = "mutex", steps = [{ put = "q", value = "a" }] }] },
        { when = "a", steps = [{ recv = "left", into = "m", otherwise = [{ set_event = "ready" }] }], else = [{ acquire = "doors" }] },
        { repeat = 1, steps = [{ release = "doors" }] }, { for = "x", of = [], steps = [{ wait_event = "ready" }] },
        { download = { size = "1 B", link = "net" } }"#,
    );
    let used = |object, how| Use { object: ObjectId(object), how };
    let g = &program(&text).functions[1];
    assert_eq!((&*g.name, g.params), ("g", 1));
    assert_eq!(g.locals, ["a".into(), "m".into(), "error".into(), "x".into()] as [Box<str>; 4]);
    assert_eq!(
        g.uses,
        [
            used(0, How::Puts),
            used(1, How::Holds(End::First)),
            used(3, How::Acquires),
            used(3, How::Releases),
            used(4, How::Sets),
            used(4, How::Waits),
            used(5, How::Transfers),
        ]
    );

    // The parent has all ends, and what its callbacks do it does itself.
    let plan = plan(&parent(
        r#"{ apply_async = "f", args = [1], callback = [{ get = "q", into = "m" }] }, { put = "q", value = 1 }"#,
    ));
    let main = plan.main.unwrap();
    let program = plan.program.unwrap();
    assert_eq!((main.function, &main.args), (FunctionId(1), &Arguments::Once(Vec::new())));
    assert_eq!(main.uses, program.functions[1].uses);
    assert_eq!(
        main.uses,
        [
            used(0, How::Puts),
            used(0, How::Gets),
            used(1, How::Holds(End::First)),
            used(1, How::Holds(End::Second)),
            used(2, How::Holds(End::First)),
            used(2, How::Holds(End::Second)),
        ]
    );
    assert!(program.functions[0].uses.is_empty());
}

#[test]
fn a_function_may_be_used_before_it_is_declared() {
    let text = "[parent]\nsteps = [{ start = \"late\" }, { put = \"q\", value = 1 }]\n[function.late]\nsteps = [{ get = \"q\" }]\n[queue.q]\n";
    let program = program(text);
    assert_eq!(program.functions.iter().map(|function| &*function.name).collect::<Vec<_>>(), ["late", "parent"]);
}

#[test]
fn a_local_goes_before_a_known_name() {
    let steps =
        main_steps(r#"{ start = "f", args = [1], into = "process" }, { join = "process" }, { print = "{pid}" }"#);
    assert!(matches!(&steps[1], Step::Ask { action: Action::Join { of, .. }, .. } if *of == local(0)));
}

#[test]
fn tasks_call_functions_with_their_number() {
    let text = format!(
        "{AROUND}[function.put]\nparams = [\"a\", \"b\"]\nsteps = [{{ put = \"q\", value = \"[a, b]\" }}]\n\
         [[task]]\ncall = \"put\"\nargs = [\"n * 10\", \"['x', i]\"]\nrepeat = 3\nname = \"put {{n}}\"\nplace = \"process\"\n\
         [[task]]\ncall = \"f\"\nargs = [7]\n[[task]]\nsleep = \"1s\"\nplace = \"parent\"\n"
    );
    let plan = plan(&text);
    let tasks: Vec<_> = plan.tasks().collect();
    let call = |place: usize| match &tasks[place].work {
        Work::Steps(call) => (**call).clone(),
        work => panic!("{work:?}"),
    };
    let third = call(2);
    let list = Value::List(vec![Value::Text("x".into()), Value::Int(2)]);
    assert_eq!((third.function, third.args), (FunctionId(1), Arguments::Once(vec![Value::Int(30), list])));
    assert_eq!(third.uses, [Use { object: ObjectId(0), how: How::Puts }]);
    assert_eq!((tasks[2].name.as_deref(), tasks[2].place), (Some("put 3"), Place::Own));
    assert_eq!((tasks[3].name.as_deref(), tasks[3].place), (Some("f"), Place::Pool));
    assert_eq!(tasks[4].place, Place::Parent);
    assert_ne!(call(0).seed, call(1).seed);
    assert!(plan.main.is_none());
}

#[test]
fn a_plan_repeats_with_its_seed() {
    let text = format!("{AROUND}[[task]]\ncall = \"f\"\nargs = [\"n\"]\nrepeat = 5\n");
    let seeded = |text: &str, seed| {
        parse(text, Origin { path: "x", name: "x", folder: None }, Some(seed), Language::English).unwrap()
    };
    assert_eq!(seeded(&text, 7), seeded(&text, 7));
    assert_eq!(seeded(&text, 7).tasks().collect::<Vec<_>>(), seeded(&text, 7).tasks().collect::<Vec<_>>());
    assert_ne!(seeded(&text, 7).tasks().collect::<Vec<_>>(), seeded(&text, 8).tasks().collect::<Vec<_>>());
    assert_ne!(seeded(&text, 7).trees[0].seed, seeded(&text, 8).trees[0].seed);
    let text = parent("");
    assert_eq!(seeded(&text, 7).main, seeded(&text, 7).main);
    assert_ne!(seeded(&text, 7).main.unwrap().seed, seeded(&text, 8).main.unwrap().seed);
}

#[test]
fn a_pool_can_be_elsewhere_and_begin_with_a_function() {
    let text = "[pool]\nlauncher = [\"ssh\", \"host\"]\nprogram = \"/opt/pooltop\"\ninitializer = \"begin\"\n\
                [function.begin]\nsteps = [{ print = \"hello\" }]\n[parent]\nsteps = []\n";
    let plan = plan(text);
    let launcher = LauncherSpec { argv: vec!["ssh".into(), "host".into()], program: Some("/opt/pooltop".into()) };
    assert_eq!((plan.launcher, plan.program.unwrap().initializer), (Some(launcher), Some(FunctionId(0))));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn strategies_have_names() {
    for (name, strategy) in [
        ("pool", event::Strategy::Pool),
        ("process-each", event::Strategy::ProcessEach),
        ("sequential", event::Strategy::Sequential),
    ] {
        assert_eq!(plan(&format!("strategy = \"{name}\"\n[[task]]\nnothing = true\n")).strategy, strategy);
    }
}

#[test]
fn the_clock_can_kill_again_and_again() {
    let text = "[[task]]\nnothing = true\n[[at]]\ntime = \"1s\"\nevery = \"500ms\"\ntimes = 3\nkill = \"busy\"\n\
                [[at]]\ntime = \"1200ms\"\nkill = 3\n[[at]]\ntime = \"9s\"\nkill = \"any\"\n";
    let timed: Vec<_> = plan(text).timed.into_iter().map(|timed| (timed.at_ms, timed.command)).collect();
    let kill = Command::KillWorker;
    assert_eq!(
        timed,
        [
            (1000, kill(Pick::Busy)),
            (1200, kill(Pick::Seat(Slot(2)))),
            (1500, kill(Pick::Busy)),
            (2000, kill(Pick::Busy)),
            (9000, kill(Pick::Any)),
        ]
    );
}

#[test]
fn the_clock_can_start_and_end_the_tuner() {
    let text = "[[task]]\nnothing = true\n[[at]]\ntime = \"1s\"\ntune = true\n[[at]]\ntime = \"9s\"\ntune = false\n";
    let timed: Vec<_> = plan(text).timed.into_iter().map(|timed| (timed.at_ms, timed.command)).collect();
    assert_eq!(timed, [(1000, Command::Tune(Tune::Start)), (9000, Command::Tune(Tune::Stop))]);
}

#[test]
fn texts_are_told_in_the_language_asked_for() {
    let text = "title = { en = \"a tour\", zh = \"巡游\" }\nsummary = \"both\"\nwatch = { en = \"look\", zh = \"看\" }\n\
                ending = { en = \"over\" }\n[parent]\nsteps = [{ note = { en = \"now\", zh = \"现在\" } }]\n\
                [[at]]\ntime = \"1s\"\nnote = { en = \"soon\", zh = \"很快\" }\n";
    for (language, expected) in [
        (Language::English, ["a tour", "both", "look", "over", "now", "soon"]),
        (Language::Chinese, ["巡游", "both", "看", "over", "现在", "很快"]),
    ] {
        let plan = read(text, language).unwrap();
        let story = plan.story.unwrap();
        let steps = &plan.program.unwrap().functions[0].steps;
        let (Step::Note { text: step }, Command::Note(at)) = (&steps[0], &plan.timed[0].command) else {
            panic!("no notes")
        };
        assert_eq!([&*plan.title, &plan.summary, &story.watch, &story.ending, step, &at.text], expected);
    }
    assert!(told("title = { zh = \"巡游\" }\n[[task]]\nnothing = true\n").contains("has no `en`"));
    assert!(told("title = { en = \"a\", de = \"b\" }\n[[task]]\nnothing = true\n").contains("no key `de`"));
}

// -- what may never end -------------------------------------------------------------------------------------------------

#[test]
fn a_warning_looks_like_an_error_that_is_none() {
    let warnings = plan("[queue.q]\n[parent]\nsteps = [{ get = \"q\", into = \"m\" }]\n").warnings;
    assert_eq!(warnings.len(), 1);
    assert_snapshot!(warnings[0], @r#"
    warning: nobody puts into the queue `q`: this waits for ever
     --> tour.toml:3:18
      |
    3 | steps = [{ get = "q", into = "m" }]
      |                  ^^^
    "#);
}

#[test]
fn what_may_never_end_is_warned_of_and_nothing_else() {
    let all = r#"{ start = "f", args = [1] }, { put = "q", value = 1 }, { close = "left" }, { close = "sink" },
        { acquire = "doors" }, { is_set = "ready", into = "b" }, { download = { size = "1 B", link = "net" } }, "#;
    let warned = |steps: &str| plan(&parent(&format!("{all}{steps}"))).warnings.join("\n");
    for (steps, expected) in [
        ("", ""),
        (r#"{ recv = "left", into = "m" }"#, "nobody sends on `right`"),
        (r#"{ recv = "left", into = "m", timeout = "1s" }"#, ""),
        (r#"{ recv = "left", into = "m", otherwise = [] }"#, ""),
        (r#"{ send = "right", value = 1 }, { recv = "left", into = "m" }"#, ""),
        (r#"{ wait_event = "ready" }"#, "nobody sets the event `ready`"),
        (r#"{ set_event = "ready" }, { wait_event = "ready" }"#, ""),
        (r#"{ join = "pool" }"#, "a pool that is not closed"),
        (r#"{ join = "pool", otherwise = [] }"#, ""),
        (r#"{ close = "pool" }, { join = "pool" }"#, ""),
        (r#"{ terminate = "pool" }, { join = "pool" }"#, ""),
        (r#"{ when = "b", steps = [{ close = "pool" }] }, { join = "pool" }"#, ""),
    ] {
        let told = warned(steps);
        assert!(if expected.is_empty() { told.is_empty() } else { told.contains(expected) }, "{steps}:\n{told}");
    }
    let told = plan("[semaphore.s]\nvalue = 0\n[parent]\nsteps = [{ acquire = \"s\" }]\n").warnings.join("\n");
    assert!(told.contains("the semaphore `s` has no permits, and nobody releases one"), "{told}");
    let told = plan(&parent("")).warnings.join("\n");
    for expected in ["nobody calls the function `f`", "nobody uses the queue `q`", "nobody uses the link `net`"] {
        assert!(told.contains(expected), "{expected}:\n{told}");
    }
}

#[test]
fn an_end_the_parent_keeps_is_named() {
    let receiver = |loop_steps: &str, parent: &str| {
        let text = format!(
            "[pipe.p]\nends = [\"sink\", \"source\"]\n[function.read]\nsteps = [{{ repeat = \"forever\", steps = [{loop_steps}] }}]\n\
             [function.write]\nsteps = [{{ send = \"source\", value = 1 }}]\n\
             [parent]\nsteps = [{{ start = \"read\" }}, {{ start = \"write\" }}, {parent}]\n"
        );
        plan(&text).warnings.join("\n")
    };
    let to_the_end = r#"{ recv = "sink", into = "m", otherwise = [{ break = true }] }, { print = "{m}" }"#;
    let told = receiver(to_the_end, "");
    assert!(
        told.contains("[parent] never closes its copy of `source`, so this recv never sees the end of file"),
        "{told}"
    );
    assert_eq!(receiver(to_the_end, r#"{ close = "source" }"#), "");
    assert!(!receiver(to_the_end, r#"{ close = "sink" }"#).is_empty());
    // Whatever else leaves the loop makes it uncertain.
    assert_eq!(receiver(r#"{ recv = "sink", into = "m" }, { when = "m == 1", steps = [{ break = true }] }"#, ""), "");
    assert_eq!(receiver(r#"{ recv = "sink", into = "m" }, { when = "m == 1", steps = [{ return = "m" }] }"#, ""), "");
    assert_eq!(receiver(r#"{ recv = "sink", into = "m", timeout = "1s", otherwise = [{ break = true }] }"#, ""), "");
}

// -- the documentation --------------------------------------------------------------------------------------------------

/// The blocks of TOML in it.
fn blocks() -> Vec<&'static str> {
    GRAMMAR.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn the_examples_of_the_documentation_are_scenarios() {
    let [tasks, objects, steps, example] = blocks()[..] else { panic!("other blocks than four") };
    let first = plan(tasks);
    assert_eq!((first.task_count(), first.copies.len(), first.timed.len()), (13, 1, 10));
    assert_eq!(first.warnings, Vec::<String>::new());
    plan(&format!("{objects}\n[parent]\nsteps = []\n"));
    // One line is not for the parent.
    let (others, steps): (Vec<&str>, Vec<&str>) = steps.lines().partition(|line| line.starts_with("{ exit = "));
    let (others, steps) = (others.join("\n"), steps.join("\n"));
    plan(&format!(
        "{objects}\n[function.f]\nparams = [\"n\"]\nsteps = [{others}\n]\n[parent]\nsteps = [\n{{ set = \"path\", to = \"'a'\" }},\n{steps}\n]\n"
    ));
    let last = plan(example);
    assert_eq!(last.warnings, Vec::<String>::new());
    assert_eq!(last.program.unwrap().functions.len(), 3);
}

#[test]
fn the_documentation_names_every_key_and_verb() {
    let words: std::collections::HashSet<&str> =
        GRAMMAR.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
    let verbs = VERBS.iter().flat_map(|verb| verb.keys.iter().copied());
    let known = expression::KNOWN.iter().map(|(name, _)| *name);
    let functions = expression::FUNCTIONS.iter().copied();
    for word in grammar::all_keys().into_iter().chain(verbs).chain(known).chain(functions).chain(["pool", "threads"]) {
        assert!(words.contains(word), "`{word}` is not in src/scenario/grammar.md");
    }
    for verb in VERBS {
        assert!(GRAMMAR.contains(&format!("{{ {} = ", verb.name)), "no example of a step with {}", verb.name);
    }
}

// -- whatever else is written -------------------------------------------------------------------------------------------

/// Pieces from which almost a step can be put together.
fn soup() -> impl Strategy<Value = String> {
    let verbs = VERBS.iter().flat_map(|verb| verb.keys.iter().map(|key| format!("{key} = ")));
    let values = [
        "\"q\"",
        "\"left\"",
        "\"pool\"",
        "\"threads\"",
        "\"forever\"",
        "\"f\"",
        "\"doors\"",
        "\"ready\"",
        "\"mutex\"",
        "\"n\"",
        "\"n + 1\"",
        "\"{n}\"",
        "\"m\"",
        "'''n''' ",
        "\"\\u007b\"",
        "1",
        "true",
        "[",
        "]",
        "{ ",
        " }",
        ", ",
        ", ",
        "[{ ",
        " }]",
        "\"1s\"",
        "\"files('photos')\"",
        "\"((\"",
        "\"照\"",
    ];
    let pieces: Vec<String> = verbs.chain(values.into_iter().map(str::to_owned)).collect();
    prop::collection::vec(prop::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

/// Steps that are TOML at least: verbs with any keys and any values.
fn steps() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = VERBS.iter().flat_map(|verb| verb.keys.iter().copied()).collect();
    let leaf = prop::sample::select(vec![
        "\"q\"",
        "\"left\"",
        "\"source\"",
        "\"pool\"",
        "\"threads\"",
        "\"forever\"",
        "\"f\"",
        "\"doors\"",
        "\"ready\"",
        "\"mutex\"",
        "\"photos\"",
        "\"n\"",
        "\"m + 1\"",
        "\"{n} {m}\"",
        "\"KILL\"",
        "1",
        "-1.5",
        "true",
        "false",
        "[]",
        "{}",
        "\"1s\"",
        "\"\"",
        "{ size = \"1 B\" }",
        "[\"n\"]",
        "\"balance\"",
        "\"error\"",
    ])
    .prop_map(str::to_owned);
    let list = move |value: BoxedStrategy<String>| {
        let table = prop::collection::btree_map(prop::sample::select(keys.clone()), value, 1..5).prop_map(|pairs| {
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        });
        prop::collection::vec(table, 0..4).prop_map(|steps| format!("[{}]", steps.join(", ")))
    };
    let inner = list.clone();
    list(leaf.prop_recursive(3, 40, 4, move |value| inner(value.boxed())).boxed())
}

/// Steps that are all right, within each other.
fn sound_steps() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        r#"{ get = "q", into = "m" }"#,
        r#"{ put = "q", value = "balance" }"#,
        r#"{ set = "k", to = "[1, balance]" }"#,
        r#"{ close = "left" }"#,
        r#"{ is_set = "ready", into = "z" }"#,
        r#"{ print = "{pid}" }"#,
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 40, 4, |inner| {
        let around = prop::sample::select(vec![
            r#"{ repeat = "forever", counter = "c", steps = [@, { break = true }] }"#,
            r#"{ for = "e", of = [1], steps = [{ print = "{e}" }, @] }"#,
            r#"{ when = "balance == 0", steps = [@], else = [@] }"#,
            r#"{ recv = "right", into = "r", error = "why", otherwise = [{ print = "{why}" }, @] }"#,
            r#"{ with_lock = "mutex", steps = [@] }"#,
        ]);
        (around, prop::collection::vec(inner, 1..4)).prop_map(|(around, steps)| around.replace('@', &steps.join(", ")))
    })
}

/// Whatever a program names is there.
fn assert_sound(program: &Program) {
    for function in &program.functions {
        assert!(usize::from(function.params) <= function.locals.len());
        for used in &function.uses {
            assert!(used.object.index() < program.objects.len());
        }
        let Function { steps, .. } = function;
        let written = format!("{steps:?}");
        for number in written.split("Local(").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(number.parse::<usize>().unwrap() < function.locals.len(), "{written}");
        }
    }
}

proptest! {
    #[test]
    fn sound_steps_are_read_whole(steps in prop::collection::vec(sound_steps(), 1..5)) {
        for text in [parent(&steps.join(", ")), child(&steps.join(", "))] {
            let program = program(&text);
            assert_sound(&program);
            prop_assert!(program.functions.iter().any(|function| function.steps.len() == steps.len()));
        }
    }

    #[test]
    fn no_steps_are_too_odd(steps in prop_oneof![soup(), steps()]) {
        for text in [parent(&steps), child(&steps), format!("{AROUND}[parent]\nsteps = {steps}\n")] {
            match read(&text, Language::English) {
                Ok(plan) => {
                    assert_sound(&plan.program.expect("a parent has steps"));
                    prop_assert!(plan.warnings.iter().all(|warning| warning.starts_with("warning: ")));
                }
                Err(error) => {
                    let told = error.render(Colours::Never);
                    prop_assert!(told.starts_with("error: ") && told.len() < 40_000);
                }
            }
        }
    }
}
