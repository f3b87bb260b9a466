//! The hunt: thousands of runs of one program, each under a different schedule.

mod again;
mod crew;
mod depth_first;
mod outcome;
mod portfolio;
mod shrink;
mod stress;

use std::future::Future;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use standstill_engine::StressSettings;
use standstill_engine::isolation::Launcher;
use standstill_model::load::{Knob, Load, LoadRanges};
use standstill_model::plan::{
    DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, EngineKind, Leaks, Plan, Preempt, Schedule,
    StrategyKind, Variant,
};
use standstill_model::random::{Random, schedule_seed};
use standstill_model::scenario::{Program, Scenario};
use standstill_model::slack::Slack;

use crate::job::{Job, job_settings};
use crate::minimise::DEFAULT_MINIMISE_BUDGET;
use crate::runner::{HuntError, Progress};
use crate::tactic::Tactic;

pub use again::{Again, STRESS_AGAIN};
pub use outcome::Outcome;

/// How many schedules a hunt tries by default.
pub const DEFAULT_SCHEDULES: u64 = 20_000;

/// The slack of the last quarter of a hunt's schedules, and of a proof, if none was asked for.
pub const DEFAULT_SLACK: Duration = Duration::from_secs(1);

/// A hunt for the schedule under which a program hangs.
///
/// ```
/// use standstill_hunt::Hunt;
/// use standstill_model::Verdict;
///
/// let outcome = Hunt::new("nothing to find").schedules(100).run(|| async {});
/// assert_eq!(outcome.verdict, Verdict::Clean);
/// assert_eq!(outcome.schedules, 100);
/// ```
#[derive(Clone, Debug)]
pub struct Hunt {
    job: Job,
    /// The smallest load that can show the bug, if it is known.
    smallest: Option<Load>,
    settings: Settings,
}

/// What all runs of a hunt have in common.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) schedules: u64,
    pub(crate) seed: u64,
    pub(crate) jobs: usize,
    pub(crate) engine: EngineKind,
    pub(crate) tactic: Tactic,
    pub(crate) max_steps: u32,
    pub(crate) total_steps: u32,
    pub(crate) stress: StressSettings,
    pub(crate) launcher: Option<Launcher>,
    pub(crate) minimise: u32,
}

