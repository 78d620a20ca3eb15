//! Feeds a run with its tasks, on a thread of its own, while the first are already being done.
//! It does not know what the tasks are about.

use std::sync::Arc;

use crate::command::{Asker, Command};
use crate::pool::Mailbox;
use crate::scenario::Plan;
use crate::source::{self, Closed, CopyPlan, List};
use crate::task::{Place, TaskSpec, Template, Verify, Work};

/// How many tasks are submitted at once.
const BATCH: usize = 1024;

/// Everything a run is to do, in order.
#[derive(Default)]
pub(super) struct Feed {
    pub parts: Vec<Part>,
}

/// Where some of the tasks come from.
pub(super) enum Part {
    /// From a scenario, made one by one; each copy comes behind so many tasks.
    Plan { plan: Box<Plan>, copies: Vec<(u32, CopySource)> },
    /// From a tree.
    Copy(CopySource),
    /// From lines of input.
    Lines { template: Arc<Template>, list: List },
}

/// A tree to copy.
pub(super) struct CopySource {
    pub plan: CopyPlan,
    pub verify: Verify,
}

impl Feed {
    /// Starts feeding.
    pub(super) fn start(self, mailbox: &Mailbox) -> std::io::Result<()> {
        let mailbox = mailbox.clone();
        std::thread::Builder::new().name("feed".to_owned()).spawn(move || self.run(&mailbox))?;
        Ok(())
    }

    /// Whether something will be printed by what it asks for.
    pub(super) fn prints(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Plan { plan, .. } if plan.program.is_some() => true,
            Part::Plan { plan, .. } => plan.tasks().any(|task| matches!(task.work, Work::Command(_))),
            Part::Lines { .. } => true,
            Part::Copy(_) => false,
        })
    }

    fn run(self, mailbox: &Mailbox) {
        let mut sink = |command| mailbox.send(command, Asker::Scenario).map_err(|_| Closed);
        for part in self.parts {
            let fed = match part {
                Part::Plan { plan, copies } => submit(&plan, copies, &mut sink),
                Part::Copy(copy) => source::walk(&copy.plan, copy.verify, &mut sink),
                Part::Lines { template, list } => source::lines(&template, list, &mut sink),
            };
            if fed.is_err() {
                return;
            }
        }
        let _ = sink(Command::Close);
    }
}

fn submit(
    plan: &Plan,
    copies: Vec<(u32, CopySource)>,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    if let Some(call) = &plan.main {
        let work = Work::Steps(Box::new(call.clone()));
        let program = TaskSpec { place: Place::Main, ..TaskSpec::new(work).named("parent") };
        // It submits the others.
        sink(Command::Submit(vec![program]))?;
    }
    let mut tasks = plan.tasks();
    let mut taken = 0;
    let mut some = |count: u32, sink: &mut dyn FnMut(Command) -> Result<(), Closed>| {
        let mut some = tasks.by_ref().take(count as usize).peekable();
        while some.peek().is_some() {
            sink(Command::Submit(some.by_ref().take(BATCH).collect()))?;
        }
        Ok(())
    };
    for (after, copy) in copies {
        some(after - taken, sink)?;
        taken = after;
        source::walk(&copy.plan, copy.verify, sink)?;
    }
    some(u32::MAX, sink)
}
