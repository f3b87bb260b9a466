//! How a hunt chooses the strategies of its schedules.

use std::fmt;
use std::str::FromStr;

use standstill_model::plan::{EngineKind, StrategyKind, Unavailable, UnknownWord};

/// How a hunt chooses the strategy of each schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tactic {
    /// Several strategies, distributed over the schedules. Strategies that reach new interleavings get
    /// more and more of them.
    #[default]
    Auto,
    /// One strategy.
    One(StrategyKind),
    /// Enumerates all schedules depth first: those without a preemption, those with one, and so on; then
    /// those with any number. Each schedule is derived from the one before, so there is only one job.
    /// Findings are kept as recorded choices.
    Dfs {
        /// The most preemptions, if there is a bound.
        preemptions: Option<u32>,
    },
}

impl Tactic {
    /// Checks that the engine is part of this build and supports this tactic.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn check(self, engine: EngineKind) -> Result<(), Unavailable> {
        match self {
            Tactic::One(strategy) => engine.check(Some(strategy)),
            Tactic::Auto => engine.check(None),
            Tactic::Dfs { .. } if engine == EngineKind::Explore => engine.check(None),
            Tactic::Dfs { preemptions: None } => engine.check(Some(StrategyKind::Dfs)),
            Tactic::Dfs { .. } => Err(Unavailable::Tactic {
                engine,
                tactic: self.to_string(),
                known: engine.strategies(),
            }),
        }
    }
}

impl From<StrategyKind> for Tactic {
    fn from(strategy: StrategyKind) -> Self {
        Tactic::One(strategy)
    }
}

impl fmt::Display for Tactic {
    /// `auto`, a strategy like `pct:3`, `dfs`, or `dfs:2` for at most two preemptions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tactic::Auto => f.write_str("auto"),
            Tactic::One(strategy) => strategy.fmt(f),
            Tactic::Dfs { preemptions: None } => f.write_str("dfs"),
            Tactic::Dfs {
                preemptions: Some(most),
            } => write!(f, "dfs:{most}"),
        }
    }
}

impl FromStr for Tactic {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => return Ok(Tactic::Auto),
            "dfs" => return Ok(Tactic::Dfs { preemptions: None }),
            _ => {}
        }
        if let Some(most) = text.strip_prefix("dfs:").and_then(|most| most.parse().ok()) {
            return Ok(Tactic::Dfs {
                preemptions: Some(most),
            });
        }
        text.parse()
            .map(Tactic::One)
            .map_err(|error: UnknownWord| error.or("auto, dfs:PREEMPTIONS"))
    }
}

#[cfg(test)]
mod tests {
    use super::Tactic;

    #[test]
    fn tactics_are_spelled_both_ways() {
        for text in [
            "auto", "random", "pct:3", "pos", "urw", "surw", "directed", "dfs", "dfs:2",
        ] {
            let tactic: Tactic = text.parse().unwrap();
            assert_eq!(tactic.to_string(), text);
        }
        assert_eq!(
            "psychic".parse::<Tactic>().unwrap_err().to_string(),
            "there is no strategy `psychic`: choose one of random, pct:DEPTH, urw, dfs, \
             round-robin, standstill:random, standstill:pct:DEPTH, pos, surw, directed, auto, \
             dfs:PREEMPTIONS"
        );
    }
}
