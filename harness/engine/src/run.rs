//! Engines: what executes a run.

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

    /// Executes one run of `program` after the other, until `runs` has no more. An engine may save
    /// itself what runs have in common.
    fn run_all(&mut self, program: &Program, runs: &mut dyn Runs) {
        while runs.advance() {
            let run = self.run(program, runs.plan(), runs.level());
            runs.done(run, &[]);
        }
    }
}

/// Runs that an engine executes one after the other.
pub trait Runs {
    /// Goes to the next run. False if there is none.
    fn advance(&mut self) -> bool;

    /// The plan of this run.
    fn plan(&self) -> &Plan;

    /// How much is written down of it. By default [`RecordLevel::Hunt`].
    fn level(&self) -> RecordLevel {
        RecordLevel::Hunt
    }

    /// Whether it is wanted to know what the run shows of interleavings. By default not.
    fn is_sampled(&self) -> bool {
        false
    }

    /// What this run came to, and the hashes of what it showed of interleavings: none if that is
    /// not wanted, or the engine cannot tell.
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

/// How much level a run is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordLevel {
    /// As fast as it goes: a hunt.
    Hunt,
    /// With its choices recorded and its surroundings watched: a replay.
    Record,
    /// As a replay, with everything that happens written down.
    Trace,
    /// The same, for a report: before a standstill counts as one, OS threads that are not the
    /// engine's are given a moment of real time to wake the run.
    Confirm,
}

/// What a run came to.
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
    /// What the choices came to, if they were recorded.
    pub digest: Option<Digest>,
    /// The first recorded choice that did not fit the program, if one was replayed.
    pub divergence: Option<String>,
    /// What happened, if it was traced.
    pub trace: Option<Box<Trace>>,
    /// The run as a schedule of Shuttle's own, in the text form that `shuttle::replay` takes: if the
    /// engine was [`EngineKind::Shuttle`] and the run was recorded. None as well if the run drew
    /// numbers from another source than Shuttle's.
    pub shuttle_schedule: Option<String>,
    /// There was no such schedule: the strategy goes through them one by one, and the last one
    /// came before. Nothing was run.
    pub exhausted: bool,
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
        }
    }

    /// No run: the strategy has no more schedules.
    #[doc(hidden)]
    pub fn past_the_last() -> Self {
        Self {
            exhausted: true,
            ..Self::without_steps(Verdict::Clean)
        }
    }

    /// A run that could not be made.
    pub fn undecided(reason: Undecided) -> Self {
        Self::without_steps(Verdict::Undecided(reason))
    }
}
