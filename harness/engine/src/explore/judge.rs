//! The input for a controlled run's verdict.

#[cfg(test)]
mod tests;

use standstill_model::finding::Verdict;
use standstill_model::plan::Plan;

use crate::explore::state::RunState;
use crate::verdict::{Facts, RunEnd, Survivor};

/// The tasks that have not ended, in slot order.
pub fn survivors(state: &RunState) -> Vec<Survivor> {
    let (ready, tracker) = (&state.ready, &state.tracker);
    let living = state.slots.living().into_iter();
    living
        .map(|task| Survivor {
            task,
            ready: ready.contains(task.slot),
            still: tracker.unpolled_since_mark(task.slot),
            age: None,
        })
        .collect()
}

/// The verdict of a run that has been closed.
pub fn verdict(
    state: &RunState,
    plan: &Plan,
    end: &RunEnd,
    unscheduled: usize,
    abandoned: u32,
) -> Verdict {
    let facts = Facts {
        tracker: &state.tracker,
        panics: &state.panics,
        leaks: plan.leaks,
        steps: state.run.steps,
        unscheduled,
        abandoned,
    };
    facts.verdict(end)
}
