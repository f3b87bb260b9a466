//! Runs candidates, and accepts those that show the fingerprint.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use standstill_engine::{RecordLevel, Run};
use standstill_model::finding::{Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::plan::{Choice, Plan};
use standstill_model::scenario::Program;

use crate::runner::Runner;

/// A long run counts as several: as one run per this many steps.
const STEPS_A_RUN: u64 = 200;

/// A run that blocked its thread counts as this many: each costs a thread and more than a second.
const A_WEDGE: u32 = 2_000;

/// Runs plans for as long as the budget lasts.
pub(super) struct Trials<'a> {
    pub(super) runner: &'a mut Runner,
    pub(super) program: &'a Program,
    pub(super) fingerprint: &'a Fingerprint,
    /// How many runs may still be made.
    pub(super) left: u32,
    pub(super) stop: Option<Arc<AtomicBool>>,
    /// When trying ends, whatever is left of the budget.
    pub(super) deadline: Option<Instant>,
    /// Whether the first run to show the fingerprint was a futurelock. A smaller plan must be one too,
    /// or the report would describe a different mistake.
    pub(super) futurelock: Cell<Option<bool>>,
}

impl Trials<'_> {
    /// Whether no run is left, or a stop was requested.
    pub(super) fn over(&self) -> bool {
        let late = self.deadline.is_some_and(|at| Instant::now() >= at);
        self.left == 0 || late || self.stopped()
    }

    /// Whether a stop was requested.
    pub(super) fn stopped(&self) -> bool {
        let stop = self.stop.as_ref();
        stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Allows this many runs beyond the budget, even though a stop was requested.
    pub(super) fn after_all(&mut self, runs: u32) -> Trials<'_> {
        Trials {
            left: runs,
            stop: None,
            deadline: None,
            ..self.limited(runs)
        }
    }

    /// The same trials with at most this many runs.
    pub(super) fn limited(&mut self, runs: u32) -> Trials<'_> {
        Trials {
            runner: self.runner,
            program: self.program,
            fingerprint: self.fingerprint,
            left: self.left.min(runs),
            stop: self.stop.clone(),
            deadline: self.deadline,
            futurelock: self.futurelock.clone(),
        }
    }

    fn pay(&mut self) -> Option<()> {
        if self.over() {
            return None;
        }
        self.left -= 1;
        Some(())
    }

    fn made(&mut self, run: &Run) {
        let surcharge = match &run.verdict {
            Verdict::Undecided(Undecided::Wedged { .. }) => A_WEDGE,
            _ => u32::try_from(run.steps / STEPS_A_RUN).unwrap_or(u32::MAX),
        };
        self.left = self.left.saturating_sub(surcharge);
    }

    /// Runs a plan. Whether it shows the fingerprint; None if no run is left.
    pub(super) fn shows(&mut self, plan: &Plan) -> Option<bool> {
        self.pay()?;
        let run = self.runner.run(self.program, plan, RecordLevel::Hunt);
        self.made(&run);
        Some(self.same(&run))
    }

    /// Runs a plan and records its choices. None if it does not show the fingerprint, or no run is left.
    /// The first run does not record: most candidates show something else, and are not worth recording.
    pub(super) fn record(&mut self, plan: &Plan) -> Option<Run> {
        if !self.shows(plan)? {
            return None;
        }
        self.pay()?;
        let run = self.runner.record(self.program, plan);
        self.made(&run);
        self.same(&run).then_some(run)
    }

    /// Runs a plan and records everything that happens, whatever it shows. None if no run is left.
    pub(super) fn trace(&mut self, plan: &Plan) -> Option<Run> {
        self.pay()?;
        let run = self
            .runner
            .record_with(self.program, plan, RecordLevel::Trace);
        self.made(&run);
        Some(run)
    }

    pub(super) fn same(&self, run: &Run) -> bool {
        let Some(finding) = run.verdict.finding() else {
            return false;
        };
        if finding.fingerprint != *self.fingerprint {
            return false;
        }
        let is_one = finding.graph.futurelock(&finding.core).is_some();
        let was_one = self.futurelock.get().unwrap_or(is_one);
        self.futurelock.set(Some(was_one));
        is_one || !was_one
    }
}

/// The choices that were really made when `given` ones were to be followed. Where a given choice did not
/// fit, this has the choice that the fallback rule made.
pub(super) fn happened(run: &Run, given: usize) -> Vec<Choice> {
    run.choices[..given.min(run.choices.len())].to_vec()
}
