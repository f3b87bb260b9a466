//! A plan: everything that determines a controlled run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use standstill_rt::task::TaskPath;

use crate::load::Load;
use crate::slack::Slack;

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

impl UnknownWord {
    /// There were these words, too.
    pub fn or(mut self, more: &str) -> Self {
        self.known = format!("{}, {more}", self.known);
        self
    }
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
        /// AWS Shuttle's engine with Shuttle's schedulers, over the same facade. It is there if
        /// Standstill was built with the feature `shuttle`.
        Shuttle = "shuttle",
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
///
/// A plain name means the engine's own strategy of that name: `random` under the engine `shuttle`
/// is Shuttle's random scheduler. What Standstill's own is called there begins with `standstill:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StrategyKind {
    /// Every ready task is equally likely at every switch point.
    Random,
    /// Probabilistic concurrency testing with this many priority change points, plus one.
    Pct {
        /// The bug depth d, from 1.
        depth: u8,
    },
    /// Uniform random walk: a task is as likely as it has steps left, by the count of a first run.
    Urw,
    /// Depth-first search: one schedule after the other until all were tried, in which other choices
    /// than those among tasks are the same. A plan's seed is the number of its schedule. A hunt has
    /// the same load in all of them: the smallest that can show the bug, where that is known.
    Dfs,
    /// Every ready task in turn: one schedule.
    RoundRobin,
    /// Standstill's `random`, under an engine with another one of that name.
    OwnRandom,
    /// Standstill's `pct`, under an engine with another one of that name.
    OwnPct {
        /// The bug depth d, from 1.
        depth: u8,
    },
    /// Partial order sampling.
    Pos,
    /// The uniform random walk, for the operations on a few shared resources.
    Surw,
    /// A task that holds something is held back before it asks for more, and so is whoever could
    /// end the wait that comes of it.
    Directed,
}

/// The strategies there are, with any parameters, and the engines that have them.
const STRATEGIES: [(StrategyKind, &[EngineKind]); 10] = {
    use EngineKind::{Explore, Shuttle, Stress};
    [
        // Under stress it stands for the noise, which has nothing but a seed.
        (StrategyKind::Random, &[Explore, Shuttle, Stress]),
        (StrategyKind::Pct { depth: 1 }, &[Explore, Shuttle]),
        (StrategyKind::Urw, &[Explore, Shuttle]),
        (StrategyKind::Dfs, &[Shuttle]),
        (StrategyKind::RoundRobin, &[Shuttle]),
        (StrategyKind::OwnRandom, &[Shuttle]),
        (StrategyKind::OwnPct { depth: 1 }, &[Shuttle]),
        (StrategyKind::Pos, &[Explore]),
        (StrategyKind::Surw, &[Explore]),
        (StrategyKind::Directed, &[Explore]),
    ]
};

/// The greatest bug depth that can be asked for.
const DEEPEST: u8 = 32;

/// The bug depth of a strategy that was named without one.
const DEFAULT_DEPTH: u8 = 3;

impl StrategyKind {
    /// The strategy's name, without its parameters.
    pub fn name(self) -> &'static str {
        match self {
            StrategyKind::Random => "random",
            StrategyKind::Pct { .. } => "pct",
            StrategyKind::Urw => "urw",
            StrategyKind::Dfs => "dfs",
            StrategyKind::RoundRobin => "round-robin",
            StrategyKind::OwnRandom => "standstill:random",
            StrategyKind::OwnPct { .. } => "standstill:pct",
            StrategyKind::Pos => "pos",
            StrategyKind::Surw => "surw",
            StrategyKind::Directed => "directed",
        }
    }

    /// Every strategy once, its parameters being any.
    pub fn models() -> impl Iterator<Item = StrategyKind> {
        STRATEGIES.into_iter().map(|(model, _)| model)
    }

    /// The bug depth, for a strategy that has one.
    pub fn depth(self) -> Option<u8> {
        match self {
            StrategyKind::Pct { depth } | StrategyKind::OwnPct { depth } => Some(depth),
            _ => None,
        }
    }

    /// The same strategy with this bug depth. None if it has none, or not this deep.
    pub fn with_depth(self, depth: u8) -> Option<Self> {
        if !(1..=DEEPEST).contains(&depth) {
            return None;
        }
        match self {
            StrategyKind::Pct { .. } => Some(StrategyKind::Pct { depth }),
            StrategyKind::OwnPct { .. } => Some(StrategyKind::OwnPct { depth }),
            _ => None,
        }
    }

    /// Whether `engine` has the strategy.
    pub fn is_of(self, engine: EngineKind) -> bool {
        STRATEGIES
            .iter()
            .any(|(model, engines)| model.name() == self.name() && engines.contains(&engine))
    }

    /// As it is typed, with a word for the parameters.
    fn usage(self) -> String {
        match self.depth() {
            Some(_) => format!("{}:DEPTH", self.name()),
            None => self.name().to_owned(),
        }
    }
}

impl EngineKind {
    /// What the engine's strategies are called, as one text.
    pub fn strategies(self) -> String {
        let of_engine = StrategyKind::models().filter(|model| model.is_of(self));
        of_engine
            .map(StrategyKind::usage)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl fmt::Display for StrategyKind {
    /// `random`, or `pct:3` for a depth of 3.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.depth() {
            Some(depth) => write!(f, ":{depth}"),
            None => Ok(()),
        }
    }
}

