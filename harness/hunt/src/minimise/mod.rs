//! Makes a plan as small as it gets while it still shows the same bug.
//!
//! First the load, then the schedule. A schedule is small if it departs from the fixed rule (the
//! current task goes on, else the lowest) as seldom as possible: schedules with few departures are
//! tried one by one, and where that takes too long the recorded one is cut down. What is tried is a
//! function of the plan alone, so the same plan always shrinks to the same one.

mod load;
mod schedule;
mod search;
mod trials;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use standstill_engine::{RecordLevel, Run};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::load::LoadRanges;
use standstill_model::plan::{Plan, Schedule, StrategyKind};
use standstill_model::random::schedule_seed;
use standstill_model::scenario::Program;
use standstill_model::size::Size;

use crate::runner::{Completion, Runner};

use schedule::Shrink;
use trials::{Trials, happened};

/// How many runs a minimisation may make, unless it is told. A long run counts as several.
pub const DEFAULT_MINIMISE_BUDGET: u32 = 20_000;

/// Departures from the fixed rule of which every combination is tried before anything else.
const SEARCHED: usize = 3;

/// How many other default orders are tried where the search finds nothing.
const ORDERS: u64 = 8;

/// How many runs are made at the most once somebody has asked to stop: that is over before he looks
/// up, and cuts off most of a schedule that was not come to yet.
const LAST_RUNS: u32 = 200;

/// What a minimisation came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimised {
    /// The smallest plan that was found.
    pub plan: Plan,
    /// How big the run was that it began with.
    pub before: Size,
    /// How big the run of `plan` is.
    pub after: Size,
    /// Whether there may be a smaller one.
    pub completion: Completion,
}

/// A minimisation with its settings.
#[derive(Clone, Debug)]
pub struct Minimise {
    ranges: Option<LoadRanges>,
    budget: u32,
    stop: Option<Arc<AtomicBool>>,
}

impl Default for Minimise {
    fn default() -> Self {
        Self::new()
    }
}

impl Minimise {
    /// Minimises the schedule, within [`DEFAULT_MINIMISE_BUDGET`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            ranges: None,
            budget: DEFAULT_MINIMISE_BUDGET,
            stop: None,
        }
    }

    /// Minimises the load first, as far down as these ranges go.
    #[must_use]
    pub fn ranges(mut self, ranges: &LoadRanges) -> Self {
        self.ranges = Some(ranges.clone());
        self
    }

    /// How many runs may be made, at the most; half of them for the load. Default:
    /// [`DEFAULT_MINIMISE_BUDGET`].
    #[must_use]
    pub fn budget(mut self, runs: u32) -> Self {
        self.budget = runs;
        self
    }

    /// Stops soon after the flag was set, with the best so far: the smallest load that was found, and
    /// a schedule without what could be left out of it in a few hundred runs.
    #[must_use]
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Minimises `plan`, which shows `fingerprint`. None if it does not, or if its choices cannot be
    /// recorded (the engine's thread was blocked).
    ///
    /// # Panics
    ///
    /// If the engine itself does: that is a bug of Standstill.
    pub fn run(
        &self,
        runner: &mut Runner,
        program: &Program,
        plan: &Plan,
        fingerprint: &Fingerprint,
    ) -> Option<Minimised> {
        let _span = crate::spans::minimise(plan);
        let mut trials = Trials {
            runner,
            program,
            fingerprint,
            left: self.budget,
            stop: self.stop.clone(),
            futurelock: Cell::default(),
        };
        let first = measured(&mut trials, plan)?;
        let mut best = plan.clone();
        let mut load_complete = true;
        if let Some(ranges) = &self.ranges {
            let half = trials.left / 2;
            let mut limited = trials.limited(half);
            load::lower_all(&mut limited, &mut best, ranges);
            load_complete = !limited.over();
            trials.left -= half - limited.left;
        }
        best = smallest_schedule(&mut trials, &best);
        let completion = if trials.stopped() {
            Completion::Interrupted
        } else if load_complete && trials.left > 0 {
            Completion::Complete
        } else {
            Completion::BudgetSpent
        };
        if completion == Completion::Interrupted {
            best = last_cut(&mut trials, &best);
        }
        let after = measured(&mut trials, &best)?;
        Some(Minimised {
            plan: best,
            before: first,
            after,
            completion,
        })
    }
}

/// The size of a plan's run, if it shows the fingerprint. Not part of the budget.
fn measured(trials: &mut Trials<'_>, plan: &Plan) -> Option<Size> {
    let run = trials
        .runner
        .record_with(trials.program, plan, RecordLevel::Trace);
    if !trials.same(&run) {
        return None;
    }
    let seen = run.trace.as_ref().map_or(0, |trace| trace.points.len());
    if seen == run.choices.len() {
        return size(plan, &run);
    }
    // A scheduler of another engine's own does not say what else it could have chosen: what it did
    // choose is gone through once more.
    let recorded = Plan {
        schedule: Schedule::Choices(run.choices),
        ..plan.clone()
    };
    let run = trials
        .runner
        .record_with(trials.program, &recorded, RecordLevel::Trace);
    if trials.same(&run) {
        size(&recorded, &run)
    } else {
        None
    }
}

