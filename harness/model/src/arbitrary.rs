//! Loads and plans from a fuzzer's bytes, laid out as [`Plan::from_bytes`] reads them.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::load::{Knob, Load};
use crate::plan::{Plan, Schedule, Variant};

/// A byte for each knob, whatever a scenario makes of it; a missing one is 0.
impl<'a> Arbitrary<'a> for Load {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let mut load = Load::default();
        for knob in Knob::ALL {
            load.set(knob, u8::arbitrary(input)?);
        }
        Ok(load)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(Knob::ALL.len()))
    }
}

/// A load, then all that is left as the choices of the schedule. The plan is of no scenario yet:
/// `fuzz::run` gives it one and fits its load, and it then is the plan that [`Plan::from_bytes`]
/// makes of the same bytes.
impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let load = Load::arbitrary(input)?;
        let choices = input.bytes(input.len())?.to_vec();
        let schedule = Schedule::Bytes(choices);
        Ok(Plan::new("", Variant::Own, load, schedule))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}
