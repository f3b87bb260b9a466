//! The JSON document of a hunt.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use standstill::{Account, EngineKind, Load, LoadRanges};

use super::done::Done;

/// The output of `hunt --format json`, which `--report` also stores for a comparison with the next hunt.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Document {
    pub(crate) rows: Vec<RowDocument>,
}

/// A row. If there are several findings (`--keep-going`), it has the first.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct RowDocument {
    pub(crate) scenario: String,
    pub(crate) variant: String,
    engine: String,
    /// The strategy of the finding, else that of the whole row.
    strategy: String,
    /// The load of the finding's run, else the ranges of the hunt.
    load: Value,
    expected: String,
    pub(crate) verdict: String,
    met: bool,
    pub(crate) schedules: u64,
    /// From 0.
    pub(crate) first_at: Option<u64>,
    pub(crate) schedules_per_s: Option<f64>,
    steps_per_s: Option<f64>,
    pub(crate) fingerprint: Option<String>,
    token: Option<String>,
    #[serde(default)]
    account: Option<Account>,
}

impl Document {
    pub(crate) fn new(rows: &[Done<'_>], engine: EngineKind, strategy: &str) -> Self {
        Self {
            rows: rows
                .iter()
                .map(|done| row(done, engine, strategy))
                .collect(),
        }
    }
}

fn row(done: &Done<'_>, engine: EngineKind, strategy: &str) -> RowDocument {
    let outcome = done.outcome.as_ref();
    let plan = outcome.and_then(|outcome| outcome.plan.as_ref());
    let found = outcome.and_then(|outcome| outcome.found.first());
    // The strategy that chose the schedule of the original finding, before it was minimised.
    let hunted = found
        .and_then(|found| found.minimised.as_ref())
        .map_or(plan, |shrunk| Some(&shrunk.from));
    RowDocument {
        scenario: done.row.scenario.name().to_owned(),
        variant: done.row.variant.name().to_owned(),
        engine: engine.name().to_owned(),
        strategy: hunted.map_or_else(|| strategy.to_owned(), standstill::Plan::strategy_name),
        load: plan.map_or_else(
            || ranges(&done.row.ranges),
            |plan| load(done.row.scenario.ranges(), &plan.load),
        ),
        expected: done.row.expected().name().to_owned(),
        verdict: done.verdict().to_owned(),
        met: done.met(),
        schedules: done.schedules(),
        first_at: outcome.and_then(|outcome| outcome.first_at),
        schedules_per_s: done.per_second(|outcome| outcome.schedules).map(rounded),
        steps_per_s: done.per_second(|outcome| outcome.steps).map(rounded),
        fingerprint: outcome
            .and_then(|outcome| outcome.finding())
            .map(|finding| finding.fingerprint.to_string()),
        token: plan.map(standstill::Plan::to_token),
        // With a finding, how much was seen depends on the number of jobs.
        account: outcome
            .filter(|outcome| outcome.finding().is_none())
            .map(|outcome| outcome.account.clone()),
    }
}

/// Every knob that the scenario has, with its value.
pub(crate) fn load(knobs: &LoadRanges, load: &Load) -> Value {
    let counts: Map<String, Value> = knobs
        .iter()
        .map(|(knob, _)| (knob.name().to_owned(), json!(load.get(knob))))
        .collect();
    counts.into()
}

/// Every knob that the scenario has, with its lowest and its highest value.
pub(crate) fn ranges(ranges: &LoadRanges) -> Value {
    let bounds: Map<String, Value> = ranges
        .iter()
        .map(|(knob, range)| (knob.name().to_owned(), json!([range.start(), range.end()])))
        .collect();
    bounds.into()
}

fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}
