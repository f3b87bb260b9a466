//! The list of scenarios.

use serde::Serialize;
use serde_json::Value;
use standstill::{EngineKind, Scenario};

use crate::args::{Format, ListArgs};
use crate::console::Console;
use crate::exit::Exit;
use crate::hunt::{load_document, ranges_document};
use crate::table::{Cell, render};

/// The output of `list --format json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// The engines that can execute a hunt.
    engines: Vec<&'static str>,
    scenarios: Vec<ScenarioDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct ScenarioDocument<'a> {
    name: &'a str,
    summary: &'a str,
    source: Option<&'a str>,
    variants: Vec<&'static str>,
    /// The lowest and the highest value of each knob.
    knobs: Value,
    smallest_load: Option<Value>,
}

/// Prints every scenario.
pub(crate) fn list(
    scenarios: &[Scenario],
    args: &ListArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    match args.format {
        Format::Text => {
            let rows: Vec<Vec<Cell>> = scenarios.iter().map(row).collect();
            console.print(&render(
                &["scenario", "variants", "load", "summary"],
                &rows,
                console.color(),
            ))?;
        }
        Format::Json => {
            let scenarios = scenarios.iter().map(document).collect();
            let engines = EngineKind::ALL.iter().map(|engine| engine.name());
            console.print_json(&Document {
                engines: engines.collect(),
                scenarios,
            })?;
        }
    }
    Ok(Exit::Met)
}

fn row(scenario: &Scenario) -> Vec<Cell> {
    vec![
        Cell::text(scenario.name()),
        Cell::text(variants(scenario).join(", ")),
        Cell::text(scenario.ranges().to_string()),
        Cell::text(scenario.summary()),
    ]
}

fn variants(scenario: &Scenario) -> Vec<&'static str> {
    scenario.variants().map(standstill::Variant::name).collect()
}

fn document(scenario: &Scenario) -> ScenarioDocument<'_> {
    let source = scenario.source_text();
    ScenarioDocument {
        name: scenario.name(),
        summary: scenario.summary(),
        source: (!source.is_empty()).then_some(source),
        variants: variants(scenario),
        knobs: ranges_document(scenario.ranges()),
        smallest_load: scenario
            .smallest_buggy_load()
            .map(|load| load_document(scenario.ranges(), &load)),
    }
}
