//! Random programs of calls, timeouts, ends and deaths, checked event by event against a plain notion of each object.
//! It does not know how the state finds its answers.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::world::*;
use crate::event::{Elapsed, Policy, Stuck, What};
use crate::model::{Content, Held, State, Status, WaitOn, Worker};
use crate::task::{
    Bound, Call, End, How, ObjectId, ObjectSpec, Patience, Reply, TaskId, TaskSpec, ThreadId, Value, Ways,
};
use crate::wire::Report;

const BOUNDED: u16 = 0;
const UNBOUNDED: u16 = 1;
const DUPLEX: u16 = 2;
const ONE_WAY: u16 = 3;
const PLAIN: u16 = 4;
const STRICT: u16 = 5;
const FLAG: u16 = 6;
const LINK: u16 = 7;

const CAPACITY: u32 = 2;
const PERMITS: u32 = 2;
const BYTES_PER_S: u64 = 1000;

fn objects() -> Vec<ObjectSpec> {
    vec![
        queue("bounded", Some(CAPACITY)),
        queue("unbounded", None),
        pipe("duplex", Ways::Both),
        pipe("one way", Ways::SecondToFirst),
        semaphore("plain", PERMITS, Bound::Plain),
        semaphore("strict", PERMITS, Bound::Bounded),
        flag("flag"),
        link("link", BYTES_PER_S),
    ]
}

fn tasks(count: u32) -> Vec<TaskSpec> {
    let uses = |n: u32| {
        let ends = [End::First, End::Second].map(How::Holds);
        let one = ends[n as usize % 2];
        vec![(DUPLEX, one), (ONE_WAY, one), (BOUNDED, How::Puts), (BOUNDED, How::Gets), (PLAIN, How::Acquires)]
    };
    let others = (1..count).map(|n| task(&format!("t{n}"), &uses(n)));
    std::iter::once(parent(&[])).chain(others).collect()
}

/// What each object is, told by events alone.
#[derive(Default)]
pub(super) struct Reference {
    open: HashMap<(TaskId, ThreadId), (Call, Elapsed)>,
    lines: HashMap<(u16, End), VecDeque<Value>>,
    acquired: HashMap<u16, u32>,
    released: HashMap<u16, u32>,
    given_back: HashMap<u16, u32>,
    by_attempt: HashMap<(u16, TaskId), u32>,
    set: bool,
    answers: u32,
}

impl Reference {
    pub(super) fn see(&mut self, state: &State, what: &What) {
        match what {
            What::CallMade { task, thread, call } => {
                let before = self.open.insert((*task, *thread), (call.clone(), state.active()));
                assert_eq!(before, None);
            }
            What::CallAnswered { task, thread, reply } => {
                let (call, since) = self.open.remove(&(*task, *thread)).expect("an answer to nothing");
                self.answers += 1;
                self.answered(state, *task, &call, since, reply);
            }
            What::ThreadEnded { task, thread } => {
                self.open.remove(&(*task, *thread));
            }
            What::AttemptEnded { task, .. } => self.ended(state, *task, 0),
            What::AttemptLost { task, .. } => self.ended(state, *task, u32::MAX),
            _ => {}
        }
        self.check(state);
    }

    fn ended(&mut self, state: &State, ended: TaskId, may_give: u32) {
        self.open.retain(|(task, _), _| *task != ended);
        for semaphore in [PLAIN, STRICT] {
            let took = self.by_attempt.remove(&(semaphore, ended)).unwrap_or_default();
            let given = free(state, semaphore) - self.free(semaphore);
            assert!(given <= took.min(may_give), "more permits come back than the dead one took");
            *self.given_back.entry(semaphore).or_default() += given;
        }
    }

    fn free(&self, semaphore: u16) -> u32 {
        let of = |map: &HashMap<u16, u32>| map.get(&semaphore).copied().unwrap_or_default();
        PERMITS + of(&self.released) + of(&self.given_back) - of(&self.acquired)
    }