impl Hunt {
    /// A hunt in a program of one's own, which is then passed to [`Hunt::run`].
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            job: Job::new(name),
            smallest: None,
            settings: Settings {
                schedules: DEFAULT_SCHEDULES,
                seed: 0,
                jobs: 1,
                engine: EngineKind::Explore,
                tactic: Tactic::Auto,
                max_steps: DEFAULT_MAX_STEPS,
                total_steps: DEFAULT_TOTAL_STEPS,
                stress: StressSettings::default(),
                launcher: None,
                minimise: DEFAULT_MINIMISE_BUDGET,
            },
        }
    }

    /// A hunt in the program of a job.
    pub(crate) fn in_job(job: Job) -> Self {
        Self {
            job,
            ..Self::new("")
        }
    }

    /// A hunt in a variant of a scenario, over its whole ranges; [`Hunt::go`] starts it.
    pub fn of(scenario: &Scenario, variant: Variant) -> Self {
        let mut hunt = Self::new(scenario.name());
        hunt.job = Job::of(scenario, variant);
        hunt.smallest = scenario.smallest_buggy_load();
        hunt
    }

    /// How many schedules are tried, at the most. Default: [`DEFAULT_SCHEDULES`].
    #[must_use]
    pub fn schedules(mut self, schedules: u64) -> Self {
        self.settings.schedules = schedules;
        self
    }

    /// The base seed. Default: 0. The same seed gives the same outcome, whatever the number of
    /// jobs.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// How many OS threads run schedules in parallel. Default: 1. Changes speed, never results.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.settings.jobs = jobs.get();
        self
    }

    /// What executes the runs. Default: [`EngineKind::Explore`].
    #[must_use]
    pub fn engine(mut self, engine: EngineKind) -> Self {
        self.settings.engine = engine;
        self
    }

    /// The strategy of every schedule, or a [`Tactic`]. Default: [`Tactic::Auto`].
    #[must_use]
    pub fn strategy(mut self, tactic: impl Into<Tactic>) -> Self {
        self.settings.tactic = tactic.into();
        self
    }

    /// After how many steps without progress a run counts as livelocked. Default:
    /// [`DEFAULT_MAX_STEPS`].
    #[must_use]
    pub fn max_steps(mut self, max_steps: u32) -> Self {
        self.settings.max_steps = max_steps;
        self
    }

    /// After how many steps in all a run that still goes on ends undecided. Default:
    /// [`DEFAULT_TOTAL_STEPS`].
    #[must_use]
    pub fn total_steps(mut self, total_steps: u32) -> Self {
        self.settings.total_steps = total_steps;
        self
    }

    /// How runs of the stress engine are made and watched. The other engines ignore it.
    #[must_use]
    pub fn stress(mut self, settings: StressSettings) -> Self {
        self.settings.stress = settings;
        self
    }

    /// Makes runs of the stress engine in child processes, started by this command. Default: in this
    /// process.
    #[must_use]
    pub fn isolated(mut self, launcher: Launcher) -> Self {
        self.settings.launcher = Some(launcher);
        self
    }

    /// Which engine executes the runs.
    pub fn engine_kind(&self) -> EngineKind {
        self.settings.engine
    }

    /// How many runs may be spent on minimising each finding: its load first, within the ranges of the
    /// hunt, and then its schedule. Default: [`DEFAULT_MINIMISE_BUDGET`]; 0 leaves findings as they are.
    #[must_use]
    pub fn minimise(mut self, runs: u32) -> Self {
        self.settings.minimise = runs;
        self
    }

    /// Hunts in the scenario's program.
    ///
    /// # Errors
    ///
    /// If a range does not fit the scenario, or it lacks the variant; if the engine is not part of
    /// this build, or lacks the strategy.
    pub fn go(self) -> Result<Outcome, HuntError> {
        let program = self.job.program()?;
        self.settings.tactic.check(self.settings.engine)?;
        let template = Template {
            job: self.job,
            smallest: self.smallest,
            settings: self.settings,
        };
        let (engine, tactic) = (template.settings.engine, template.settings.tactic);
        let (name, variant) = (template.job.name.as_str(), template.job.variant);
        let _span = crate::spans::hunt(name, variant, engine, tactic, template.settings.seed);
        let jobs = template.settings.jobs;
        Ok(match (engine, tactic) {
            (EngineKind::Stress, _) => stress::hunt(&template, &program),
            (EngineKind::Explore, Tactic::Dfs { .. }) if jobs > 1 => {
                return Err(HuntError::OneJob { tactic, jobs });
            }
            (EngineKind::Explore, Tactic::Dfs { preemptions }) => {
                depth_first::hunt(&template, &program, preemptions)
            }
            (EngineKind::Explore | EngineKind::Shuttle, _) => crew::hunt(&template, &program),
        })
    }

    job_settings!(
        Outcome,
        "in the last quarter of a hunt's schedules, which have [`DEFAULT_SLACK`]."
    );
}

/// What determines the plan of every schedule of a hunt.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) job: Job,
    /// The smallest load that can show the bug, if it is known.
    pub(crate) smallest: Option<Load>,
    pub(crate) settings: Settings,
}

/// In a hunt that alternates between strategies, PCT's depth ranges from 1 to this.
const DEEPEST: u32 = 4;

/// The last one in so many schedules have slack.
const WITH_SLACK_ONE_IN: u64 = 4;

/// One stress run in this many draws its load at random.
const DRAWN_ONCE_IN: u64 = 3;

