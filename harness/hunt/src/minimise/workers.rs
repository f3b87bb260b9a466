//! Whether a finding takes two workers: whether it comes up where tasks are switched only between polls.

use standstill_model::plan::{Plan, Preempt};
use standstill_report::Workers;

use crate::minimise::load;
use crate::minimise::trials::Trials;

/// Tries the plan's own schedule and then fresh ones, as long as the trials last. None if a stop was
/// requested first.
pub(super) fn needed(trials: &mut Trials<'_>, plan: &Plan) -> Option<Workers> {
    let mut candidate = Plan {
        preempt: Preempt::Await,
        ..plan.clone()
    };
    let mut tried = 0;
    while let Some(shown) = trials.shows(&candidate) {
        if shown {
            return Some(Workers::One);
        }
        candidate.schedule = load::fresh(1, u64::from(tried));
        tried += 1;
    }
    (!trials.stopped()).then_some(Workers::Two { tried })
}
