//! Estimates how many different orders of tasks a hunt has tried, in a kilobyte.
//!
//! `HyperLogLog` (Flajolet et al., 2007): among many hashes, the longest run of leading zeros indicates
//! how many different ones there were. With this many registers the error is about 3%.

use std::sync::atomic::{AtomicU8, Ordering};

const BITS: u32 = 10;
const REGISTERS: usize = 1 << BITS;

/// Counts different hashes, from many threads.
#[derive(Debug)]
pub(super) struct Distinct {
    longest: Box<[AtomicU8]>,
}

impl Default for Distinct {
    fn default() -> Self {
        Self {
            longest: (0..REGISTERS).map(|_| AtomicU8::new(0)).collect(),
        }
    }
}

impl Distinct {
    pub(super) fn add(&self, hash: u64) {
        let hash = mixed(hash);
        let register = &self.longest[(hash >> (64 - BITS)) as usize];
        #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
        let run = (hash << BITS | 1).leading_zeros() as u8 + 1;
        if register.load(Ordering::Relaxed) < run {
            register.fetch_max(run, Ordering::Relaxed);
        }
    }

    /// The estimate.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, neither negative nor near the end of the range"
    )]
    pub(super) fn estimate(&self) -> u64 {
        let registers = REGISTERS as f64;
        let mut sum = 0.0;
        let mut untouched = 0_u32;
        for register in &self.longest {
            let run = register.load(Ordering::Relaxed);
            sum += 2.0_f64.powi(-i32::from(run));
            untouched += u32::from(run == 0);
        }
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let estimate = if raw <= 2.5 * registers && untouched > 0 {
            registers * (registers / f64::from(untouched)).ln()
        } else {
            raw
        };
        estimate.round() as u64
    }
}

/// Spreads a hash over all bits (the finaliser of `SplitMix64`).
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::Distinct;

    #[test]
    fn the_estimate_is_near_and_repetitions_do_not_count() {
        for (different, times) in [(0_u64, 1), (1, 50), (100, 3), (5_000, 2), (200_000, 1)] {
            let distinct = Distinct::default();
            for hash in 0..different {
                for _ in 0..times {
                    distinct.add(hash);
                }
            }
            let estimate = distinct.estimate();
            let off = estimate.abs_diff(different);
            assert!(off <= different / 10, "{estimate} instead of {different}");
        }
    }
}
