//! What a hunt can be told.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use standstill::engine::StressSettings;
use standstill::{
    DEFAULT_MAX_STEPS, DEFAULT_MINIMISE_BUDGET, DEFAULT_SCHEDULES, EngineKind, Knob, Leaks,
    Preempt, Slack, Tactic, Variant,
};

use super::duration::duration;
use super::range::range;
use super::{HuntFormat, one_of};

/// The most threads that a hunt may be told to use.
const MOST_JOBS: u64 = 1024;

/// Where to hunt, how, and for how long.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HuntArgs {
    /// The scenarios to hunt in; all of them if none is named.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Hunt in this variant only.
    #[arg(long, value_parser = one_of(Variant::ALL, Variant::name))]
    pub(crate) variant: Option<Variant>,

    /// How many schedules to try in each row [default: 20000, or no limit with --time].
    ///
    /// A row is a variant of a scenario under an engine.
    #[arg(long, value_name = "N", help_heading = "Budget", value_parser = clap::value_parser!(u64).range(1..))]
    schedules: Option<u64>,
    /// How long the whole hunt may take, like 30s, 5m or 1h.
    ///
    /// The time is shared out so that every row gets its part; what a row does not need goes to
    /// the others. A hunt that is cut short by time does not come out the same every time; one by
    /// --schedules does.
    #[arg(long, value_name = "TIME", help_heading = "Budget", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// The seed that every schedule's own seed comes from: the same one, the same hunt.
    #[arg(long, value_name = "N", help_heading = "Budget", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How many threads run schedules [default: one for each core]. Changes speed, never results.
    #[arg(long, value_name = "N", help_heading = "Budget", value_parser = clap::value_parser!(u64).range(1..=MOST_JOBS))]
    jobs: Option<u64>,
    /// How many runs may be spent on making each find as small as it gets [0: none].
    #[arg(long, value_name = "N", help_heading = "Budget", default_value_t = DEFAULT_MINIMISE_BUDGET)]
    pub(crate) minimise: u32,
    /// Do not stop at a row's first finding, but collect all of them, by fingerprint.
    #[arg(long, help_heading = "Budget")]
    pub(crate) keep_going: bool,

    /// What executes the runs: Standstill's own executor, or AWS Shuttle's engine.
    #[arg(long, help_heading = "Schedules", default_value = EngineKind::Explore.name(), value_parser = one_of(EngineKind::ALL, EngineKind::name))]
    pub(crate) engine: EngineKind,
    /// What decides who goes next: `random`, `pct:D` with a bug depth D from 1 to 32, `pos`, `urw`,
    /// `surw`, `directed`; `auto` deals the schedules out over all of these; `dfs` tries every
    /// schedule in one job, `dfs:P` those with P preemptions at the most.
    ///
    /// Under the engine `shuttle` these are Shuttle's schedulers: `random`, `pct:D`, `urw`, `dfs` and
    /// `round-robin`, and `auto` lets the first two take turns. Standstill's own are called
    /// `standstill:random` and `standstill:pct:D` there. `dfs` goes through the schedules of one load,
    /// one by one: the smallest that can show the scenario's bug, unless counts are given.
    #[arg(
        long,
        value_name = "STRATEGY",
        help_heading = "Schedules",
        default_value_t
    )]
    pub(crate) strategy: Tactic,
    /// Where a task may be taken off its thread: before every operation, or only at `.await`s.
    #[arg(long, help_heading = "Schedules", default_value = Preempt::Op.name(), value_parser = one_of(Preempt::ALL, Preempt::name))]
    pub(crate) preempt: Preempt,
    /// Which tasks left behind count as leaked: all that do not end by themselves, only those
    /// blocked for good, or none.
    #[arg(long, help_heading = "Schedules", default_value = Leaks::All.name(), value_parser = one_of(Leaks::ALL, Leaks::name))]
    pub(crate) leaks: Leaks,
    /// How far, in all, the timers of a run may fire early, like 250ms, 30s or 0s [default: 0s, and 1s
    /// in the last quarter of the schedules].
    ///
    /// An early timer fires although tasks are ready, as on a slow computer. A panic after that counts
    /// only if slack was asked for.
    #[arg(long, value_name = "TIME", help_heading = "Schedules")]
    pub(crate) slack: Option<Slack>,
    /// After how many steps without progress a run counts as livelocked.
    #[arg(long, value_name = "N", help_heading = "Schedules", default_value_t = DEFAULT_MAX_STEPS, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_steps: u32,

    /// How many worker threads the runtime of a stress run has [default: twice the cores, 4 at the
    /// least].
    #[arg(long, value_name = "N", help_heading = "Stress engine", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// How long nothing may happen in a stress run before it counts, like 500ms or 2s [default: 1s].
    ///
    /// It rises by itself, to ten times that at the most, if healthy runs are seen to pause.
    #[arg(long, value_name = "TIME", help_heading = "Stress engine", value_parser = duration)]
    patience: Option<Duration>,
    /// How long tasks may outlive the root of a stress run [default: 250ms].
    #[arg(long, value_name = "TIME", help_heading = "Stress engine", value_parser = duration)]
    grace: Option<Duration>,
    /// Make stress runs in this very process: for a debugger. A run that crashes ends the hunt.
    #[arg(long, help_heading = "Stress engine")]
    pub(crate) no_isolation: bool,

    /// How many workers: a number, or a range like 1..4 with both ends in it.
    ///
    /// Each run draws its counts from the ranges; `standstill show SCENARIO` tells which knobs a
    /// scenario has and how far they go. A knob that a named scenario does not have is an error.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    workers: Option<RangeInclusive<u8>>,
    /// How many writers.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    writers: Option<RangeInclusive<u8>>,
    /// How many watchers.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    watchers: Option<RangeInclusive<u8>>,
    /// How many rounds each task makes.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    rounds: Option<RangeInclusive<u8>>,
    /// The capacity of bounded channels.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    capacity: Option<RangeInclusive<u8>>,

    /// Keep what is found in this directory, an entry each, for `standstill replay`.
    ///
    /// Of its schedule an entry keeps the choices that it takes to show the bug, and no more.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) corpus: Option<PathBuf>,
    /// Write the reports into this directory: a page for a browser, text, JSON, JUnit and SARIF.
    ///
    /// `index.html` is where to begin. It shows the trend against the `hunt.json` that an earlier
    /// hunt left there.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    /// How the outcome is printed.
    #[arg(long, value_enum, help_heading = "Output", default_value_t = HuntFormat::Text)]
    pub(crate) format: HuntFormat,
    /// Print the table only: no progress, no reports.
    #[arg(long, short, help_heading = "Output", conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: what each row is hunted with, and more columns in the table.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) verbose: bool,
}

