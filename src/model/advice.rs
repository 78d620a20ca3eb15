//! What limits this run, and which size looks best so far, in one honest sentence. PURE.
//! It does not resize anything, and says nothing where nothing can be said.

use super::State;
use super::history::{MarkerKind, SizeUse};
use super::tuning::Unit;
use super::worker::{Worker, WorkerState};
use super::{Content, Source};
use crate::event::{Phase, Role, Strategy};
use crate::task::{ObjectId, ObjectKind, Place};

/// How many tasks must have ended before there is anything to say.
const ENDED_MIN: u32 = 3;

/// How long the run must have gone on before that, in seconds.
const ACTIVE_MIN_S: u64 = 2;

/// How many tasks each worker must have done on average before a size tells anything.
const ENDS_PER_WORKER: u32 = 2;

/// Sizes that differ by less do the same.
const SAME: f64 = 0.05;

/// A link is full from this share of its capacity on.
const LINK_FULL: f64 = 0.95;

/// All CPUs are busy from this share on.
const CPUS_BUSY: f64 = 0.9;

/// Waiting for one object is what limits a run from this share of its tasks' time on.
const WAITED_MUCH: f64 = 0.5;

/// Starting processes is what limits a run from this share of their time on.
const START_UP_MUCH: f64 = 0.5;

/// What is known about the size of the pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// In one sentence; not yet safe for a terminal.
    pub text: Box<str>,
    /// The smallest size that did about as much as any, if more than one was tried.
    pub best: Option<u32>,
    /// What limits the run.
    pub limit: Limit,
}

/// What limits a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// All CPUs are busy.
    Cpus,
    /// A link carries all it can.
    Link(ObjectId),
    /// Tasks wait for it most of their time.
    Object(ObjectId),
    /// There are fewer tasks than workers.
    TooFewTasks,
    /// Starting processes takes longer than what they do.
    StartUp,
    /// More of them would do more.
    Workers,
    /// Something that cannot be seen from here.
    Unknown,
}

/// What the sizes that were used tell.
struct Sizes {
    unit: Unit,
    /// How much faster than real time goes what is counted in bytes on a simulated link.
    speed: f64,
    /// The one size there ever was.
    only: Option<u32>,
    /// Those used for long enough, with what they did a second, the smallest first.
    used: Vec<(u32, f64)>,
}

impl State {
    /// What limits the run and which size looks best. `None` before there is enough to say, and where nothing stands out.
    pub fn advice(&self) -> Option<Advice> {
        let enough = self.counts.ended() >= ENDED_MIN && self.active().0 >= self.long_us(ACTIVE_MIN_S);
        if !enough || self.phase != Phase::Running || self.is_paused() {
            return None;
        }
        let sizes = Sizes::of(self);
        let (limit, what) = self
            .too_few_tasks()
            .or_else(|| self.full_link(&sizes))
            .or_else(|| self.waited_for())
            .or_else(|| self.busy_cpus())
            .or_else(|| self.starting_takes_long())
            .or_else(|| self.workers_are_few(&sizes))?;
        let text = match sizes.told() {
            Some(tried) => format!("{what}; {tried}"),
            None => what,
        };
        Some(Advice { text: text.into(), best: sizes.best(), limit })
    }

    /// The smallest size that did about as much as any, if more than one was used for long enough.
    pub fn best_size(&self) -> Option<u32> {
        Sizes::of(self).best()
    }

