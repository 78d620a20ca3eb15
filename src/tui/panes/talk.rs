//! A made-up run of functions that talk to each other, for the panes' tests.
//! It does not know how calls are answered; it says what is open.

use std::sync::Arc;

use crate::command::Asker;
use crate::event::{Elapsed, Role, RunKind, Verdict, What, WireCount};
use crate::model::{
    self, Content, Held, Holder, Object, Objects, State, StoryKind, StoryLine, Thread, Threads, Traffic, Wait, WaitOn,
    Waiter, WireUse,
};
use crate::task::{
    Bound, Call, End, ObjectId, ObjectKind, ObjectSpec, Patience, Slot, TaskId, TaskSpec, ThreadId, Value, Ways, Work,
    WorkerId,
};

use super::sample::Story;

const NAMES: [&str; 9] =
    ["main", "producer", "consumer", "客人 1", "guest 2", "guest 3", "guest 4", "guest 5", "a guest with a long name"];

fn at(ms: u64) -> Elapsed {
    Elapsed(ms * 1000)
}

fn call(task: u32, thread: u16, call: Call, since_ms: u64) -> Waiter {
    Waiter { task: TaskId(task), thread: ThreadId(thread), call, since: at(since_ms) }
}

fn object(name: &str, kind: ObjectKind, content: Content) -> Object {
    let spec = ObjectSpec { name: name.into(), kind };
    Object { spec, content, waiters: Vec::new(), holders: model::Line::default(), traffic: Traffic::default() }
}

fn acquire() -> Call {
    Call::Acquire { semaphore: ObjectId(1), patience: Patience::Forever }
}

fn put() -> Call {
    Call::Put { queue: ObjectId(0), value: Value::Int(44), patience: Patience::Forever }
}

fn objects() -> Vec<Object> {
    let values = [11, 22, 33].map(Value::Int).into_iter().collect();
    let queue = Object {
        waiters: vec![call(1, 0, put(), 6_200)],
        traffic: Traffic { messages: 45, bytes: 1_250, messages_per_s: 12.0, bytes_per_s: 300.0 },
        ..object("q", ObjectKind::Queue { capacity: Some(3) }, Content::Queue { items: values })
    };
    let holder = |task, what| Holder { task: TaskId(task), what, since: at(4_000) };
    let doors = Object {
        waiters: (5..9).map(|task| call(task, 0, acquire(), 5_000)).collect(),
        holders: [(3, 1), (4, 2), (2, 1)].map(|(task, permits)| holder(task, Held::Permits(permits))).into(),
        ..object("doors", ObjectKind::Semaphore { value: 4, bound: Bound::Plain }, Content::Semaphore { free: 0 })
    };
    let ready = object("ready", ObjectKind::Event { set: false }, Content::Event { set: false });
    let link = Object {
        holders: [holder(2, Held::Transfer { bytes_per_s: 38_000_000 })].into(),
        ..object("net", ObjectKind::Link { bytes_per_s: 40_000_000 }, Content::Link { used_bytes_per_s: 38_000_000 })
    };
    let ends = ["left".into(), "right".into()];
    let arrived = [model::Line::default(), [Value::Text("你好".into()), Value::None].into_iter().collect()];
    let pipe = Object {
        waiters: vec![call(
            0,
            1,
            Call::Recv { pipe: ObjectId(4), end: End::First, patience: Patience::Forever },
            7_900,
        )],
        holders: [holder(0, Held::End(End::First)), holder(0, Held::End(End::Second))].into(),
        ..object("p", ObjectKind::Pipe { ends, ways: Ways::Both }, Content::Pipe { arrived })
    };
    vec![queue, doors, ready, link, pipe]
}

fn thread(id: u16, name: &str, wait: Option<(Call, u64)>) -> Thread {
    let wait = wait.map(|(call, since_ms)| Wait { on: WaitOn::Call(call), since: at(since_ms), blocked: true });
    Thread { id: ThreadId(id), name: name.into(), wait }
}

fn threads() -> Vec<(TaskId, Vec<Thread>)> {
    let main = Call::Await { first: TaskId(2), count: 1, patience: Patience::Forever };
    let recv = Call::Recv { pipe: ObjectId(4), end: End::First, patience: Patience::Forever };
    let mut all = vec![
        (TaskId(0), vec![thread(0, "MainThread", Some((main, 1_000))), thread(1, "Reader", Some((recv, 7_900)))]),
        (TaskId(1), vec![thread(0, "MainThread", Some((put(), 6_200)))]),
        (TaskId(2), vec![thread(0, "MainThread", None)]),
    ];
    all.extend((3..5).map(|task| (TaskId(task), vec![thread(0, "MainThread", None)])));
    all.extend((5..7).map(|task| (TaskId(task), vec![thread(0, "MainThread", Some((acquire(), 5_000)))])));
    all
}

