//! A run as the body of a Shuttle test.

use standstill_model::finding::Verdict;
use standstill_model::load::Load;
use standstill_model::plan::{EngineKind, Plan, Schedule, Variant};
use standstill_model::scenario::{Program, Scenario};
use standstill_report::Report;

/// A variant of a scenario as a test body for Shuttle. `shuttle::replay(body, schedule)` runs the
/// schedule that a report of the engine `shuttle` gives, and fails in the same way. The body also runs
/// under `shuttle::check_random` and Shuttle's other runners. These are not fair, so a finding under
/// them may depend on unfairness.
///
/// The body sets up tokio's paused clock and the task that advances it. If nothing can ever happen
/// again, or anything else is wrong, it panics with the finding's headline and fingerprint. All settings
/// of the run are the defaults; [`shuttle_body_of`] takes them from a plan.
///
/// # Panics
///
/// If the scenario has no such variant.
pub fn shuttle_body(
    scenario: &Scenario,
    variant: Variant,
    load: Load,
) -> impl Fn() + Send + Sync + use<> {
    let Some(program) = scenario.program(variant) else {
        panic!("{} has no variant `{variant}`", scenario.name());
    };
    let plan = Plan::new(
        scenario.name(),
        variant,
        load,
        Schedule::Choices(Vec::new()),
    );
    shuttle_body_of(program, &plan)
}

/// As [`shuttle_body`], with the settings of `plan`. The plan's schedule is ignored: the scheduler
/// decides.
pub fn shuttle_body_of(program: &Program, plan: &Plan) -> impl Fn() + Send + Sync + use<> {
    let program = program.clone();
    let mut plan = plan.clone();
    plan.engine = EngineKind::Shuttle;
    plan.schedule = Schedule::Choices(Vec::new());
    move || {
        standstill_hunt::runner::prepare();
        let run = standstill_shuttle::run_in_execution(&program, &plan);
        match run.verdict {
            Verdict::Clean => {}
            Verdict::Found(finding) => {
                let fingerprint = finding.fingerprint.clone();
                let report = Report::new(*finding, plan.clone());
                panic!("{} ({fingerprint})", report.headline());
            }
            Verdict::Undecided(reason) => panic!("undecided: {reason}"),
        }
    }
}
