//! What a hunt came to.

use std::time::Duration;

use crate::finding::{Finding, Verdict};
use crate::minimise::Size;
use crate::plan::Plan;
use crate::report::{Report, Smaller};
use crate::trace::Trace;

/// A finding of a hunt and the plan that shows it again.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The finding, as its replay showed it.
    pub finding: Finding,
    /// Runs it again.
    pub plan: Plan,
    /// As the hunt came upon it, if `plan` was minimised.
    pub minimised: Option<Shrunk>,
    /// What happened in the run of `plan`, step by step.
    pub trace: Option<Box<Trace>>,
    /// How many schedules had been tried before, and shown nothing of the kind.
    pub first_at: u64,
    /// How many schedules showed it.
    pub count: u64,
    /// As [`Run::shuttle_schedule`](crate::engine::Run::shuttle_schedule), of the finding's replay.
    pub shuttle_schedule: Option<String>,
}

impl Found {
    /// The finding's report.
    pub fn report(&self) -> Report {
        let trace = self.trace.as_deref().cloned();
        let mut report = Report::traced(self.finding.clone(), self.plan.clone(), trace);
        report.minimised = self.minimised.as_ref().map(|shrunk| Smaller {
            before: shrunk.before,
            after: shrunk.after,
            interrupted: shrunk.interrupted,
        });
        report.schedules_before = Some(self.first_at);
        report.shuttle_schedule.clone_from(&self.shuttle_schedule);
        report
    }
}

/// What a find was before it was minimised.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The plan that the hunt came upon.
    pub from: Plan,
    /// How big its run was.
    pub before: Size,
    /// How big the run of the minimised plan is.
    pub after: Size,
    /// False if the budget ran out first, or the hunt was stopped.
    pub complete: bool,
    /// The hunt was stopped before it was as small as it gets.
    pub interrupted: bool,
}

/// What a hunt came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `Found` if any schedule found something, `Clean` if every one was clean, else `Undecided`.
    pub verdict: Verdict,
    /// The plan that shows the finding again.
    pub plan: Option<Plan>,
    /// How many schedules were tried.
    pub schedules: u64,
    /// The schedule that found it, from 0.
    pub first_at: Option<u64>,
    /// Steps made, over all schedules.
    pub steps: u64,
    /// How long it took, in real time.
    pub elapsed: Duration,
    /// Every finding, by fingerprint, in the order in which they came up. One at the most, unless
    /// the hunt kept going.
    pub found: Vec<Found>,
    /// What the user should know of how the hunt went.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// The finding, if there is one.
    pub fn finding(&self) -> Option<&Finding> {
        self.verdict.finding()
    }

    /// The token that replays the finding.
    pub fn token(&self) -> Option<String> {
        self.plan.as_ref().map(Plan::to_token)
    }

    /// The report of the finding, if there is one.
    pub fn report(&self) -> Option<Report> {
        self.found.first().map(Found::report)
    }

    /// Panics with the report unless every schedule was clean.
    ///
    /// # Panics
    ///
    /// If there is a finding, or the hunt could not decide.
    #[track_caller]
    pub fn assert_clean(&self) {
        match (&self.verdict, self.report()) {
            (Verdict::Clean, _) => {}
            (_, Some(report)) => panic!("\n{report}"),
            (Verdict::Undecided(reason), None) => panic!("undecided: {reason}"),
            (Verdict::Found(finding), None) => panic!("{}", finding.kind),
        }
    }
}
