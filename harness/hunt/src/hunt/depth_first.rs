//! `dfs`: enumerates schedules depth first, with a growing bound on preemptions (Musuvathi, Qadeer:
//! "Iterative context bounding for systematic testing of multithreaded programs", PLDI 2007).
//!
//! With c preemptions, the number of schedules is polynomial in the number of steps, and most bugs need
//! few preemptions. The search is exhaustive: within the budget, a bug that is not found under a bound
//! does not occur under it. A round with one more preemption repeats the schedules of the rounds before.

use std::ops::ControlFlow;
use std::time::Instant;

use standstill_engine::Explore;
use standstill_engine::search::explorer::explore;
use standstill_engine::search::tree::Breadth;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::plan::{Plan, Schedule};
use standstill_model::scenario::Program;

use crate::hunt::shrink::shrink;
use crate::hunt::{Outcome, Template};
use crate::runner::{Found, Runner, Tally, confirm, explored};

/// Rounds with a bound on preemptions, before one without.
const ROUNDS: u32 = 4;

/// What the engine's thread has seen.
#[derive(Debug, Default)]
struct Seen {
    schedules: u64,
    steps: u64,
    found: Vec<(Finding, Plan, u64, u64)>,
    undecided: Option<Undecided>,
    over: bool,
    tally: Tally,
}

/// Hunts as `template` says, with no more preemptions than this.
pub(super) fn hunt(template: &Template, program: &Program, preemptions: Option<u32>) -> Outcome {
    let began = Instant::now();
    let (job, its_program) = (template.clone(), program.clone());
    let seen = explored(move |engine| rounds(engine, &job, &its_program, preemptions, began))
        .unwrap_or_else(|operation| Seen {
            undecided: Some(Undecided::Wedged { operation }),
            ..Seen::default()
        });
    let elapsed = began.elapsed();
    let mut runner = Runner::new();
    let mut found = Vec::new();
    let mut undecided = seen.undecided;
    for (finding, plan, first_at, count) in seen.found {
        match confirm(&mut runner, program, plan, finding) {
            Ok(again) => {
                let mut again = Found {
                    first_at,
                    count,
                    ..again
                };
                shrink(template, program, &mut runner, &mut again);
                found.push(again);
            }
            Err(reason) => undecided = undecided.or(Some(reason)),
        }
    }
    Outcome::of(
        found,
        undecided,
        (seen.schedules, seen.steps),
        elapsed,
        Vec::new(),
        seen.tally.account(),
    )
}

fn rounds(
    engine: &Explore,
    template: &Template,
    program: &Program,
    preemptions: Option<u32>,
    began: Instant,
) -> Seen {
    let mut seen = Seen::default();
    let bounded = (0..=preemptions.unwrap_or(ROUNDS)).map(Breadth::Preemptions);
    let unbounded = preemptions.is_none().then_some(Breadth::Whole);
    for breadth in bounded.chain(unbounded) {
        for load in template.job.ranges.every() {
            let mut plan = template.plan(0, template.job.preempt, None);
            plan.load = load;
            plan.schedule = Schedule::Choices(Vec::new());
            explore(engine, program, &plan, breadth, |mut execution| {
                let job = &template.job;
                seen.tally.add(execution.run);
                seen.schedules += 1;
                seen.steps += execution.run.steps;
                if let Some(progress) = &job.progress {
                    progress.add(execution.run.steps, execution.run.order);
                }
                match &execution.run.verdict {
                    Verdict::Clean => {}
                    Verdict::Undecided(reason) => {
                        seen.undecided.get_or_insert_with(|| reason.clone());
                    }
                    Verdict::Found(finding) => {
                        let known = seen
                            .found
                            .iter_mut()
                            .find(|known| known.0.fingerprint == finding.fingerprint);
                        match known {
                            Some(known) => known.3 += 1,
                            None => {
                                let plan = execution.plan(&plan);
                                let at = seen.schedules - 1;
                                seen.found.push(((**finding).clone(), plan, at, 1));
                            }
                        }
                    }
                }
                seen.over = seen.schedules >= template.settings.schedules
                    || !job.keep_going && !seen.found.is_empty()
                    || job.is_stopped()
                    || job.is_late(began);
                if seen.over {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            if seen.over {
                return seen;
            }
        }
    }
    seen
}
