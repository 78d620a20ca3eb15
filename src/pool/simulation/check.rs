//! What must hold in every simulated history, after every event.
//! It does not know what made the event happen.

use std::collections::BTreeSet;

use super::World;
use crate::event::{Role, What};
use crate::model::{Task, Worker, WorkerState};
use crate::pool::planner::CREDIT_MAX;
use crate::task::{Outcome, Place, TaskId};

impl World {
    pub(super) fn count(&mut self, what: &What) {
        match what {
            What::TasksDispatched { tasks, worker } => {
                let record = self.state.workers.get(*worker).expect("a task for nobody");
                assert_eq!(record.state, WorkerState::Ready, "a task for a worker that takes none");
                for task in tasks {
                    *self.starts.entry(*task).or_default() += 1;
                    let place = self.state.task(*task).unwrap().spec.place;
                    let right = match record.role {
                        Role::Pool => place == Place::Pool,
                        Role::Own(own) => place == Place::Own && own == *task,
                        Role::Parent => place == Place::Parent,
                        Role::Main => place == Place::Main,
                    };
                    assert!(right, "a task of place {place:?} for a worker of role {:?}", record.role);
                }
                if !matches!(record.role, Role::Pool | Role::Parent) {
                    assert_eq!((tasks.len(), record.in_flight.len()), (1, 0), "more than one task");
                }
            }
            What::TasksReturned { tasks, .. } => {
                for task in tasks {
                    *self.starts.entry(*task).or_default() -= 1;
                }
            }
            What::AttemptEnded { task, outcome: Outcome::Done, .. } | What::TaskFailed { task } => {
                *self.ends.entry(*task).or_default() += 1;
            }
            What::RunResumed { resumed } => {
                for task in &resumed.again {
                    self.ends.remove(task);
                    self.starts.remove(task);
                }
                for (id, task) in (0..).map(TaskId).zip(&self.state.tasks) {
                    if resumed.rerun.contains(&id) {
                        // Somebody wanted it, whatever the policy says.
                        *self.starts.entry(id).or_default() -= 1;
                    } else if task.status.is_in_flight() {
                        *self.ends.entry(id).or_default() += 1;
                    }
                }
            }
            What::TaskRevived { task } => {
                self.ends.remove(task);
                self.starts.remove(task);
            }
            _ => {}
        }
    }

    /// What must hold after every single event.
    pub(super) fn check(&self) {
        let state = &self.state;
        assert_eq!(state.counts.total() as usize, state.tasks.len());
        let held: usize = state.workers.iter().map(|worker| worker.in_flight.len()).sum();
        assert_eq!(held, state.counts.in_flight() as usize, "in flight by workers and by tasks");
        assert_eq!(state.queue.iter().count(), state.counts.waiting() as usize, "queue depth");
        assert!(state.workers.iter().all(|worker| worker.in_flight.len() as u64 <= CREDIT_MAX));
        assert!(self.ends.values().all(|&ends| ends == 1), "a task ended twice");
        for (&task, &starts) in &self.starts {
            let place = state.task(task).unwrap().spec.place;
            let again = if place == Place::Pool { state.policy.retries.max(state.policy.loss_retries) } else { 0 };
            assert!(starts <= 1 + again, "a task began too often");
        }
        for place in [Place::Pool, Place::Own, Place::Parent, Place::Main] {
            let unfinished = |task: &&Task| task.spec.place == place && !task.status.is_final();
            let unfinished = state.tasks.iter().filter(unfinished).count();
            assert_eq!(state.queue.unfinished(place) as usize, unfinished, "unfinished tasks of {place:?}");
        }
        let ready = |worker: &Worker| worker.is_of_pool() && worker.state == WorkerState::Ready;
        assert_eq!(state.ready(), state.workers.count(ready));
        let wanted = |worker: &&Worker| worker.is_wanted() && !worker.is_of_pool();
        let roles: Vec<String> =
            state.workers.iter().filter(wanted).map(|worker| format!("{:?}", worker.role)).collect();
        assert_eq!(roles.iter().collect::<BTreeSet<_>>().len(), roles.len(), "two workers for one: {roles:?}");
    }
}
