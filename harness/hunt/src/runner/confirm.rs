//! Every finding is run once more before it is reported.

use standstill_engine::RecordLevel;
use standstill_model::finding::{Finding, FindingKind, Undecided, Verdict};
use standstill_model::plan::{Plan, Preempt, Schedule};
use standstill_model::scenario::Program;
use standstill_model::trace::Trace;

use crate::runner::Runner;

/// The result of a second run.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each finding, and it is taken apart at once"
)]
#[derive(Debug)]
pub enum Confirmed {
    /// The same finding, and the plan with its digest.
    Again {
        /// The finding, as the second run showed it.
        finding: Finding,
        /// The plan.
        plan: Plan,
        /// What happened, step by step.
        trace: Option<Box<Trace>>,
        /// The run as a schedule for `shuttle::replay`.
        shuttle_schedule: Option<String>,
    },
    /// The second run did not show the same finding.
    Undecided(Undecided),
}

/// Runs `plan`, which has shown `finding`, once more.
pub fn confirm(
    runner: &mut Runner,
    program: &Program,
    mut plan: Plan,
    finding: Finding,
) -> Confirmed {
    let run = runner.record_with(program, &plan, RecordLevel::Confirm);
    match run.verdict {
        Verdict::Found(again) if again.fingerprint == finding.fingerprint => {
            if let Schedule::Seeded { digest, .. } = &mut plan.schedule {
                *digest = run.digest;
            }
            let mut finding = *again;
            mark_preempted(runner, program, &plan, &mut finding);
            Confirmed::Again {
                finding,
                plan,
                trace: run.trace,
                shuttle_schedule: run.shuttle_schedule,
            }
        }
        Verdict::Undecided(reason) => Confirmed::Undecided(reason),
        other => Confirmed::Undecided(Undecided::Nondeterministic {
            detail: format!(
                "one run found {}, the same plan run again {}",
                finding.fingerprint,
                match &other {
                    Verdict::Found(again) => format!("found {}", again.fingerprint),
                    Verdict::Clean | Verdict::Undecided(_) => "was clean".to_owned(),
                }
            ),
        }),
    }
}

/// A panic while other tasks were suspended inside their polls may be caused by the engine: by a
/// `RefCell` that tasks of one thread share, for example. Checks whether it also happens when tasks are
/// preempted only between polls.
fn mark_preempted(runner: &mut Runner, program: &Program, plan: &Plan, finding: &mut Finding) {
    let doubtful = finding.kind == FindingKind::Panic
        && finding.panics.iter().any(|panic| panic.only_preempted);
    if !doubtful {
        return;
    }
    let mut calm = plan.clone();
    calm.preempt = Preempt::Await;
    let verdict = runner.record(program, &calm).verdict;
    let also_calm = verdict
        .finding()
        .is_some_and(|calm| calm.fingerprint == finding.fingerprint);
    if also_calm {
        for panic in &mut finding.panics {
            panic.only_preempted = false;
        }
    }
}
