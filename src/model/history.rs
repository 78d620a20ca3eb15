//! The run over time in a bounded number of steps: queue depth, pool size, throughput; and throughput by pool size. PURE.
//! It does not know single tasks.

use std::collections::BTreeMap;

use crate::event::Elapsed;

/// How many buckets there are at most; when they are full, two become one and each covers twice the time.
const BUCKETS_MAX: usize = 512;

/// What the first buckets cover.
const BUCKET_US_MIN: u64 = 100_000;

/// How many markers are kept.
const MARKERS_MAX: usize = 1024;

/// One step of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Tasks done in it.
    pub done: u32,
    /// Attempts that failed in it.
    pub failed: u32,
    /// Payload that moved in it.
    pub bytes: u64,
    /// The queue depth at its end.
    pub depth: u32,
    /// Tasks in flight at its end.
    pub in_flight: u32,
    /// The number of workers aimed at, at its end.
    pub target: u32,
    /// Workers that took tasks, at its end.
    pub ready: u32,
}

/// Something worth a mark on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// When.
    pub at: Elapsed,
    /// What.
    pub kind: MarkerKind,
}

/// What a marker tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// The pool's target changed.
    Resize { from: u32, to: u32 },
    /// A worker was lost.
    Loss,
    /// A task failed for good.
    Failure,
}

/// What was got done at one pool size, counted only while there was enough to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeUse {
    /// For how long.
    pub time_us: u64,
    /// Tasks done meanwhile.
    pub done: u64,
    /// Payload moved meanwhile.
    pub bytes: u64,
}

impl SizeUse {
    /// Tasks a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn tasks_per_s(&self) -> f64 {
        if self.time_us == 0 { 0.0 } else { self.done as f64 * 1e6 / self.time_us as f64 }
    }

    /// Bytes a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn bytes_per_s(&self) -> f64 {
        if self.time_us == 0 { 0.0 } else { self.bytes as f64 * 1e6 / self.time_us as f64 }
    }
}

/// What it took to have workers, and where their time went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Processes started.
    pub processes: u32,
    /// How many of them there are now.
    pub alive: u32,
    /// How many there were at the same time.
    pub most_alive: u32,
    /// From the decision to start a process until it was gone; of those that are gone, all together.
    pub lived_us: u64,
    /// From the decision to start a worker to its hello, all together.
    pub start_up_us: u64,
    /// Time spent on attempts that ended, all together.
    pub busy_us: u64,
    /// Time tasks were in workers' hands, all together; counted only in runs with objects.
    pub held_us: u64,
    /// Time spent waiting for each object, all waiters together; by the objects' numbers.
    pub waited_us: Vec<u64>,
    /// The resident memory of all workers' processes at the largest sample, the parent not among them; 0 where nothing was
    /// sampled.
    pub peak_rss_bytes: u64,
    /// How many processes that sample met.
    pub peak_met: u32,
}

impl Effort {
    /// Whether the largest sample met nearly as many processes as ever were there at once. If not, it says little.
    pub fn peak_is_telling(&self) -> bool {
        self.peak_rss_bytes > 0 && u64::from(self.peak_met) * 4 >= u64::from(self.most_alive) * 3
    }

    pub(super) fn process_came(&mut self) {
        self.processes = self.processes.saturating_add(1);
        self.alive = self.alive.saturating_add(1);
        self.most_alive = self.most_alive.max(self.alive);
    }

    pub(super) fn process_went(&mut self, lived_us: u64) {
        self.alive = self.alive.saturating_sub(1);
        self.lived_us = self.lived_us.saturating_add(lived_us);
    }

    pub(super) fn measured(&mut self, rss_bytes: u64, met: u32) {
        if rss_bytes > self.peak_rss_bytes {
            (self.peak_rss_bytes, self.peak_met) = (rss_bytes, met);
        }
    }

    /// The share of the processes' time that went into starting them.
    pub fn start_up_share(&self) -> f64 {
        ratio(self.start_up_us, self.start_up_us.saturating_add(self.busy_us))
    }

