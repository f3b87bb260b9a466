//! Noise: random delays at switch points and before polls, so that tasks meet in orders that do not
//! occur on an idle machine.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use standstill_model::fingerprint::Fnv;
use standstill_model::random::{self, Random, mix};
use standstill_rt::op::Op;
use standstill_rt::site::Site;

/// How long a run may sleep in total, in microseconds: it is one of thousands.
const SLEEP_BUDGET: u32 = 20_000;

/// Chances are given out of this many.
const WHOLE: u32 = 1_024;

/// The noise of one run: how likely each kind is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mix {
    /// Before a poll: other tasks go first.
    defer: u32,
    /// At a switch point: the thread yields its core.
    give_way: u32,
    /// At a switch point: the thread is busy for some microseconds.
    spin: u32,
    /// At a switch point: the thread sleeps for a fraction of a millisecond.
    sleep: u32,
    /// The noise is not random, but occurs every time at a few places of the program.
    places: bool,
}

/// The mixes from which each run draws one.
const MIXES: [Mix; 6] = [
    // No noise: this covers what happens on an idle machine.
    Mix {
        defer: 0,
        give_way: 0,
        spin: 0,
        sleep: 0,
        places: false,
    },
    Mix {
        defer: 128,
        give_way: 256,
        spin: 0,
        sleep: 0,
        places: false,
    },
    Mix {
        defer: 64,
        give_way: 0,
        spin: 256,
        sleep: 0,
        places: false,
    },
    Mix {
        defer: 32,
        give_way: 0,
        spin: 0,
        sleep: 64,
        places: false,
    },
    Mix {
        defer: 256,
        give_way: 128,
        spin: 128,
        sleep: 32,
        places: false,
    },
    Mix {
        defer: 64,
        give_way: 0,
        spin: 0,
        sleep: 0,
        places: true,
    },
];

/// One in this many places is noisy in a run whose noise is at places.
const ONE_IN: u64 = 4;

/// The noise of a run.
#[derive(Debug)]
pub(super) struct Noise {
    seed: u64,
    mix: Mix,
    sleep_left: AtomicU32,
}

impl Noise {
    /// The noise that follows from the seed.
    pub(super) fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let kind = random.below(u32::try_from(MIXES.len()).unwrap_or(1));
        Self {
            seed,
            mix: MIXES[kind as usize],
            sleep_left: AtomicU32::new(SLEEP_BUDGET),
        }
    }

    /// No noise.
    pub(super) fn none() -> Self {
        Self {
            seed: 0,
            mix: MIXES[0],
            sleep_left: AtomicU32::new(0),
        }
    }

    /// The seed for the random numbers of a task.
    pub(super) fn seed_of(&self, serial: u32) -> u64 {
        mix(self.seed ^ mix(u64::from(serial) + 1))
    }

    /// Whether a poll is deferred, so that other tasks go first.
    #[inline]
    pub(super) fn defers(&self, numbers: &AtomicU64) -> bool {
        self.mix.defer > 0 && random::drawn(numbers, WHOLE) < self.mix.defer
    }

    /// Makes noise before an operation.
    #[inline]
    pub(super) fn at_switch(&self, numbers: &AtomicU64, op: Op, site: Site) {
        if self.mix == MIXES[0] {
            return;
        }
        self.make(numbers, op, site);
    }

    fn make(&self, numbers: &AtomicU64, op: Op, site: Site) {
        let Mix {
            give_way,
            spin,
            sleep,
            places,
            ..
        } = self.mix;
        if places {
            if self.is_noisy(op, site) {
                self.sleep(100 + random::drawn(numbers, 400));
            }
            return;
        }
        let chance = random::drawn(numbers, WHOLE);
        if chance < sleep {
            self.sleep(1 + random::drawn(numbers, 200));
        } else if chance < sleep + spin {
            for _ in 0..random::drawn(numbers, 2_000) {
                std::hint::spin_loop();
            }
        } else if chance < sleep + spin + give_way {
            std::thread::yield_now();
        }
    }

    /// Whether a place is noisy: the same places are in every run with this seed.
    fn is_noisy(&self, op: Op, site: Site) -> bool {
        let mut hash = Fnv::default();
        hash.write(site.file().as_bytes());
        hash.write(&site.line().to_le_bytes());
        hash.write(&site.column().to_le_bytes());
        hash.write(&[op as u8]);
        mix(hash.finish() ^ self.seed).is_multiple_of(ONE_IN)
    }

    fn sleep(&self, micros: u32) {
        let left = self
            .sleep_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(micros)
            });
        if left.is_ok() {
            std::thread::sleep(Duration::from_micros(u64::from(micros)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MIXES, Noise};
    use std::collections::BTreeSet;
    use std::panic::Location;

    use standstill_rt::op::Op;

    #[test]
    fn every_mix_is_drawn_and_a_seed_means_the_same_noise() {
        let drawn: BTreeSet<String> = (0..100)
            .map(|seed| format!("{:?}", Noise::drawn(seed).mix))
            .collect();
        assert_eq!(drawn.len(), MIXES.len());
        let here = Location::caller();
        for seed in 0..100 {
            let (one, other) = (Noise::drawn(seed), Noise::drawn(seed));
            assert_eq!(one.mix, other.mix);
            assert_eq!(one.is_noisy(Op::Lock, here), other.is_noisy(Op::Lock, here));
            assert_eq!(one.seed_of(3), other.seed_of(3));
        }
    }

    #[test]
    fn a_run_sleeps_no_longer_than_its_budget() {
        let noise = Noise::drawn(1);
        for _ in 0..1_000 {
            noise.sleep(500);
        }
        assert_eq!(noise.sleep_left.into_inner(), 0);
    }
}