    fn pool(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.role == Role::Pool && worker.state == WorkerState::Ready)
    }

    fn too_few_tasks(&self) -> Option<(Limit, String)> {
        let workers = self.pool().count();
        let idle = self.pool().any(|worker| worker.in_flight.is_empty());
        if !idle || self.queue.is_waited_for(Place::Pool) {
            return None;
        }
        let main = self.main.and_then(|main| self.task(main)).is_some_and(|main| !main.status.is_final());
        let there = self.queue.unfinished(Place::Pool);
        let (is, left) = match (there, self.source == Source::Open || main) {
            (1, true) => ("task is", "there"),
            (1, false) => ("task is", "left"),
            (_, true) => ("tasks are", "there"),
            (_, false) => ("tasks are", "left"),
        };
        let count = if there == 0 { "no".to_owned() } else { format!("only {there}") };
        let what = format!("{count} {is} {left} for {}", counted(workers, "worker"));
        ((there as usize) < workers).then_some((Limit::TooFewTasks, what))
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of a link")]
    fn full_link(&self, sizes: &Sizes) -> Option<(Limit, String)> {
        let share = |used: u64, whole: u64| used as f64 / (whole.max(1)) as f64;
        let links = self.objects.iter().filter_map(|(id, object)| match (&object.content, &object.spec.kind) {
            (Content::Link { used_bytes_per_s }, ObjectKind::Link { bytes_per_s }) => {
                Some((id, &object.spec.name, *used_bytes_per_s, *bytes_per_s))
            }
            _ => None,
        });
        let full = links.filter(|&(_, _, used, whole)| share(used, whole) >= LINK_FULL);
        let (id, name, used, whole) = full.max_by(|a, b| share(a.2, a.3).total_cmp(&share(b.2, b.3)))?;
        let enough = sizes.best().unwrap_or(self.ready().max(1));
        let of = rate_of(used, whole);
        let what =
            format!("the link {name} is full ({of}): more than {} only share it", counted(enough as usize, "worker"));
        Some((Limit::Link(id), what))
    }

    fn waited_for(&self) -> Option<(Limit, String)> {
        let effort = self.history.effort();
        let share = |id: ObjectId| effort.waited_share(id.index()).min(1.0);
        let (id, object) = self.objects.iter().max_by(|a, b| share(a.0).total_cmp(&share(b.0)))?;
        if share(id) < WAITED_MUCH {
            return None;
        }
        let (kind, name) = (object.spec.kind.word(), &object.spec.name);
        let lets_in = match object.spec.kind {
            ObjectKind::Semaphore { value, .. } => format!(", which lets {value} in at a time"),
            _ => String::new(),
        };
        let share = share(id) * 100.0;
        let what = format!("tasks spent {share:.0} % of their time waiting for {kind} {name}{lets_in}");
        Some((Limit::Object(id), what))
    }

    fn busy_cpus(&self) -> Option<(Limit, String)> {
        let cpus = self.start.as_ref()?.cpus;
        if self.cpu_share()? < CPUS_BUSY {
            return None;
        }
        let what = match cpus {
            1 => "the only CPU is busy: more workers would only share it".to_owned(),
            cpus => format!("all {cpus} CPUs are busy: more workers would only share them"),
        };
        Some((Limit::Cpus, what))
    }

    fn starting_takes_long(&self) -> Option<(Limit, String)> {
        let effort = self.history.effort();
        let share = effort.start_up_share();
        if effort.processes < ENDED_MIN || share < START_UP_MUCH {
            return None;
        }
        let pooled = self.pool().next().is_some();
        let instead = match self.start.as_ref()?.strategy {
            Strategy::Pool if pooled && self.policy.recycle_after.is_some() => {
                "kept for longer, workers start less often"
            }
            Strategy::Pool if pooled => "fewer workers might do as much",
            _ => "a pool would start fewer",
        };
        let times = match share / (1.0 - share) {
            ..100.0 => format!("{:.1} times", share / (1.0 - share)),
            _ => "over 100 times".to_owned(),
        };
        let what = format!("starting processes took {times} as long as what they then did: {instead}");
        Some((Limit::StartUp, what))
    }

    fn workers_are_few(&self, sizes: &Sizes) -> Option<(Limit, String)> {
        let workers = self.pool().count();
        let busy = self.pool().all(|worker| !worker.in_flight.is_empty());
        let waiting = self.queue.count(Place::Pool);
        if workers == 0 || waiting == 0 || !busy {
            return None;
        }
        let now = u32::try_from(workers).unwrap_or(u32::MAX);
        if let Some((fewer, more)) = sizes.no_gain_around(now) {
            let what =
                format!("{} did no more than {fewer}: something else limits the run", counted(more as usize, "worker"));
            return Some((Limit::Unknown, what));
        }
        let are = if workers == 1 { "the only one is".to_owned() } else { format!("{workers} are all") };
        let wait = if waiting == 1 { "1 task waits".to_owned() } else { format!("{waiting} tasks wait") };
        let what = match self.cpu_share().filter(|_| self.history.effort().peak_rss_bytes > 0) {
            Some(share) => {
                format!("more workers might do more: {are} busy, {wait}, CPU {:.0} %", share * 100.0)
            }
            // Without samples nobody knows whether the CPUs have room for more.
            None => format!("more workers might do more: {are} busy and {wait}"),
        };
        Some((Limit::Workers, what))
    }

    /// How much of all CPUs the workers used when they were last measured.
    fn cpu_share(&self) -> Option<f64> {
        let cpus = self.start.as_ref()?.cpus.max(1);
        let used: f32 = self.workers.iter().map(|worker| worker.cpu_percent).sum();
        Some(f64::from(used) / 100.0 / f64::from(cpus))
    }
}

