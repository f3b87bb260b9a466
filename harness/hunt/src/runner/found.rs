//! Findings, and the plans that reproduce them.

use standstill_model::finding::Finding;
use standstill_model::plan::Plan;
use standstill_model::size::Size;
use standstill_model::trace::Trace;
use standstill_report::{Report, Smaller, Workers};

/// How far a minimisation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It completed: nothing smaller was found.
    Complete,
    /// The budget ran out first.
    BudgetSpent,
    /// It was stopped first, by the flag of [`Minimise::stop_when`](crate::Minimise::stop_when).
    Interrupted,
}

/// A finding of a hunt and the plan that reproduces it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The finding, as its replay showed it.
    pub finding: Finding,
    /// The plan that reproduces it.
    pub plan: Plan,
    /// The finding as the hunt first saw it, if `plan` was minimised.
    pub minimised: Option<Shrunk>,
    /// What happened in the run of `plan`, step by step.
    pub trace: Option<Box<Trace>>,
    /// How many schedules without this finding had been tried before.
    pub first_at: u64,
    /// How many schedules showed it.
    pub count: u64,
    /// As [`Run::shuttle_schedule`](standstill_engine::Run::shuttle_schedule), of the finding's replay.
    pub shuttle_schedule: Option<String>,
    /// How many worker threads it takes, if that was tried.
    pub workers: Option<Workers>,
}

impl Found {
    /// The finding's report.
    pub fn report(&self) -> Report {
        let trace = self.trace.as_deref().cloned();
        let mut report = Report::traced(self.finding.clone(), self.plan.clone(), trace);
        report.minimised = self.minimised.as_ref().map(|shrunk| Smaller {
            before: shrunk.before,
            after: shrunk.after,
            interrupted: shrunk.completion == Completion::Interrupted,
            needs_slack: shrunk.needs_slack,
        });
        report.workers = self.workers;
        report.schedules_before = Some(self.first_at);
        report.shuttle_schedule.clone_from(&self.shuttle_schedule);
        report
    }
}

/// A finding before it was minimised.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The plan with which the hunt found it.
    pub from: Plan,
    /// How big its run was.
    pub before: Size,
    /// How big the run of the minimised plan is.
    pub after: Size,
    /// Whether the minimisation completed.
    pub completion: Completion,
    /// The same was looked for without slack, in vain.
    pub needs_slack: bool,
}
