//! Minimises what a hunt has found before it is reported.

use std::sync::Arc;

use standstill_model::finding::FindingKind;
use standstill_model::scenario::Program;

use crate::hunt::Template;
use crate::minimise::Minimise;
use crate::runner::Runner;
use crate::runner::confirm;
use crate::runner::{Found, Shrunk};

/// Minimises a finding, if that is possible and if the smaller plan is confirmed like any other. Then tries
/// where it can happen.
pub(super) fn shrink(
    template: &Template,
    program: &Program,
    runner: &mut Runner,
    found: &mut Found,
) {
    let budget = template.settings.minimise;
    // Each trial with a blocked thread costs a thread, and more than a second.
    if budget == 0 || found.finding.kind == FindingKind::Blocked {
        return;
    }
    let mut minimise = Minimise::new().ranges(&template.job.ranges).budget(budget);
    if let Some(stop) = &template.job.stop {
        minimise = minimise.stop_when(Arc::clone(stop));
    }
    smaller(&minimise, program, runner, found);
    found.workers = minimise.workers(runner, program, &found.plan, &found.finding);
}

fn smaller(minimise: &Minimise, program: &Program, runner: &mut Runner, found: &mut Found) {
    let fingerprint = &found.finding.fingerprint;
    let Some(small) = minimise.run(runner, program, &found.plan, fingerprint) else {
        return;
    };
    if let Ok(again) = confirm(runner, program, small.plan, found.finding.clone()) {
        *found = Found {
            minimised: Some(Shrunk {
                from: found.plan.clone(),
                before: small.before,
                after: small.after,
                completion: small.completion,
                needs_slack: small.needs_slack,
            }),
            first_at: found.first_at,
            count: found.count,
            ..again
        };
    }
}
