//! The one source of randomness: seeded, small, and the same on every machine for ever.
//!
//! Tokens carry seeds, so the sequence is part of the token format: changing it means a new
//! strategy version.

use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads the bits of a number over all 64: the finalizer of SplitMix64.
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The seed of schedule `index` of a hunt with base seed `base`: any job can compute it alone.
pub fn schedule_seed(base: u64, index: u64) -> u64 {
    mix(mix(base ^ GAMMA).wrapping_add(index.wrapping_mul(GAMMA)))
}

/// A number in `0..bound` (0 for a bound of 0) from a state that several threads may draw from.
#[inline]
pub fn drawn(state: &AtomicU64, bound: u32) -> u32 {
    let before = state.fetch_add(GAMMA, Ordering::Relaxed);
    Random { state: before }.below(bound)
}

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    #[inline]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..bound` (0 for a bound of 0).
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        scale(self.next(), bound)
    }
}

/// A number in `0..bound` (0 for a bound of 0) from one of 64 bits, by Lemire's multiplication; the
/// bias for the small bounds in use here is below one in 2^40.
#[inline]
fn scale(number: u64, bound: u32) -> u32 {
    let wide = u128::from(number) * u128::from(bound);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper word is below `bound`"
    )]
    let drawn = (wide >> 64) as u32;
    drawn
}

/// The same sequence, one number ahead: whom a step goes to depends on the number, and the processor
/// can't guess that, so nothing should have to be computed between asking and knowing.
#[derive(Clone, Debug)]
pub struct DrawnAhead {
    random: Random,
    drawn: u64,
}

impl DrawnAhead {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let drawn = random.next();
        Self { random, drawn }
    }

    /// A number in `0..bound` (0 for a bound of 0).
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        let drawn = std::mem::replace(&mut self.drawn, self.random.next());
        scale(drawn, bound)
    }
}

#[cfg(test)]
mod tests {
    use super::{DrawnAhead, Random, schedule_seed};

    #[test]
    fn the_sequence_is_frozen() {
        let mut random = Random::new(7);
        let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            drawn,
            [
                7_191_089_600_892_374_487,
                309_689_372_594_955_804,
                16_616_101_746_815_609_346,
            ]
        );
        assert_ne!(schedule_seed(1, 0), schedule_seed(1, 1));
        assert_ne!(schedule_seed(1, 0), schedule_seed(2, 0));
    }

    #[test]
    fn numbers_drawn_ahead_are_the_same() {
        let (mut random, mut ahead) = (Random::new(7), DrawnAhead::new(7));
        for bound in 0..1_000 {
            assert_eq!(ahead.below(bound), random.below(bound));
        }
    }

    #[test]
    fn draws_stay_below_their_bound() {
        let mut random = Random::new(1);
        for bound in 1..200 {
            for _ in 0..50 {
                assert!(random.below(bound) < bound);
            }
        }
        assert_eq!(random.below(0), 0);
    }
}