    fn line(&mut self, object: ObjectId, end: End) -> &mut VecDeque<Value> {
        self.lines.entry((object.0, end)).or_default()
    }

    fn answered(&mut self, state: &State, task: TaskId, call: &Call, since: Elapsed, reply: &Reply) {
        match (call, reply) {
            (Call::Put { queue, value, .. }, Reply::Done) => self.line(*queue, End::First).push_back(value.clone()),
            (Call::Get { queue, .. }, Reply::Value(value)) => {
                assert_eq!(self.line(*queue, End::First).pop_front().as_ref(), Some(value));
            }
            (Call::Send { pipe, end, value }, Reply::Done) => self.line(*pipe, end.other()).push_back(value.clone()),
            (Call::Recv { pipe, end, .. }, Reply::Value(value)) => {
                assert_eq!(self.line(*pipe, *end).pop_front().as_ref(), Some(value));
            }
            (Call::Recv { pipe, end, .. }, Reply::EndOfFile) => {
                assert!(self.line(*pipe, *end).is_empty() && !is_held(state, *pipe, end.other()));
            }
            (Call::Send { pipe, end, .. }, Reply::Broken) => assert!(!is_held(state, *pipe, end.other())),
            (Call::Acquire { semaphore, .. }, Reply::Done) => {
                assert!(self.free(semaphore.0) > 0, "no permit was free");
                *self.acquired.entry(semaphore.0).or_default() += 1;
                *self.by_attempt.entry((semaphore.0, task)).or_default() += 1;
            }
            (Call::Release { semaphore }, Reply::Done) => *self.released.entry(semaphore.0).or_default() += 1,
            (Call::Release { semaphore }, Reply::Refused(_)) => assert_eq!(semaphore.0, STRICT),
            (Call::SetEvent { .. }, Reply::Done) => self.set = true,
            (Call::ClearEvent { .. }, Reply::Done) => self.set = false,
            (Call::WaitEvent { .. }, Reply::Done) => assert!(self.set),
            (Call::IsSet { .. }, Reply::Value(Value::Bool(set))) => assert_eq!(*set, self.set),
            (_, Reply::Full | Reply::Empty | Reply::TimedOut) => match call.patience() {
                Patience::Forever => panic!("{call:?} would have waited for ever"),
                Patience::None => {}
                Patience::Us(us) => assert!(state.active().0 >= since.0 + us, "{call:?} was given up too early"),
            },
            _ => {}
        }
    }

    /// What must hold after every single event.
    fn check(&self, state: &State) {
        for (id, object) in state.objects.iter() {
            let line = |end| self.lines.get(&(id.0, end)).cloned().unwrap_or_default();
            match &object.content {
                Content::Queue { items } => {
                    assert!(items.iter().eq(&line(End::First)));
                    assert!(id.0 != BOUNDED || items.len() <= CAPACITY as usize, "over its capacity");
                }
                Content::Pipe { arrived } => {
                    assert!(
                        [End::First, End::Second].into_iter().all(|end| arrived[end.index()].iter().eq(&line(end)))
                    );
                }
                Content::Semaphore { free } => {
                    assert!(id.0 != STRICT || *free <= PERMITS, "over its first value");
                    let held: u32 = object
                        .holders
                        .iter()
                        .map(|holder| if let Held::Permits(permits) = holder.what { permits } else { 0 })
                        .sum();
                    assert!(*free + held >= PERMITS);
                }
                Content::Event { set } => assert_eq!(*set, self.set),
                Content::Link { used_bytes_per_s } => assert!(*used_bytes_per_s <= BYTES_PER_S),
            }
        }
    }
}

fn free(state: &State, semaphore: u16) -> u32 {
    match state.objects.get(ObjectId(semaphore)).unwrap().content {
        Content::Semaphore { free } => free,
        _ => unreachable!(),
    }
}

fn has_end(state: &State, pipe: ObjectId, task: TaskId, end: End) -> bool {
    let holders = &state.objects.get(pipe).unwrap().holders;
    holders.iter().any(|holder| holder.task == task && holder.what == Held::End(end))
}

