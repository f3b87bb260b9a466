//! Makes a plan as small as it gets while it still shows the same bug.
//!
//! First the load, then the schedule. What is tried is a function of the plan alone, so the same
//! plan always shrinks to the same one; and what comes out shrinks no further, unless the budget
//! was too small.

use crate::engine::{Care, Run};
use crate::fingerprint::Fingerprint;
use crate::hunt::Runner;
use crate::load::{Knob, Load, LoadRanges};
use crate::plan::{Choice, Plan, Schedule, StrategyKind};
use crate::random::schedule_seed;
use crate::scenario::Program;
use crate::task::TaskPath;

/// How many runs a minimisation may make, unless it is told.
pub const DEFAULT_MINIMISE_BUDGET: u32 = 5_000;

/// A schedule that was recorded under one load means little under another: so many fresh ones
/// are tried for each load.
const SEEDS_A_LOAD: u64 = 64;

/// The shortest prefix is looked for by bisection, as if a longer one always showed the bug, too.
/// That is not so: this many of the lengths just below are tried one by one.
const LINEAR: usize = 64;

/// The plan with the shortest schedule that was found to show `fingerprint`, as recorded choices
/// that replay strictly. The fixed fallback rule goes on after the last of them: the current task,
/// else the lowest.
///
/// At the most `budget` runs are made. A plan that does not show the fingerprint, or whose choices
/// cannot be recorded (the engine's thread was blocked), comes back as it is.
///
/// ```
/// use standstill_core::{DEFAULT_MINIMISE_BUDGET, Hunt, Program, Runner, Schedule, minimise_schedule};
///
/// async fn root() {
///     assert_ne!(standstill_core::host::with(|host| host.choose(8)), Some(5), "unlucky");
/// }
///
/// let found = Hunt::new("unlucky").run(root).found.remove(0);
/// let plan = minimise_schedule(
///     &mut Runner::new(),
///     &Program::new(|_| root()),
///     &found.plan,
///     &found.finding.fingerprint,
///     DEFAULT_MINIMISE_BUDGET,
/// );
/// assert!(matches!(plan.schedule, Schedule::Choices(choices) if choices.len() == 1));
/// ```
///
/// # Panics
///
/// If the engine itself does: that is a bug of Standstill.
pub fn minimise_schedule(
    runner: &mut Runner,
    program: &Program,
    plan: &Plan,
    fingerprint: &Fingerprint,
    budget: u32,
) -> Plan {
    let mut trials = Trials {
        runner,
        program,
        fingerprint,
        left: budget,
    };
    let Some(run) = trials.record(plan) else {
        return plan.clone();
    };
    if run.digest.is_none() {
        return plan.clone();
    }
    let choices = match &plan.schedule {
        // Recorded are also the choices that the fallback rule made after the last given one.
        Schedule::Choices(given) => happened(&run, given.len()),
        Schedule::Seeded { .. } | Schedule::Bytes(_) => run.choices,
    };
    let mut shrink = Shrink {
        plan: plan.clone(),
        choices,
    };
    while shrink.pass(&mut trials) {}
    let choices = std::mem::take(&mut shrink.choices);
    shrink.with(choices)
}

/// The plan with the smallest load that was found to show `fingerprint` under some schedule: each
/// knob as low as `ranges` and the bug allow. The schedule is the plan's own where that still
/// shows it, else a fresh one from a seed.
///
/// At the most `budget` runs are made. A plan whose load is the smallest already comes back as it
/// is.
///
/// # Panics
///
/// If the engine itself does: that is a bug of Standstill.
pub fn minimise_load(
    runner: &mut Runner,
    program: &Program,
    ranges: &LoadRanges,
    plan: &Plan,
    fingerprint: &Fingerprint,
    budget: u32,
) -> Plan {
    let mut trials = Trials {
        runner,
        program,
        fingerprint,
        left: budget,
    };
    let mut best = plan.clone();
    // One knob may only give way once another has.
    loop {
        let before = best.load;
        for (knob, range) in ranges.iter() {
            lower(&mut trials, &mut best, knob, *range.start());
        }
        if best.load == before || trials.left == 0 {
            return best;
        }
    }
}

