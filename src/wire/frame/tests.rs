//! Every message through the codec: whole, cut at every byte, too long, and not a message at all.
//! It does not know what the messages lead to.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::command::{Note, Weight};
use crate::task::{
    Captured, CommandLine, Download, Failure, ObjectId, Outcome, Output, Pid, RawText, Reply, Shell, Slot, Stream,
    Tally, TaskId, TaskSpec, Template, ThreadId, Value, Work,
};
use crate::wire::{Assignment, FromWorker, Hello, Initialize, Report, Setup, Stopping, ToWorker};

fn spec(work: Work) -> Arc<TaskSpec> {
    Arc::new(TaskSpec::new(work).named("名\u{202e}"))
}

fn command(argument: Vec<u8>) -> Work {
    let template = Arc::new(Template { argv: vec![RawText::from("echo"), RawText(argument)], shell: Shell::Sh });
    Work::Command(Box::new(CommandLine { template, input: Some(RawText(b"a\xff\0".to_vec())), ordinal: 7 }))
}

fn to_worker() -> Vec<ToWorker> {
    let (task, spool) = (TaskId(u32::MAX), RawText::from("/tmp/x"));
    let download =
        Download { bytes: u64::MAX, duration_ms: 1, seed: 2, fail_per_mille: 1000, stall_per_mille: u16::MAX };
    let works = [Work::Nothing, Work::Sleep { duration_ms: 3 }, Work::Download(download), command(b"x".to_vec())];
    let run = works.map(|work| Assignment { task, attempt: u16::MAX, spec: spec(work) });
    vec![
        ToWorker::Setup(Setup {
            slot: Slot(u16::MAX),
            speed_milli: 1,
            report_every_ms: 50,
            spool,
            output_bytes_max: u64::MAX,
            parent: Pid(1),
            cpus: 2,
            pool_size: 4,
            began_unix_us: i64::MIN,
            program: Some(Arc::default()),
            initialize: Initialize::First,
        }),
        ToWorker::Run(Vec::new()),
        ToWorker::Run(run.to_vec()),
        ToWorker::Recall,
        ToWorker::Pause,
        ToWorker::Resume,
        ToWorker::PauseTask(task),
        ToWorker::ResumeTask(task),
        ToWorker::Stop(task, Stopping::Gently { grace_ms: u64::MAX }),
        ToWorker::Stop(task, Stopping::Now),
        ToWorker::Signal(task, i32::MIN),
        ToWorker::Answer(task, ThreadId(3), Reply::Value(Value::List(vec![Value::Float(0.5), Value::None]))),
        ToWorker::Share { task, thread: ThreadId(0), link: ObjectId(9), bytes_per_s: u64::MAX },
        ToWorker::Ping,
        ToWorker::Exit,
    ]
}

fn failures() -> [Failure; 6] {
    [
        Failure::Exit { code: -1 },
        Failure::Signal { signal: 9 },
        Failure::Error { text: "no such file".into() },
        Failure::TimedOut { after_ms: u64::MAX },
        Failure::Stopped,
        Failure::WorkerLost { how: "killed".into() },
    ]
}

fn from_worker() -> Vec<FromWorker> {
    let (task, tally) = (TaskId(0), Tally { bytes: u64::MAX, files: u32::MAX });
    let output = Output { stdout: Captured::Inline(vec![0, 255]), stderr: Captured::Spooled { bytes: 1, cut: 2 } };
    let ended = |outcome, output| Report::Ended { task, outcome, tally, took_us: u64::MAX, output };
    let mut reports = vec![
        Report::Started { task, pid: None },
        Report::Started { task, pid: Some(Pid(i32::MAX)) },
        Report::Progressed { task, done: 1, total: 0 },
        Report::Printed { task, stream: Stream::Stderr, skipped: u64::MAX, bytes: vec![b'\n', 0, 200] },
        Report::Noted { task, note: Note::new(Weight::Skipped, "a FIFO") },
        ended(Outcome::Done, Some(Box::new(output))),
        Report::Returned { tasks: vec![task, TaskId(u32::MAX)] },
        Report::Pong,
    ];
    reports.extend(failures().map(|failure| ended(Outcome::Failed(failure), None)));
    let alone = reports.iter().map(|report| FromWorker::Reports(vec![report.clone()]));
    let mut messages: Vec<FromWorker> = alone.collect();
    messages.extend([FromWorker::Hello(Hello { pid: Pid(1), host: "here".into() }), FromWorker::Reports(reports)]);
    messages
}