fn is_held(state: &State, pipe: ObjectId, end: End) -> bool {
    state.objects.get(pipe).unwrap().holders.iter().any(|holder| holder.what == Held::End(end))
}

/// Whether a call could be answered by the plainest reading of it.
fn could_be_answered(state: &State, task: TaskId, call: &Call) -> bool {
    let content = call.object().map(|id| &state.objects.get(id).unwrap().content);
    match (call, content) {
        (Call::Put { queue, .. }, Some(Content::Queue { items })) => {
            queue.0 != BOUNDED || items.len() < CAPACITY as usize
        }
        (Call::Get { .. }, Some(Content::Queue { items })) => !items.is_empty(),
        (Call::Recv { pipe, end, .. }, Some(Content::Pipe { arrived })) => {
            let own = has_end(state, *pipe, task, *end);
            !own || !arrived[end.index()].is_empty() || !is_held(state, *pipe, end.other())
        }
        (Call::Acquire { .. }, Some(Content::Semaphore { free })) => *free > 0,
        (Call::WaitEvent { .. }, Some(Content::Event { set })) => *set,
        (Call::JoinThread { thread }, _) => state.threads.of(task).iter().all(|known| known.id != *thread),
        (Call::Await { first, count, .. } | Call::Join { first, count, .. }, _) => {
            (first.0..first.0 + count).all(|id| state.task(TaskId(id)).unwrap().status.is_final())
        }
        _ => true,
    }
}

/// After every turn: nobody waits for what is there, and who cannot go on for ever is told.
fn check_turn(world: &World) {
    let state = &world.state;
    let mut runs = false;
    let mut will_give_up = false;
    for (number, record) in (0..).zip(&state.tasks) {
        let task = TaskId(number);
        let threads = state.threads.of(task);
        assert!(threads.is_empty() || record.status.is_in_flight(), "threads of a task that is over");
        let has_begun = record.status != Status::Sent;
        runs |= record.status.is_in_flight() && (!has_begun || threads.iter().any(|thread| thread.wait.is_none()));
        for thread in threads {
            let Some(wait) = &thread.wait else { continue };
            let WaitOn::Call(call) = &wait.on else { continue };
            assert!(wait.blocked, "{call:?} was forgotten");
            assert!(!could_be_answered(state, task, call), "{call:?} could be answered");
            will_give_up |= matches!(call.patience(), Patience::Us(_));
        }
    }
    let is_free = |worker: &Worker| worker.in_flight.is_empty();
    assert!(state.counts.waiting() == 0 || !state.workers.iter().any(is_free), "somebody could do it");
    let silent = state.counts.in_flight() > 0 && !runs && !will_give_up;
    assert_eq!(state.verdict.is_some(), silent, "{:?}", state.verdict);
    if let Some(verdict) = &state.verdict {
        assert!(!verdict.text.is_empty() && !verdict.waits.is_empty());
    }
}

