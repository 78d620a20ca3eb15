//! What came of the runs of a comparison: times, medians, speed-up, efficiency. PURE.
//! It does not know how runs are made, nor how figures are printed.

use std::fmt;

use crate::event::{PhaseReason, Strategy};
use crate::model::{State, Status};
use crate::scenario::TutorialTimes;
use crate::task::Place;

/// Where a time is shorter than this, chance has too much of it for a share of it to tell anything.
const TELLING_S: f64 = 0.1;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrant {
    /// One task after the other, in the parent.
    Sequential,
    /// A process for each task.
    ProcessEach,
    /// A pool of that size.
    Pool(u32),
}

impl Entrant {
    pub(super) fn strategy(self) -> Strategy {
        match self {
            Self::Sequential => Strategy::Sequential,
            Self::ProcessEach => Strategy::ProcessEach,
            Self::Pool(_) => Strategy::Pool,
        }
    }

    /// The word in json and csv.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::ProcessEach => "process-each",
            Self::Pool(_) => "pool",
        }
    }

    /// How many could work at the same time on so many tasks.
    fn workers(self, tasks: u32) -> u32 {
        match self {
            Self::Sequential => 1,
            Self::ProcessEach => tasks.max(1),
            Self::Pool(size) => size,
        }
    }
}

impl fmt::Display for Entrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequential => f.pad("sequential"),
            Self::ProcessEach => f.pad("process each"),
            Self::Pool(size) => f.pad(&format!("pool of {size}")),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Everything was done.
    Done,
    /// It came to its end, and something failed; says what.
    Failed(String),
    /// Nothing could go on; says why.
    Stuck(String),
    /// It ended with work left.
    Short,
}

impl Fate {
    /// The word in json and csv.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Stuck(_) => "stuck",
            Self::Short => "interrupted",
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Failed(what) => Some(what.clone()),
            Self::Stuck(why) => Some(format!("stuck: {why}")),
            Self::Short => Some("ended with work left".to_owned()),
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub fate: Fate,
    /// From its start until its last process has gone.
    pub total_us: u64,
    /// How many tasks it did, the parent's program not among them.
    pub tasks: u32,
    /// How many of them the pool did.
    pub pooled: u32,
    /// How many processes were started.
    pub processes: u32,
    /// How long that took, all together.
    pub start_up_us: u64,
    /// How long they were there, all together, from the decision to start them.
    pub lived_us: u64,
    /// Of the processes; `None` where no sample met nearly all of them.
    pub peak_rss_bytes: Option<u64>,
}

impl Measured {
    /// What a run that is over tells.
    pub(super) fn of(state: &State) -> Self {
        let effort = state.history.effort();
        let placed = |is: fn(Place) -> bool| {
            let tasks = state.tasks.iter().filter(|task| is(task.spec.place)).count();
            u32::try_from(tasks).unwrap_or(u32::MAX)
        };
        let tasks = placed(|place| place != Place::Main);
        let failed = state.count(Status::Failed);
        let fate = match state.exit_code() {
            _ if state.stopped_by == Some(PhaseReason::Stuck) => Fate::Stuck(
                state.verdict.as_ref().map_or("nothing can go on".to_owned(), |verdict| verdict.text.to_string()),
            ),
            0 => Fate::Done,
            1 if state.unplanned.given_up => Fate::Failed("workers could not be kept alive".to_owned()),
            1 if failed > 0 => Fate::Failed(format!("{failed} of {tasks} failed")),
            1 => Fate::Failed("not everything that was asked for is done".to_owned()),
            _ => Fate::Short,
        };
        Self {
            fate,
            total_us: state.now.0,
            tasks,
            pooled: placed(|place| place == Place::Pool),
            processes: effort.processes,
            start_up_us: effort.start_up_us,
            lived_us: effort.lived_us,
            peak_rss_bytes: effort.peak_is_telling().then_some(effort.peak_rss_bytes),
        }
    }

    /// Whether its time can be compared: it went its way to the end.
    fn counts(&self) -> bool {
        matches!(self.fate, Fate::Done | Fate::Failed(_))
    }

    pub(super) fn total_s(&self) -> f64 {
        seconds(self.total_us)
    }

    /// The share of its processes' time that went into starting them.
    fn start_up_share(&self) -> Option<f64> {
        quotient(seconds(self.start_up_us), seconds(self.lived_us))
    }
}

/// One of those who take part, with all its runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub entrant: Entrant,
    pub runs: Vec<Measured>,
    /// Why it does not run.
    pub refused: Option<String>,
}