/// There and back; and of every part of it that is cut off, nothing but the wish for more.
#[track_caller]
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T) {
    let bytes = encode(message).unwrap();
    let mut frames = Frames::bare();
    for byte in &bytes {
        assert_eq!(frames.take::<T>(), Ok(None), "{message:?}");
        frames.push(&[*byte]);
    }
    assert_eq!(frames.take::<T>().unwrap().as_ref(), Some(message));
    assert_eq!(frames.take::<T>(), Ok(None));
    // A body that ends early is no message, whatever its length says.
    for length in 0..bytes.len() - 4 {
        let mut cut = u32::try_from(length).unwrap().to_le_bytes().to_vec();
        cut.extend_from_slice(&bytes[4..4 + length]);
        let mut frames = Frames::bare();
        frames.push(&cut);
        assert!(matches!(frames.take::<T>(), Err(FrameError::NotAMessage { .. })), "{message:?} cut at {length}");
    }
    let mut longer = u32::try_from(bytes.len() - 3).unwrap().to_le_bytes().to_vec();
    longer.extend_from_slice(&bytes[4..]);
    longer.push(0);
    let mut frames = Frames::bare();
    frames.push(&longer);
    assert!(matches!(frames.take::<T>(), Err(FrameError::NotAMessage { .. })), "{message:?} and one byte more");
}

#[test]
fn every_message_survives_the_way_and_none_is_made_of_its_parts() {
    to_worker().iter().for_each(there_and_back);
    from_worker().iter().for_each(there_and_back);
}

