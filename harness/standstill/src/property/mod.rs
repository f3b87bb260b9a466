//! Property tests over loads and schedules, on [proptest](https://docs.rs/proptest).
//!
//! proptest generates plans and shrinks their loads. Then
//! [`minimise_schedule`](crate::minimise_schedule) shrinks the schedule. Failures are kept as corpus
//! entries only: proptest's own persistence, which stores only seeds, is off.

mod failure;
mod plans;

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestError, TestRng, TestRunner,
};
use standstill_engine::RecordLevel;
use standstill_hunt::minimise::{minimise_load, minimise_schedule};
use standstill_hunt::runner::{Found, Runner, confirm};
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::load::{Knob, LoadRanges, RangeError};
use standstill_model::plan::{Leaks, Plan, Preempt, Variant};
use standstill_model::random::Random;
use standstill_model::scenario::{Program, Scenario};
use standstill_model::slack::Slack;
use standstill_report::Report;

use crate::corpus::{Corpus, CorpusError, Entry, Expectation};

pub use failure::{Falsified, PropertyError};
pub use plans::{loads, plans};

/// How many plans a property is tested with by default.
pub const DEFAULT_CASES: u32 = 1_000;

/// How many runs each kind of shrinking may take: by proptest, of the load, of the schedule.
const SHRINK_RUNS: u32 = 2_000;

/// The property that a variant of a scenario is clean under every load in range and every schedule, or
/// that it has a finding under some.
///
/// ```
/// use standstill::{Property, Scenario, Variant};
///
/// let scenario = Scenario::new("pool", "our connection pool")
///     .workers(1..=4)
///     .variant(Variant::Own, |load| async move { assert!(load.workers < 5) });
/// Property::of(&scenario, Variant::Own).cases(64).check();
/// ```
///
/// The plans follow from a fixed seed, so a test has the same result every time. The environment
/// variable `STANDSTILL_SEED` sets another seed, and `STANDSTILL_SCHEDULES` another number of cases.
/// Both override the settings in the test.
#[derive(Clone, Debug)]
pub struct Property {
    scenario: Scenario,
    variant: Variant,
    ranges: LoadRanges,
    range_error: Option<RangeError>,
    cases: u32,
    seed: u64,
    corpus: Option<Corpus>,
    preempt: Preempt,
    leaks: Leaks,
    slack: Slack,
}

impl Property {
    /// A property of a variant of a scenario, over the scenario's whole ranges.
    pub fn of(scenario: &Scenario, variant: Variant) -> Self {
        Self {
            scenario: scenario.clone(),
            variant,
            ranges: scenario.ranges().clone(),
            range_error: None,
            cases: DEFAULT_CASES,
            seed: 0,
            corpus: None,
            preempt: Preempt::Op,
            leaks: Leaks::All,
            slack: Slack::NONE,
        }
    }

    /// How many plans are tried. Default: [`DEFAULT_CASES`].
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The seed of proptest's generator. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The directory where failures are kept. [`Property::check`] first runs the existing entries of
    /// this scenario. Default: none, and nothing is kept.
    #[must_use]
    pub fn corpus(mut self, directory: impl Into<PathBuf>) -> Self {
        self.corpus = Some(Corpus::open(directory));
        self
    }

    /// Narrows a knob. A range that does not fit is reported when the property is tested.
    #[must_use]
    pub fn knob(mut self, knob: Knob, range: RangeInclusive<u8>) -> Self {
        match self.ranges.narrow(self.scenario.name(), knob, range) {
            Ok(ranges) => self.ranges = ranges,
            Err(error) => {
                self.range_error.get_or_insert(error);
            }
        }
        self
    }

    /// Where tasks may be preempted. Default: [`Preempt::Op`].
    #[must_use]
    pub fn preempt(mut self, preempt: Preempt) -> Self {
        self.preempt = preempt;
        self
    }

    /// Which tasks left behind count. Default: [`Leaks::All`].
    #[must_use]
    pub fn leaks(mut self, leaks: Leaks) -> Self {
        self.leaks = leaks;
        self
    }

