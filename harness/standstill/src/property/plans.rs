//! Strategies by which proptest generates and shrinks loads and plans.

use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::strategy::Strategy;
use standstill_model::load::{Load, LoadRanges};
use standstill_model::plan::{Plan, Schedule, StrategyKind, Variant};
use standstill_model::scenario::Scenario;

/// PCT's depth ranges from 1 to this.
const DEEPEST: u8 = 4;

/// Every load within the ranges. Shrinking lowers one knob after another towards its lowest value.
///
/// ```
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// use standstill::{Knob, LoadRanges, loads};
///
/// let ranges = LoadRanges::default().with(Knob::Workers, 2..=5);
/// let mut tree = loads(&ranges).new_tree(&mut TestRunner::deterministic()).unwrap();
/// while tree.simplify() {}
/// assert_eq!(tree.current(), ranges.smallest());
/// ```
pub fn loads(ranges: &LoadRanges) -> impl Strategy<Value = Load> + use<> {
    let (knobs, values): (Vec<_>, Vec<_>) = ranges.iter().unzip();
    values.prop_map(move |values| {
        let mut load = Load::default();
        for (knob, value) in knobs.iter().zip(values) {
            load.set(*knob, value);
        }
        load
    })
}

/// Every plan of a variant of a scenario, within the scenario's ranges: for a `proptest!` of one's own.
/// Shrinking lowers the load, and then chooses a simpler strategy. Schedules themselves are shrunk by
/// [`minimise_schedule`](crate::minimise_schedule), as [`Property`](crate::Property) does.
///
/// ```
/// use proptest::prelude::*;
/// use standstill::engine::RecordLevel;
/// use standstill::{Runner, Scenario, Variant, Verdict, plans};
///
/// let scenario = Scenario::new("no_preempt", "").workers(1..=4).variant(Variant::Own, |_| async {});
/// let program = scenario.program(Variant::Own).unwrap();
/// proptest!(ProptestConfig::with_cases(16), |(plan in plans(&scenario, Variant::Own))| {
///     let run = Runner::new().run(program, &plan, RecordLevel::Hunt);
///     prop_assert_eq!(run.verdict, Verdict::Clean);
/// });
/// ```
pub fn plans(scenario: &Scenario, variant: Variant) -> impl Strategy<Value = Plan> + use<> {
    plans_within(scenario.name(), variant, scenario.ranges())
}

pub(super) fn plans_within(
    scenario: &str,
    variant: Variant,
    ranges: &LoadRanges,
) -> impl Strategy<Value = Plan> + use<> {
    let scenario = scenario.to_owned();
    // A smaller seed is not simpler.
    let seeds = any::<u64>().no_shrink();
    (loads(ranges), strategies(), seeds).prop_map(move |(load, strategy, seed)| {
        let schedule = Schedule::Seeded {
            strategy,
            seed,
            digest: None,
        };
        Plan::new(scenario.clone(), variant, load, schedule)
    })
}

fn strategies() -> impl Strategy<Value = StrategyKind> {
    prop_oneof![
        Just(StrategyKind::Random),
        (1..=DEEPEST).prop_map(|depth| StrategyKind::Pct { depth }),
        Just(StrategyKind::Pos),
        Just(StrategyKind::Surw),
        Just(StrategyKind::Directed),
    ]
}
