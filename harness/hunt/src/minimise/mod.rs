//! Makes a plan as small as possible while it still shows the same bug.
//!
//! Slack is removed first if that is possible, then the load is minimised, then the schedule. A schedule
//! is small if it rarely deviates from the
//! fixed rule (the current task goes on, else the lowest). Schedules with few deviations are tried one
//! by one; where that takes too long, the recorded schedule is cut down. The trials depend on the plan
//! alone, so the same plan always shrinks to the same result.

mod load;
mod schedule;
mod search;
mod slack;
mod trials;
mod workers;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use standstill_engine::{RecordLevel, Run};
use standstill_model::finding::Finding;
use standstill_model::fingerprint::Fingerprint;
use standstill_model::load::LoadRanges;
use standstill_model::plan::{Plan, Preempt, Schedule, StrategyKind};
use standstill_model::random::schedule_seed;
use standstill_model::scenario::Program;
use standstill_model::size::Size;
use standstill_report::Workers;
use standstill_rt::task::TaskKind;

use crate::runner::{Completion, Runner};

use schedule::Shrink;
use trials::{Trials, happened};

/// How many runs a minimisation may make by default. A long run counts as several.
pub const DEFAULT_MINIMISE_BUDGET: u32 = 20_000;

/// How long a minimisation may take, in real time. Only programs with very long runs, or that block the
/// engine's thread, take so long.
const LONGEST: Duration = Duration::from_secs(60);

/// Every combination of up to this many deviations from the fixed rule is tried before anything else.
const SEARCHED: usize = 3;

/// A minimised run may have this many times as many steps as the original one.
const MOST_GROWTH: u64 = 3;

/// How many other default orders are tried where the search finds nothing.
const ORDERS: u64 = 8;

/// How many runs are made at the most after a stop was requested. They take no noticeable time, and are
/// enough to cut off most of a schedule that was not yet reduced.
const LAST_RUNS: u32 = 200;

/// The result of a minimisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimised {
    /// The smallest plan that was found.
    pub plan: Plan,
    /// The size of the original plan's run.
    pub before: Size,
    /// The size of the run of `plan`.
    pub after: Size,
    /// Whether there may be a smaller one.
    pub completion: Completion,
    /// The plan has slack, and the same was looked for without it, in vain.
    pub needs_slack: bool,
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
    /// Minimises slack and schedule, within [`DEFAULT_MINIMISE_BUDGET`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            ranges: None,
            budget: DEFAULT_MINIMISE_BUDGET,
            stop: None,
        }
    }

    /// Also minimises the load, first, within these ranges.
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

    /// Stops soon after the flag is set, with the best plan so far: the smallest load that was found,
    /// and its schedule after a few hundred more runs that cut it down.
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
        let mut trials = self.trials(runner, program, fingerprint, self.budget);
        let first = measured(&mut trials, plan)?;
        let mut best = plan.clone();
        let quarter = trials.left / 4;
        let mut limited = trials.limited(quarter);
        let needs_slack = !slack::remove(&mut limited, &mut best);
        trials.left -= quarter - limited.left;
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
        } else if load_complete && !trials.over() {
            Completion::Complete
        } else {
            Completion::BudgetSpent
        };
        if completion == Completion::Interrupted {
            best = last_cut(&mut trials, &best);
        }
        let mut after = measured(&mut trials, &best)?;
        let grew = |size: &Size| size.tasks > first.tasks || size.steps > MOST_GROWTH * first.steps;
        if grew(&after) {
            // A schedule with fewer choices that leads to a larger run explains nothing.
            best = cut_down(&mut trials, plan);
            after = measured(&mut trials, &best)?;
        }
        if grew(&after) {
            (best, after) = (plan.clone(), first);
        }
        Some(Minimised {
            plan: best,
            before: first,
            after,
            completion,
            needs_slack,
        })
    }
}

/// How many schedules are tried in which tasks are switched only between polls.
const TRIED_AT_AWAITS: u32 = 300;

impl Minimise {
    /// Tries whether the finding of `plan` takes two workers. None if that was not tried.
    pub(crate) fn workers(
        &self,
        runner: &mut Runner,
        program: &Program,
        plan: &Plan,
        finding: &Finding,
    ) -> Option<Workers> {
        let mut tasks = finding.graph.tasks.iter().skip(1);
        let has_polls = tasks.any(|task| task.kind != TaskKind::Thread);
        if plan.preempt == Preempt::Await || !has_polls {
            return None;
        }
        let budget = self.budget.min(TRIED_AT_AWAITS);
        let mut trials = self.trials(runner, program, &finding.fingerprint, budget);
        workers::needed(&mut trials, plan)
    }

    fn trials<'a>(
        &self,
        runner: &'a mut Runner,
        program: &'a Program,
        fingerprint: &'a Fingerprint,
        budget: u32,
    ) -> Trials<'a> {
        Trials {
            runner,
            program,
            fingerprint,
            left: budget,
            stop: self.stop.clone(),
            deadline: Some(Instant::now() + LONGEST),
            futurelock: Cell::default(),
        }
    }
}

/// The size of a plan's run, if it shows the fingerprint. Not charged to the budget.
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
    // If a scheduler belongs to another engine, it does not report what else it could have chosen. So
    // its choices are replayed.
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

/// The plan with the smallest schedule that was found: by the search, or else by cutting down the plan's
/// own schedule and other default orders.
fn smallest_schedule(trials: &mut Trials<'_>, plan: &Plan) -> Plan {
    // Three fifths, computed without overflow: a budget may be as large as the type allows.
    let allowance = trials.left / 5 * 3 + trials.left % 5 * 3 / 5;
    let mut limited = trials.limited(allowance);
    let searched = search::fewest(&mut limited, plan, SEARCHED);
    trials.left -= allowance - limited.left;
    if let Some(found) = searched {
        // Tries the same with fewer choices, if that adds no preemption.
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
        // PCT without change points is a default order too: a task is preempted only by tasks that come
        // before it in that order.
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

/// A stop was requested, perhaps before anything was removed from the schedule: the search yields no
/// smaller schedule until it completes. So this removes what a few runs can.
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

/// The plan's own schedule, without the choices that can be removed.
fn cut_down(trials: &mut Trials<'_>, plan: &Plan) -> Plan {
    let Some(run) = trials.record(plan).filter(|run| run.digest.is_some()) else {
        return plan.clone();
    };
    let choices = match &plan.schedule {
        // The recording also contains the choices that the fixed rule made after the last given one.
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
        deadline: None,
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
        deadline: None,
        futurelock: Cell::default(),
    };
    let mut best = plan.clone();
    load::lower_all(&mut trials, &mut best, ranges);
    best
}
