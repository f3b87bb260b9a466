//! The settings that hunts and proofs share: the program, its loads, and when to stop.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use standstill_model::finding::{Finding, FindingKind};
use standstill_model::load::{Knob, Load, LoadRanges, RangeError};
use standstill_model::plan::{Leaks, Preempt, Variant};
use standstill_model::scenario::{Program, Scenario};
use standstill_model::slack::Slack;

use crate::runner::{HuntError, Progress};

/// The part that a [`Hunt`](crate::Hunt) and a [`Prove`](crate::Prove) share.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) variant: Variant,
    program: Option<Program>,
    known_variants: Vec<Variant>,
    /// The ranges that a scenario declares. A program of one's own declares none.
    declared: Option<LoadRanges>,
    /// The loads that are tried.
    pub(crate) ranges: LoadRanges,
    range_error: Option<RangeError>,
    pub(crate) preempt: Preempt,
    pub(crate) leaks: Leaks,
    /// The slack that was asked for.
    pub(crate) slack: Option<Slack>,
    pub(crate) keep_going: bool,
    pub(crate) time: Option<Duration>,
    pub(crate) stop: Option<Arc<AtomicBool>>,
    pub(crate) progress: Option<Arc<Progress>>,
}

impl Job {
    /// Settings for a program of one's own.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            variant: Variant::Own,
            program: None,
            known_variants: vec![Variant::Own],
            declared: None,
            ranges: LoadRanges::default(),
            range_error: None,
            preempt: Preempt::Op,
            leaks: Leaks::All,
            slack: None,
            keep_going: false,
            time: None,
            stop: None,
            progress: None,
        }
    }

    /// Settings for a variant of a scenario, over its whole ranges.
    pub(crate) fn of(scenario: &Scenario, variant: Variant) -> Self {
        let mut job = Self::new(scenario.name());
        job.variant = variant;
        job.program = scenario.program(variant).cloned();
        job.known_variants = scenario.variants().collect();
        job.declared = Some(scenario.ranges().clone());
        job.ranges = scenario.ranges().clone();
        job
    }

    pub(crate) fn knob(&mut self, knob: Knob, range: RangeInclusive<u8>) {
        let undeclared = || LoadRanges::default().with(knob, 0..=u8::MAX);
        let allowed = self.declared.clone().unwrap_or_else(undeclared);
        match allowed.narrow(&self.name, knob, range.clone()) {
            Ok(_) => self.ranges = std::mem::take(&mut self.ranges).with(knob, range),
            Err(error) => {
                self.range_error.get_or_insert(error);
            }
        }
    }

    pub(crate) fn load(&mut self, load: Load) {
        for knob in Knob::ALL {
            let value = load.get(knob);
            if self.ranges.get(knob).is_some() || value != 0 {
                self.knob(knob, value..=value);
            }
        }
    }

    /// The scenario's knobs that are 0 in every load, although it has loads in which they are not.
    pub(crate) fn absent(&self) -> Vec<Knob> {
        let declared = self.declared.iter().flat_map(LoadRanges::iter);
        let can_be_there = declared.filter(|(_, range)| *range.end() > 0);
        can_be_there
            .map(|(knob, _)| knob)
            .filter(|knob| self.ranges.get(*knob).is_none_or(|range| *range.end() == 0))
            .collect()
    }

    /// Sets the program.
    pub(crate) fn run(&mut self, program: Program) {
        self.program = Some(program);
    }

    /// The program.
    ///
    /// # Errors
    ///
    /// If a range does not fit the scenario, or it lacks the variant.
    pub(crate) fn program(&self) -> Result<Program, HuntError> {
        if let Some(error) = &self.range_error {
            return Err(error.clone().into());
        }
        let known = self.known_variants.iter().map(|variant| variant.name());
        self.program
            .clone()
            .ok_or_else(|| HuntError::NoSuchVariant {
                scenario: self.name.clone(),
                variant: self.variant,
                known: known.collect::<Vec<_>>().join(", "),
            })
    }

    /// Whether a run's finding counts, which spent this much slack. A panic after a timer has fired early
    /// counts only if slack was asked for: few assertions about time hold on a slow computer.
    pub(crate) fn counts(&self, finding: &Finding, early: Duration) -> bool {
        self.slack.is_some() || early.is_zero() || finding.kind != FindingKind::Panic
    }

    /// Whether a stop was requested.
    pub(crate) fn is_stopped(&self) -> bool {
        let stop = self.stop.as_ref();
        stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Whether the time is up for work that started at `began`.
    pub(crate) fn is_late(&self, began: Instant) -> bool {
        self.time.is_some_and(|time| began.elapsed() >= time)
    }
}

