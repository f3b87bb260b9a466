//! A report as a JSON document, written and read.
//!
//! Of its layout, format 1, these fields are read: `finding` with its wait graph, whose tasks and
//! resources refer to each other by index; `token`, the whole plan; `schedules_before`, `minimised` and
//! `notes`, how it was found; `sources`, source lines by `file:line`; `trace`, the events step by step,
//! if the run was traced. The other fields are derived from these, for the reader: `headline`, `help`,
//! `story` (the report's sentences, with their places), `resource_names` (the program's names of the
//! graph's resources, null where there is none), `plan` (readable), and `replay` (the command).

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use standstill_model::finding::Finding;
use standstill_model::load::Load;
use standstill_model::plan::{EngineKind, Leaks, Plan, Preempt, Schedule, Variant};
use standstill_model::trace::Trace;

use crate::story::{self, Step};
use crate::{Report, Smaller, Workers, slack};

/// The version of the layout.
const FORMAT: u64 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u64,
    headline: String,
    help: Option<String>,
    story: Vec<Step>,
    finding: &'a Finding,
    resource_names: Vec<Option<String>>,
    plan: ReadablePlan<'a>,
    token: &'a str,
    replay: String,
    schedules_before: Option<u64>,
    minimised: Option<Smaller>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<Workers>,
    shuttle_schedule: Option<&'a str>,
    notes: &'a [String],
    sources: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a Trace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slack: Option<slack::Spent>,
}

#[derive(Serialize)]
struct ReadablePlan<'a> {
    scenario: &'a str,
    variant: Variant,
    load: &'a Load,
    engine: EngineKind,
    preempt: Preempt,
    leaks: Leaks,
    max_steps: u32,
    slack: String,
    schedule: ReadableSchedule,
}

/// The choices themselves are in the token. Seeds are strings, since JavaScript's integers are exact
/// only up to 2^53.
#[derive(Default, Serialize)]
struct ReadableSchedule {
    strategy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

impl ReadableSchedule {
    fn of(schedule: &Schedule) -> Self {
        match schedule {
            Schedule::Seeded {
                strategy,
                seed,
                digest,
            } => Self {
                strategy: strategy.to_string(),
                seed: Some(seed.to_string()),
                choices: digest.map(|digest| u64::from(digest.choices)),
                hash: digest.map(|digest| format!("{:08x}", digest.hash)),
                bytes: None,
            },
            Schedule::Choices(choices) => Self {
                strategy: "replay".to_owned(),
                choices: Some(choices.len() as u64),
                ..Self::default()
            },
            Schedule::Bytes(bytes) => Self {
                strategy: "bytes".to_owned(),
                bytes: Some(bytes.len() as u64),
                ..Self::default()
            },
        }
    }
}

impl Serialize for Report {
    /// As a document of format 1: see the documentation of the crate.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = &self.plan;
        let document = Document {
            format: FORMAT,
            headline: self.headline(),
            help: self.help(),
            story: story::steps(self),
            finding: &self.finding,
            resource_names: self.resource_names(),
            plan: ReadablePlan {
                scenario: &plan.scenario,
                variant: plan.variant,
                load: &plan.load,
                engine: plan.engine,
                preempt: plan.preempt,
                leaks: plan.leaks,
                max_steps: plan.max_steps,
                slack: plan.slack.to_string(),
                schedule: ReadableSchedule::of(&plan.schedule),
            },
            token: &self.token,
            replay: self.replay_command(),
            schedules_before: self.schedules_before,
            minimised: self.minimised,
            workers: self.workers,
            shuttle_schedule: self.shuttle_schedule.as_deref(),
            notes: &self.notes,
            sources: &self.sources,
            slack: slack::spent(self),
            trace: self.trace.as_ref(),
        };
        document.serialize(serializer)
    }
}

/// The part of a document that is not derived from the rest. All of it may be missing in another format,
/// so the format is checked first.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    format: u64,
    finding: Option<Finding>,
    token: Option<String>,
    replay: Option<String>,
    schedules_before: Option<u64>,
    minimised: Option<Smaller>,
    workers: Option<Workers>,
    shuttle_schedule: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    sources: BTreeMap<String, String>,
    trace: Option<Trace>,
}

impl<'de> Deserialize<'de> for Report {
    /// From a document of format 1.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        if stored.format != FORMAT {
            return Err(D::Error::custom(format!(
                "the report is of format {}: this version reads format {FORMAT}",
                stored.format
            )));
        }
        let finding = stored
            .finding
            .ok_or_else(|| D::Error::missing_field("finding"))?;
        let token = stored
            .token
            .ok_or_else(|| D::Error::missing_field("token"))?;
        let plan = Plan::from_token(&token)
            .map_err(|error| D::Error::custom(format!("the report's token: {error}")))?;
        let mut report = Self::with_sources(finding, plan, stored.sources);
        report.replay_with = stored
            .replay
            .filter(|replay| *replay != report.replay_command());
        report.schedules_before = stored.schedules_before;
        report.minimised = stored.minimised;
        report.workers = stored.workers;
        report.shuttle_schedule = stored.shuttle_schedule;
        report.notes = stored.notes;
        report.trace = stored.trace;
        Ok(report)
    }
}
