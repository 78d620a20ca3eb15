//! How an attempt at a task ended, as the log tells it. PURE.
//! It does not change anything.

use super::workers::pid_in_brackets;
use crate::event::StopReason;
use crate::model::state::State;
use crate::model::worker::Running;
use crate::task::{Failure, Place, TaskId};

impl State {
    pub(super) fn failure_told(&self, task: TaskId) -> String {
        let Some(record) = self.failures.get(&task).and_then(|records| records.last()) else { return String::new() };
        let attempt = format!("attempt {} of {}", record.attempt, self.attempts_max(task, &record.failure));
        let title = self.tasks[task.index()].spec.title();
        match &record.failure {
            Failure::WorkerLost { how } => format!("({title}): {how} while holding it, {attempt}"),
            failure => {
                let on = match self.tasks[task.index()].spec.place {
                    Place::Own => "in a process of its own".into(),
                    Place::Main | Place::Parent => "in the parent".into(),
                    Place::Pool => format!("on {}", record.slot.title()),
                };
                format!("({title}): {failure}, {attempt}, {on}{}", pid_in_brackets(record.pid))
            }
        }
    }
}

/// Why it was told to end, if not for its own sake.
pub(super) fn cut_short(running: Option<Running>) -> Option<StopReason> {
    let why = running.and_then(|running| running.stopping).map(|(why, _)| why);
    why.filter(|why| matches!(why, StopReason::RunStopping | StopReason::PoolTerminated))
}
