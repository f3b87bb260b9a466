//! The outcome of a hunt.

use std::time::Duration;

use standstill_model::account::Account;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::plan::Plan;
use standstill_report::Report;

use crate::runner::Found;

/// The outcome of a hunt.
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
    /// What the user should know about how the hunt went.
    pub warnings: Vec<String>,
    /// What the hunt saw of the program, and what it could not see.
    pub account: Account,
}

impl Outcome {
    /// The outcome of a hunt with these findings, the earliest first, whose first undecided run was
    /// `undecided`.
    pub(super) fn of(
        found: Vec<Found>,
        undecided: Option<Undecided>,
        (schedules, steps): (u64, u64),
        elapsed: Duration,
        warnings: Vec<String>,
        account: Account,
    ) -> Self {
        let first = found.first();
        Self {
            verdict: match (first, undecided) {
                (Some(first), _) => Verdict::Found(Box::new(first.finding.clone())),
                (None, Some(reason)) => Verdict::Undecided(reason),
                (None, None) => Verdict::Clean,
            },
            plan: first.map(|first| first.plan.clone()),
            schedules,
            first_at: first.map(|first| first.first_at),
            steps,
            elapsed,
            found,
            warnings,
            account,
        }
    }

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
