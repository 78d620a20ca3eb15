//! Each kind of object as Python has it, one small story after the other.
//! It does not know verdicts.

use super::world::*;
use crate::event::{Elapsed, What};
use crate::model::{Held, IllegalEvent, Status};
use crate::task::{
    Bound, Call, End, Failure, Handle, How, ObjectId, Outcome, Patience, Place, Reply, Shape, TaskId, TaskSpec,
    ThreadId, Value, Ways,
};
use crate::wire::Report;

const FOREVER: Patience = Patience::Forever;

fn three(objects: Vec<crate::task::ObjectSpec>, uses: &[(u16, How)]) -> World {
    World::new(objects, 4, vec![task("a", uses), task("b", uses), task("c", uses), task("idle", &[])])
}

#[test]
fn a_queue_serves_those_who_wait_in_the_order_of_their_coming() {
    let mut world = three(vec![queue("q", Some(2))], &[(0, How::Puts), (0, How::Gets)]);
    assert_eq!(world.ask(0, get(0, FOREVER)), None);
    assert_eq!(world.ask(1, get(0, FOREVER)), None);
    assert_eq!(world.ask(2, put(0, 1, FOREVER)), Some(Reply::Done));
    assert_eq!((world.reply(0), world.reply(1)), (Some(int(1)), None));
    assert_eq!(world.ask(2, put(0, 2, FOREVER)), Some(Reply::Done));
    assert_eq!(world.reply(1), Some(int(2)));
    for value in 3..5 {
        assert_eq!(world.ask(2, put(0, value, FOREVER)), Some(Reply::Done));
    }
    assert_eq!(world.ask(2, put(0, 5, Patience::None)), Some(Reply::Full));
    assert_eq!(world.ask(2, put(0, 5, FOREVER)), None);
    assert_eq!(world.state.blocked(TaskId(2)).unwrap().wait.verb(), "put");
    assert_eq!(world.ask(0, get(0, FOREVER)), Some(int(3)));
    assert_eq!(world.reply(2), Some(Reply::Done));
    assert_eq!(world.ask(0, Call::IsEmpty { queue: ObjectId(0) }), Some(Reply::Value(Value::Bool(false))));
    assert_eq!(world.ask(0, get(0, FOREVER)), Some(int(4)));
    assert_eq!(world.ask(0, get(0, FOREVER)), Some(int(5)));
    assert_eq!(world.ask(0, get(0, Patience::None)), Some(Reply::Empty));
    assert_eq!(world.object(0).traffic.messages, 5);
}

#[test]
fn patience_ends_on_the_active_clock_with_the_right_word() {
    let mut world = three(vec![queue("q", Some(1)), flag("e"), semaphore("s", 0, Bound::Plain)], &[]);
    assert_eq!(world.ask(3, put(0, 1, FOREVER)), Some(Reply::Done));
    let (event, semaphore) = (ObjectId(1), ObjectId(2));
    let patience = Patience::Us(100_000);
    assert_eq!(world.ask(0, put(0, 2, patience)), None);
    assert_eq!(world.ask(1, Call::WaitEvent { event, patience }), None);
    assert_eq!(world.ask(2, Call::Acquire { semaphore, patience }), None);
    world.command(crate::command::Command::PausePool);
    world.wait_ms(10_000);
    assert_eq!(world.reply(0), None);
    world.command(crate::command::Command::ResumePool);
    world.wait_ms(90);
    assert_eq!(world.reply(0), None);
    world.wait_ms(20);
    assert_eq!(world.reply(0), Some(Reply::Full));
    assert_eq!((world.reply(1), world.reply(2)), (Some(Reply::TimedOut), Some(Reply::TimedOut)));
    assert!(world.object(0).waiters.is_empty());
    // Who waited in vain is in nobody's way.
    assert_eq!(world.ask(3, get(0, FOREVER)), Some(int(1)));
    assert_eq!(world.ask(3, get(0, patience)), None);
    world.wait_ms(200);
    assert_eq!(world.reply(3), Some(Reply::Empty));
}

