//! Random numbers that repeat: each task draws from a stream of its own. PURE.
//! It does not know what is drawn.
//!
//! The stream of a task is PCG XSL 128/64 (MCG), whose outputs rand_pcg's documentation fixes. Its state is made of two
//! outputs of SplitMix64 over the seed, the place of the `[[task]]` in the file and the number of the repetition. So a
//! task keeps its luck when entries are added behind it, or when another entry's `repeat` changes.

use rand_core::Rng as _;
use rand_pcg::Pcg64Mcg;

use crate::notation::Span;

/// The source of one task's random choices. The order of the calls is part of what repeats.
pub(super) struct Draw(Pcg64Mcg);

impl Draw {
    /// The stream for one repetition of one entry.
    pub(super) fn new(seed: u64, entry: u32, copy: u32) -> Self {
        let place = (u64::from(entry) << 32) | u64::from(copy);
        let mixed = mix(mix(seed).wrapping_add(place));
        Self(Pcg64Mcg::new((u128::from(mix(mixed)) << 64) | u128::from(mixed)))
    }

    /// Any number.
    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number of the span, each as likely as the others (but for a share below 2^-13 for spans of a petabyte).
    pub(super) fn within(&mut self, span: Span) -> u64 {
        let count = u128::from(span.high - span.low) + 1;
        let offset = (u128::from(self.word()) * count) >> 64;
        span.low + u64::try_from(offset).expect("BUG: a draw left its span")
    }

    /// A number below the bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let high = u64::try_from(bound).expect("BUG: a bound of more than 64 bits").saturating_sub(1);
        usize::try_from(self.within(Span { low: 0, high })).expect("BUG: a draw left its span")
    }

    /// Fills the buffer.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
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
    fn the_stream_is_the_documented_one() {
        // The first outputs of SplitMix64 from 0, as published with it.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
        // Held so that a recording of last year still tells what would happen today.
        let mut draw = Draw::new(7, 0, 0);
        assert_eq!([draw.word(), draw.word()], [8_063_037_957_132_331_823, 13_207_951_849_558_986_924]);
    }

    #[test]
    fn both_ends_of_a_span_are_met_and_nothing_beyond() {
        let mut seen = [0_u32; 6];
        for copy in 0..600 {
            let drawn = Draw::new(1, 0, copy).within(Span { low: 5, high: 10 });
            seen[usize::try_from(drawn - 5).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&times| (60..140).contains(&times)), "{seen:?}");
    }
}
