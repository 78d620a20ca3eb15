//! The tuner's memory: which sizes were tried, how each did, what is measured now, and where that leads. PURE.
//! It does not resize anything: the planner asks what comes next, and `apply` keeps this in step with what really happened.

use std::collections::BTreeMap;

use super::State;
use crate::command::WORKERS_MAX;
use crate::event::RunKind;
use crate::task::ObjectKind;

/// What differs by less is the same: work is never quite even.
const NOISE: f64 = 0.05;

/// A result this close to the border between better and same is measured for longer before it counts.
const DOUBT: f64 = 0.03;

/// How many times longer.
const DOUBT_LONGER: u64 = 4;

/// How many task ends for each worker make a measurement.
const ENDS_PER_WORKER: u64 = 2;

/// How long workers may take to come up before the size counts as one that cannot be had.
const SHORT_US_MAX: u64 = 20_000_000;

/// In what the work of a run is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Tasks done.
    Tasks,
    /// Bytes moved: where tasks share a link or a disk.
    Bytes,
}

/// What the pool is like while time goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// All workers that are aimed at are there, none besides, and tasks wait: what is done tells of the size.
    Steady,
    /// Workers are missing.
    Short,
    /// Something else: surplus workers finish their tasks, nothing waits, the pool is frozen.
    Unclear,
}

/// Where the climb goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To this size, to measure it.
    Try(u32),
    /// To this size for good.
    Settle(u32),
    /// Nowhere: not even the first size could be measured.
    GiveUp,
}

/// A search for the size that does best.
#[derive(Clone, Debug, PartialEq)]
pub struct Climb {
    unit: Unit,
    memory: Memory,
    window: Window,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq)]
struct Memory {
    measured: BTreeMap<u32, f64>,
    best: Option<u32>,
    /// The most that was ever got done by a size that was the best for a while; so that many small losses do not add up.
    top: f64,
    step: u32,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// What is being measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    workers: u32,
    steady_us: u64,
    short_us: u64,
    /// The first and the last end of a task, in steady time.
    ends_us: Option<(u64, u64)>,
    /// The ends after the first.
    ends: u64,
    bytes: u64,
}

impl Climb {
    /// A search that begins at the size there is.
    pub fn new(workers: u32, unit: Unit) -> Self {
        let memory = Memory { measured: BTreeMap::new(), best: None, top: 0.0, step: 1, direction: Direction::Up };
        Self { unit, memory, window: Window { workers, ..Window::default() } }
    }

    /// The best size so far.
    pub fn best(&self) -> Option<u32> {
        self.memory.best
    }

    /// How many sizes were measured.
    pub fn tried(&self) -> usize {
        self.memory.measured.len()
    }

    /// Where to go now, or `None` while the present size is still being measured. `shortest_us`: how long at least.
    pub fn next(&self, shortest_us: u64) -> Option<Move> {
        if self.window.short_us > SHORT_US_MAX {
            return Some(self.memory.best.map_or(Move::GiveUp, Move::Settle));
        }
        if !self.window.is_enough(self.unit, shortest_us, 1) {
            return None;
        }
        let per_s = self.window.per_s(self.unit);
        let doubtful = self.memory.is_doubtful(self.window.workers, per_s);
        if doubtful && !self.window.is_enough(self.unit, shortest_us, DOUBT_LONGER) {
            return None;
        }
        let mut memory = self.memory.clone();
        memory.learn(self.window.workers, per_s);
        Some(memory.propose())
    }

    /// The pool was resized by the tuner: what was measured is learned, and the new size is measured from now on.
    pub(super) fn moved(&mut self, workers: u32) {
        self.memory.learn(self.window.workers, self.window.per_s(self.unit));
        // For the step and the direction that led there.
        self.memory.propose();
        self.window = Window { workers, ..Window::default() };
    }

    pub(super) fn advance(&mut self, passed_us: u64, pace: Pace) {
        match pace {
            Pace::Steady => self.window.steady_us += passed_us,
            Pace::Short => self.window.short_us += passed_us,
            Pace::Unclear => {}
        }
    }

    pub(super) fn count(&mut self, done: u32, bytes: u64) {
        let window = &mut self.window;
        window.bytes = window.bytes.saturating_add(bytes);
        if done == 0 {
            return;
        }
        match &mut window.ends_us {
            None => window.ends_us = Some((window.steady_us, window.steady_us)),
            Some((_, last)) => {
                *last = window.steady_us;
                window.ends += u64::from(done);
            }
        }
    }
}

impl Window {
    /// Tasks that take about as long as each other end in bundles, one for each worker. From one end to another, over a
    /// multiple of the workers, bundles do no harm.
    fn is_enough(&self, unit: Unit, shortest_us: u64, times: u64) -> bool {
        let Some((first, last)) = self.ends_us else { return false };
        let measured_us = match unit {
            Unit::Tasks => last - first,
            Unit::Bytes => self.steady_us,
        };
        self.ends >= ENDS_PER_WORKER * times * u64::from(self.workers) && measured_us >= times * shortest_us.max(1)
    }

    #[expect(clippy::cast_precision_loss, reason = "rates are compared within per cents")]
    fn per_s(&self, unit: Unit) -> f64 {
        let (amount, us) = match (unit, self.ends_us) {
            (Unit::Tasks, Some((first, last))) => (self.ends, last - first),
            (Unit::Tasks, None) => (0, 0),
            (Unit::Bytes, _) => (self.bytes, self.steady_us),
        };
        if us == 0 { 0.0 } else { amount as f64 * 1e6 / us as f64 }
    }
}

impl Memory {
    /// What a size must reach to be the better one. A smaller one is better if it does about as much.
    fn border(&self, best: u32, workers: u32) -> f64 {
        if workers > best { self.top * (1.0 + NOISE) } else { self.top * (1.0 - NOISE) }
    }

