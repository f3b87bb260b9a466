//! A plan: everything that determines a controlled run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::load::Load;
use crate::task::TaskPath;

/// A choice among a few words; the macro gives each its spelling, both ways, in one place.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The value as the command line, tokens and the corpus spell it.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $name::ALL.iter().copied().find(|value| value.name() == text).ok_or_else(|| UnknownWord {
                    what: $what,
                    word: text.to_owned(),
                    known: $name::ALL.iter().map(|value| value.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A word is none of those that are possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{word}`: choose one of {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

words! {
    /// Which of a scenario's programs runs.
    Variant, "variant" {
        /// Before the fix.
        Buggy = "buggy",
        /// After the fix.
        Fixed = "fixed",
        /// A user's own program, which has no second one.
        Own = "own",
    }
}

words! {
    /// What executes a run.
    EngineKind, "engine" {
        /// Standstill's own deterministic executor.
        Explore = "explore",
        /// A real multi-thread tokio runtime on real time, with noise, under a watchdog.
        Stress = "stress",
    }
}

words! {
    /// Where a controlled engine may take a task off its thread.
    Preempt, "preemption mode" {
        /// Before every operation of the facade, in the middle of a poll.
        Op = "op",
        /// Only where a poll ends.
        Await = "await",
    }
}

words! {
    /// Which tasks left behind count as leaked.
    Leaks, "leak policy" {
        /// Every task that does not end by itself soon after the root.
        All = "all",
        /// Only those that can never run again.
        Blocked = "blocked",
        /// None.
        Off = "off",
    }
}

/// A strategy with its parameters, but without its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StrategyKind {
    /// Every ready task is equally likely at every switch point.
    Random,
    /// Probabilistic concurrency testing with this many priority change points, plus one.
    Pct {
        /// The bug depth d, from 1.
        depth: u8,
    },
}

impl StrategyKind {
    /// The strategy's name, without its parameters.
    pub fn name(self) -> &'static str {
        match self {
            StrategyKind::Random => "random",
            StrategyKind::Pct { .. } => "pct",
        }
    }
}

impl fmt::Display for StrategyKind {
    /// `random`, or `pct:3` for a depth of 3.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategyKind::Random => f.write_str("random"),
            StrategyKind::Pct { depth } => write!(f, "pct:{depth}"),
        }
    }
}

impl FromStr for StrategyKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownWord {
            what: "strategy",
            word: text.to_owned(),
            known: "random, pct:DEPTH".to_owned(),
        };
        match text.split_once(':') {
            None if text == "random" => Ok(StrategyKind::Random),
            Some(("pct", depth)) => match depth.parse() {
                Ok(depth @ 1..=32) => Ok(StrategyKind::Pct { depth }),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

/// What a run's choices came to: enough to tell whether another run made the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    /// How many choices there were.
    pub choices: u32,
    /// A hash over them.
    pub hash: u32,
}

/// One decision of a strategy, as it is recorded. Only real ones are: where one task was ready,
/// or a `select!` had one branch, there was nothing to decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// This task runs next.
    Task(TaskPath),
    /// The earliest armed timer fires although tasks are ready.
    Timer,
    /// A number below a bound: where a `select!` starts, a random number the program asked for.
    Number(u32),
}

/// How the choices of a run are made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// By a strategy, from a seed.
    Seeded {
        /// The strategy.
        strategy: StrategyKind,
        /// Its seed.
        seed: u64,
        /// What the choices came to when the run was recorded.
        digest: Option<Digest>,
    },
    /// As recorded. After the last one a fixed rule goes on: the current task, else the lowest.
    Choices(Vec<Choice>),
    /// As the bytes say, each taken modulo the number of possibilities; after the last one the
    /// same fixed rule goes on. Every byte string is a schedule.
    Bytes(Vec<u8>),
}

/// Everything that determines a controlled run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// Which of its programs.
    pub variant: Variant,
    /// How big the run is.
    pub load: Load,
    /// What executes it.
    pub engine: EngineKind,
    /// Where tasks may be preempted.
    pub preempt: Preempt,
    /// Which tasks left behind count.
    pub leaks: Leaks,
    /// Steps without progress after which a run counts as livelocked.
    pub max_steps: u32,
    /// Steps in all after which a run that still goes on ends undecided.
    pub total_steps: u32,
    /// How choices are made.
    pub schedule: Schedule,
}

/// The default of [`Plan::max_steps`].
pub const DEFAULT_MAX_STEPS: u32 = 100_000;

/// The default of [`Plan::total_steps`].
pub const DEFAULT_TOTAL_STEPS: u32 = 1_000_000;

impl Plan {
    /// A plan with the defaults: the explore engine, preemption at every operation, all leaks.
    pub fn new(
        scenario: impl Into<String>,
        variant: Variant,
        load: Load,
        schedule: Schedule,
    ) -> Self {
        Self {
            scenario: scenario.into(),
            variant,
            load,
            engine: EngineKind::Explore,
            preempt: Preempt::Op,
            leaks: Leaks::All,
            max_steps: DEFAULT_MAX_STEPS,
            total_steps: DEFAULT_TOTAL_STEPS,
            schedule,
        }
    }

    /// The strategy's name, `replay` for a recorded schedule, or `bytes`; `noise` where the engine
    /// follows no schedule.
    pub fn strategy_name(&self) -> String {
        if self.engine == EngineKind::Stress {
            return "noise".to_owned();
        }
        match &self.schedule {
            Schedule::Seeded { strategy, .. } => strategy.to_string(),
            Schedule::Choices(_) => "replay".to_owned(),
            Schedule::Bytes(_) => "bytes".to_owned(),
        }
    }
}