impl Template {
    /// The plan of run `index` under the stress engine. The load is at the top of its ranges, except
    /// that now and then it is drawn from the whole of them. The seed is that of the noise.
    pub(crate) fn stress_plan(&self, index: u64) -> Plan {
        let mut plan = self.plan(index, Preempt::Op, None);
        if !index.is_multiple_of(DRAWN_ONCE_IN) {
            plan.load = self.job.ranges.largest();
        }
        if let Schedule::Seeded { strategy, .. } = &mut plan.schedule {
            *strategy = StrategyKind::Random;
        }
        plan
    }

    /// The random numbers of schedule `index`: a function of the base seed and the index alone.
    pub(crate) fn random(&self, index: u64) -> Random {
        Random::new(schedule_seed(self.settings.seed, index))
    }

    /// The plan of schedule `index`. `dealt` is the strategy that the portfolio chose, for a hunt that
    /// has no fixed one. Without either, as under engines that have no other strategies, `random` and
    /// `pct` take turns.
    pub(crate) fn plan(&self, index: u64, preempt: Preempt, dealt: Option<StrategyKind>) -> Plan {
        let (load, schedule) = self.drawn(index, dealt);
        Plan {
            scenario: self.job.name.clone(),
            variant: self.job.variant,
            load,
            engine: self.settings.engine,
            preempt,
            leaks: self.job.leaks,
            max_steps: self.settings.max_steps,
            total_steps: self.settings.total_steps,
            slack: self.slack(index),
            schedule,
        }
    }

    /// The slack of schedule `index`.
    pub(crate) fn slack(&self, index: u64) -> Slack {
        if let Some(slack) = self.job.slack {
            return slack;
        }
        let has_slack = match self.settings.schedules {
            // Without an end there is no last quarter.
            u64::MAX => index >= DEFAULT_SCHEDULES && index.is_multiple_of(WITH_SLACK_ONE_IN),
            schedules => index >= schedules - schedules / WITH_SLACK_ONE_IN,
        };
        match has_slack {
            true => Slack::from(DEFAULT_SLACK),
            false => Slack::NONE,
        }
    }

    /// The parts of a plan that differ between schedules, apart from its slack.
    pub(crate) fn drawn(&self, index: u64, dealt: Option<StrategyKind>) -> (Load, Schedule) {
        let mut random = self.random(index);
        let load = self.job.ranges.draw(&mut random);
        let depth = 1 + random.below(DEEPEST);
        let strategy = match (self.settings.tactic, dealt) {
            (Tactic::One(strategy), _) | (Tactic::Auto, Some(strategy)) => strategy,
            (Tactic::Dfs { .. }, _) => StrategyKind::Dfs,
            (Tactic::Auto, None)
                if index.is_multiple_of(2) || self.settings.engine == EngineKind::Stress =>
            {
                StrategyKind::Random
            }
            (Tactic::Auto, None) => StrategyKind::Pct {
                depth: u8::try_from(depth).unwrap_or(1),
            },
        };
        if strategy == StrategyKind::Dfs {
            // All schedules have one load. A knob that is narrowed to a single value has that value.
            let load = match self.smallest {
                Some(load) => self.job.ranges.clamp(&load),
                None => self.job.ranges.smallest(),
            };
            return (load, Schedule::nth_of_search(index));
        }
        let schedule = Schedule::Seeded {
            strategy,
            seed: random.next(),
            digest: None,
        };
        (load, schedule)
    }
}

/// Hunts in `body` with the defaults and panics with the report if there is a finding: for use in
/// anyone's tests.
///
/// ```
/// standstill_hunt::check(|| async {});
/// ```
///
/// # Panics
///
/// If a run hangs, leaks, spins or panics, with the report; and if the hunt cannot decide.
#[track_caller]
pub fn check<F, R>(body: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let caller = std::panic::Location::caller();
    let name = std::thread::current()
        .name()
        .filter(|name| *name != "main")
        .map_or_else(|| format!("check at {caller}"), str::to_owned);
    Hunt::new(name)
        .schedules(CHECK_SCHEDULES)
        .run(body)
        .assert_clean();
}

/// How many schedules [`check`] tries.
pub const CHECK_SCHEDULES: u64 = 2_000;