#[test]
fn a_pipe_ends_when_every_copy_of_the_other_end_is_closed() {
    let ends = [(0, How::Holds(End::First)), (0, How::Holds(End::Second))];
    let tasks = vec![parent(&[]), task("receiver", &ends[..1]), task("sender", &ends[1..]), task("idle", &[])];
    let mut world = World::new(vec![pipe("p", Ways::SecondToFirst)], 4, tasks);
    let pipe = ObjectId(0);
    let recv = || Call::Recv { pipe, end: End::First, patience: FOREVER };
    let send = |value| Call::Send { pipe, end: End::Second, value: Value::Int(value) };
    let close = |end| Call::CloseEnd { pipe, end };
    assert_eq!(world.ask(1, recv()), None);
    assert_eq!(world.ask(2, send(1)), Some(Reply::Done));
    assert_eq!(world.reply(1), Some(int(1)));
    assert_eq!(world.ask(2, send(2)), Some(Reply::Done));
    assert_eq!(world.ask(2, close(End::Second)), Some(Reply::Done));
    assert_eq!(world.ask(2, close(End::Second)), Some(Reply::Done), "as in Python");
    assert!(matches!(world.ask(2, send(3)), Some(Reply::Refused(why)) if why.contains("has closed end in")));
    assert_eq!(world.ask(1, recv()), Some(int(2)));
    assert_eq!(world.ask(1, recv()), None, "the parent still has a copy");
    assert_eq!(world.ask(0, close(End::Second)), Some(Reply::Done));
    assert_eq!(world.reply(1), Some(Reply::EndOfFile));
    let refused = world.ask(1, Call::Send { pipe, end: End::First, value: Value::None });
    assert!(matches!(refused, Some(Reply::Refused(why)) if why.contains("only receives")));
}

#[test]
fn what_nobody_can_receive_is_not_sent_and_what_was_sent_is_still_received() {
    let ends = [(0, How::Holds(End::First)), (0, How::Holds(End::Second))];
    let tasks = vec![task("left", &ends[..1]), task("right", &ends[1..]), task("idle", &[])];
    let mut world = World::new(vec![pipe("p", Ways::Both)], 3, tasks);
    let pipe = ObjectId(0);
    let send = |end| Call::Send { pipe, end, value: Value::Int(7) };
    assert_eq!(world.ask(1, send(End::Second)), Some(Reply::Done));
    assert_eq!(world.ask(0, send(End::First)), Some(Reply::Done), "it goes both ways");
    world.done(1);
    assert_eq!(world.ask(0, send(End::First)), Some(Reply::Broken));
    assert!(world.state.log.lines().iter().any(|line| line.text.contains("nobody has the other end")));
    let recv = || Call::Recv { pipe, end: End::First, patience: FOREVER };
    assert_eq!(world.ask(0, recv()), Some(int(7)));
    assert_eq!(world.ask(0, recv()), Some(Reply::EndOfFile));
}

#[test]
fn a_task_that_has_not_begun_holds_its_ends_and_so_does_one_that_is_tried_again() {
    let ends = [(0, How::Holds(End::First)), (0, How::Holds(End::Second))];
    let tasks = vec![task("reader", &ends[..1]), task("writer", &ends[1..])];
    let policy = crate::event::Policy { stuck: crate::event::Stuck::Stays, loss_retries: 1, ..Default::default() };
    let mut world = World::with_policy(policy, vec![pipe("p", Ways::SecondToFirst)], 1, tasks);
    let recv = || Call::Recv { pipe: ObjectId(0), end: End::First, patience: FOREVER };
    assert_eq!(world.ask(0, recv()), None);
    world.command(crate::command::Command::Resize(crate::command::Resize::To(2)));
    assert_eq!(world.status(1), Status::Running);
    world.kill(1);
    assert_eq!(world.status(1), Status::Running, "tried again");
    assert_eq!(world.reply(0), None);
    world.kill(1);
    assert_eq!(world.status(1), Status::Failed);
    assert_eq!(world.reply(0), Some(Reply::EndOfFile));
}

