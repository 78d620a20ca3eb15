//! Feeds a run with its tasks, on a thread of its own, while the first are already being done.
//! It does not know what the tasks are about.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::command::{Asker, Command};
use crate::journal::{CopyItemRef, CopyRef};
use crate::pool::Mailbox;
use crate::scenario::Plan;
use crate::source::{self, Closed, CopyPlan, CopyPlanItem, Known, List, Shape};
use crate::task::{Place, RawText, TaskSpec, Template, Verify, Work};

/// How many tasks are submitted at once.
const BATCH: usize = 1024;

/// Everything a run is to do, in order.
#[derive(Default)]
pub(super) struct Feed {
    pub parts: Vec<Part>,
}

/// Where some of the tasks come from.
pub(super) enum Part {
    /// From a scenario, made one by one; each copy comes behind so many tasks. The first `begun` ones the run has already.
    Plan { plan: Box<Plan>, copies: Vec<(u32, CopySource)>, begun: u32 },
    /// From a tree.
    Copy(CopySource),
    /// These.
    Tasks(Vec<TaskSpec>),
    /// From lines of input.
    Lines { template: Arc<Template>, list: List },
}

/// A tree to copy.
pub(super) struct CopySource {
    pub plan: CopyPlan,
    pub verify: Verify,
    /// What the run has tasks for already.
    pub known: Arc<Known>,
}

impl CopySource {
    /// Of a run that is about to begin.
    pub(super) fn new(plan: CopyPlan, verify: Verify) -> Self {
        Self { plan, verify, known: Arc::default() }
    }

    fn walk(&self, sink: &mut dyn FnMut(Command) -> Result<(), Closed>) -> Result<(), Closed> {
        source::walk_again(&self.plan, self.verify, &self.known, sink)
    }
}

impl Feed {
    /// Starts feeding.
    pub(super) fn start(self, mailbox: &Mailbox) -> std::io::Result<()> {
        let mailbox = mailbox.clone();
        std::thread::Builder::new().name("feed".to_owned()).spawn(move || self.run(&mailbox))?;
        Ok(())
    }

    /// What is copied, in the order of the walks.
    pub(super) fn copies(&self) -> Vec<CopyRef> {
        let of = |part: &Part| match part {
            Part::Plan { copies, .. } => copies.iter().map(|(_, copy)| copy_ref(&copy.plan)).collect(),
            Part::Copy(copy) => vec![copy_ref(&copy.plan)],
            Part::Lines { .. } | Part::Tasks(_) => Vec::new(),
        };
        self.parts.iter().flat_map(of).collect()
    }

    /// Whether something will be printed by what it asks for.
    pub(super) fn prints(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Plan { plan, .. } if plan.program.is_some() => true,
            Part::Plan { plan, .. } => plan.tasks().any(|task| matches!(task.work, Work::Command(_))),
            Part::Lines { .. } => true,
            Part::Copy(_) | Part::Tasks(_) => false,
        })
    }

    fn run(self, mailbox: &Mailbox) {
        let mut sink = |command| mailbox.send(command, Asker::Scenario).map_err(|_| Closed);
        for part in self.parts {
            let fed = match part {
                Part::Plan { plan, copies, begun } => submit(&plan, copies, begun, &mut sink),
                Part::Copy(copy) => copy.walk(&mut sink),
                Part::Tasks(tasks) => sink(Command::Submit(tasks)),
                Part::Lines { template, list } => source::lines(&template, list, &mut sink),
            };
            if fed.is_err() {
                return;
            }
        }
        let _ = sink(Command::Close);
    }
}

fn copy_ref(plan: &CopyPlan) -> CopyRef {
    let raw = |path: &std::path::Path| RawText::from(path.as_os_str());
    let item = |item: &CopyPlanItem| {
        let (name, rename) = match &item.shape {
            Shape::Tree => (None, None),
            Shape::One { name, rename } => (Some(name), rename.as_ref()),
        };
        let text = |name: Option<&OsString>| name.map(|name| RawText::from(name.as_os_str()));
        CopyItemRef { source: raw(&item.source), target: raw(&item.target), name: text(name), rename: text(rename) }
    };
    CopyRef { create: plan.create.as_deref().map(raw), items: plan.items.iter().map(item).collect() }
}

/// What was asked to be copied when the run began.
pub(super) fn copy_plan(copy: &CopyRef) -> CopyPlan {
    let path = |text: &RawText| PathBuf::from(text.as_os());
    let item = |item: &CopyItemRef| CopyPlanItem {
        source: path(&item.source),
        target: path(&item.target),
        shape: match &item.name {
            None => Shape::Tree,
            Some(name) => Shape::One {
                name: name.as_os().to_owned(),
                rename: item.rename.as_ref().map(|name| name.as_os().to_owned()),
            },
        },
    };
    CopyPlan { create: copy.create.as_ref().map(path), items: copy.items.iter().map(item).collect() }
}

fn submit(
    plan: &Plan,
    copies: Vec<(u32, CopySource)>,
    begun: u32,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    if let Some(call) = &plan.main {
        let work = Work::Steps(Box::new(call.clone()));
        let program = TaskSpec { place: Place::Main, ..TaskSpec::new(work).named("parent") };
        // It submits the others.
        sink(Command::Submit(vec![program]))?;
    }
    let mut tasks = plan.tasks().skip(begun as usize);
    let mut taken = begun;
    let mut some = |count: u32, sink: &mut dyn FnMut(Command) -> Result<(), Closed>| {
        let mut some = tasks.by_ref().take(count as usize).peekable();
        while some.peek().is_some() {
            sink(Command::Submit(some.by_ref().take(BATCH).collect()))?;
        }
        Ok(())
    };
    for (after, copy) in copies {
        // A task that comes behind a copy is there when all of the copy is.
        let Some(before) = after.checked_sub(taken) else { continue };
        some(before, sink)?;
        taken = after;
        copy.walk(sink)?;
    }
    some(u32::MAX, sink)
}
