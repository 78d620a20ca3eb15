//! Actions that ask something of the pool: whether they make sense now, and what to ask. PURE.
//! It does not know how the pool obeys.

use super::{Answer, Effect, Sight};
use crate::command::{Command, Resize, Tune, WORKERS_MAX};
use crate::event::{PauseReason, Phase, Role, Tuning};
use crate::model::{Source, State, Status, Worker};
use crate::task::{TaskId, Work, WorkerId};
use crate::text::sanitized;
use crate::tui::panes::header::stuck;
use crate::tui::viewer::{Overlay, Viewer};

/// Asks for another size.
pub(super) fn resize(change: Resize, state: &State) -> Answer {
    can_resize(state)?;
    match change {
        Resize::By(change) if change > 0 && state.target >= WORKERS_MAX => {
            return Err(format!("{WORKERS_MAX} workers are the most a pool can have"));
        }
        Resize::By(change) if change < 0 && state.target == 0 => {
            return Err("the pool aims at no workers already".to_owned());
        }
        Resize::To(workers) if workers > WORKERS_MAX => {
            return Err(format!("{WORKERS_MAX} workers are the most a pool can have"));
        }
        Resize::To(workers) if workers == state.target => {
            return Err(format!("the pool aims at {workers} workers already"));
        }
        _ => {}
    }
    Ok(ask(Command::Resize(change)))
}

/// Whether another size would matter.
pub(super) fn can_resize(state: &State) -> Result<(), String> {
    match state.phase {
        Phase::Running => Ok(()),
        Phase::Draining => Err("the pool is draining: nothing more is started".to_owned()),
        _ => goes_on(state),
    }
}

/// Lets pooltop look for the best size, or stops that.
pub(super) fn tune(state: &State) -> Answer {
    can_resize(state)?;
    Ok(ask(Command::Tune(match state.tuning {
        Tuning::Searching => Tune::Stop,
        Tuning::Off | Tuning::Settled { .. } => Tune::Start,
    })))
}

/// Whether nothing can go on.
pub(super) fn is_stuck(state: &State) -> Result<(), String> {
    goes_on(state)?;
    stuck(state).map(|_| ()).ok_or_else(|| "the run is not stuck".to_owned())
}

/// Ends a run that cannot go on; whoever asks for it wants to look at it.
pub(super) fn terminate(viewer: &mut Viewer, state: &State) -> Answer {
    is_stuck(state).map_err(|why| format!("{why}; q ends it"))?;
    viewer.overlay = Overlay::None;
    Ok(vec![Effect::Stay, Effect::Ask(Command::Stop)])
}

/// Freezes the pool, or lets it go on.
pub(super) fn toggle_pool(state: &State) -> Answer {
    goes_on(state)?;
    if state.is_paused_by(PauseReason::Asked) { Ok(ask(Command::ResumePool)) } else { Ok(ask(Command::PausePool)) }
}

/// Lets the run end with what is in flight.
pub(super) fn drain(state: &State) -> Answer {
    goes_on(state)?;
    if state.phase == Phase::Draining {
        return Err("the pool is draining already".to_owned());
    }
    Ok(ask(Command::Drain))
}

/// Puts another worker in the place of the selected one.
pub(super) fn replace(viewer: &Viewer, state: &State) -> Answer {
    can_resize(state)?;
    let worker = selected_worker(viewer, state)?;
    if worker.role != Role::Pool {
        return Err("only workers of the pool can be replaced".to_owned());
    }
    if !worker.is_wanted() {
        return Err(format!("worker {} is {} already", worker.slot, worker.word()));
    }
    Ok(ask(Command::ReplaceWorker(worker.id)))
}

/// Freezes the selected task, or lets it go on.
pub(super) fn toggle_task(viewer: &Viewer, state: &State) -> Answer {
    goes_on(state)?;
    let (task, status) = selected_task(viewer, state)?;
    match status {
        Status::Running => Ok(ask(Command::PauseTask(task))),
        Status::Paused => Ok(ask(Command::ResumeTask(task))),
        other => Err(format!("task {task} is {}; only a running one can be paused", other.word())),
    }
}

/// Ends the selected task in good order.
pub(super) fn stop(viewer: &Viewer, state: &State) -> Answer {
    over(state)?;
    let (task, status) = selected_task(viewer, state)?;
    match status {
        Status::Stopping => Err(format!("task {task} is stopping already; X kills it")),
        Status::Undecided => Err(format!("task {task} has just ended")),
        status if status.is_final() => Err(format!("task {task} is {}; nothing to stop", status.word())),
        _ => Ok(ask(Command::StopTask(task))),
    }
}

/// Ends the selected task at once.
pub(super) fn kill(viewer: &Viewer, state: &State) -> Answer {
    over(state)?;
    let (task, status) = selected_task(viewer, state)?;
    match status {
        Status::Undecided => Err(format!("task {task} has just ended")),
        status if status.is_final() => Err(format!("task {task} is {}; nothing to kill", status.word())),
        // What does not run is dropped; there is nothing that KILL could reach.
        Status::Waiting | Status::Delayed => Ok(ask(Command::StopTask(task))),
        _ => Ok(ask(Command::KillTask(task))),
    }
}

