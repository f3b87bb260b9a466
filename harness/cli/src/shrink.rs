//! Schedules in the form of corpus entries: recorded choices, as few as possible. They are readable in a
//! diff, and keep their meaning if the strategy that made them changes.

use standstill::{EngineKind, Fingerprint, Plan, Program, Runner, Schedule, minimise_schedule};

/// How many runs may be spent on shrinking one schedule.
const RUNS: u32 = 2_000;

/// The plan as recorded choices that reproduce the finding strictly. None if they do not.
pub(crate) fn shrunk(
    runner: &mut Runner,
    program: &Program,
    plan: &Plan,
    fingerprint: &Fingerprint,
) -> Option<Plan> {
    if plan.engine == EngineKind::Stress {
        // Such a plan has no schedule.
        return None;
    }
    let plan = minimise_schedule(runner, program, plan, fingerprint, RUNS);
    let verdict = runner.replay(program, &plan).verdict;
    let again = verdict
        .finding()
        .is_some_and(|finding| finding.fingerprint == *fingerprint);
    (again && matches!(plan.schedule, Schedule::Choices(_))).then_some(plan)
}
