//! Plays a download: bytes arrive unevenly over a given time, and some attempts break off or stall, all by the seed.
//! It does not know the network; nothing is transferred.

use std::time::Duration;

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::{Halted, Watch};
use crate::task::{Download, Tally};

/// How much simulated time lies between two arrivals.
const STEP_MS: u64 = 100;

/// How many arrivals there are at most.
const STEPS_MAX: u64 = 10_000;

/// Lets simulated time pass.
pub(super) trait Pass {
    /// Returns after that much time, or when the task is to end.
    fn pass(&mut self, time: Duration) -> Result<(), Halted>;
}

/// How a played download ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Played {
    Whole(Tally),
    BrokenOff { tally: Tally, text: String },
}

/// Plays the whole download at `speed_milli` thousandths of its own speed.
pub(super) fn play(
    download: &Download,
    attempt: u16,
    speed_milli: u32,
    watch: &mut dyn Watch,
    time: &mut dyn Pass,
) -> Result<Played, Halted> {
    let mut random = Pcg64Mcg::seed_from_u64(download.seed ^ (u64::from(attempt) << 48));
    let fate = Fate::draw(download, &mut random);
    let steps = (download.duration_ms / STEP_MS).clamp(4, STEPS_MAX);
    let weights: Vec<u64> = (0..steps).map(|_| 1 + random.next_u64() % 1000).collect();
    let whole: u64 = weights.iter().sum();
    let step_time = scaled(download.duration_ms, speed_milli) / u32::try_from(steps).unwrap_or(u32::MAX);
    let mut passed = 0;
    let mut done = 0;
    watch.progress(0, download.bytes)?;
    for (step, weight) in weights.iter().enumerate() {
        if fate.strikes_at(step as u64, steps) {
            if let Fate::Stalls { .. } = fate {
                return stall(done, download.bytes, watch, time);
            }
            return Ok(broken_off(done, download.bytes));
        }
        time.pass(step_time)?;
        passed += weight;
        done = share(download.bytes, passed, whole);
        watch.progress(done, download.bytes)?;
    }
    Ok(Played::Whole(Tally { bytes: download.bytes, files: 0 }))
}

/// The end of a download that fails.
pub(super) fn broken_off(done: u64, total: u64) -> Played {
    let text = format!("connection lost after {done} of {total} bytes (simulated)");
    Played::BrokenOff { tally: Tally { bytes: done, files: 0 }, text }
}

/// What will happen to this attempt, decided before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Arrives,
    Fails { at_percent: u64 },
    Stalls { at_percent: u64 },
}

impl Fate {
    pub(super) fn draw(download: &Download, random: &mut Pcg64Mcg) -> Self {
        let lot = random.next_u64() % 1000;
        let at_percent = 10 + random.next_u64() % 80;
        let fail = u64::from(download.fail_per_mille);
        if lot < fail {
            Self::Fails { at_percent }
        } else if lot < fail + u64::from(download.stall_per_mille) {
            Self::Stalls { at_percent }
        } else {
            Self::Arrives
        }
    }

    pub(super) fn strikes_at(self, step: u64, steps: u64) -> bool {
        match self {
            Self::Arrives => false,
            Self::Fails { at_percent } | Self::Stalls { at_percent } => {
                u128::from(step) * 100 >= u128::from(steps) * u128::from(at_percent)
            }
        }
    }
}

/// Nothing arrives any more; only a stop or a timeout ends it.
fn stall(done: u64, total: u64, watch: &mut dyn Watch, time: &mut dyn Pass) -> Result<Played, Halted> {
    loop {
        time.pass(Duration::from_secs(1))?;
        watch.progress(done, total)?;
    }
}

/// Simulated time as real time.
pub(super) fn scaled(duration_ms: u64, speed_milli: u32) -> Duration {
    Duration::from_micros(duration_ms.saturating_mul(1_000_000) / u64::from(speed_milli.max(1)))
}

fn share(bytes: u64, part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(part) / u128::from(whole.max(1))).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Note;

    #[derive(Default)]
    struct Witness {
        seen: Vec<u64>,
        passed: Duration,
        patience: Option<Duration>,
    }

    impl Watch for Witness {
        fn progress(&mut self, done: u64, _: u64) -> Result<(), Halted> {
            self.seen.push(done);
            Ok(())
        }

        fn note(&mut self, _: Note) {}
    }

    struct Time(Duration, Duration);

    impl Pass for Time {
        fn pass(&mut self, time: Duration) -> Result<(), Halted> {
            self.0 += time;
            if self.0 > self.1 { Err(Halted) } else { Ok(()) }
        }
    }

    fn run(download: &Download, attempt: u16, speed: u32) -> (Result<Played, Halted>, Witness) {
        let mut witness = Witness::default();
        let mut time = Time(Duration::ZERO, Duration::from_secs(100));
        let played = play(download, attempt, speed, &mut witness, &mut time);
        witness.passed = time.0;
        witness.patience = Some(time.1);
        (played, witness)
    }

    fn download() -> Download {
        Download { bytes: 12_000_000, duration_ms: 5000, seed: 7, fail_per_mille: 0, stall_per_mille: 0 }
    }

    #[test]
    fn all_bytes_arrive_unevenly_in_the_given_time() {
        let (played, witness) = run(&download(), 1, 1000);
        assert_eq!(played, Ok(Played::Whole(Tally { bytes: 12_000_000, files: 0 })));
        assert_eq!(witness.seen.last(), Some(&12_000_000));
        assert!(witness.seen.is_sorted());
        assert!((4.9..5.1).contains(&witness.passed.as_secs_f64()), "{:?}", witness.passed);
        let steps: Vec<u64> = witness.seen.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().max() > steps.iter().min());
    }

    #[test]
    fn speed_shortens_the_time_and_nothing_else() {
        let (slow, fast) = (run(&download(), 1, 1000).1, run(&download(), 1, 10_000).1);
        assert_eq!(slow.seen, fast.seen);
        assert!((0.49..0.51).contains(&fast.passed.as_secs_f64()), "{:?}", fast.passed);
    }

    #[test]
    fn the_same_seed_and_attempt_fail_in_the_same_place() {
        let flaky = Download { fail_per_mille: 500, ..download() };
        let first: Vec<_> = (1..20).map(|attempt| run(&flaky, attempt, 1000).0).collect();
        let again: Vec<_> = (1..20).map(|attempt| run(&flaky, attempt, 1000).0).collect();
        assert_eq!(first, again);
        let failed = first.iter().filter(|played| matches!(played, Ok(Played::BrokenOff { .. }))).count();
        assert!((1..19).contains(&failed), "{failed}");
    }

    #[test]
    fn a_stalled_download_goes_on_until_it_is_ended() {
        let stalled = Download { stall_per_mille: 1000, ..download() };
        assert_eq!(run(&stalled, 1, 1000).0, Err(Halted));
    }
}
