//! What a finding looks like to its reader: a report, as text like a compiler's and as JSON.
//!
//! A [`Report`] is plain data. Whatever has to be fetched is fetched by [`Report::new`]; rendering
//! reads nothing but the report.

mod headline;
mod json;
mod lines;
mod names;
mod sources;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::Finding;
pub(crate) use lines::{concerned, stuck_lines};

use crate::plan::Plan;
use crate::site::Place;

/// A finding with all that its reader needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was found.
    pub finding: Finding,
    /// The plan that shows it.
    pub plan: Plan,
    /// The plan as a token.
    pub token: String,
    /// How many schedules the hunt had run before the one that showed it.
    pub schedules_before: Option<u64>,
    /// The run as `shuttle::replay` takes it, together with `shuttle_body`: under the engine
    /// `shuttle`.
    pub shuttle_schedule: Option<String>,
    /// What else the reader should know, a sentence each.
    pub notes: Vec<String>,
    /// The lines of source that the finding speaks of, trimmed, by `file:line`; those that could
    /// not be read are missing.
    pub sources: BTreeMap<String, String>,
}

impl Report {
    /// A report of `finding`, with the lines of source that are at hand: files are looked for as
    /// the compiler was given them, in the current directory and those above it.
    pub fn new(finding: Finding, plan: Plan) -> Self {
        let sources = sources::collect(&finding);
        Self::with_sources(finding, plan, sources)
    }

    /// A report of `finding` that quotes the lines in `sources`, whose keys are `file:line`.
    pub fn with_sources(finding: Finding, plan: Plan, sources: BTreeMap<String, String>) -> Self {
        Self {
            token: plan.to_token(),
            finding,
            plan,
            schedules_before: None,
            shuttle_schedule: None,
            notes: Vec::new(),
            sources,
        }
    }

    /// What happened, in one sentence: `hang: distribute and watcher#2 wait for each other`.
    pub fn headline(&self) -> String {
        format!("{}: {}", self.finding.kind, headline::headline(self))
    }

    /// The command that shows it again.
    pub fn replay_command(&self) -> String {
        format!("standstill replay {}", self.token)
    }

    /// The report as text, with ANSI colours if `color`.
    pub fn to_text(&self, color: bool) -> String {
        text::render(self, color)
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        json::render(self)
    }

    /// The source line at a place, if it is at hand.
    fn source(&self, place: &Place) -> Option<&str> {
        self.sources.get(&sources::key(place)).map(String::as_str)
    }
}

impl fmt::Display for Report {
    /// The report as text without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(false))
    }
}
