//! Whether a finding takes two workers: whether it comes up where tasks are switched only between polls.

use standstill_engine::RecordLevel;
use standstill_model::finding::FindingKind;
use standstill_model::plan::{Plan, Preempt, Schedule, StrategyKind};
use standstill_model::random::schedule_seed;
use standstill_model::scenario::Program;
use standstill_report::Workers;
use standstill_rt::task::TaskKind;

use crate::hunt::Template;
use crate::runner::{Found, Runner};

/// How many schedules are tried in which tasks are switched only between polls.
const TRIED: u32 = 300;

/// Tries. None if that makes no sense for the finding, or was not asked for.
pub(super) fn tried(
    template: &Template,
    program: &Program,
    runner: &mut Runner,
    found: &Found,
) -> Option<Workers> {
    let polls = |kind| kind != TaskKind::Thread;
    let tasks = &found.finding.graph.tasks;
    let concerns_polls = tasks.iter().skip(1).any(|task| polls(task.kind));
    let skipped = template.settings.minimise == 0
        || template.job.is_stopped()
        || found.finding.kind == FindingKind::Blocked
        || found.plan.preempt == Preempt::Await;
    if skipped || !concerns_polls {
        return None;
    }
    let mut plan = Plan {
        preempt: Preempt::Await,
        ..found.plan.clone()
    };
    let mut same = |plan: &Plan| {
        let run = runner.run(program, plan, RecordLevel::Hunt);
        let again = run.verdict.finding();
        again.is_some_and(|again| again.fingerprint == found.finding.fingerprint)
    };
    if same(&plan) {
        return Some(Workers::One);
    }
    for index in 0..u64::from(TRIED) {
        let strategy = match index % 4 {
            0 => StrategyKind::Random,
            depth => StrategyKind::Pct {
                depth: u8::try_from(depth).unwrap_or(1),
            },
        };
        plan.schedule = Schedule::Seeded {
            strategy,
            seed: schedule_seed(1, index),
            digest: None,
        };
        if same(&plan) {
            return Some(Workers::One);
        }
        if template.job.is_stopped() {
            return None;
        }
    }
    Some(Workers::Two { tried: TRIED })
}
