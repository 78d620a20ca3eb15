//! Random numbers that repeat: each thread of a task draws from a stream of its own. PURE.
//! It does not know what is drawn.
//!
//! The stream is PCG XSL 128/64 (MCG), seeded with two outputs of SplitMix64 as scenarios seed theirs (`scenario/draw.rs`,
//! which workers do not have). A thread's and a submitted task's seed is made of the seed of whoever starts it and of how
//! many it started before: so what one thread draws does not depend on how fast another one is.

use rand_core::Rng as _;
use rand_pcg::Pcg64Mcg;

/// One thread's source of random choices.
pub(super) struct Draw {
    seed: u64,
    given: u64,
    stream: Pcg64Mcg,
}

impl Draw {
    /// The stream of that seed.
    pub(super) fn new(seed: u64) -> Self {
        let mixed = mix(mix(seed));
        let stream = Pcg64Mcg::new((u128::from(mix(mixed)) << 64) | u128::from(mixed));
        Self { seed, given: 0, stream }
    }

    /// A seed for somebody started from here; each time another one. Draws nothing.
    pub(super) fn give_seed(&mut self) -> u64 {
        self.given += 1;
        mix(mix(self.seed).wrapping_add(self.given))
    }

    /// Any number.
    pub(super) fn word(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// A number from `low` to `high`, each as likely as the others; `low` where there is none between.
    pub(super) fn within(&mut self, low: u64, high: u64) -> u64 {
        let count = u128::from(high.saturating_sub(low)) + 1;
        let offset = (u128::from(self.word()) * count) >> 64;
        low.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
    }
}

/// One step of SplitMix64: neighbouring numbers come out unrelated.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_gives_the_same() {
        let all = |seed| {
            let mut draw = Draw::new(seed);
            let given: Vec<u64> = (0..3).map(|_| draw.give_seed()).collect();
            let drawn: Vec<u64> = (0..3).map(|_| draw.word()).collect();
            (given, drawn)
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7).1, all(8).1);
        let (given, drawn) = all(7);
        assert!(given.iter().all(|seed| !drawn.contains(seed)) && given[0] != given[1]);
    }

    #[test]
    fn both_ends_are_met_and_nothing_beyond() {
        let mut draw = Draw::new(1);
        let drawn: Vec<u64> = (0..200).map(|_| draw.within(5, 8)).collect();
        assert!((5..=8).all(|number| drawn.contains(&number)));
        assert!(drawn.iter().all(|number| (5..=8).contains(number)));
        assert_eq!(draw.within(9, 3), 9);
        draw.within(0, u64::MAX);
    }
}
