//! A report as JSON, and back.
//!
//! The layout is described with [`Report::from_json`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::finding::Finding;
use crate::plan::{Plan, Schedule};
use crate::report::{Report, Smaller, story};
use crate::token::TokenError;
use crate::trace::Trace;

/// The version of the JSON's own layout.
const FORMAT: u32 = 1;

pub(super) fn render(report: &Report) -> Value {
    let mut json = json!({
        "format": FORMAT,
        "headline": report.headline(),
        "help": report.help(),
        "story": story::steps(report),
        "finding": report.finding,
        "resource_names": report.resource_names(),
        "plan": plan(&report.plan),
        "token": report.token,
        "replay": report.replay_command(),
        "schedules_before": report.schedules_before,
        "minimised": report.minimised,
        "shuttle_schedule": report.shuttle_schedule,
        "notes": report.notes,
        "sources": report.sources,
    });
    if let (Some(trace), Value::Object(fields)) = (&report.trace, &mut json) {
        fields.insert("trace".to_owned(), json!(trace));
    }
    json
}

/// A JSON value is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is of a format that is not known here.
    #[error("the report is of format {0}: this version reads format {FORMAT}")]
    Format(u64),
    /// Its token cannot be read.
    #[error("the report's token: {0}")]
    Token(#[from] TokenError),
    /// It is no report, or lacks something.
    #[error("not a report: {0}")]
    Json(#[from] serde_json::Error),
}

/// What of a report's JSON is not derived from the rest.
#[derive(Deserialize)]
struct Fields {
    finding: Finding,
    token: String,
    replay: Option<String>,
    schedules_before: Option<u64>,
    minimised: Option<Smaller>,
    shuttle_schedule: Option<String>,
    notes: Vec<String>,
    sources: BTreeMap<String, String>,
    trace: Option<Trace>,
}

pub(super) fn read(json: &Value) -> Result<Report, ReportError> {
    let format = json.get("format").and_then(Value::as_u64).unwrap_or(0);
    if format != u64::from(FORMAT) {
        return Err(ReportError::Format(format));
    }
    let fields = Fields::deserialize(json)?;
    let plan = Plan::from_token(&fields.token)?;
    let mut report = Report::with_sources(fields.finding, plan, fields.sources);
    report.replay_with = fields
        .replay
        .filter(|replay| *replay != report.replay_command());
    report.schedules_before = fields.schedules_before;
    report.minimised = fields.minimised;
    report.shuttle_schedule = fields.shuttle_schedule;
    report.notes = fields.notes;
    report.trace = fields.trace;
    Ok(report)
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
