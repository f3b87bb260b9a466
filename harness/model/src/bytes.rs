//! Plans as a fuzzer's input: first the load, a byte for each of the five knobs, then the choices.
//!
//! Every byte string is a plan. A knob's byte is taken modulo the size of the knob's range and
//! counted from its lower end; that of a knob which is not in use is passed over; a missing byte is
//! 0; what is left are the choices. So
//!
//! - plan -> bytes -> plan is the identity for every plan that has bytes, in particular for every
//!   plan that came from bytes;
//! - bytes -> plan -> bytes is the identity for *canonical* bytes: those that are at least as long
//!   as there are knobs, with the byte of every knob in use below the size of its range, and that
//!   of any other 0. All others lead to the canonical bytes of the same plan.
//!
//! The layout does not depend on the scenario, so inputs keep their meaning when a scenario takes
//! up another knob.

use crate::load::{Knob, Load, LoadRanges};
use crate::plan::{Plan, Schedule, Variant};

/// How many bytes of an input are the load.
pub const LOAD_BYTES: usize = Knob::ALL.len();

impl Plan {
    /// The plan that a fuzzer's input stands for, with the defaults of [`Plan::new`].
    ///
    /// ```
    /// use standstill_model::{Knob, LoadRanges, Plan, Schedule, Variant};
    ///
    /// let ranges = LoadRanges::default().with(Knob::Workers, 2..=4);
    /// let plan = Plan::from_bytes("two-locks", Variant::Buggy, &ranges, &[1, 0, 0, 0, 0, 7, 9]);
    /// assert_eq!(plan.load.workers, 3);
    /// assert_eq!(plan.schedule, Schedule::Bytes(vec![7, 9]));
    /// assert_eq!(plan.to_bytes(&ranges), Some(vec![1, 0, 0, 0, 0, 7, 9]));
    /// ```
    pub fn from_bytes(scenario: &str, variant: Variant, ranges: &LoadRanges, bytes: &[u8]) -> Self {
        let mut load = Load::default();
        for (knob, byte) in Knob::ALL.into_iter().zip(bytes) {
            load.set(knob, *byte);
        }
        let choices = bytes.get(LOAD_BYTES..).unwrap_or_default();
        let schedule = Schedule::Bytes(choices.to_vec());
        Self::new(scenario, variant, ranges.fit(&load), schedule)
    }

    /// The canonical bytes of this plan: those from which [`Plan::from_bytes`] makes it again.
    ///
    /// There are none if the schedule is not [`Schedule::Bytes`], the load lies outside of
    /// `ranges`, or anything that bytes do not carry (engine, preemption, leak policy, step
    /// limit) differs from the default.
    pub fn to_bytes(&self, ranges: &LoadRanges) -> Option<Vec<u8>> {
        let Schedule::Bytes(choices) = &self.schedule else {
            return None;
        };
        let default = Self::new(
            self.scenario.as_str(),
            self.variant,
            self.load,
            self.schedule.clone(),
        );
        if *self != default || !ranges.contains(&self.load) {
            return None;
        }
        let mut bytes: Vec<u8> = Knob::ALL
            .into_iter()
            .map(|knob| {
                let lowest = ranges.get(knob).map_or(0, |range| *range.start());
                self.load.get(knob) - lowest
            })
            .collect();
        bytes.extend_from_slice(choices);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use crate::load::{Knob, Load, LoadRanges};
    use crate::plan::{Plan, Preempt, Schedule, StrategyKind, Variant};

    fn ranges() -> LoadRanges {
        LoadRanges::default()
            .with(Knob::Workers, 1..=4)
            .with(Knob::Rounds, 0..=255)
    }

    #[test]
    fn every_byte_string_is_a_plan() {
        for (bytes, workers, rounds, canonical) in [
            (&[][..], 1, 0, &[0, 0, 0, 0, 0][..]),
            (&[3], 4, 0, &[3, 0, 0, 0, 0]),
            (&[4, 7, 7, 255], 1, 255, &[0, 0, 0, 255, 0]),
            (&[255, 0, 0, 1, 8, 9, 9], 4, 1, &[3, 0, 0, 1, 0, 9, 9]),
        ] {
            let plan = Plan::from_bytes("x", Variant::Buggy, &ranges(), bytes);
            let load = Load {
                workers,
                rounds,
                ..Load::default()
            };
            assert_eq!(plan.load, load, "{bytes:?}");
            assert_eq!(plan.to_bytes(&ranges()).as_deref(), Some(canonical));
        }
    }

    #[test]
    fn what_bytes_do_not_carry_has_none() {
        let plan = Plan::from_bytes("x", Variant::Buggy, &ranges(), &[1, 0, 0, 1, 0, 1]);
        let mut awaiting = plan.clone();
        awaiting.preempt = Preempt::Await;
        assert_eq!(awaiting.to_bytes(&ranges()), None);
        let mut outside = plan.clone();
        outside.load.workers = 5;
        assert_eq!(outside.to_bytes(&ranges()), None);
        let mut seeded = plan;
        seeded.schedule = Schedule::Seeded {
            strategy: StrategyKind::Random,
            seed: 1,
            digest: None,
        };
        assert_eq!(seeded.to_bytes(&ranges()), None);
    }
}