#[test]
fn a_dropped_task_lets_go_of_its_ends() {
    let ends = [(0, How::Holds(End::First)), (0, How::Holds(End::Second))];
    let tasks = vec![task("reader", &ends[..1]), task("writer", &ends[1..])];
    let mut world = World::new(vec![pipe("p", Ways::SecondToFirst)], 1, tasks);
    assert_eq!(world.ask(0, Call::Recv { pipe: ObjectId(0), end: End::First, patience: FOREVER }), None);
    world.command(crate::command::Command::StopTask(TaskId(1)));
    assert_eq!(world.reply(0), Some(Reply::EndOfFile));
}

#[test]
fn permits_of_the_dead_are_given_back_and_those_of_the_careless_are_not() {
    let mut world = three(vec![semaphore("doors", 2, Bound::Bounded)], &[(0, How::Acquires)]);
    assert_eq!(world.ask(0, acquire(0)), Some(Reply::Done));
    assert_eq!(world.ask(1, acquire(0)), Some(Reply::Done));
    assert_eq!(world.ask(2, acquire(0)), None);
    world.done(0);
    assert_eq!(world.reply(2), None, "it ended without releasing");
    assert_eq!(world.object(0).holders[0].task, TaskId(0));
    world.kill(1);
    assert_eq!(world.reply(2), Some(Reply::Done));
    assert!(world.state.log.lines().iter().any(|line| line.text.contains("given back")));
    assert_eq!(world.ask(2, release(0)), Some(Reply::Done));
    assert_eq!(world.ask(2, release(0)), Some(Reply::Done), "anybody may, for the one that has ended");
    let refused = world.ask(2, release(0));
    assert_eq!(refused, Some(Reply::Refused("semaphore doors released too often".into())));
    assert!(world.object(0).holders.is_empty());
}

#[test]
fn a_plain_semaphore_may_be_released_above_its_first_value() {
    let mut world = three(vec![semaphore("s", 0, Bound::Plain)], &[(0, How::Acquires), (0, How::Releases)]);
    assert_eq!(world.ask(0, release(0)), Some(Reply::Done));
    assert_eq!(world.ask(0, release(0)), Some(Reply::Done));
    assert_eq!(world.ask(1, acquire(0)), Some(Reply::Done));
    assert_eq!(world.ask(1, acquire(0)), Some(Reply::Done));
    assert_eq!(world.object(0).holders[0].what, Held::Permits(2));
    assert_eq!(world.ask(1, acquire(0)), None);
}

#[test]
fn an_event_wakes_all_and_stays_set_until_it_is_cleared() {
    let mut world = three(vec![flag("ready")], &[(0, How::Sets), (0, How::Waits)]);
    let event = ObjectId(0);
    let wait = || Call::WaitEvent { event, patience: FOREVER };
    assert_eq!(world.ask(0, wait()), None);
    assert_eq!(world.ask(1, wait()), None);
    assert_eq!(world.ask(2, Call::SetEvent { event }), Some(Reply::Done));
    assert_eq!((world.reply(0), world.reply(1)), (Some(Reply::Done), Some(Reply::Done)));
    assert_eq!(world.ask(0, wait()), Some(Reply::Done));
    assert_eq!(world.ask(2, Call::IsSet { event }), Some(Reply::Value(Value::Bool(true))));
    assert_eq!(world.ask(2, Call::ClearEvent { event }), Some(Reply::Done));
    assert_eq!(world.ask(0, Call::WaitEvent { event, patience: Patience::None }), Some(Reply::TimedOut));
}