/// They wait, and it is not yet known that they must.
fn unblocked(mut threads: Vec<Thread>) -> Vec<Thread> {
    for wait in threads.iter_mut().filter_map(|thread| thread.wait.as_mut()) {
        wait.blocked = false;
    }
    threads
}

/// A parent's program, a producer that waits, guests before a door.
pub fn talking() -> State {
    let tasks = NAMES.iter().map(|name| TaskSpec::new(Work::Sleep { duration_ms: 60_000 }).named(*name)).collect();
    let mut story = Story::begin("a bounded queue and a door", RunKind::Scenario, tasks);
    story.tell(What::WorkerStarting { worker: WorkerId(0), slot: Slot(0), role: Role::Main });
    story.tell(What::TargetSet { workers: 6, by: Asker::Start });
    for seat in 1..7 {
        let worker = WorkerId(u32::from(seat));
        story.tell(What::WorkerStarting { worker, slot: Slot(seat), role: Role::Pool });
    }
    story.wait_until(5).greet(5);
    for worker in 5..7 {
        story.spawn(WorkerId(worker));
        story.tell(What::WorkerReady { worker: WorkerId(worker), host: Some("farm-07".into()), pid: None });
    }
    for task in 0..7 {
        story.start(WorkerId(task), TaskId(task));
    }
    story.state.main = Some(TaskId(0));
    story.wait_until(3_000);
    story.state.threads = Threads::made_up(threads().into_iter().map(|(task, threads)| (task, unblocked(threads))));
    for task in [1, 5, 6] {
        // Told by events while the threads are as above, so that the timeline has it.
        story.tell(What::CallBlocked { task: TaskId(task), thread: ThreadId::FIRST });
    }
    story.wait_until(8_300);
    let mut state = story.state;
    state.threads = Threads::made_up(threads());
    state.objects = Objects::made_up(objects());
    for (worker, frames) in [(0, 12_u64), (1, 340), (2, 48_000)] {
        let worker = WorkerId(worker);
        let count = WireCount {
            worker,
            frames_in: frames,
            bytes_in: frames * 31,
            frames_out: frames * 2,
            bytes_out: frames * 90,
        };
        state.wires.insert(worker, WireUse { count, at: at(8_000), frames_per_s: 4.2, bytes_per_s: 310.0 });
    }
    if let Some(start) = &mut state.start {
        start.story = Some(crate::event::Story {
            watch: "The queue holds three: the producer waits in put while it is full. 队列满了，生产者就得等。".into(),
            ending: "A put blocks on a full queue, a get on an empty one. Nobody had to ask twice.".into(),
        });
    }
    tell(&mut state);
    state.results.insert(TaskId(2), Arc::new(Value::Int(25)));
    state
}

fn tell(state: &mut State) {
    let lines = [
        (1, 0, StoryKind::Said, "put 11"),
        (1, 0, StoryKind::Said, "put 22"),
        (2, 0, StoryKind::Said, "got 11 after 0.8 s, which is a line that is longer than most and has to be wrapped"),
        (0, 1, StoryKind::Said, "the reader waits"),
        (
            3,
            0,
            StoryKind::Said,
            "进了门，在里面待一会儿，再把许可还给信号量，好让下一位客人进来，如此往复直到所有人都来过",
        ),
        (1, 0, StoryKind::Said, "put 33"),
        (2, 0, StoryKind::Result, "[11, 22, 33]"),
    ];
    for (at_s, (task, thread, kind, text)) in (1..).zip(lines) {
        let (task, thread) = (TaskId(task), ThreadId(thread));
        state.story.push(StoryLine { at: at(at_s * 1000), task, thread, kind, text: text.into() });
    }
}

/// The same, and nothing can go on.
pub fn stuck() -> State {
    let mut state = talking();
    state.verdict = Some(Box::new(Verdict {
        text: "producer waits in put on q, which is full, and nobody who lives gets from it.".into(),
        waits: vec![
            "producer: blocked in put on queue q for 0.0 s".into(),
            "the parent: blocked in result of consumer for 7.3 s".into(),
            "客人 5 (worker 6): acquire on doors since 3.3 s; 客人 1, guest 2 and consumer hold its permits".into(),
        ],
        advice: Some("A larger pool would go on: press +.".into()),
    }));
    state
}