/// How big a run was; None if it was not traced.
fn size(plan: &Plan, run: &Run) -> Option<Size> {
    let trace = run.trace.as_ref()?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Some(Size {
        tasks: count(trace.tasks.len()),
        steps: run.steps,
        preemptions: trace.preemptions,
        choices: match &plan.schedule {
            Schedule::Choices(choices) => count(choices.len()),
            Schedule::Seeded { .. } | Schedule::Bytes(_) => count(run.choices.len()),
        },
    })
}

/// The plan with the smallest schedule that was found: searched for, or else cut down from the
/// plan's own and from other default orders.
fn smallest_schedule(trials: &mut Trials<'_>, plan: &Plan) -> Plan {
    // Three fifths; a budget may be as large as the type allows.
    let allowance = trials.left / 5 * 3 + trials.left % 5 * 3 / 5;
    let mut limited = trials.limited(allowance);
    let searched = search::fewest(&mut limited, plan, SEARCHED);
    trials.left -= allowance - limited.left;
    if let Some(found) = searched {
        // The same with fewer choices, if that does not make it worse to read.
        let preempting = preemptions(trials, &found);
        let shorter = cut_down(trials, &found);
        return match preemptions(trials, &shorter) <= preempting {
            true => shorter,
            false => found,
        };
    }
    let mut best = cut_down(trials, plan);
    let mut preempting = preemptions(trials, &best);
    for order in 0..ORDERS {
        if preempting <= 1 || trials.over() {
            break;
        }
        // PCT without change points is a default order of its own: none is preempted but by who
        // comes before it.
        let other = Plan {
            schedule: Schedule::Seeded {
                strategy: StrategyKind::Pct {
                    depth: 1 + u8::try_from(order % 3).unwrap_or(0),
                },
                seed: schedule_seed(0, order),
                digest: None,
            },
            ..best.clone()
        };
        if trials.shows(&other) != Some(true) {
            continue;
        }
        let other = cut_down(trials, &other);
        let preemptions = preemptions(trials, &other);
        if preemptions < preempting {
            (best, preempting) = (other, preemptions);
        }
    }
    best
}

/// Somebody asked to stop, perhaps before anything was left out of the schedule: the search knows of
/// nothing smaller until it is through. What a moment allows is left out, then.
fn last_cut(trials: &mut Trials<'_>, plan: &Plan) -> Plan {
    let cut = cut_down(&mut trials.after_all(LAST_RUNS), plan);
    let mut preempting = |plan| preemptions(&mut trials.after_all(1), plan);
    match preempting(&cut) <= preempting(plan) {
        true => cut,
        false => plan.clone(),
    }
}

fn preemptions(trials: &mut Trials<'_>, plan: &Plan) -> u32 {
    let run = trials.trace(plan);
    let trace = run.and_then(|run| run.trace);
    trace.map_or(u32::MAX, |trace| trace.preemptions)
}

/// The plan's own schedule, with whatever can be left out left out.
fn cut_down(trials: &mut Trials<'_>, plan: &Plan) -> Plan {
    let Some(run) = trials.record(plan).filter(|run| run.digest.is_some()) else {
        return plan.clone();
    };
    let choices = match &plan.schedule {
        // Recorded are also the choices that the fixed rule made after the last given one.
        Schedule::Choices(given) => happened(&run, given.len()),
        Schedule::Seeded { .. } | Schedule::Bytes(_) => run.choices,
    };
    let mut shrink = Shrink {
        plan: plan.clone(),
        choices,
    };
    while shrink.pass(trials) {}
    let choices = std::mem::take(&mut shrink.choices);
    shrink.with(choices)
}

/// The plan with the smallest schedule that was found to show `fingerprint`, as recorded choices
/// that replay strictly. The fixed rule goes on after the last of them: the current task, else the
/// lowest.
///
/// At the most `budget` runs are made. A plan that does not show the fingerprint, or whose choices
/// cannot be recorded (the engine's thread was blocked), comes back as it is.
///
/// ```
/// use standstill_hunt::{DEFAULT_MINIMISE_BUDGET, Hunt, Runner, minimise_schedule};
/// use standstill_model::{Program, Schedule};
///
/// async fn root() {
///     assert_ne!(standstill_rt::host::with(|host| host.choose(8)), Some(5), "unlucky");
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
        stop: None,
        futurelock: Cell::default(),
    };
    match trials.record(plan) {
        Some(run) if run.digest.is_some() => smallest_schedule(&mut trials, plan),
        _ => plan.clone(),
    }
}

/// The plan with the smallest load that was found to show `fingerprint` under some schedule: each
/// knob as low as `ranges` and the bug allow. The schedule is the plan's own where that still
/// shows it, else another one.
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
        stop: None,
        futurelock: Cell::default(),
    };
    let mut best = plan.clone();
    load::lower_all(&mut trials, &mut best, ranges);
    best
}