/// The setters for a type with a field `job`, and `run` and `run_loads`, which return the `$outcome` of
/// its method `go`.
macro_rules! job_settings {
    ($outcome:ty, $slack:literal) => {
        /// The name that reports and tokens give it.
        pub fn name(&self) -> &str {
            &self.job.name
        }

        /// The loads that are tried: the knobs, with the range of each.
        pub fn ranges(&self) -> &LoadRanges {
            &self.job.ranges
        }

        /// How long it may take, at the most, in real time. Default: no limit. A result that a time
        /// limit cuts short is not reproducible.
        #[must_use]
        pub fn time(mut self, time: Duration) -> Self {
            self.job.time = Some(time);
            self
        }

        /// Where tasks may be preempted. Default: [`Preempt::Op`].
        #[must_use]
        pub fn preempt(mut self, preempt: Preempt) -> Self {
            self.job.preempt = preempt;
            self
        }

        /// Which tasks left behind count. Default: [`Leaks::All`].
        #[must_use]
        pub fn leaks(mut self, leaks: Leaks) -> Self {
            self.job.leaks = leaks;
            self
        }

        /// How far, in all, the timers of a run may fire early, in whole milliseconds of virtual time: before
        /// their time has come, although tasks are ready. Default: zero, except
        #[doc = $slack]
        /// A panic after an early timer counts only if slack was asked for.
        #[must_use]
        pub fn slack(mut self, slack: impl Into<Slack>) -> Self {
            self.job.slack = Some(slack.into());
            self
        }

        /// Whether to go on after a finding and collect all of them, by fingerprint. Default: no.
        #[must_use]
        pub fn keep_going(mut self, keep_going: bool) -> Self {
            self.job.keep_going = keep_going;
            self
        }

        /// Where to count runs and steps meanwhile, for whoever displays the progress.
        #[must_use]
        pub fn progress(mut self, progress: Arc<Progress>) -> Self {
            self.job.progress = Some(progress);
            self
        }

        /// Stops soon after the flag is set; the outcome covers what was tried by then.
        #[must_use]
        pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
            self.job.stop = Some(stop);
            self
        }

        /// Runs every schedule under this load.
        #[must_use]
        pub fn load(mut self, load: Load) -> Self {
            self.job.load(load);
            self
        }

        /// The values that a knob takes. They must lie within what the scenario declares; for a program
        /// of one's own, this call declares them. A range that does not fit is reported at the start.
        #[must_use]
        pub fn knob(mut self, knob: Knob, range: RangeInclusive<u8>) -> Self {
            self.job.knob(knob, range);
            self
        }

        /// How many workers: see [`Self::knob`].
        #[must_use]
        pub fn workers(self, range: RangeInclusive<u8>) -> Self {
            self.knob(Knob::Workers, range)
        }

        /// How many writers: see [`Self::knob`].
        #[must_use]
        pub fn writers(self, range: RangeInclusive<u8>) -> Self {
            self.knob(Knob::Writers, range)
        }

        /// How many watchers: see [`Self::knob`].
        #[must_use]
        pub fn watchers(self, range: RangeInclusive<u8>) -> Self {
            self.knob(Knob::Watchers, range)
        }

        /// How many rounds: see [`Self::knob`].
        #[must_use]
        pub fn rounds(self, range: RangeInclusive<u8>) -> Self {
            self.knob(Knob::Rounds, range)
        }

        /// The capacity of channels: see [`Self::knob`].
        #[must_use]
        pub fn capacity(self, range: RangeInclusive<u8>) -> Self {
            self.knob(Knob::Capacity, range)
        }

        /// Runs `body`, which is called once a run.
        ///
        /// # Panics
        ///
        /// Where [`Self::go`] has an error.
        pub fn run<F, R>(self, body: F) -> $outcome
        where
            F: Fn() -> R + Send + Sync + 'static,
            R: Future<Output = ()> + 'static,
        {
            self.run_loads(move |_| body())
        }

        /// Runs `body`, which is called once a run with a load from the declared knobs.
        ///
        /// # Panics
        ///
        /// Where [`Self::go`] has an error.
        pub fn run_loads<F, R>(mut self, body: F) -> $outcome
        where
            F: Fn(Load) -> R + Send + Sync + 'static,
            R: Future<Output = ()> + 'static,
        {
            self.job.run(Program::new(body));
            match self.go() {
                Ok(outcome) => outcome,
                Err(error) => panic!("{error}"),
            }
        }
    };
}

pub(crate) use job_settings;