#[test]
fn transfers_share_a_link_and_learn_when_their_share_changes() {
    let mut world = three(vec![link("net", 90)], &[(0, How::Transfers)]);
    let share = |world: &World, task| world.shares.get(&(TaskId(task), ThreadId::FIRST)).copied();
    let begin = |wants| Call::JoinLink { link: ObjectId(0), wants_bytes_per_s: wants };
    assert_eq!(world.ask(0, begin(100)), Some(Reply::Done));
    assert_eq!(share(&world, 0), Some(90));
    world.ask(1, begin(10));
    assert_eq!((share(&world, 0), share(&world, 1)), (Some(80), Some(10)));
    world.ask(2, begin(100));
    assert_eq!((share(&world, 0), share(&world, 1), share(&world, 2)), (Some(40), Some(10), Some(40)));
    assert_eq!(world.object(0).level(), (90, Some(90)));
    world.kill(0);
    assert_eq!(share(&world, 2), Some(80));
    assert_eq!(world.ask(1, Call::LeaveLink { link: ObjectId(0) }), Some(Reply::Done));
    assert_eq!(share(&world, 2), Some(90));
    world.done(2);
    assert_eq!(world.object(0).level(), (0, Some(90)));
}

#[test]
fn results_come_when_all_are_there_and_failures_with_their_reason() {
    let tasks = vec![parent(&[]), task("one", &[]), task("two", &[]), task("three", &[])];
    let mut world = World::new(Vec::new(), 4, tasks);
    let wait = |patience| Call::Await { first: TaskId(1), count: 3, patience };
    assert_eq!(world.ask(0, wait(Patience::None)), Some(Reply::TimedOut));
    assert_eq!(world.ask(0, wait(FOREVER)), None);
    world.done(1);
    world.report(3, Report::Result { task: TaskId(3), value: Value::Int(9) }).unwrap();
    world.done(3);
    assert_eq!(world.reply(0), None);
    world.end(2, Outcome::Failed(Failure::Error { text: "no luck".into() }));
    world.plan();
    let results = vec![Ok(Value::None), Err("no luck".into()), Ok(Value::Int(9))];
    assert_eq!(world.reply(0), Some(Reply::Results(results)));
    assert_eq!(world.ask(0, join(1, 3)), Some(Reply::Done));
    let handle = Handle { first: TaskId(1), count: 2, shape: Shape::One };
    world
        .record(What::CallMade {
            task: TaskId(0),
            thread: ThreadId::FIRST,
            call: Call::Submit { first: TaskId(1), count: 2, refusal: None },
        })
        .unwrap();
    world.plan();
    assert_eq!(world.reply(0), Some(Reply::Value(Value::Handle(handle))));
}

#[test]
fn a_pool_is_joined_only_after_it_was_closed_and_when_its_tasks_have_ended() {
    let tasks = vec![parent(&[]), task("one", &[]), TaskSpec { place: Place::Own, ..task("own", &[]) }];
    let mut world = World::new(Vec::new(), 3, tasks);
    assert!(matches!(world.ask(1, Call::ClosePool), Some(Reply::Refused(_))), "only the parent may");
    assert!(matches!(world.ask(0, Call::JoinPool), Some(Reply::Refused(why)) if why.contains("still takes tasks")));
    assert_eq!(world.ask(0, Call::ClosePool), Some(Reply::Done));
    assert!(world.events.contains(&What::PoolClosed));
    assert_eq!(world.ask(0, Call::ClosePool), Some(Reply::Done), "closing twice is no error");
    assert_eq!(world.ask(0, Call::JoinPool), None);
    world.done(1);
    assert_eq!(world.reply(0), Some(Reply::Done));
    assert_eq!(world.ask(0, Call::TerminatePool), Some(Reply::Done));
}