    /// The share of tasks' time that went into waiting for that object.
    pub fn waited_share(&self, object: usize) -> f64 {
        ratio(self.waited_us.get(object).copied().unwrap_or(0), self.held_us)
    }

    pub(super) fn pass(&mut self, passed_us: u64, held: u64, objects: usize, waiters: impl Iterator<Item = u64>) {
        self.held_us = self.held_us.saturating_add(passed_us.saturating_mul(held));
        self.waited_us.resize(objects, 0);
        for (waited, waiters) in self.waited_us.iter_mut().zip(waiters) {
            *waited = waited.saturating_add(passed_us.saturating_mul(waiters));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// What the pool is like at this moment, for the bucket's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Levels {
    pub depth: u32,
    pub in_flight: u32,
    pub target: u32,
    pub ready: u32,
}

/// The run over time.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    buckets: Vec<Bucket>,
    bucket_us: u64,
    markers: Vec<Marker>,
    by_size: BTreeMap<u32, SizeUse>,
    until: Elapsed,
    pub(super) effort: Effort,
}

impl Default for History {
    fn default() -> Self {
        Self {
            buckets: vec![Bucket::default()],
            bucket_us: BUCKET_US_MIN,
            markers: Vec::new(),
            by_size: BTreeMap::new(),
            until: Elapsed::default(),
            effort: Effort::default(),
        }
    }
}

impl History {
    /// The steps so far, oldest first; the last one is not over.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// What each bucket covers, in microseconds.
    pub fn bucket_us(&self) -> u64 {
        self.bucket_us
    }

    /// The marks, oldest first.
    pub fn markers(&self) -> &[Marker] {
        &self.markers
    }

    /// What was got done at each pool size that was used, by size.
    pub fn by_size(&self) -> &BTreeMap<u32, SizeUse> {
        &self.by_size
    }

    /// What it took to have workers, and where their time went.
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// Time goes on to `at`; until then the levels were these.
    pub(super) fn advance(&mut self, at: Elapsed, levels: Levels, saturated: Saturation) {
        let passed = at.0.saturating_sub(self.until.0);
        if passed == 0 {
            return;
        }
        if saturated == Saturation::Full {
            let time_us = &mut self.by_size.entry(levels.ready).or_default().time_us;
            *time_us = time_us.saturating_add(passed);
        }
        self.settle(levels);
        self.until = at;
        while self.index() >= BUCKETS_MAX {
            self.halve();
        }
        let index = self.index();
        while self.buckets.len() <= index {
            self.buckets.push(Bucket { ..Self::levels_only(levels) });
        }
    }

    /// Tasks done or failed, payload moved, now.
    pub(super) fn count(&mut self, done: u32, failed: u32, bytes: u64, ready: u32, saturated: Saturation) {
        let last = self.last();
        last.done += done;
        last.failed += failed;
        last.bytes = last.bytes.saturating_add(bytes);
        if saturated == Saturation::Full {
            let size = self.by_size.entry(ready).or_default();
            size.done += u64::from(done);
            size.bytes = size.bytes.saturating_add(bytes);
        }
    }

    pub(super) fn settle(&mut self, levels: Levels) {
        let bucket = self.last();
        bucket.depth = levels.depth;
        bucket.in_flight = levels.in_flight;
        bucket.target = levels.target;
        bucket.ready = levels.ready;
    }

    pub(super) fn mark(&mut self, at: Elapsed, kind: MarkerKind) {
        if self.markers.len() == MARKERS_MAX {
            self.markers.remove(0);
        }
        self.markers.push(Marker { at, kind });
    }

    fn last(&mut self) -> &mut Bucket {
        self.buckets.last_mut().expect("BUG: there is always a bucket")
    }

    fn index(&self) -> usize {
        usize::try_from(self.until.0 / self.bucket_us).unwrap_or(usize::MAX)
    }

    fn levels_only(levels: Levels) -> Bucket {
        Bucket {
            depth: levels.depth,
            in_flight: levels.in_flight,
            target: levels.target,
            ready: levels.ready,
            ..Bucket::default()
        }
    }