impl FromStr for StrategyKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = |model: StrategyKind| match model.depth() {
            None => (text == model.name()).then_some(model),
            Some(_) => match text.strip_prefix(model.name())? {
                "" => model.with_depth(DEFAULT_DEPTH),
                depth => model.with_depth(depth.strip_prefix(':')?.parse().ok()?),
            },
        };
        StrategyKind::models()
            .find_map(read)
            .ok_or_else(|| UnknownWord {
                what: "strategy",
                word: text.to_owned(),
                known: StrategyKind::models()
                    .map(StrategyKind::usage)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// What Shuttle takes its seeds from if it is set.
const SHUTTLE_SEED: &str = "SHUTTLE_RANDOM_SEED";

/// An engine that is not there, or lacks the strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// This build has no such engine.
    #[error("this build has no engine `{0}`: build standstill with its feature `{0}`")]
    Engine(EngineKind),
    /// Something in the environment would change what seeds mean.
    #[error(
        "`{variable}` is set, which would take the place of every seed: unset it to use the engine `{engine}`"
    )]
    Environment {
        /// The engine.
        engine: EngineKind,
        /// The variable's name.
        variable: &'static str,
    },
    /// The engine cannot hunt like this.
    #[error("the engine `{engine}` has no strategy `{tactic}`: choose one of {known}")]
    Tactic {
        /// The engine.
        engine: EngineKind,
        /// The tactic that was asked for.
        tactic: String,
        /// The strategies that it has, as one text.
        known: String,
    },
    /// The engine has no such strategy.
    #[error("the engine `{engine}` has no strategy `{strategy}`: choose one of {known}")]
    Strategy {
        /// The engine.
        engine: EngineKind,
        /// The strategy that was asked for.
        strategy: StrategyKind,
        /// Those that it has, as one text.
        known: String,
    },
}

impl EngineKind {
    /// Checks that the engine is part of this build and has the strategy, if one is asked for.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn check(self, strategy: Option<StrategyKind>) -> Result<(), Unavailable> {
        if self == EngineKind::Shuttle && !cfg!(feature = "shuttle") {
            return Err(Unavailable::Engine(self));
        }
        if self == EngineKind::Shuttle && std::env::var_os(SHUTTLE_SEED).is_some() {
            return Err(Unavailable::Environment {
                engine: self,
                variable: SHUTTLE_SEED,
            });
        }
        match strategy {
            Some(strategy) if !strategy.is_of(self) => Err(Unavailable::Strategy {
                engine: self,
                strategy,
                known: self.strategies(),
            }),
            _ => Ok(()),
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

impl Schedule {
    /// Schedule `number` of a depth-first search. In a plan it stands where others have their seed.
    pub fn nth_of_search(number: u64) -> Self {
        Schedule::Seeded {
            strategy: StrategyKind::Dfs,
            seed: number,
            digest: None,
        }
    }

    /// The number of this schedule in a depth-first search, if it is of one.
    pub fn number_in_search(&self) -> Option<u64> {
        match self {
            Schedule::Seeded {
                strategy: StrategyKind::Dfs,
                seed,
                ..
            } => Some(*seed),
            _ => None,
        }
    }
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
    /// How far the clock may advance while tasks are ready.
    pub slack: Slack,
    /// How choices are made.
    pub schedule: Schedule,
}

/// The default of [`Plan::max_steps`].
pub const DEFAULT_MAX_STEPS: u32 = 100_000;

/// The default of [`Plan::total_steps`].
pub const DEFAULT_TOTAL_STEPS: u32 = 1_000_000;

impl Plan {
    /// A plan with the defaults: the explore engine, preemption at every operation, all leaks, no slack.
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
            slack: Slack::NONE,
            schedule,
        }
    }

    /// Checks that the plan can be run by this build.
    ///
    /// # Errors
    ///
    /// If its engine is not there, or lacks its strategy.
    pub fn check(&self) -> Result<(), Unavailable> {
        self.engine.check(match &self.schedule {
            Schedule::Seeded { strategy, .. } => Some(*strategy),
            Schedule::Choices(_) | Schedule::Bytes(_) => None,
        })
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

#[cfg(test)]
mod tests {
    use super::{EngineKind, StrategyKind};

    #[test]
    fn strategies_are_read_as_they_are_written() {
        for text in [
            "random",
            "pct:1",
            "pct:32",
            "urw",
            "dfs",
            "round-robin",
            "standstill:random",
            "standstill:pct:3",
            "pos",
            "surw",
            "directed",
        ] {
            let strategy: StrategyKind = text.parse().unwrap();
            assert_eq!(strategy.to_string(), text);
        }
        let unsaid: StrategyKind = "pct".parse().unwrap();
        assert_eq!(unsaid.to_string(), "pct:3");
        for text in [
            "",
            "pct:",
            "pct:0",
            "pct:33",
            "pct:x",
            "urw:1",
            "standstill:",
        ] {
            let error = text.parse::<StrategyKind>().unwrap_err().to_string();
            assert!(
                error.ends_with("standstill:pct:DEPTH, pos, surw, directed"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_plan_of_a_stress_run_can_be_run() {
        assert_eq!(EngineKind::Stress.check(Some(StrategyKind::Random)), Ok(()));
    }

    #[test]
    fn each_engine_has_its_own_strategies() {
        assert_eq!(
            EngineKind::Explore.strategies(),
            "random, pct:DEPTH, urw, pos, surw, directed"
        );
        assert_eq!(
            EngineKind::Shuttle.strategies(),
            "random, pct:DEPTH, urw, dfs, round-robin, standstill:random, standstill:pct:DEPTH"
        );
    }
}
