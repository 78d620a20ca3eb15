//! A run that is cut off and gone on with, by the same pool.
//! It does not know how it was recorded.

use std::path::Path;

use pooltop::command::Command;
use pooltop::event::{Elapsed, Phase, Policy, Resumed, What};
use pooltop::model::{State, Status};
use pooltop::pool::{ResumedRun, Settings, Timed};
use pooltop::task::{Failure, Pid, TaskId, WorkerId};

use crate::{Stand, dispatched, ended, entry, ledger, script, settings};

/// What is left of a run when its first task was done, the second under way and the third not begun.
fn cut_off(folder: &Path) -> State {
    let mut stand = Stand::start(settings(folder, 1));
    let second = script("exec sleep 1000");
    stand.ask(Command::Submit(vec![entry(folder, "first"), second, entry(folder, "third")]));
    let known = stand.until("the first dispatch", dispatched(0));
    stand.safe(known);
    stand.until("the first end", ended(0));
    let known = stand.until("the second dispatch", dispatched(1));
    let mut state = State::new();
    for event in &stand.told[..known] {
        state.apply(event).unwrap();
    }
    stand.ask(Command::Kill);
    stand.finish();
    state
}

pub fn a_run_goes_on_from_what_it_had_come_to(folder: &Path) {
    let state = cut_off(folder);
    let (before, workers) = (state.now, state.workers.next_id());
    let policy = Policy { retries: 1, ..Policy::default() };
    // The third may have been given out behind the second.
    let third = Some(TaskId(2)).filter(|third| state.tasks[third.index()].status.is_in_flight());
    let (rerun, again) = (third.into_iter().collect(), Vec::new());
    let resumed = Resumed { pid: Pid(4321), cpus: 7, away_us: Some(5_000_000), target: 2, policy, rerun, again };
    let timed = |at: u64, command: Command| Timed { at: Elapsed(at), command };
    let settings = Settings {
        resumed: Some(Box::new(ResumedRun { state, resumed, dropped: Vec::new() })),
        // Passed, or the run would stop at once; and what is to come, relative to the whole run's beginning.
        timed: vec![
            timed(before.0, Command::Stop),
            timed(before.0 + 1, Command::Submit(vec![entry(folder, "fourth")])),
        ],
        ..settings(folder, 99)
    };
    let mut stand = Stand::start(settings);
    stand.until("the fourth task", |what| matches!(what, What::TasksAdded { .. }));
    assert!(matches!(stand.told[0].what, What::RunResumed { .. }), "{:?}", stand.told[0]);
    assert!(stand.told[0].at >= before, "time goes on");
    stand.ask(Command::Close);
    let state = stand.finish();
    let statuses: Vec<Status> = state.tasks.iter().map(|task| task.status).collect();
    assert_eq!(statuses, [Status::Done, Status::Failed, Status::Done, Status::Done]);
    let mut done = ledger(folder);
    done.sort_unstable();
    assert_eq!(done, ["first", "fourth", "third"], "each once");
    assert_eq!(state.failure(TaskId(1)), Some(&Failure::InDoubt));
    assert_eq!((state.phase, state.exit_code(), state.target), (Phase::Ended, 1, 2));
    assert_eq!(state.start.as_ref().map(|start| (start.pid, start.cpus)), Some((Pid(4321), 7)));
    assert!(state.tasks[2].worker >= Some(workers) && workers > WorkerId(0), "a worker's number is never used again");
}