/// Lowers one knob: straight to the lowest value, or else by bisection.
fn lower(trials: &mut Trials<'_>, best: &mut Plan, knob: Knob, lowest: u8) {
    let mut try_value = |best: &mut Plan, value: u8| {
        let mut load = best.load;
        load.set(knob, value);
        match trials.under(best, load) {
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

/// Runs candidates, and accepts those that show the fingerprint.
struct Trials<'a> {
    runner: &'a mut Runner,
    program: &'a Program,
    fingerprint: &'a Fingerprint,
    /// How many runs may still be made.
    left: u32,
}

impl Trials<'_> {
    /// Runs a plan and records its choices. None if it shows something else, or no run is left.
    /// Most candidates do show something else, and are not worth recording.
    fn record(&mut self, plan: &Plan) -> Option<Run> {
        self.left = self.left.checked_sub(1)?;
        let run = self.runner.run(self.program, plan, Care::Hunt);
        if !self.same(&run) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let run = self.runner.record(self.program, plan);
        self.same(&run).then_some(run)
    }

    fn same(&self, run: &Run) -> bool {
        run.verdict
            .finding()
            .is_some_and(|finding| finding.fingerprint == *self.fingerprint)
    }

    /// A plan like `plan` that shows the fingerprint under `load`.
    fn under(&mut self, plan: &Plan, load: Load) -> Option<Plan> {
        let mut candidate = plan.clone();
        candidate.load = load;
        let base = match &mut candidate.schedule {
            Schedule::Seeded { seed, digest, .. } => {
                *digest = None;
                *seed
            }
            Schedule::Choices(_) | Schedule::Bytes(_) => 0,
        };
        if let Some(run) = self.record(&candidate) {
            if let Schedule::Choices(choices) = &mut candidate.schedule {
                *choices = happened(&run, choices.len());
            }
            return Some(candidate);
        }
        (0..SEEDS_A_LOAD).find_map(|index| {
            candidate.schedule = Schedule::Seeded {
                strategy: strategy(index),
                seed: schedule_seed(base, index),
                digest: None,
            };
            self.record(&candidate).map(|_| candidate.clone())
        })
    }
}

/// Random walks, and PCT in three depths, in turn.
fn strategy(index: u64) -> StrategyKind {
    match index % 4 {
        0 => StrategyKind::Random,
        #[expect(clippy::cast_possible_truncation, reason = "below 4")]
        depth => StrategyKind::Pct { depth: depth as u8 },
    }
}

/// The choices that were really made where `given` ones were to be followed: one that did not fit
/// is there as what the fallback rule made of it.
fn happened(run: &Run, given: usize) -> Vec<Choice> {
    run.choices[..given.min(run.choices.len())].to_vec()
}

/// A choice that fits nowhere, so that the fallback rule decides.
fn misfit() -> Choice {
    Choice::Task(TaskPath::from(vec![u32::MAX, u32::MAX]))
}

/// How bad a schedule is to read: its length, how often it goes over to another task, and what in
/// it is not as the fallback rule would have it.
fn cost(choices: &[Choice]) -> (usize, usize, usize, u64) {
    let switches = choices.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let timers = choices
        .iter()
        .filter(|choice| **choice == Choice::Timer)
        .count();
    let numbers = choices.iter().map(|choice| match choice {
        Choice::Number(number) => u64::from(*number),
        Choice::Task(_) | Choice::Timer => 0,
    });
    (choices.len(), switches, timers, numbers.sum())
}

/// A schedule on its way down. Each pass depends on the choices alone, so that what a pass leaves
/// as it is, another minimisation leaves, too.
struct Shrink {
    plan: Plan,
    choices: Vec<Choice>,
}

impl Shrink {
    fn with(&self, choices: Vec<Choice>) -> Plan {
        Plan {
            schedule: Schedule::Choices(choices),
            ..self.plan.clone()
        }
    }

    /// True if anything got smaller.
    fn pass(&mut self, trials: &mut Trials<'_>) -> bool {
        let before = cost(&self.choices);
        self.shorten(trials);
        let mut chunk = self.choices.len();
        while chunk > 0 && trials.left > 0 {
            self.drop_or_replace(trials, chunk);
            chunk /= 2;
        }
        cost(&self.choices) < before && trials.left > 0
    }

    /// Takes a candidate over if it shows the fingerprint and is smaller.
    fn accept(&mut self, trials: &mut Trials<'_>, candidate: Vec<Choice>) -> bool {
        let given = candidate.len();
        let plan = self.with(candidate);
        let Some(run) = trials.record(&plan) else {
            return false;
        };
        let choices = happened(&run, given);
        let smaller = cost(&choices) < cost(&self.choices);
        if smaller {
            self.choices = choices;
        }
        smaller
    }

    /// The shortest prefix after which the fallback rule still gets there.
    fn shorten(&mut self, trials: &mut Trials<'_>) {
        let mut too_short = None;
        loop {
            let low = too_short.map_or(0, |length: usize| length + 1);
            let high = self.choices.len();
            if low >= high {
                break;
            }
            let middle = low + (high - low) / 2;
            if !self.accept(trials, self.choices[..middle].to_vec()) {
                too_short = Some(middle);
            }
        }
        let mut length = self.choices.len();
        while length > 0 && self.choices.len() - length < LINEAR && trials.left > 0 {
            length -= 1;
            if self.accept(trials, self.choices[..length].to_vec()) {
                length = self.choices.len();
            }
        }
    }

    /// Delta debugging (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing input",
    /// 2002) at one granularity, from the end, where most of it is chance: drops chunks of
    /// choices, or has the fallback rule decide in their place.
    fn drop_or_replace(&mut self, trials: &mut Trials<'_>, chunk: usize) {
        let mut end = self.choices.len();
        while end > 0 && trials.left > 0 {
            let start = end.saturating_sub(chunk);
            let mut dropped = self.choices[..start].to_vec();
            dropped.extend_from_slice(&self.choices[end..]);
            if !self.accept(trials, dropped) {
                let mut replaced = self.choices.clone();
                replaced[start..end].fill(misfit());
                self.accept(trials, replaced);
            }
            end = start.min(self.choices.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{cost, happened, misfit};
    use crate::engine::Run;
    use crate::finding::Verdict;
    use crate::plan::Choice;
    use crate::task::TaskPath;

    fn task(n: u32) -> Choice {
        Choice::Task(TaskPath::root().child(n))
    }

    #[test]
    fn shorter_comes_before_calmer() {
        let calm = [task(1), task(1), task(1)];
        let wild = [task(1), task(2), task(1)];
        assert!(cost(&calm) < cost(&wild));
        assert!(cost(&wild[..2]) < cost(&calm));
        assert!(cost(&[Choice::Number(1)]) < cost(&[Choice::Number(2)]));
        assert!(cost(&[task(1)]) < cost(&[Choice::Timer]));
    }

    #[test]
    fn what_happened_is_never_longer_than_what_was_given() {
        let run = Run {
            steps: 3,
            choices: vec![task(1), task(2)],
            ..Run::without_steps(Verdict::Clean)
        };
        assert_eq!(happened(&run, 1), [task(1)]);
        assert_eq!(happened(&run, 5), [task(1), task(2)]);
        assert_ne!(misfit(), task(u32::MAX));
    }
}