const EXAMPLES: &str = "\
Examples:
  standstill hunt                                  every scenario, 20,000 schedules a row
  standstill hunt watch-mux quota-worker           two of them
  standstill hunt --time 30s                       as many schedules as fit, shared fairly
  standstill hunt watch-mux --watchers 1..2        with few watchers
  standstill hunt --strategy pct:3 --seed 7        another way to choose, another seed
  standstill hunt --engine stress --time 8h        on a real runtime, for a night
  standstill hunt --format json > hunt.json        for a machine
  standstill hunt --report reports                 pages to look at, from index.html on

A buggy variant must show a finding, any other must be clean: else the exit code is 1.
Ctrl-C ends a hunt with the rows found so far; the others are undecided, so the exit code is 1.
A second Ctrl-C ends it at once.

JSON: {\"rows\": [{scenario, variant, engine, strategy, load, expected, verdict, met, schedules,
first_at, schedules_per_s, steps_per_s, fingerprint, token, account}]}. `expected` is found
or clean; `verdict` is clean, hang, partial-hang, leak, livelock, panic, blocked, crash or
undecided; `first_at` counts schedules from 0; `load` has the counts of the finding's run, as
numbers, or else the ranges hunted in, as [low, high]; `account` says what a row without a
finding saw. What is absent is null. Of several findings (--keep-going) a row has the first;
--report writes them all.";

impl HuntArgs {
    /// The ranges that were given.
    pub(crate) fn knobs(&self) -> Vec<(Knob, RangeInclusive<u8>)> {
        Knob::ALL
            .into_iter()
            .filter_map(|knob| {
                let range = match knob {
                    Knob::Workers => &self.workers,
                    Knob::Writers => &self.writers,
                    Knob::Watchers => &self.watchers,
                    Knob::Rounds => &self.rounds,
                    Knob::Capacity => &self.capacity,
                };
                Some((knob, range.clone()?))
            })
            .collect()
    }

    /// How many schedules a row may try: without a limit of its own if there is one of time.
    pub(crate) fn schedules(&self) -> u64 {
        match (self.schedules, self.time) {
            (Some(schedules), _) => schedules,
            (None, Some(_)) => u64::MAX,
            (None, None) => DEFAULT_SCHEDULES,
        }
    }

    /// How many threads run schedules.
    pub(crate) fn jobs(&self) -> NonZeroUsize {
        let one_job = (self.engine == EngineKind::Explore
            && matches!(self.strategy, Tactic::Dfs { .. }))
        .then_some(1);
        self.jobs
            .or(one_job)
            .and_then(|jobs| usize::try_from(jobs).ok())
            .and_then(NonZeroUsize::new)
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }

    /// How stress runs are made and watched.
    pub(crate) fn stress(&self) -> StressSettings {
        let default = StressSettings::default();
        StressSettings {
            threads: self.threads.map_or(default.threads, usize::from),
            patience: self.patience.unwrap_or(default.patience),
            grace: self.grace.unwrap_or(default.grace),
        }
    }

    /// An option that only the stress engine has, if one was given for another.
    pub(crate) fn misplaced(&self) -> Option<&'static str> {
        if self.engine == EngineKind::Stress {
            return None;
        }
        [
            (self.threads.is_some(), "--threads"),
            (self.patience.is_some(), "--patience"),
            (self.grace.is_some(), "--grace"),
            (self.no_isolation, "--no-isolation"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }

    /// The strategy in one word: what the rows say that have no finding.
    pub(crate) fn strategy_word(&self) -> String {
        if self.engine == EngineKind::Stress {
            return "noise".to_owned();
        }
        self.strategy.to_string()
    }
}
