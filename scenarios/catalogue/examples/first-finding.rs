//! How many schedules each strategy needs until it finds each scenario's bug: the median of 20
//! hunts with different seeds, over the whole ranges of loads, as a Markdown table.
//!
//! `cargo run --release -p standstill-catalogue --example first-finding`

use std::io::{self, Write};

use standstill::{Hunt, Scenario, StrategyKind, Tactic, Variant, Verdict};

/// Each cell is the median of so many hunts.
const SEEDS: u64 = 20;

/// A hunt gives up after so many schedules.
const SCHEDULES: u64 = 100_000;

const STRATEGIES: [Tactic; 7] = [
    Tactic::One(StrategyKind::Random),
    Tactic::One(StrategyKind::Pct { depth: 2 }),
    Tactic::One(StrategyKind::Pct { depth: 3 }),
    Tactic::One(StrategyKind::Pos),
    Tactic::One(StrategyKind::Urw),
    Tactic::One(StrategyKind::Surw),
    Tactic::Auto,
];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let names = STRATEGIES.map(|strategy| format!(" {strategy} |")).concat();
    writeln!(out, "| scenario |{names}")?;
    writeln!(out, "| --- |{}", " ---: |".repeat(STRATEGIES.len()))?;
    for scenario in standstill_catalogue::scenarios() {
        write!(out, "| {} |", scenario.name())?;
        for strategy in STRATEGIES {
            write!(out, " {} |", median(&scenario, strategy))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The median number of schedules up to and with the first finding, as a cell of the table.
fn median(scenario: &Scenario, strategy: Tactic) -> String {
    let mut needed: Vec<u64> = (0..SEEDS)
        .map(|seed| schedules_to_first(scenario, strategy, seed).unwrap_or(u64::MAX))
        .collect();
    needed.sort_unstable();
    let (low, high) = (needed[needed.len() / 2 - 1], needed[needed.len() / 2]);
    if high == u64::MAX {
        return format!("> {SCHEDULES}");
    }
    match (low + high) % 2 {
        0 => format!("{}", (low + high) / 2),
        _ => format!("{}.5", (low + high) / 2),
    }
}

/// None if the hunt gave up.
fn schedules_to_first(scenario: &Scenario, strategy: Tactic, seed: u64) -> Option<u64> {
    let outcome = Hunt::of(scenario, Variant::Buggy)
        .strategy(strategy)
        .schedules(SCHEDULES)
        .seed(seed)
        .go()
        .unwrap_or_else(|error| panic!("{}: {error}", scenario.name()));
    match outcome.verdict {
        Verdict::Found(_) => Some(outcome.schedules),
        Verdict::Clean => None,
        Verdict::Undecided(reason) => panic!("{}: undecided: {reason}", scenario.name()),
    }
}
