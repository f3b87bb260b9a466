//! A report as JSON.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::plan::{Plan, Schedule};
use crate::report::names;
use crate::report::{Report, story};

/// The version of the JSON's own layout.
const FORMAT: u32 = 1;

pub(super) fn render(report: &Report) -> Value {
    let finding = &report.finding;
    let names: Vec<Option<String>> = finding
        .graph
        .resources
        .iter()
        .map(|resource| names::name(report, resource))
        .collect();
    json!({
        "format": FORMAT,
        "headline": report.headline(),
        "story": story::steps(report),
        "finding": finding,
        "resource_names": names,
        "plan": plan(&report.plan),
        "token": report.token,
        "replay": report.replay_command(),
        "schedules_before": report.schedules_before,
        "shuttle_schedule": report.shuttle_schedule,
        "notes": report.notes,
        "sources": report.sources,
    })
}

fn plan(plan: &Plan) -> Value {
    json!({
        "scenario": plan.scenario,
        "variant": plan.variant,
        "load": plan.load,
        "engine": plan.engine,
        "preempt": plan.preempt,
        "leaks": plan.leaks,
        "max_steps": plan.max_steps,
        "schedule": schedule(&plan.schedule),
    })
}

/// The choices themselves are in the token; seeds are texts, since JavaScript's numbers end at
/// 2^53.
fn schedule(schedule: &Schedule) -> Value {
    let mut fields = Map::new();
    match schedule {
        Schedule::Seeded {
            strategy,
            seed,
            digest,
        } => {
            fields.insert("strategy".to_owned(), json!(strategy.to_string()));
            fields.insert("seed".to_owned(), json!(seed.to_string()));
            if let Some(digest) = digest {
                fields.insert("choices".to_owned(), json!(digest.choices));
                fields.insert("hash".to_owned(), json!(format!("{:08x}", digest.hash)));
            }
        }
        Schedule::Choices(choices) => {
            fields.insert("strategy".to_owned(), json!("replay"));
            fields.insert("choices".to_owned(), json!(choices.len()));
        }
        Schedule::Bytes(bytes) => {
            fields.insert("strategy".to_owned(), json!("bytes"));
            fields.insert("bytes".to_owned(), json!(bytes.len()));
        }
    }
    Value::Object(fields)
}

impl Serialize for Report {
    /// As [`Report::to_json`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
