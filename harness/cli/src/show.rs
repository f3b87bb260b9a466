//! Everything that is known about a scenario.

use std::fmt::Write;

use standstill::Scenario;

use crate::args::ShowArgs;
use crate::console::{Console, Paint, paint};
use crate::exit::Exit;
use crate::pick;

/// Prints a scenario's description and its ranges.
pub(crate) fn show(
    scenarios: &[Scenario],
    args: &ShowArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let scenario = pick::scenario(scenarios, &args.scenario)?;
    console.print(&text(scenario, console.color()))?;
    Ok(Exit::Met)
}

fn text(scenario: &Scenario, color: bool) -> String {
    let variants: Vec<&str> = scenario.variants().map(standstill::Variant::name).collect();
    let mut text = format!(
        "{}: {}\n\n",
        paint(color, Paint::Bold, scenario.name()),
        scenario.summary()
    );
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<15}{value}");
    };
    if !scenario.source_text().is_empty() {
        fact("source", scenario.source_text());
    }
    fact("variants", &variants.join(", "));
    let mut name = "load";
    for (knob, range) in scenario.ranges().iter() {
        let (low, high) = range.into_inner();
        let span = match low == high {
            true => low.to_string(),
            false => format!("{low}..{high}"),
        };
        fact(name, &format!("--{knob} {span}"));
        name = "";
    }
    if name == "load" {
        fact(name, "no knobs");
    }
    if let Some(load) = scenario.smallest_buggy_load() {
        fact("smallest load", &format!("{load} can show the bug"));
    }
    if !scenario.story_text().is_empty() {
        let _ = write!(text, "\n{}\n", scenario.story_text().trim());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use standstill::{Load, Scenario, Variant};

    #[test]
    fn a_scenario_tells_all_it_was_given() {
        let scenario = Scenario::new("pair", "two locks taken in two orders")
            .source("a service of ours")
            .story("One takes a, then b.\n\nThe other takes b, then a.\n")
            .workers(2..=4)
            .rounds(1..=1)
            .smallest_load(Load {
                workers: 2,
                rounds: 1,
                ..Load::default()
            })
            .variant(Variant::Buggy, |_| async {})
            .variant(Variant::Fixed, |_| async {});
        insta::assert_snapshot!(text(&scenario, false), @r"
        pair: two locks taken in two orders

        source         a service of ours
        variants       buggy, fixed
        load           --workers 2..4
                       --rounds 1
        smallest load  workers=2 rounds=1 can show the bug

        One takes a, then b.

        The other takes b, then a.
        ");
    }

    #[test]
    fn a_bare_scenario_has_a_short_text() {
        let scenario = Scenario::new("mine", "it ends").variant(Variant::Own, |_| async {});
        insta::assert_snapshot!(text(&scenario, false), @r"
        mine: it ends

        variants       own
        load           no knobs
        ");
    }
}