impl Sizes {
    fn of(state: &State) -> Self {
        let unit = state.unit();
        let enough_us = state.long_us(ACTIVE_MIN_S) / 2;
        // What began at another size ends at this one, so each worker must have done some.
        let done_min = |size: u32| u64::from(ENDED_MIN.max(ENDS_PER_WORKER.saturating_mul(size)));
        let is_telling = |size: u32, used: &SizeUse| used.time_us >= enough_us && used.done >= done_min(size);
        let per_s = |used: &SizeUse| match unit {
            Unit::Tasks => used.tasks_per_s(),
            Unit::Bytes => used.bytes_per_s(),
        };
        let by_size = state.history.by_size().iter().filter(|(size, used)| **size > 0 && is_telling(**size, used));
        let speed = f64::from(state.policy.speed_milli.max(1)) / 1000.0;
        let resized = state.history.markers().iter().any(|marker| matches!(marker.kind, MarkerKind::Resize { .. }));
        let only = (!resized && state.pool().next().is_some()).then_some(state.target);
        Self { unit, speed, only, used: by_size.map(|(&size, used)| (size, per_s(used))).collect() }
    }

    fn best(&self) -> Option<u32> {
        if self.used.len() < 2 {
            return None;
        }
        let most = self.used.iter().map(|(_, per_s)| *per_s).fold(0.0, f64::max);
        self.used.iter().find(|(_, per_s)| *per_s >= most * (1.0 - SAME)).map(|(size, _)| *size)
    }

    fn told(&self) -> Option<String> {
        if let Some(size) = self.only {
            return Some(format!("only size {size} was tried"));
        }
        let best = self.best()?;
        let per_s = self.used.iter().find(|(size, _)| *size == best).map_or(0.0, |(_, per_s)| *per_s);
        Some(match self.unit {
            Unit::Tasks => format!("best so far: {best} ({per_s:.1} tasks/s)"),
            Unit::Bytes => format!("best so far: {best} ({})", scaled(per_s / self.speed)),
        })
    }

    /// Two neighbouring sizes, one of them this, of which the larger did no more, as did none beyond.
    fn no_gain_around(&self, now: u32) -> Option<(u32, u32)> {
        let pairs = self.used.windows(2).map(|pair| (pair[0], pair[1]));
        let best = self.best()?;
        let mut flat = pairs.filter(|(fewer, more)| best <= fewer.0 && more.1 <= fewer.1 * (1.0 + SAME));
        flat.find(|(fewer, more)| fewer.0 == now || more.0 == now).map(|(fewer, more)| (fewer.0, more.0))
    }
}

/// "1 worker", "4 workers".
fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// "39 of 40 MB/s".
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate_of(used: u64, whole: u64) -> String {
    let unit = unit(whole as f64);
    let base = 1000_f64.powi(i32::try_from(unit).unwrap_or(0));
    format!("{:.0} of {:.0} {}/s", used as f64 / base, whole as f64 / base, UNITS[unit])
}

/// "39.2 MB/s".
fn scaled(per_s: f64) -> String {
    let unit = unit(per_s);
    format!("{:.1} {}/s", per_s / 1000_f64.powi(i32::try_from(unit).unwrap_or(0)), UNITS[unit])
}

fn unit(amount: f64) -> usize {
    (0..UNITS.len() - 1).find(|&unit| amount < 1000_f64.powi(i32::try_from(unit + 1).unwrap_or(0))).unwrap_or(4)
}

#[cfg(test)]
mod tests;
