//! What the fuzz targets share. A target is a file of two lines: [`target!`] makes it from the
//! scenario of the catalogue that it is named after, and [`any_target!`] from all of them.
//!
//! An input is a plan: first the load, a byte for each knob, then a byte for each choice. A finding
//! panics with its report, a clean run returns, and what cannot be decided is kept out of the
//! corpus.

mod guide;

use libfuzzer_sys::Corpus;
use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use standstill::{Plan, Scenario, fuzz};

#[doc(hidden)]
pub use guide::{crossover, init, mutate};
#[doc(hidden)]
pub use standstill;
#[doc(hidden)]
pub use standstill_catalogue::scenarios;

/// The scenario of a target.
///
/// # Panics
///
/// If the catalogue has none of that name.
#[doc(hidden)]
pub fn scenario(target: &str) -> Scenario {
    standstill_catalogue::find(target)
        .unwrap_or_else(|| panic!("the catalogue has no scenario `{target}`: remove the target"))
}

/// Runs one input.
#[doc(hidden)]
pub fn run(plan: Plan, scenario: &Scenario) -> Corpus {
    match fuzz::judge(plan, scenario) {
        Ok(()) => Corpus::Keep,
        Err(_) => Corpus::Reject,
    }
}

/// Runs one input whose first byte says which scenario it is for.
#[doc(hidden)]
pub fn run_any(input: &[u8], scenarios: &[Scenario]) -> Corpus {
    let (which, rest) = match input {
        [which, rest @ ..] => (usize::from(*which), rest),
        [] => (0, input),
    };
    match Plan::arbitrary_take_rest(Unstructured::new(rest)) {
        Ok(plan) => run(plan, &scenarios[which % scenarios.len()]),
        Err(_) => Corpus::Reject,
    }
}

/// A fuzz target of the catalogue's scenario that its binary is named after, or of one's own.
#[macro_export]
macro_rules! target {
    () => {
        $crate::target!($crate::scenario(env!("CARGO_BIN_NAME")));
    };
    ($scenario:expr) => {
        static SCENARIO: std::sync::LazyLock<$crate::standstill::Scenario> =
            std::sync::LazyLock::new(|| $scenario);

        libfuzzer_sys::fuzz_target!(
            init: $crate::init(),
            |plan: $crate::standstill::Plan| -> libfuzzer_sys::Corpus {
                $crate::run(plan, &SCENARIO)
            }
        );

        $crate::guided!(0);
    };
}

/// A fuzz target of all scenarios: the first byte of an input says which one it is for, and the
/// others are an input of that one's own target.
#[macro_export]
macro_rules! any_target {
    () => {
        static SCENARIOS: std::sync::LazyLock<Vec<$crate::standstill::Scenario>> =
            std::sync::LazyLock::new($crate::scenarios);

        libfuzzer_sys::fuzz_target!(
            init: $crate::init(),
            |input: &[u8]| -> libfuzzer_sys::Corpus { $crate::run_any(input, &SCENARIOS) }
        );

        $crate::guided!(1);
    };
}

/// The mutator of a target whose plan begins at this byte.
#[doc(hidden)]
#[macro_export]
macro_rules! guided {
    ($plan_at:expr) => {
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(data, size, max_size, seed, $plan_at)
        });
        $crate::crossing!($plan_at);
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(feature = "mutator")]
macro_rules! crossing {
    ($plan_at:expr) => {
        libfuzzer_sys::fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
            $crate::crossover(first, second, out, seed, $plan_at)
        });
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "mutator"))]
macro_rules! crossing {
    ($plan_at:expr) => {};
}
