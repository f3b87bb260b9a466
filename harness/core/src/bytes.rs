//! Plans as a fuzzer's input: first the load, one byte for each knob in use, then the choices.
//!
//! Every byte string is a plan. A knob's byte is taken modulo the size of the knob's range and
//! counted from its lower end; a missing byte is 0; what is left are the choices. So
//!
//! - plan -> bytes -> plan is the identity for every plan that has bytes, in particular for every
//!   plan that came from bytes;
//! - bytes -> plan -> bytes is the identity for *canonical* bytes: those that are at least as long
//!   as there are knobs in use, with every knob's byte below the size of its range. All others
//!   lead to the canonical bytes of the same plan.

use crate::load::{Load, LoadRanges};
use crate::plan::{Plan, Schedule, Variant};

impl Plan {
    /// The plan that a fuzzer's input stands for, with the defaults of [`Plan::new`].
    ///
    /// ```
    /// use standstill_core::{Knob, LoadRanges, Plan, Schedule, Variant};
    ///
    /// let ranges = LoadRanges::default().with(Knob::Workers, 2..=4);
    /// let plan = Plan::from_bytes("two-locks", Variant::Buggy, &ranges, &[1, 7, 9]);
    /// assert_eq!(plan.load.workers, 3);
    /// assert_eq!(plan.schedule, Schedule::Bytes(vec![7, 9]));
    /// assert_eq!(plan.to_bytes(&ranges), Some(vec![1, 7, 9]));
    /// ```
    pub fn from_bytes(scenario: &str, variant: Variant, ranges: &LoadRanges, bytes: &[u8]) -> Self {
        let mut load = Load::default();
        let mut rest = bytes;
        for (knob, range) in ranges.iter() {
            let (low, high) = range.into_inner();
            let byte = match rest {
                [first, others @ ..] => {
                    rest = others;
                    *first
                }
                [] => 0,
            };
            let offset = match (high - low).checked_add(1) {
                Some(size) => byte % size,
                None => byte,
            };
            load.set(knob, low + offset);
        }
        Self::new(scenario, variant, load, Schedule::Bytes(rest.to_vec()))
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
        let mut bytes: Vec<u8> = ranges
            .iter()
            .map(|(knob, range)| self.load.get(knob) - range.start())
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
            (&[][..], 1, 0, &[0, 0][..]),
            (&[3], 4, 0, &[3, 0]),
            (&[4, 255], 1, 255, &[0, 255]),
            (&[255, 1, 9, 9], 4, 1, &[3, 1, 9, 9]),
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
        let plan = Plan::from_bytes("x", Variant::Buggy, &ranges(), &[1, 1, 1]);
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
