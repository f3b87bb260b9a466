//! The rows of a hunt: every requested variant of every requested scenario.

use standstill::{LoadRanges, Scenario, Variant};

use crate::args::HuntArgs;
use crate::error::UserError;
use crate::pick;

/// The expected result of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A finding.
    Found,
    /// Nothing.
    Clean,
}

impl Expected {
    pub(crate) fn of(variant: Variant) -> Self {
        match variant {
            Variant::Buggy => Expected::Found,
            Variant::Fixed | Variant::Own => Expected::Clean,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Expected::Found => "found",
            Expected::Clean => "clean",
        }
    }
}

/// A variant of a scenario, and the loads of its hunt.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) variant: Variant,
    pub(crate) ranges: LoadRanges,
}

impl Row<'_> {
    pub(crate) fn expected(&self) -> Expected {
        Expected::of(self.variant)
    }

    /// `watch-mux (buggy)`.
    pub(crate) fn label(&self) -> String {
        format!("{} ({})", self.scenario.name(), self.variant)
    }
}

/// The requested rows, in the order of the scenarios. An option that fits only some scenarios is an
/// error if the scenarios were named explicitly, and is ignored for the others if all are hunted in.
pub(super) fn rows<'a>(
    scenarios: &'a [Scenario],
    args: &HuntArgs,
) -> Result<Vec<Row<'a>>, UserError> {
    args.strategy.check(args.engine)?;
    let named = !args.scenarios.is_empty();
    let chosen: Vec<&Scenario> = if named {
        let mut chosen: Vec<&Scenario> = Vec::new();
        for name in &args.scenarios {
            let scenario = pick::scenario(scenarios, name)?;
            if !chosen.iter().any(|other| other.name() == scenario.name()) {
                chosen.push(scenario);
            }
        }
        chosen
    } else {
        scenarios.iter().collect()
    };
    for (knob, _) in args.knobs() {
        let somewhere = chosen
            .iter()
            .any(|scenario| scenario.ranges().get(knob).is_some());
        if !named && !somewhere {
            return Err(UserError::NowhereSuchKnob { knob });
        }
    }
    let mut rows = Vec::new();
    for scenario in chosen {
        let ranges = ranges(scenario, named, args)?;
        let variants = scenario
            .variants()
            .filter(|variant| args.variant.is_none_or(|wanted| wanted == *variant));
        let before = rows.len();
        rows.extend(variants.map(|variant| Row {
            scenario,
            variant,
            ranges: ranges.clone(),
        }));
        if let (true, Some(variant)) = (named && rows.len() == before, args.variant) {
            return Err(UserError::NoSuchVariant {
                scenario: scenario.name().to_owned(),
                variant,
                known: scenario.variants().collect(),
            });
        }
    }
    match args.variant {
        Some(variant) if rows.is_empty() => Err(UserError::NowhereSuchVariant(variant)),
        _ => Ok(rows),
    }
}

fn ranges(scenario: &Scenario, named: bool, args: &HuntArgs) -> Result<LoadRanges, UserError> {
    let mut ranges = scenario.ranges().clone();
    for (knob, range) in args.knobs() {
        if named || ranges.get(knob).is_some() {
            ranges = ranges.narrow(scenario.name(), knob, range)?;
        }
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::args::{Cli, Command};
    use clap::Parser;
    use standstill::{Scenario, Variant};

    fn scenarios() -> Vec<Scenario> {
        vec![
            Scenario::new("pair", "")
                .workers(1..=4)
                .rounds(1..=2)
                .variant(Variant::Buggy, |_| async {})
                .variant(Variant::Fixed, |_| async {}),
            Scenario::new("mine", "")
                .watchers(1..=8)
                .variant(Variant::Own, |_| async {}),
        ]
    }

    /// The rows that a command line results in, or the error.
    fn asked(line: &str) -> Result<Vec<String>, String> {
        let args = format!("standstill hunt {line}");
        let Command::Hunt(args) = Cli::try_parse_from(args.split_whitespace())
            .unwrap()
            .command
        else {
            panic!("not a hunt");
        };
        let scenarios = scenarios();
        let rows = rows(&scenarios, &args).map_err(|error| error.to_string())?;
        Ok(rows
            .iter()
            .map(|row| format!("{} {}", row.label(), row.ranges))
            .collect())
    }

    #[test]
    fn every_variant_of_every_scenario_makes_a_row() {
        assert_eq!(
            asked("").unwrap(),
            [
                "pair (buggy) workers=1..4 rounds=1..2",
                "pair (fixed) workers=1..4 rounds=1..2",
                "mine (own) watchers=1..8",
            ]
        );
        assert_eq!(asked("mine mine").unwrap(), ["mine (own) watchers=1..8"]);
        assert_eq!(
            asked("--variant fixed").unwrap(),
            ["pair (fixed) workers=1..4 rounds=1..2"]
        );
    }

    #[test]
    fn a_knob_narrows_the_scenarios_that_have_it() {
        assert_eq!(
            asked("--workers 2 --watchers 1..3 --variant buggy").unwrap(),
            ["pair (buggy) workers=2 rounds=1..2"]
        );
        assert_eq!(
            asked("mine --watchers 1..=3").unwrap(),
            ["mine (own) watchers=1..3"]
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (line, error) in [
            (
                "mine --workers 2",
                "mine has no workers: leave --workers out for it (it uses watchers)",
            ),
            (
                "--writers 2",
                "no scenario has writers: leave --writers out, or see `standstill list`",
            ),
            (
                "pair --workers 2..9",
                "workers 2..9 is outside of what pair allows: workers 1..4",
            ),
            (
                "--workers 9",
                "workers 9 is outside of what pair allows: workers 1..4",
            ),
            (
                "mine --variant buggy",
                "mine has no variant `buggy`: it has own",
            ),
            (
                "--strategy round-robin",
                "the engine `explore` has no strategy `round-robin`: choose one of random, \
                 pct:DEPTH, urw, pos, surw, directed",
            ),
            (
                "--engine explore --strategy standstill:random",
                "the engine `explore` has no strategy `standstill:random`: choose one of random, \
                 pct:DEPTH, urw, pos, surw, directed",
            ),
            (
                "pear",
                "there is no scenario `pear`: did you mean `pair`? There are pair, mine",
            ),
        ] {
            assert_eq!(asked(line).unwrap_err(), error);
        }
    }
}