    fn is_doubtful(&self, workers: u32, per_s: f64) -> bool {
        self.best.is_some_and(|best| (per_s - self.border(best, workers)).abs() < DOUBT * self.top)
    }

    fn learn(&mut self, workers: u32, per_s: f64) {
        self.measured.insert(workers, per_s);
        let Some(best) = self.best else {
            (self.best, self.top, self.step) = (Some(workers), per_s, half(workers));
            return;
        };
        if per_s < self.border(best, workers) || workers == best {
            self.direction = self.direction.other();
            return;
        }
        self.direction = if workers > best { Direction::Up } else { Direction::Down };
        if self.direction == Direction::Up {
            // Where more is still better far up, steps of one would take all day.
            self.step = self.step.max(half(workers));
        }
        self.best = Some(workers);
        self.top = self.top.max(per_s);
    }

    /// The next size that was not measured: in the direction of the last gain, else in the other, else by half the step.
    fn propose(&mut self) -> Move {
        let Some(best) = self.best else { return Move::GiveUp };
        while self.step > 0 {
            for direction in [self.direction, self.direction.other()] {
                let workers = direction.from(best, self.step).clamp(1, WORKERS_MAX);
                if workers != best && !self.measured.contains_key(&workers) {
                    self.direction = direction;
                    return Move::Try(workers);
                }
            }
            self.step /= 2;
        }
        Move::Settle(best)
    }
}

impl Direction {
    fn other(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn from(self, workers: u32, step: u32) -> u32 {
        match self {
            Self::Up => workers.saturating_add(step),
            Self::Down => workers.saturating_sub(step),
        }
    }
}

/// Half of it, rounded up, and 1 at least.
fn half(workers: u32) -> u32 {
    workers.div_ceil(2).max(1)
}

impl State {
    /// In what this run's work is measured. Simulated downloads without a link take their time whatever their size.
    pub fn unit(&self) -> Unit {
        let Some(start) = &self.start else { return Unit::Tasks };
        let links = start.objects.iter().any(|object| matches!(object.kind, ObjectKind::Link { .. }));
        if links || start.kind == RunKind::Copy { Unit::Bytes } else { Unit::Tasks }
    }

    /// A time that is long for this run: so many real seconds, or fewer where simulated time goes faster.
    pub fn long_us(&self, seconds: u64) -> u64 {
        let us = seconds * 1_000_000;
        (us * 1000 / u64::from(self.policy.speed_milli.max(1))).clamp(us / 10, us)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Measures sizes by that curve until it settles. All sizes in the order they were tried.
    fn climbed(start: u32, mut curve: impl FnMut(u32) -> f64) -> Vec<u32> {
        let mut memory = Climb::new(start, Unit::Tasks).memory;
        let mut tried = vec![start];
        loop {
            let now = tried[tried.len() - 1];
            memory.learn(now, curve(now));
            match memory.propose() {
                Move::Try(workers) => tried.push(workers),
                Move::Settle(workers) => {
                    tried.push(workers);
                    return tried;
                }
                Move::GiveUp => panic!("it has measured something"),
            }
        }
    }

    #[test]
    fn the_knee_is_found_from_anywhere_without_trying_everything() {
        for start in [1, 2, 3, 4, 8, 16, 100, 1024] {
            let tried = climbed(start, |workers| f64::from(workers.min(4)) * 10.0);
            assert_eq!(tried.last(), Some(&4), "{tried:?}");
            assert!(tried.len() <= 24, "{tried:?}");
        }
        let far = climbed(1, |workers| f64::from(workers.min(600)));
        assert!(far.len() < 50 && far.last().is_some_and(|last| (560..=630).contains(last)), "{far:?}");
    }

    #[test]
    fn many_small_losses_do_not_add_up() {
        // Each worker fewer costs 3 %: always within the noise of the size before.
        let tried = climbed(32, |workers| 1000.0 * 0.97_f64.powi(32 - workers.min(32).cast_signed()));
        assert!(tried.last().is_some_and(|last| *last >= 30), "{tried:?}");
    }

    #[test]
    fn ends_in_bundles_are_measured_evenly() {
        let mut climb = Climb::new(4, Unit::Tasks);
        for _ in 0..3 {
            climb.advance(5_000_000, Pace::Steady);
            for _ in 0..4 {
                assert_eq!(climb.next(2_000_000), None);
                climb.count(1, 0);
                if climb.window.ends == 8 {
                    assert!((climb.window.per_s(Unit::Tasks) - 0.8).abs() < 1e-9);
                    assert_eq!(climb.next(2_000_000), Some(Move::Try(6)));
                    return;
                }
            }
        }
        panic!("never enough");
    }

    #[test]
    fn a_size_that_cannot_be_had_ends_the_search() {
        let mut climb = Climb::new(4, Unit::Tasks);
        climb.advance(SHORT_US_MAX + 1, Pace::Short);
        assert_eq!(climb.next(1), Some(Move::GiveUp));
        climb.memory.learn(4, 1.0);
        assert_eq!(climb.next(1), Some(Move::Settle(4)));
    }

    proptest! {
        #[test]
        fn whatever_is_measured_it_ends_and_stays_within_bounds(start in 1..=WORKERS_MAX, rates in prop::collection::vec(0.0..100.0_f64, 1..64)) {
            let mut turn = 0;
            let tried = climbed(start, |_| {
                turn += 1;
                rates[turn % rates.len()]
            });
            prop_assert!(tried.len() <= WORKERS_MAX as usize + 1);
            prop_assert!(tried.iter().all(|workers| (1..=WORKERS_MAX).contains(workers)));
        }
    }
}
