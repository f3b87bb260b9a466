//! Every finding is run once more before it is reported.

use standstill_engine::RecordLevel;
use standstill_model::finding::{Finding, FindingKind, Undecided, Verdict};
use standstill_model::plan::{Plan, Preempt, Schedule};
use standstill_model::scenario::Program;

use crate::runner::{Found, Runner};

/// Runs `plan`, which came to `finding`, once more. Where it came up in a hunt is for the hunt to say.
///
/// # Errors
///
/// If the second run comes to something else.
pub fn confirm(
    runner: &mut Runner,
    program: &Program,
    mut plan: Plan,
    finding: Finding,
) -> Result<Found, Undecided> {
    let run = runner.record_with(program, &plan, RecordLevel::Confirm);
    match run.verdict {
        Verdict::Found(again) if again.fingerprint == finding.fingerprint => {
            if let Schedule::Seeded { digest, .. } = &mut plan.schedule {
                *digest = run.digest;
            }
            let mut finding = *again;
            mark_preempted(runner, program, &plan, &mut finding);
            Ok(Found {
                finding,
                plan,
                minimised: None,
                trace: run.trace,
                first_at: 0,
                count: 1,
                shuttle_schedule: run.shuttle_schedule,
                workers: None,
            })
        }
        Verdict::Undecided(reason) => Err(reason),
        other => Err(Undecided::Nondeterministic {
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
    let mut no_preempt = plan.clone();
    no_preempt.preempt = Preempt::Await;
    let verdict = runner.record(program, &no_preempt).verdict;
    let also_without = verdict
        .finding()
        .is_some_and(|again| again.fingerprint == finding.fingerprint);
    if also_without {
        for panic in &mut finding.panics {
            panic.only_preempted = false;
        }
    }
}
