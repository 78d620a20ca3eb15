//! Makes the runs of a comparison, one after the other, each from the same plan.
//! It does not know what is done with the figures, nor who watches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, anyhow};
use crossbeam_channel::bounded;

use super::super::front::{self, Front};
use super::super::job::Job;
use super::super::{Refusal, asked};
use super::figures::{Entrant, Machine, Measured, Report, Row};
use crate::cli::Compare;
use crate::command::{Ask as _, Command, WORKERS_MAX};
use crate::event::{Policy, Stuck};
use crate::notation::PoolSize;
use crate::pool::{self, HangUp, Mailbox, Samples, Settings, Subscriber};
use crate::scenario::Plan;

/// The largest pool that is tried where nobody asks for one.
const DEFAULT_SIZE_MAX: u32 = 8;

/// Who is told how it goes.
pub(super) trait Watch {
    /// A run begins; whoever wants its events says so.
    fn begins(&mut self, report: &Report, row: usize) -> Vec<Subscriber>;
    /// It has ended; it is the last one of its row.
    fn ended(&mut self, report: &Report, row: usize);
}

/// Ends a comparison from another thread.
#[derive(Clone, Default)]
pub(super) struct Reins(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    run: Option<Mailbox>,
    stopped: bool,
}

impl Reins {
    /// The present run is stopped, and none begins any more.
    pub(super) fn stop(&self) {
        let mut held = self.lock();
        held.stopped = true;
        if let Some(run) = &held.run {
            run.ask(Command::Stop);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn hold(&self, run: Option<&Mailbox>) {
        let mut held = self.lock();
        held.run = run.cloned();
        if let (true, Some(run)) = (held.stopped, run) {
            run.ask(Command::Stop);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A comparison that is about to be made.
pub(super) struct Contest {
    plan: Plan,
    compare: Compare,
    pub report: Report,
}

impl Contest {
    pub(super) fn new(plan: Plan, compare: Compare) -> Self {
        let cpus = asked::cpus();
        let policy = asked::policy(&compare.flags, &plan.policy, plan.seed);
        let own = compare.flags.jobs.unwrap_or(plan.pool).resolve(cpus);
        let sizes = if compare.sizes.is_empty() {
            default_sizes(cpus, own, known_tasks(&plan))
        } else {
            let mut sizes = compare.sizes.clone();
            sizes.sort_unstable();
            sizes.dedup();
            sizes
        };
        let pools = sizes.into_iter().map(Entrant::Pool);
        let entrants = [Entrant::Sequential, Entrant::ProcessEach].into_iter().chain(pools);
        let report = Report {
            name: plan.name.clone(),
            title: plan.title.clone(),
            machine: Machine { cpus, os: os(), version: env!("CARGO_PKG_VERSION") },
            seed: plan.seed,
            speed_milli: policy.speed_milli,
            repeat: compare.repeat,
            own,
            tutorial: plan.tutorial,
            launcher: plan.launcher.as_ref().map(|launcher| launcher.argv.join(" ")),
            rows: entrants.map(Row::new).collect(),
            order: Vec::new(),
        };
        Self { plan, compare, report }
    }

    /// Makes all runs, in turns. Ends early when somebody wants the end.
    pub(super) fn run(&mut self, watch: &mut dyn Watch, reins: &Reins) -> Result<(), Refusal> {
        for _ in 0..self.compare.repeat {
            for row in 0..self.report.rows.len() {
                if reins.is_stopped() {
                    return Ok(());
                }
                if let Some(why) = self.refusal(row) {
                    self.report.rows[row].refused = Some(why);
                    watch.ended(&self.report, row);
                    continue;
                }
                let subscribers = watch.begins(&self.report, row);
                let Some(measured) = self.one(row, subscribers, reins)? else { return Ok(()) };
                let of_row = &mut self.report.rows[row];
                of_row.runs.push(measured);
                self.report.order.push((row, of_row.runs.len() - 1));
                watch.ended(&self.report, row);
            }
        }
        Ok(())
    }

    /// A process for each of very many tasks at once would be a fork bomb.
    fn refusal(&self, row: usize) -> Option<String> {
        if self.report.rows[row].entrant != Entrant::ProcessEach {
            return None;
        }
        let tasks = self.report.tasks().or(known_tasks(&self.plan))?;
        (tasks > WORKERS_MAX).then(|| {
            format!("{tasks} processes at once are more than the {WORKERS_MAX} that pooltop starts; a pool reuses them")
        })
    }

    /// One run. `None` if somebody wanted its end.
    fn one(&self, row: usize, subscribers: Vec<Subscriber>, reins: &Reins) -> Result<Option<Measured>, Refusal> {
        let entrant = self.report.rows[row].entrant;
        let mut job = Job::of_plan(self.plan.clone(), self.compare.flags.clone())?;
        if let Entrant::Pool(size) = entrant {
            job.target = size;
        }
        // The size is what is compared.
        job.timed.retain(|timed| !matches!(timed.command, Command::Resize(_) | Command::Tune(_)));
        let spool = tempfile::Builder::new().prefix("pooltop-").tempdir();
        let spool = spool.context("make a temporary folder for output").map_err(Refusal::Internal)?;
        // Nobody can ask what runs.
        let (unasked, _) = bounded(1);
        let mut settings = Settings {
            samples: Samples::Wanted,
            hang_up: HangUp::Stops,
            asked: None,
            ..front::settings(&job, Front::Screen, spool.path(), unasked)
        };
        settings.start.title = format!("{}: {entrant}", job.title).into();
        settings.start.strategy = entrant.strategy();
        settings.start.policy = Policy { stuck: Stuck::Ends, ..settings.start.policy };
        let pool = pool::start(settings, subscribers).context("start the pool").map_err(Refusal::Internal)?;
        let Job { feed, made, .. } = job;
        reins.hold(Some(&pool.mailbox));
        let fed = feed.start(&pool.mailbox).context("start feeding tasks").map_err(Refusal::Internal);
        if fed.is_err() {
            pool.mailbox.ask(Command::Kill);
        }
        let finished = pool.thread.join();
        reins.hold(None);
        drop((spool, made));
        fed?;
        let mut finished = finished.map_err(|_| Refusal::Internal(anyhow!("the pool's thread has panicked")))?;
        let unwanted = finished.end_is_wanted() || reins.is_stopped();
        Ok((!unwanted).then(|| Measured::of(&finished.state)))
    }
}

/// How many tasks there will be, where a plan says so.
fn known_tasks(plan: &Plan) -> Option<u32> {
    let known = plan.main.is_none() && plan.copies.is_empty();
    known.then(|| plan.task_count())
}

/// 1, 2, 4 and so on to twice the CPUs, but no larger than is of use; and the scenario's own.
fn default_sizes(cpus: u32, own: u32, tasks: Option<u32>) -> Vec<u32> {
    let most = cpus.saturating_mul(2).min(DEFAULT_SIZE_MAX).min(tasks.unwrap_or(u32::MAX)).max(1);
    let doubled = std::iter::successors(Some(1_u32), |size| size.checked_mul(2));
    let mut sizes: Vec<u32> = doubled.take_while(|size| *size <= most).collect();
    sizes.push(PoolSize::Count(own).resolve(cpus));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// "Linux 6.18.5".
fn os() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {}", release.trim()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_sizes_are_of_use() {
        assert_eq!(default_sizes(2, 4, Some(100)), [1, 2, 4]);
        assert_eq!(default_sizes(2, 3, Some(100)), [1, 2, 3, 4]);
        assert_eq!(default_sizes(16, 4, None), [1, 2, 4, 8]);
        assert_eq!(default_sizes(16, 4, Some(5)), [1, 2, 4]);
        assert_eq!(default_sizes(1, 64, Some(0)), [1, 64]);
    }
}
