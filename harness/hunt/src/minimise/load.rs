//! The smallest load: each knob as low as its range and the bug allow.

use standstill_model::load::{Knob, Load, LoadRanges};
use standstill_model::plan::{Plan, Schedule, StrategyKind};
use standstill_model::random::schedule_seed;

use crate::minimise::search;
use crate::minimise::trials::{Trials, happened};

/// A schedule that was recorded under one load is rarely useful under another, so this many fresh
/// schedules are tried for each load.
const SEEDS_A_LOAD: u64 = 64;

/// Lowers all knobs as far as possible. It repeats, since some knobs can be lowered only after others.
/// Of two loads of equal size it prefers the one with lower values of the earlier knobs, which create
/// tasks.
pub(super) fn lower_all(trials: &mut Trials<'_>, best: &mut Plan, ranges: &LoadRanges) {
    loop {
        let before = best.load;
        for (knob, range) in ranges.iter() {
            lower(trials, best, knob, *range.start());
        }
        let settled = best.load == before && !trade(trials, best, ranges);
        if settled || trials.over() {
            return;
        }
    }
}

/// Lowers one knob by one and raises a later one by one.
fn trade(trials: &mut Trials<'_>, best: &mut Plan, ranges: &LoadRanges) -> bool {
    let knobs: Vec<_> = ranges.iter().collect();
    for (at, (less, range)) in knobs.iter().enumerate() {
        for (more, upto) in &knobs[at + 1..] {
            let mut load = best.load;
            let (fewer, further) = (load.get(*less), load.get(*more));
            if fewer <= *range.start() || further >= *upto.end() {
                continue;
            }
            load.set(*less, fewer - 1);
            load.set(*more, further + 1);
            if let Some(plan) = under(trials, best, load) {
                *best = plan;
                return true;
            }
        }
    }
    false
}

/// Lowers one knob: to the lowest value at once if possible, else by bisection.
fn lower(trials: &mut Trials<'_>, best: &mut Plan, knob: Knob, lowest: u8) {
    let mut try_value = |best: &mut Plan, value: u8| {
        let mut load = best.load;
        load.set(knob, value);
        match under(trials, best, load) {
            Some(plan) => {
                *best = plan;
                true
            }
            None => false,
        }
    };
    if best.load.get(knob) <= lowest || try_value(best, lowest) {
        return;
    }
    let mut too_low = lowest;
    while best.load.get(knob) - too_low > 1 {
        let middle = too_low + (best.load.get(knob) - too_low) / 2;
        if !try_value(best, middle) {
            too_low = middle;
        }
    }
}

/// A plan like `plan` that shows the fingerprint under `load`: with its own schedule, with a fresh one,
/// or with one that is close to the default order.
pub(super) fn under(trials: &mut Trials<'_>, plan: &Plan, load: Load) -> Option<Plan> {
    let mut candidate = plan.clone();
    candidate.load = load;
    let base = match &mut candidate.schedule {
        Schedule::Seeded { seed, digest, .. } => {
            *digest = None;
            *seed
        }
        Schedule::Choices(_) | Schedule::Bytes(_) => 0,
    };
    if let Some(run) = trials.record(&candidate) {
        if let Schedule::Choices(choices) = &mut candidate.schedule {
            *choices = happened(&run, choices.len());
        }
        return Some(candidate);
    }
    let other = (0..SEEDS_A_LOAD).find_map(|index| {
        candidate.schedule = fresh(base, index);
        trials.record(&candidate).map(|_| candidate.clone())
    });
    other.or_else(|| search::fewest(trials, &candidate, 1))
}

/// Fresh schedule `index`: random walks, and PCT at three depths, in turn.
pub(super) fn fresh(base: u64, index: u64) -> Schedule {
    let strategy = match index % 4 {
        0 => StrategyKind::Random,
        #[expect(clippy::cast_possible_truncation, reason = "below 4")]
        depth => StrategyKind::Pct { depth: depth as u8 },
    };
    Schedule::Seeded {
        strategy,
        seed: schedule_seed(base, index),
        digest: None,
    }
}