    fn halve(&mut self) {
        self.bucket_us *= 2;
        self.buckets = self
            .buckets
            .chunks(2)
            .map(|pair| {
                let last = pair[pair.len() - 1];
                Bucket {
                    done: pair.iter().map(|bucket| bucket.done).sum(),
                    failed: pair.iter().map(|bucket| bucket.failed).sum(),
                    bytes: pair.iter().fold(0, |bytes, bucket| bucket.bytes.saturating_add(bytes)),
                    ..last
                }
            })
            .collect();
    }
}

/// Whether every ready worker had something to do, so that the throughput tells of the pool's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saturation {
    Full,
    Short,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_stays_bounded_and_loses_no_count() {
        let mut history = History::default();
        let levels = Levels { depth: 3, in_flight: 1, target: 2, ready: 2 };
        for second in 1..=100_000_u64 {
            history.advance(Elapsed(second * 1_000_000), levels, Saturation::Full);
            history.count(1, 0, 10, 2, Saturation::Full);
        }
        assert!(history.buckets().len() <= BUCKETS_MAX);
        assert_eq!(history.buckets().iter().map(|bucket| u64::from(bucket.done)).sum::<u64>(), 100_000);
        assert_eq!(history.by_size()[&2].done, 100_000);
        let rate = history.by_size()[&2].tasks_per_s();
        assert!((rate - 1.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn a_gap_is_filled_with_the_levels_that_held() {
        let mut history = History::default();
        let levels = Levels { depth: 7, in_flight: 0, target: 4, ready: 4 };
        history.advance(Elapsed(5_000_000), levels, Saturation::Short);
        assert!(history.buckets().len() > 40);
        assert!(history.buckets().iter().all(|bucket| bucket.depth == 7 && bucket.target == 4));
    }

    #[test]
    fn a_leap_of_years_is_bounded_in_room_and_time() {
        let mut history = History::default();
        history.count(1, 2, 3, 1, Saturation::Short);
        history.advance(Elapsed(u64::MAX / 2), Levels::default(), Saturation::Short);
        history.count(1, 0, u64::MAX, 1, Saturation::Short);
        assert!(history.buckets().len() <= BUCKETS_MAX);
        assert_eq!(
            history
                .buckets()
                .iter()
                .map(|bucket| (bucket.done, bucket.failed))
                .fold((0, 0), |sum, one| { (sum.0 + one.0, sum.1 + one.1) }),
            (2, 2)
        );
    }

    #[test]
    fn markers_are_bounded_and_the_oldest_go_first() {
        let mut history = History::default();
        for turn in 0..2000 {
            history.mark(Elapsed(turn), MarkerKind::Loss);
        }
        assert_eq!((history.markers().len(), history.markers()[0].at), (MARKERS_MAX, Elapsed(976)));
    }

    #[test]
    fn memory_tells_only_where_the_sample_met_nearly_all() {
        let mut effort = Effort::default();
        assert!(!effort.peak_is_telling());
        (0..4).for_each(|_| effort.process_came());
        effort.measured(6, 2);
        assert!(!effort.peak_is_telling(), "half of them");
        effort.measured(9, 3);
        effort.process_went(5);
        effort.measured(8, 3);
        effort.process_came();
        assert!(effort.peak_is_telling());
        assert_eq!((effort.peak_rss_bytes, effort.processes, effort.most_alive, effort.lived_us), (9, 5, 4, 5));
    }

    #[test]
    fn throughput_by_size_counts_only_while_there_is_enough_to_do() {
        let mut history = History::default();
        let levels = |ready| Levels { depth: 1, in_flight: 1, target: ready, ready };
        history.advance(Elapsed(1_000_000), levels(2), Saturation::Full);
        history.count(4, 0, 8, 2, Saturation::Full);
        history.advance(Elapsed(9_000_000), levels(2), Saturation::Short);
        history.count(9, 0, 9, 2, Saturation::Short);
        assert_eq!(history.by_size()[&2], SizeUse { time_us: 1_000_000, done: 4, bytes: 8 });
        assert!(history.by_size()[&2].bytes_per_s() - 8.0 < 1e-9);
    }
}
