//! What waits until it is recorded, and what becomes of it when it never is.
//! It does not know how a run goes on afterwards.

use std::path::Path;

use pooltop::command::{Command, Pick, Recorded as _};
use pooltop::event::{Phase, PhaseReason, What};
use pooltop::model::{State, Status};
use pooltop::task::{Failure, Outcome, TaskId, TaskSpec, Work};

use crate::{Stand, dispatched, ended, entry, ledger, script, settings};

/// Long enough for a worker to do what it must not do.
const NAP: Work = Work::Sleep { duration_ms: 300 };

pub fn a_command_begins_only_when_its_beginning_is_safe(folder: &Path) {
    let mut stand = Stand::start(settings(folder, 2));
    stand.ask(Command::Submit(vec![entry(folder, "first"), TaskSpec::new(NAP)]));
    stand.ask(Command::Close);
    let known = stand.until("the command's dispatch", dispatched(0));
    stand.safe(known - 1);
    // Nobody can tell whether a nap was taken twice, so it waits for nothing.
    stand.until("the end of the nap", ended(1));
    assert_eq!(ledger(folder), [""; 0], "begun before it was safe");
    let state = stand.finish();
    assert_eq!(ledger(folder), ["first"]);
    assert_eq!((state.count(Status::Done), state.exit_code()), (2, 0));
}

/// One command runs, one is held back and one waits when the record fails.
fn fails(folder: &Path, fail: impl FnOnce(Stand) -> Stand) -> State {
    let gate = folder.join("go");
    let first = script(&format!(
        "while [ ! -e {} ]; do sleep 0.01; done; echo first >> {}",
        gate.display(),
        folder.join("ledger").display()
    ));
    let mut stand = Stand::start(settings(folder, 2));
    stand.ask(Command::Submit(vec![first, entry(folder, "second"), entry(folder, "third")]));
    stand.ask(Command::Close);
    let known = stand.until("the first command's dispatch", dispatched(0));
    stand.safe(known);
    stand.until("the first command's beginning", |what| matches!(what, What::TaskStarted { .. }));
    stand.until("the second command's dispatch", dispatched(1));
    let stand = fail(stand);
    let failed = stand.updates.iter().any(|update| match update {
        pooltop::model::Update::Events(events) => {
            events.iter().any(|event| matches!(event.what, What::PhaseEntered { phase: Phase::Draining, .. }))
        }
        _ => false,
    });
    assert!(failed, "the run went on");
    std::fs::write(gate, "").unwrap();
    let state = stand.thread.join().unwrap().state;
    assert_eq!(ledger(folder), ["first"], "what runs comes to its end, and nothing begins");
    assert_eq!((state.count(Status::Done), state.count(Status::Waiting)), (1, 2));
    assert_eq!(state.tasks.iter().map(|task| task.attempts).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!((state.exit_code(), state.stopped_by), (3, Some(PhaseReason::NotRecorded)));
    state
}

pub fn after_a_failed_record_nothing_begins(folder: &Path) {
    let state = fails(folder, |stand| {
        stand.mailbox.failed("no space left on device");
        // A late word of success changes nothing.
        stand.mailbox.safe(u64::MAX);
        stand
    });
    let summary = pooltop::headless::summary(&state, None);
    assert!(summary[0].contains("recording failed: no space left on device; no new task was started"), "{summary:?}");
}

pub fn a_recorder_that_is_gone_is_a_failed_record(folder: &Path) {
    let state = fails(folder, |stand| {
        let events = crossbeam_channel::never();
        let stand = Stand { events, ..stand };
        // Something to tell it, so that its absence is noticed.
        stand.ask(Command::Note(pooltop::command::Note::new(pooltop::command::Weight::Info, "anything")));
        stand
    });
    assert_eq!(state.recording_failed.as_deref(), Some("the recorder has ended"));
}

pub fn what_was_never_told_is_stopped_at_once(folder: &Path) {
    let mut stand = Stand::start(settings(folder, 1));
    stand.ask(Command::Submit(vec![entry(folder, "first"), entry(folder, "second")]));
    stand.ask(Command::Close);
    stand.until("the dispatch", dispatched(0));
    stand.ask(Command::StopTask(TaskId(0)));
    // Its worker need not be asked.
    let at = stand.until("its end", ended(0));
    let stopped = Outcome::Failed(Failure::Stopped);
    assert!(matches!(&stand.told[at - 1].what, What::AttemptEnded { outcome, .. } if *outcome == stopped));
    let state = stand.finish();
    assert_eq!(ledger(folder), ["second"]);
    assert_eq!((state.tasks[0].status, state.tasks[1].status), (Status::Failed, Status::Done));
}

pub fn a_worker_that_dies_untold_has_begun_nothing(folder: &Path) {
    let mut stand = Stand::start(settings(folder, 1));
    stand.ask(Command::Submit(vec![entry(folder, "first")]));
    stand.ask(Command::Close);
    stand.until("the dispatch", dispatched(0));
    stand.ask(Command::KillWorker(Pick::Any));
    stand.until("the task's return", |what| matches!(what, What::TasksReturned { .. }));
    let state = stand.finish();
    assert_eq!(ledger(folder), ["first"]);
    assert_eq!((state.tasks[0].status, state.tasks[0].attempts), (Status::Done, 1), "the first was none");
    assert_eq!(state.unplanned.losses, 1);
}