/// Opens the menu of signals for the selected task.
pub(super) fn open_signals(viewer: &mut Viewer, state: &State) -> Answer {
    over(state)?;
    let (task, status) = selected_task(viewer, state)?;
    if !takes_signals(task, state) {
        let is_command = state.task(task).is_some_and(|record| matches!(record.spec.work, Work::Command(_)));
        return Err(if is_command {
            format!("task {task} is {}; only a running command takes signals", status.word())
        } else {
            format!("task {task} is no command; x and X end it")
        });
    }
    viewer.overlay = Overlay::Signals { task, chosen: 0 };
    Ok(Vec::new())
}

/// Whether that task is a command that runs.
pub(super) fn takes_signals(task: TaskId, state: &State) -> bool {
    state.task(task).is_some_and(|record| {
        matches!(record.spec.work, Work::Command(_))
            && matches!(record.status, Status::Running | Status::Paused | Status::Stopping)
    })
}

/// Runs the selected task again.
pub(super) fn retry(viewer: &Viewer, state: &State) -> Answer {
    can_resize(state)?;
    let (task, status) = selected_task(viewer, state)?;
    if !status.is_final() {
        return Err(format!("task {task} is {}; only an ended one can be retried", status.word()));
    }
    Ok(ask(Command::RetryTask(task)))
}

/// What is worth having on the clipboard: the selected worker's PID, or what the selected task is about.
pub(super) fn copy(viewer: &Viewer, sight: &Sight<'_>) -> Answer {
    if viewer.focus.is_about_workers() {
        let worker = selected_worker(viewer, sight.shown)?;
        let pid = worker.pid.ok_or_else(|| format!("worker {} has no process yet", worker.slot))?;
        return Ok(vec![Effect::Copy(pid.to_string())]);
    }
    let (task, _) = selected_task(viewer, sight.shown)?;
    let Some(record) = sight.shown.task(task) else { return Err(format!("there is no task {task}")) };
    let text = match &record.spec.work {
        Work::Command(command) => command.title(),
        Work::Copy(batch) => {
            let name = batch.entries.first().map(|entry| entry.name.as_os()).unwrap_or_default();
            let path = std::path::Path::new(batch.roots.source.as_os()).join(batch.folder.as_os()).join(name);
            path.to_string_lossy().into_owned()
        }
        Work::Nothing | Work::Sleep { .. } | Work::Download(_) | Work::Steps(_) => record.spec.title().into_owned(),
    };
    // Pasted into a shell, a line break in a name would be obeyed.
    Ok(vec![Effect::Copy(sanitized(&text).into_owned())])
}

/// Leaves, after a question if something would be lost.
pub(super) fn quit(viewer: &mut Viewer, state: &State) -> Vec<Effect> {
    let something_to_lose = state.has_unfinished() || state.source == Source::Open;
    match state.phase {
        Phase::Running | Phase::Draining if something_to_lose => {
            viewer.overlay = Overlay::ConfirmQuit;
            Vec::new()
        }
        _ => quit_now(viewer, state),
    }
}

/// Leaves; what runs is stopped, what stops is killed.
pub(super) fn quit_now(viewer: &mut Viewer, state: &State) -> Vec<Effect> {
    viewer.overlay = Overlay::None;
    match state.phase {
        Phase::Ended => vec![Effect::Leave],
        Phase::Running | Phase::Draining => vec![Effect::Ask(Command::Stop), Effect::LeaveAtEnd],
        Phase::Stopping | Phase::Killing => vec![Effect::Ask(Command::Kill), Effect::LeaveAtEnd],
        Phase::Closing => vec![Effect::LeaveAtEnd],
    }
}

/// The task the worker is at, begun or about to be.
pub(super) fn task_of(worker: &Worker) -> Option<TaskId> {
    worker.running.map(|running| running.task).or_else(|| worker.in_flight.front().copied())
}

/// The task keys are about: in the panes of workers the selected worker's, in the others the selected one.
pub(super) fn selected_task(viewer: &Viewer, state: &State) -> Result<(TaskId, Status), String> {
    let task = if viewer.focus.is_about_workers() {
        let worker = selected_worker(viewer, state)?;
        task_of(worker).ok_or_else(|| format!("worker {} has no task", worker.slot))?
    } else {
        viewer.task.ok_or_else(|| "no task is selected: j and k select one".to_owned())?
    };
    state.task(task).map(|record| (task, record.status)).ok_or_else(|| format!("there is no task {task}"))
}

fn selected_worker<'a>(viewer: &Viewer, state: &'a State) -> Result<&'a Worker, String> {
    let id: WorkerId = viewer.worker.ok_or_else(|| "no worker is selected: j and k select one".to_owned())?;
    state.workers.get(id).ok_or_else(|| "that worker is gone".to_owned())
}

fn goes_on(state: &State) -> Result<(), String> {
    match state.phase {
        Phase::Running | Phase::Draining => Ok(()),
        Phase::Stopping | Phase::Killing => Err("the run is stopping".to_owned()),
        Phase::Closing => Err("everything has been done; the workers are leaving".to_owned()),
        Phase::Ended => Err("the run has ended".to_owned()),
    }
}

/// Tasks can be ended as long as there is a run.
fn over(state: &State) -> Result<(), String> {
    if state.phase == Phase::Ended { Err("the run has ended".to_owned()) } else { Ok(()) }
}

fn ask(command: Command) -> Vec<Effect> {
    vec![Effect::Ask(command)]
}