    /// How much virtual time a run's own computing may take: see [`Hunt::slack`](crate::Hunt::slack).
    /// Default: none.
    #[must_use]
    pub fn slack(mut self, slack: impl Into<Slack>) -> Self {
        self.slack = slack.into();
        self
    }

    /// Panics unless every plan is clean: for a test.
    ///
    /// # Panics
    ///
    /// With the report of the shrunk plan, or with why the property could not be tested.
    #[track_caller]
    pub fn check(&self) {
        if let Err(error) = self.test() {
            panic!("\n{error}");
        }
    }

    /// Panics unless a plan has a finding, and returns the finding: for a test of a program that is
    /// known to be buggy. Nothing is shrunk or kept.
    ///
    /// # Panics
    ///
    /// If there was no finding, or the search was not possible.
    #[track_caller]
    pub fn found_somewhere(&self) -> Found {
        match self.find() {
            Ok(found) => found,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether every plan is clean. First the corpus entries of this scenario and variant are run;
    /// choices that no longer fit are skipped. For the `fixed` variant, this includes the entries of
    /// other variants that declare it clean. Then follow as many new plans as [`Property::cases`] says.
    /// Returns the number of these plans.
    ///
    /// # Errors
    ///
    /// [`PropertyError::Falsified`] with the report of the shrunk plan, which is then also in the
    /// corpus; [`PropertyError::Regressed`] for an entry; otherwise the reason why the property could
    /// not be tested.
    pub fn test(&self) -> Result<u32, PropertyError> {
        let cases = Cases::of(self)?;
        let regressions = self.regressions(&cases)?;
        let mut tests = self.proptest()?;
        match tests.run(&self.plans(), |plan| cases.test(plan)) {
            Ok(()) => Ok(regressions + cases.tested.get()),
            Err(TestError::Fail(_, plan)) => Err(self.shrink(&cases, plan)),
            Err(TestError::Abort(reason)) => panic!("internal error: proptest gave up: {reason}"),
        }
    }

    /// Searches for a plan with a finding. The first one is returned, without shrinking.
    ///
    /// # Errors
    ///
    /// [`PropertyError::NotFound`], or the reason why the search was not possible.
    pub fn find(&self) -> Result<Found, PropertyError> {
        let cases = Cases::of(self)?;
        let mut tests = self.proptest()?;
        let plans = self.plans();
        let mut undecided = None;
        for case in 0..tests.config().cases {
            let plan = match plans.new_tree(&mut tests) {
                Ok(tree) => tree.current(),
                Err(reason) => panic!("internal error: proptest made no plan: {reason}"),
            };
            let (plan, verdict) = cases.run(plan);
            let verdict = match verdict {
                Verdict::Found(finding) => cases.confirm(plan, *finding),
                Verdict::Clean => continue,
                Verdict::Undecided(reason) => Err(reason),
            };
            match verdict {
                Ok((finding, plan)) => {
                    return Ok(Found {
                        minimised: None,
                        trace: None,
                        finding,
                        plan,
                        first_at: u64::from(case),
                        count: 1,
                        workers: None,
                        shuttle_schedule: None,
                    });
                }
                Err(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        Err(PropertyError::NotFound {
            scenario: self.scenario.name().to_owned(),
            variant: self.variant,
            cases: tests.config().cases,
            undecided,
        })
    }

    fn plans(&self) -> impl Strategy<Value = Plan> + use<> {
        let (preempt, leaks, slack) = (self.preempt, self.leaks, self.slack);
        plans::plans_within(self.scenario.name(), self.variant, &self.ranges).prop_map(
            move |plan| Plan {
                preempt,
                leaks,
                slack,
                ..plan
            },
        )
    }

    fn proptest(&self) -> Result<TestRunner, PropertyError> {
        let cases = match variable("STANDSTILL_SCHEDULES")? {
            Some(cases) => u32::try_from(cases).unwrap_or(u32::MAX),
            None => self.cases,
        };
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: SHRINK_RUNS,
            ..Config::default()
        };
        let mut random = Random::new(self.chosen_seed()?);
        let seed: Vec<u8> = (0..4).flat_map(|_| random.next().to_le_bytes()).collect();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Ok(TestRunner::new_with_rng(config, rng))
    }

    fn chosen_seed(&self) -> Result<u64, PropertyError> {
        Ok(variable("STANDSTILL_SEED")?.unwrap_or(self.seed))
    }

    /// Runs the entries of the corpus. Returns how many there were.
    fn regressions(&self, cases: &Cases) -> Result<u32, PropertyError> {
        let Some(corpus) = &self.corpus else {
            return Ok(0);
        };
        let entries = match corpus.load() {
            Err(CorpusError::NoDirectory(_)) => return Ok(0),
            entries => entries?,
        };
        let mut run = 0;
        for (path, entry) in entries {
            let mut plan = entry.plan;
            let ours =
                plan.variant == self.variant || entry.fixed_clean && self.variant == Variant::Fixed;
            if plan.scenario != self.scenario.name() || !ours || !self.ranges.contains(&plan.load) {
                continue;
            }
            plan.variant = self.variant;
            let (plan, verdict) = cases.run(plan);
            match verdict {
                Verdict::Clean => run += 1,
                Verdict::Found(finding) => {
                    return Err(PropertyError::Regressed {
                        entry: path,
                        report: Box::new(Report::new(*finding, plan)),
                    });
                }
                Verdict::Undecided(reason) => return Err(self.undecided(&plan, reason)),
            }
        }
        Ok(run)
    }

    fn undecided(&self, plan: &Plan, reason: Undecided) -> PropertyError {
        PropertyError::Undecided {
            scenario: self.scenario.name().to_owned(),
            variant: self.variant,
            load: plan.load,
            reason,
        }
    }

    /// Shrinks the plan that proptest has shrunk further; makes its report and its entry.
    fn shrink(&self, cases: &Cases, plan: Plan) -> PropertyError {
        let finding = match cases.first.take() {
            Some(Verdict::Found(finding)) => *finding,
            Some(Verdict::Undecided(reason)) => return self.undecided(&plan, reason),
            Some(Verdict::Clean) | None => panic!("internal error: a test panicked, see above"),
        };
        let confirmed =
            cases
                .confirm(cases.calmed(plan.clone()), finding)
                .and_then(|(finding, plan)| {
                    let shrunk = cases.minimise(&self.ranges, &plan, &finding);
                    cases.confirm(shrunk, finding)
                });
        let (finding, plan) = match confirmed {
            Ok(confirmed) => confirmed,
            Err(reason) => return self.undecided(&plan, reason),
        };
        let tested = cases.tested.get();
        let entry = match self.keep(cases, &finding, &plan, tested) {
            Ok(entry) => entry,
            Err(error) => return error,
        };
        let mut report = Report::new(finding, plan);
        report.schedules_before = Some(u64::from(tested));
        PropertyError::Falsified(Box::new(Falsified { report, entry }))
    }

    fn keep(
        &self,
        cases: &Cases,
        finding: &Finding,
        plan: &Plan,
        tested: u32,
    ) -> Result<Option<PathBuf>, PropertyError> {
        let Some(corpus) = &self.corpus else {
            return Ok(None);
        };
        let fixed = self.scenario.program(Variant::Fixed);
        let entry = Entry {
            plan: plan.clone(),
            expect: Expectation {
                kind: finding.kind,
                fingerprint: finding.fingerprint.clone(),
            },
            fixed_clean: self.variant != Variant::Fixed
                && fixed.is_some_and(|fixed| cases.is_clean(fixed, plan)),
            found: format!(
                "property test, seed {}, case {}",
                self.chosen_seed()?,
                tested + 1
            ),
            shuttle_schedule: None,
            comment: String::new(),
        };
        Ok(Some(corpus.save(&entry)?))
    }
}

/// A number from an environment variable.
fn variable(name: &'static str) -> Result<Option<u64>, PropertyError> {
    let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.replace('_', "").parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(PropertyError::Environment { name, value }),
    }
}

/// Runs plans for proptest, which calls a closure through a shared reference.
struct Cases {
    runner: RefCell<Runner>,
    program: Program,
    /// The verdict of the first plan that was not clean.
    first: RefCell<Option<Verdict>>,
    /// How many plans were clean before.
    tested: Cell<u32>,
    /// The engine's thread was stuck on a lock whose owner was preempted inside a poll. From then on
    /// tasks are preempted only between polls.
    no_preempt: Cell<bool>,
}

impl Cases {
    fn of(property: &Property) -> Result<Self, PropertyError> {
        if let Some(error) = &property.range_error {
            return Err(error.clone().into());
        }
        let scenario = &property.scenario;
        let Some(program) = scenario.program(property.variant) else {
            let known: Vec<&str> = scenario.variants().map(Variant::name).collect();
            return Err(PropertyError::NoSuchVariant {
                scenario: scenario.name().to_owned(),
                variant: property.variant,
                known: known.join(", "),
            });
        };
        Ok(Self {
            runner: RefCell::default(),
            program: program.clone(),
            first: RefCell::default(),
            tested: Cell::new(0),
            no_preempt: Cell::new(false),
        })
    }

    /// Runs one plan, and returns the plan that was really run.
    fn run(&self, plan: Plan) -> (Plan, Verdict) {
        let plan = self.calmed(plan);
        let run = |plan: &Plan| {
            let mut runner = self.runner.borrow_mut();
            runner.run(&self.program, plan, RecordLevel::Hunt).verdict
        };
        let verdict = run(&plan);
        if plan.preempt == Preempt::Op
            && matches!(verdict, Verdict::Undecided(Undecided::Wedged { .. }))
        {
            self.no_preempt.set(true);
            let plan = self.calmed(plan);
            let verdict = run(&plan);
            return (plan, verdict);
        }
        (plan, verdict)
    }

    fn calmed(&self, mut plan: Plan) -> Plan {
        if self.no_preempt.get() {
            plan.preempt = Preempt::Await;
        }
        plan
    }

    /// One case, or one attempt of proptest to shrink the first failing case: that must have the same
    /// finding again.
    fn test(&self, plan: Plan) -> TestCaseResult {
        let (_, verdict) = self.run(plan);
        let mut first = self.first.borrow_mut();
        let fails = match (&*first, &verdict) {
            (None, Verdict::Clean) => {
                self.tested.set(self.tested.get() + 1);
                false
            }
            (None, _) => true,
            (Some(Verdict::Found(first)), Verdict::Found(finding)) => {
                first.fingerprint == finding.fingerprint
            }
            (Some(_), _) => false,
        };
        if !fails {
            return Ok(());
        }
        let reason = verdict.name();
        first.get_or_insert(verdict);
        Err(TestCaseError::fail(reason))
    }

    /// Runs a finding's plan a second time, as is done for every finding before it is reported.
    fn confirm(&self, plan: Plan, finding: Finding) -> Result<(Finding, Plan), Undecided> {
        let mut runner = self.runner.borrow_mut();
        let again = confirm(&mut runner, &self.program, plan, finding)?;
        Ok((again.finding, again.plan))
    }

    fn minimise(&self, ranges: &LoadRanges, plan: &Plan, finding: &Finding) -> Plan {
        let mut runner = self.runner.borrow_mut();
        let fingerprint = &finding.fingerprint;
        let plan = minimise_load(
            &mut runner,
            &self.program,
            ranges,
            plan,
            fingerprint,
            SHRINK_RUNS,
        );
        minimise_schedule(&mut runner, &self.program, &plan, fingerprint, SHRINK_RUNS)
    }

    /// Whether another program is clean under the same schedule, as far as that fits.
    fn is_clean(&self, program: &Program, plan: &Plan) -> bool {
        let mut runner = self.runner.borrow_mut();
        runner.run(program, plan, RecordLevel::Hunt).verdict == Verdict::Clean
    }
}