fn call(what: u8, value: i64, patience: u8, threads: u16, tasks: u32) -> Call {
    let patience = match patience % 4 {
        0 => Patience::None,
        1 => Patience::Us(u64::from(patience) * 1000 + 1),
        _ => Patience::Forever,
    };
    let end = if value % 2 == 0 { End::First } else { End::Second };
    let pipe = ObjectId(if value % 3 == 0 { DUPLEX } else { ONE_WAY });
    let queue = ObjectId(if value % 3 == 0 { UNBOUNDED } else { BOUNDED });
    let semaphore = ObjectId(if value % 3 == 0 { PLAIN } else { STRICT });
    let event = ObjectId(FLAG);
    let link = ObjectId(LINK);
    let number = u32::try_from(value).unwrap();
    match what % 20 {
        0 | 1 => Call::Put { queue, value: Value::Int(value), patience },
        2 | 3 => Call::Get { queue, patience },
        4 => Call::IsEmpty { queue },
        5 | 6 => Call::Send { pipe, end, value: Value::Int(value) },
        7 | 8 => Call::Recv { pipe, end, patience },
        9 => Call::CloseEnd { pipe, end },
        10 | 11 => Call::Acquire { semaphore, patience },
        12 => Call::Release { semaphore },
        13 => Call::SetEvent { event },
        14 => Call::ClearEvent { event },
        15 => Call::WaitEvent { event, patience },
        16 => Call::JoinLink { link, wants_bytes_per_s: u64::from(number) * 37 % 1500 },
        17 => Call::LeaveLink { link },
        18 => Call::JoinThread { thread: ThreadId(u16::try_from(value).unwrap() % (threads + 1)) },
        _ => Call::Join { first: TaskId(number % tasks), count: 1, patience },
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
struct Act {
    what: u8,
    who: u8,
    call: u8,
    patience: u8,
}

fn act() -> impl Strategy<Value = Act> {
    (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(what, who, call, patience)| Act {
        what,
        who,
        call,
        patience,
    })
}

/// Those threads that could do something, by task.
fn free_threads(state: &State) -> Vec<(u32, u16)> {
    let in_flight = (0..).zip(&state.tasks).filter(|(_, record)| record.status.is_in_flight());
    let threads = in_flight.flat_map(|(number, _)| {
        let free = state.threads.of(TaskId(number)).iter().filter(|thread| thread.wait.is_none());
        free.map(move |thread| (number, thread.id.0))
    });
    threads.collect()
}

fn happens(world: &mut World, act: Act, value: i64, kills_left: &mut u32) {
    let free = free_threads(&world.state);
    let running: Vec<u32> =
        (0..).zip(&world.state.tasks).filter(|(_, record)| record.status == Status::Running).map(|(n, _)| n).collect();
    let Some(&any) = running.get(usize::from(act.who) % running.len().max(1)) else { return };
    match act.what {
        0..6 => world.done(any),
        6..10 if *kills_left > 0 => {
            *kills_left -= 1;
            world.kill(any);
        }
        10..20 => world.wait_ms(u64::from(act.patience)),
        20..26 => {
            let last = world.state.threads.of(TaskId(any)).last().map_or(0, |thread| thread.id.0);
            world.thread(any, last + 1, "more");
            world.plan();
        }
        26..30 => {
            let thread = world.state.threads.of(TaskId(any)).last().map(|thread| thread.id);
            if let Some(thread) = thread.filter(|thread| *thread != ThreadId::FIRST) {
                world.report(any, Report::ThreadEnded { task: TaskId(any), thread }).unwrap();
                world.plan();
            }
        }
        _ => {
            let Some(&(task, thread)) = free.get(usize::from(act.who) % free.len().max(1)) else { return };
            let threads = u16::try_from(world.state.threads.of(TaskId(task)).len()).unwrap();
            let tasks = u32::try_from(world.state.tasks.len()).unwrap();
            world.try_ask(task, thread, call(act.call, value, act.patience, threads, tasks)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is lost, nothing comes twice, nobody waits for what is there, and no run falls silent without a word.
    #[test]
    fn random_programs_are_served_as_python_would_or_told_that_they_are_stuck(
        count in 1..6_u32,
        workers in 1..6_u32,
        acts in prop::collection::vec(act(), 1..150),
    ) {
        let policy = Policy { stuck: Stuck::Stays, loss_retries: 2, ..Policy::default() };
        let mut world = World::with_policy(policy, objects(), workers, tasks(count));
        world.reference = Some(Box::default());
        let mut kills_left = 3;
        for (value, act) in (0..).zip(acts) {
            happens(&mut world, act, value, &mut kills_left);
            if world.state.phase > crate::event::Phase::Running {
                break;
            }
            check_turn(&world);
        }
        // Time alone lets everybody go on, or shows that nobody can.
        for _ in 0..20 {
            world.wait_ms(100);
        }
        if world.state.phase == crate::event::Phase::Running {
            check_turn(&world);
            let free = free_threads(&world.state).len();
            prop_assert_eq!(free == 0, world.state.verdict.is_some(), "{:?}", world.state.counts);
        }
    }
}