/// The middle of several, and the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Row {
    pub(super) fn new(entrant: Entrant) -> Self {
        Self { entrant, runs: Vec::new(), refused: None }
    }

    fn counted(&self) -> impl Iterator<Item = &Measured> {
        self.runs.iter().filter(|run| run.counts())
    }

    /// Its time in seconds; `None` if no run came to its end.
    pub(super) fn time(&self) -> Option<Spread> {
        let times: Vec<f64> = self.counted().map(Measured::total_s).collect();
        let most = times.iter().copied().fold(0.0, f64::max);
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        Some(Spread { median: median(times)?, least, most })
    }

    pub(super) fn processes(&self) -> Option<u32> {
        self.counted().map(|run| run.processes).max()
    }

    pub(super) fn start_up_share(&self) -> Option<f64> {
        median(self.counted().filter_map(Measured::start_up_share).collect())
    }

    pub(super) fn peak_rss_bytes(&self) -> Option<u64> {
        self.counted().filter_map(|run| run.peak_rss_bytes).max()
    }

    /// How its worst run ended, as a word; for json and csv.
    pub(super) fn outcome(&self) -> &'static str {
        match self.worst() {
            _ if self.refused.is_some() => "refused",
            Some(run) => run.fate.word(),
            None if self.runs.is_empty() => "not run",
            None => "done",
        }
    }

    /// What its figures do not say.
    pub(super) fn note(&self) -> Option<String> {
        let run = self.worst();
        let note = self.refused.clone().or_else(|| run?.fate.note())?;
        let bad = self.runs.iter().filter(|run| run.fate != Fate::Done).count();
        Some(if bad < self.runs.len() { format!("{note} (in {bad} of {} runs)", self.runs.len()) } else { note })
    }

    fn worst(&self) -> Option<&Measured> {
        let bad = || self.runs.iter().filter(|run| run.fate != Fate::Done);
        bad().find(|run| !run.counts()).or_else(|| bad().next())
    }
}

/// Where it was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub cpus: u32,
    pub os: String,
    pub version: &'static str,
}

/// The whole comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    pub name: String,
    /// Not yet safe for a terminal.
    pub title: String,
    pub machine: Machine,
    pub seed: u64,
    pub speed_milli: u32,
    pub repeat: u32,
    /// The scenario's own pool size.
    pub own: u32,
    pub tutorial: Option<TutorialTimes>,
    /// How the pools' workers were started, if not here.
    pub launcher: Option<String>,
    pub rows: Vec<Row>,
    /// The runs in the order they were made, as rows and places in their lists.
    pub order: Vec<(usize, usize)>,
}

impl Report {
    /// How many tasks there are, as far as a run has shown.
    pub(super) fn tasks(&self) -> Option<u32> {
        self.rows.iter().flat_map(Row::counted).map(|run| run.tasks).max()
    }

    /// How many of them a strategy decides over; the others run where the scenario says. Only pools tell them apart.
    pub(super) fn free_tasks(&self) -> Option<u32> {
        let pools = self.rows.iter().filter(|row| matches!(row.entrant, Entrant::Pool(_)));
        pools.flat_map(|row| &row.runs).map(|run| run.pooled).max()
    }

    pub(super) fn speed(&self) -> f64 {
        f64::from(self.speed_milli) / 1000.0
    }

    /// How many times as fast as the sequential run.
    pub(super) fn speed_up(&self, row: &Row) -> Option<f64> {
        let sequential = self.rows.iter().find(|row| row.entrant == Entrant::Sequential)?.time()?.median;
        quotient(sequential, row.time()?.median)
    }

    /// How much of what its workers could have gained it gained. `None` where there was nothing to gain, or no time to.
    pub(super) fn efficiency(&self, row: &Row) -> Option<f64> {
        let tasks = self.free_tasks().or(self.tasks())?;
        let is_telling = |row: &Row| row.time().is_some_and(|time| time.median >= TELLING_S);
        let sequential = self.rows.iter().find(|row| row.entrant == Entrant::Sequential)?;
        let telling = tasks > 0 && is_telling(row) && is_telling(sequential);
        telling.then_some(self.speed_up(row)? / f64::from(row.entrant.workers(tasks)))
    }

    /// What the tutorial measured of the same, in seconds.
    pub(super) fn tutorial_s(&self, row: &Row) -> Option<f64> {
        let times = self.tutorial.as_ref()?;
        match row.entrant {
            Entrant::Sequential => times.sequential_s,
            Entrant::ProcessEach => times.process_each_s,
            Entrant::Pool(size) if size == self.own => times.pool_s,
            Entrant::Pool(_) => None,
        }
    }

    /// The row the tutorial found fastest, of those that ran here, too: what ratios are taken of.
    pub(super) fn base(&self) -> Option<&Row> {
        let rows = self.rows.iter().filter(|row| row.time().is_some());
        let timed = rows.filter_map(|row| Some((row, self.tutorial_s(row)?)));
        timed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row)
    }

    /// How many times as long as the base row, here.
    pub(super) fn ratio(&self, row: &Row) -> Option<f64> {
        quotient(row.time()?.median, self.base()?.time()?.median)
    }

    /// How many times as long as the base row, in the tutorial.
    pub(super) fn tutorial_ratio(&self, row: &Row) -> Option<f64> {
        quotient(self.tutorial_s(row)?, self.tutorial_s(self.base()?)?)
    }

    /// The longest time of any row.
    pub(super) fn longest(&self) -> Option<f64> {
        self.rows.iter().filter_map(Row::time).map(|time| time.median).max_by(f64::total_cmp)
    }

    /// Whether everything was done in every run.
    pub(super) fn is_complete(&self) -> bool {
        let all = |row: &Row| row.refused.is_none() && row.runs.iter().all(|run| run.fate == Fate::Done);
        self.rows.iter().all(all)
    }
}

/// The middle one, or what lies between the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 0 => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}

fn quotient(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[expect(clippy::cast_precision_loss, reason = "times for people")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
pub(super) mod tests;
