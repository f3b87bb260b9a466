//! Without slack, if the bug allows.

use standstill_model::plan::{Choice, Plan, Schedule};
use standstill_model::slack::Slack;

use crate::minimise::load;
use crate::minimise::trials::Trials;

/// Removes the plan's slack. False if nothing that was tried shows the fingerprint without it: the plan's
/// own schedule without its timers, fresh schedules, and those that are close to the default order.
pub(super) fn remove(trials: &mut Trials<'_>, best: &mut Plan) -> bool {
    if best.slack == Slack::NONE {
        return true;
    }
    let mut without = Plan {
        slack: Slack::NONE,
        ..best.clone()
    };
    let recorded = trials.record(best);
    if let Some(run) = &recorded {
        let is_early = |choice: &Choice| *choice == Choice::Timer;
        if !run.choices.iter().any(is_early) {
            // No timer was early, so only its seeds may mean something else.
            without.schedule = Schedule::Choices(run.choices.clone());
            if trials.shows(&without) == Some(true) {
                *best = without;
                return true;
            }
        }
        let timely = run.choices.iter().filter(|choice| !is_early(choice));
        without.schedule = Schedule::Choices(timely.cloned().collect());
    }
    match load::under(trials, &without, best.load) {
        Some(plan) => {
            *best = plan;
            true
        }
        None => false,
    }
}