#[test]
fn threads_join_and_what_an_ended_thread_had_is_gone() {
    let mut world = three(vec![link("net", 90), queue("q", None)], &[]);
    world.thread(0, 1, "A");
    world.thread(0, 2, "B");
    let call = Call::JoinThread { thread: ThreadId(1) };
    assert_eq!(world.ask(0, call.clone()), None);
    world.try_ask(0, 1, Call::JoinLink { link: ObjectId(0), wants_bytes_per_s: 50 }).unwrap();
    world.try_ask(0, 2, get(1, FOREVER)).unwrap();
    assert!(world.state.blocked(TaskId(0)).is_none(), "thread A still runs");
    for thread in [1, 2] {
        world.report(0, Report::ThreadEnded { task: TaskId(0), thread: ThreadId(thread) }).unwrap();
        world.plan();
    }
    assert_eq!(world.reply(0), Some(Reply::Done));
    assert_eq!(world.object(0).level().0, 0);
    assert!(world.object(1).waiters.is_empty());
    assert_eq!(world.state.threads.of(TaskId(0)).len(), 1);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut world = three(vec![queue("q", None), flag("e")], &[]);
    let before = format!("{:?}", world.state.objects);
    let asked = |world: &mut World, thread, call| world.try_ask(0, thread, call).unwrap_err();
    assert!(matches!(asked(&mut world, 0, get(7, FOREVER)), IllegalEvent::NoObject { .. }));
    assert!(matches!(asked(&mut world, 0, get(1, FOREVER)), IllegalEvent::WrongObject { .. }));
    assert!(matches!(asked(&mut world, 5, get(0, FOREVER)), IllegalEvent::NoThread { .. }));
    assert!(matches!(asked(&mut world, 0, join(1, u32::MAX)), IllegalEvent::NoTask { .. }));
    let submit = Call::Submit { first: TaskId(0), count: 1, refusal: None };
    assert!(matches!(asked(&mut world, 0, submit), IllegalEvent::NotItsCall { .. }));
    let mut deep = Value::None;
    for _ in 0..40 {
        deep = Value::List(vec![deep]);
    }
    for value in [deep, Value::Float(f64::NAN), Value::Text("x".repeat(100_000).into())] {
        let call = Call::Put { queue: ObjectId(0), value, patience: FOREVER };
        assert!(matches!(asked(&mut world, 0, call), IllegalEvent::BadValue { .. }));
    }
    assert_eq!(format!("{:?}", world.state.objects), before);
    assert_eq!(world.ask(0, get(0, FOREVER)), None);
    assert!(matches!(asked(&mut world, 0, get(0, FOREVER)), IllegalEvent::ThreadWaits { .. }));
    let answered = What::CallAnswered { task: TaskId(0), thread: ThreadId::FIRST, reply: int(1) };
    assert!(world.record(answered).is_err(), "the queue is empty");
    assert_eq!(world.object(0).waiters.len(), 1);
}

#[test]
fn an_unbounded_queue_has_a_limit_all_the_same() {
    let mut world = three(vec![queue("q", None)], &[]);
    let big = || Value::Text("x".repeat(60_000).into());
    let mut puts = 0_u64;
    loop {
        let call = Call::Put { queue: ObjectId(0), value: big(), patience: Patience::None };
        match world.ask(0, call) {
            Some(Reply::Done) => puts += 1,
            other => break assert_eq!(other, Some(Reply::Full)),
        }
        world.events.clear();
    }
    assert!((4000..4500).contains(&puts), "{puts} of 60 kB");
}

#[test]
fn lines_results_and_notes_are_kept() {
    let mut world = three(vec![queue("q", None)], &[]);
    world.report(0, Report::Said { task: TaskId(0), thread: ThreadId::FIRST, text: "hello".into() }).unwrap();
    world.report(0, Report::Told { task: TaskId(0), text: "look".into() }).unwrap();
    world.report(0, Report::Result { task: TaskId(0), value: Value::Int(25) }).unwrap();
    let lines: Vec<&str> = world.state.story.lines().iter().map(|line| &*line.text).collect();
    assert_eq!(lines, ["hello", "25"]);
    assert_eq!(world.state.story.now, Some((TaskId(0), "look".into())));
    for value in 0..10 {
        world.ask(0, put(0, value, FOREVER));
    }
    world.now = Elapsed(2_000_000);
    world.record(What::Ticked).unwrap();
    let rate = world.object(0).traffic.messages_per_s;
    assert!((2.0..3.0).contains(&rate), "{rate}");
}