#[test]
fn messages_that_arrive_together_are_taken_apart() {
    let messages = to_worker();
    let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message).unwrap()).collect();
    for piece_bytes in [1, 3, 7, bytes.len()] {
        let mut frames = Frames::bare();
        let mut taken = Vec::new();
        for piece in bytes.chunks(piece_bytes) {
            frames.push(piece);
            while let Some(message) = frames.take::<ToWorker>().unwrap() {
                taken.push(message);
            }
        }
        assert_eq!(taken, messages, "in pieces of {piece_bytes}");
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_and_leaves_no_trace() {
    let mut out = encode(&ToWorker::Ping).unwrap();
    let before = out.clone();
    let assignment = Assignment { task: TaskId(0), attempt: 1, spec: spec(command(vec![b'x'; FRAME_BYTES_MAX])) };
    let refused = encode_into(&mut out, &ToWorker::Run(vec![assignment]));
    assert!(matches!(refused, Err(FrameError::TooLong(length)) if length > FRAME_BYTES_MAX), "{refused:?}");
    assert_eq!(out, before);
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_anything_is_kept() {
    for length in [FRAME_BYTES_MAX + 1, u32::MAX as usize] {
        let mut frames = Frames::bare();
        frames.push(&u32::try_from(length).unwrap().to_le_bytes());
        assert_eq!(frames.take::<FromWorker>(), Err(FrameError::TooLong(length)));
    }
    let mut frames = Frames::bare();
    frames.push(&u32::try_from(FRAME_BYTES_MAX).unwrap().to_le_bytes());
    assert_eq!(frames.take::<FromWorker>(), Ok(None));
}

#[test]
fn the_greeting_is_found_behind_a_banner_and_nowhere_else() {
    let hello = FromWorker::Hello(Hello { pid: Pid(1), host: "here".into() });
    let mut bytes = b"Welcome to this machine\n\0pooltop".to_vec();
    bytes.extend(greeting());
    bytes.extend(encode(&hello).unwrap());
    let mut frames = Frames::greeted();
    for byte in &bytes {
        assert_eq!(frames.take::<FromWorker>(), Ok(None));
        frames.push(&[*byte]);
    }
    assert_eq!(frames.take::<FromWorker>(), Ok(Some(hello)));

    let mut frames = Frames::greeted();
    frames.push(&vec![b'x'; BANNER_BYTES_MAX + MAGIC.len()]);
    assert_eq!(frames.take::<FromWorker>(), Err(FrameError::NoGreeting));

    let mut frames = Frames::greeted();
    let mut other = MAGIC.to_vec();
    other.extend_from_slice(&(VERSION + 1).to_le_bytes());
    frames.push(&other);
    assert_eq!(frames.take::<FromWorker>(), Err(FrameError::OtherVersion(VERSION + 1)));
}

/// What a worker behind a banner of that length writes, in pieces of that length; the message, or why there is none.
fn behind_a_banner(banner: &[u8], piece_bytes: usize) -> Result<Option<FromWorker>, FrameError> {
    let mut bytes = banner.to_vec();
    bytes.extend(greeting());
    bytes.extend(encode(&FromWorker::Reports(vec![Report::Pong])).unwrap());
    let mut frames = Frames::greeted();
    let mut taken = None;
    for piece in bytes.chunks(piece_bytes) {
        frames.push(piece);
        taken = taken.or(frames.take::<FromWorker>()?);
    }
    Ok(taken)
}

#[test]
fn a_banner_of_the_allowed_length_is_skipped_and_one_byte_more_is_not() {
    let hello = Ok(Some(FromWorker::Reports(vec![Report::Pong])));
    for piece_bytes in [1, 15, 16, 17, 4096, usize::MAX] {
        // Half of a greeting at the end of it, to be taken for nothing else.
        let mut banner = vec![b'x'; BANNER_BYTES_MAX - 7];
        banner.extend_from_slice(&MAGIC[..7]);
        assert_eq!(behind_a_banner(&banner, piece_bytes), hello, "in pieces of {piece_bytes}");
        banner.push(b'x');
        assert_eq!(behind_a_banner(&banner, piece_bytes), Err(FrameError::NoGreeting), "in pieces of {piece_bytes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever a banner is cut, and however much it looks like a greeting.
    #[test]
    fn a_banner_may_be_cut_anywhere(
        banner in prop::collection::vec(prop::sample::select(b"\0pooltop-wire\r\nx".to_vec()), 0..100),
        piece_bytes in 1..130_usize,
    ) {
        prop_assert_eq!(
            behind_a_banner(&banner, piece_bytes),
            Ok(Some(FromWorker::Reports(vec![Report::Pong])))
        );
    }

    /// Whatever arrives, it is a message, an error, or too little.
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), greeted in any::<bool>()) {
        let mut frames = if greeted { Frames::greeted() } else { Frames::bare() };
        frames.push(&bytes);
        while let Ok(Some(_)) = frames.take::<FromWorker>() {}
    }

    /// The same behind a length that fits, so that the bytes reach the decoder.
    #[test]
    fn random_bodies_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for head in [0_u8, 1] {
            let mut bytes = u32::try_from(body.len() + 1).unwrap().to_le_bytes().to_vec();
            bytes.push(head);
            bytes.extend_from_slice(&body);
            let mut frames = Frames::bare();
            frames.push(&bytes);
            let _ = frames.take::<FromWorker>();
            let mut frames = Frames::bare();
            frames.push(&bytes);
            let _ = frames.take::<ToWorker>();
        }
    }

    /// A real conversation with one byte changed.
    #[test]
    fn a_flipped_byte_never_panics(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes: Vec<u8> = from_worker().iter().flat_map(|message| encode(message).unwrap()).collect();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        let mut frames = Frames::bare();
        frames.push(&bytes);
        while let Ok(Some(_)) = frames.take::<FromWorker>() {}
    }
}
