//! Schedules as corpus entries hold them: recorded choices, as few as it takes. They can be read in
//! a diff, and mean the same whatever becomes of the strategy that made them.

use standstill::{EngineKind, Fingerprint, Plan, Program, Runner, Schedule, minimise_schedule};

/// What shrinking one schedule may cost, in runs.
const RUNS: u32 = 2_000;

/// The plan as recorded choices that bring the finding back, strictly. None if they do not.
pub(crate) fn shrunk(
    runner: &mut Runner,
    program: &Program,
    plan: &Plan,
    fingerprint: &Fingerprint,
) -> Option<Plan> {
    if plan.engine == EngineKind::Stress {
        // It has no schedule.
        return None;
    }
    let plan = minimise_schedule(runner, program, plan, fingerprint, RUNS);
    let verdict = runner.replay(program, &plan).verdict;
    let again = verdict
        .finding()
        .is_some_and(|finding| finding.fingerprint == *fingerprint);
    (again && matches!(plan.schedule, Schedule::Choices(_))).then_some(plan)
}
