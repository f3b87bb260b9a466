//! Engines, which execute runs.

use std::time::Duration;

use standstill_model::finding::{Undecided, Verdict};
use standstill_model::plan::{Choice, Digest, EngineKind, Plan};
use standstill_model::scenario::Program;
use standstill_model::trace::Trace;

/// Executes runs, one after the other, on the thread it was made on.
pub trait Engine {
    /// Which engine this is.
    fn kind(&self) -> EngineKind;

    /// Executes one run of `program` as `plan` says.
    fn run(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run;

    /// Executes the runs that `runs` yields, one after the other. An engine may reuse what the runs have
    /// in common.
    fn run_all(&mut self, program: &Program, runs: &mut dyn Runs) {
        while runs.advance() {
            let run = self.run(program, runs.plan(), runs.level());
            runs.done(run, &[]);
        }
    }
}

/// Runs that an engine executes one after the other.
pub trait Runs {
    /// Advances to the next run. False if there is none.
    fn advance(&mut self) -> bool;

    /// The plan of this run.
    fn plan(&self) -> &Plan;

    /// How much of the run is recorded. By default [`RecordLevel::Hunt`].
    fn level(&self) -> RecordLevel {
        RecordLevel::Hunt
    }

    /// Whether the run is sampled: whether [`Runs::done`] is to get its orders. By default not.
    fn is_sampled(&self) -> bool {
        false
    }

    /// Takes the result of this run, and the hashes of the orders of operations that it showed. There
    /// are none if the run is not sampled, or the engine does not know them.
    fn done(&mut self, run: Run, orders: &[u64]);
}

/// One run.
#[derive(Debug)]
#[doc(hidden)]
pub struct OneRun<'a> {
    plan: &'a Plan,
    level: RecordLevel,
    begun: bool,
    pub run: Option<Run>,
}

impl<'a> OneRun<'a> {
    pub fn new(plan: &'a Plan, level: RecordLevel) -> Self {
        Self {
            plan,
            level,
            begun: false,
            run: None,
        }
    }
}

impl Runs for OneRun<'_> {
    fn advance(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn plan(&self) -> &Plan {
        self.plan
    }

    fn level(&self) -> RecordLevel {
        self.level
    }

    fn done(&mut self, run: Run, _: &[u64]) {
        self.run = Some(run);
    }
}

/// How much of a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordLevel {
    /// Nothing, for speed: a hunt.
    Hunt,
    /// Its choices, and its surroundings are watched: a replay.
    Record,
    /// As a replay, and everything that happens is recorded.
    Trace,
    /// The same, for a report. Before a hang counts as one, OS threads that do not belong to the engine
    /// are given a moment of real time to wake the run.
    Confirm,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The verdict.
    pub verdict: Verdict,
    /// Steps made: polls, and switch points passed within them.
    pub steps: u64,
    /// A hash over the choices, recorded or not. None if there were none, or the engine does not know.
    pub order: Option<u64>,
    /// The choices, if they were recorded.
    pub choices: Vec<Choice>,
    /// The digest of the choices, if they were recorded.
    pub digest: Option<Digest>,
    /// The first recorded choice that did not fit the program, if one was replayed.
    pub divergence: Option<String>,
    /// What happened, if it was traced.
    pub trace: Option<Box<Trace>>,
    /// The run as a schedule of Shuttle's own, in the text form that `shuttle::replay` takes. Present if
    /// the engine was [`EngineKind::Shuttle`] and the run was recorded, unless the run drew random
    /// numbers from another source than Shuttle's.
    pub shuttle_schedule: Option<String>,
    /// Nothing was run, because the strategy has no more schedules: it enumerates them, and the run
    /// before was the last one.
    pub exhausted: bool,
    /// By how much timers that fired although tasks were ready have advanced the clock: the part of the
    /// plan's slack that was spent.
    pub early: Duration,
    /// How many tasks and threads there were, the root included.
    pub tasks: u32,
    /// Tasks were spawned past the facade.
    pub raw_tasks: bool,
}

impl Run {
    /// A run of which no step is known.
    pub fn without_steps(verdict: Verdict) -> Self {
        Self {
            verdict,
            steps: 0,
            order: None,
            choices: Vec::new(),
            digest: None,
            divergence: None,
            trace: None,
            shuttle_schedule: None,
            exhausted: false,
            early: Duration::ZERO,
            tasks: 0,
            raw_tasks: false,
        }
    }

    /// The result when the strategy has no more schedules: nothing was run.
    #[doc(hidden)]
    pub fn past_the_last() -> Self {
        Self {
            exhausted: true,
            ..Self::without_steps(Verdict::Clean)
        }
    }

    /// A run whose verdict is undecided for this reason.
    pub fn undecided(reason: Undecided) -> Self {
        Self::without_steps(Verdict::Undecided(reason))
    }
}
