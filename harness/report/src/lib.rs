//! Reports, which present a finding to its reader: as text in the style of a compiler's, and as a JSON
//! document.
//!
//! A [`Report`] is plain data. With serde it is a document whose layout is described in the module
//! `document`. [`Report::new`] reads all files that are needed; rendering uses only the report.

mod broken;
mod document;
mod draw;
mod headline;
mod help;
mod left;
mod lines;
mod lost;
mod names;
mod slack;
mod sources;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use standstill_model::finding::Finding;

pub use lines::{concerned, stuck_lines};

use standstill_model::plan::Plan;
use standstill_model::size::Size;
use standstill_model::trace::Trace;
use standstill_rt::site::Place;

/// How minimising changed the size of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smaller {
    /// Its size before.
    pub before: Size,
    /// Its size after.
    pub after: Size,
    /// A stop was requested first: it may get smaller still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The same was looked for without slack, in vain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_slack: bool,
}

/// How many worker threads a finding takes, by trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "needed")]
pub enum Workers {
    /// One is enough: it came up where tasks were switched only between polls.
    One,
    /// It did not come up like that, so two tasks seem to have to run at once.
    Two {
        /// In how many schedules.
        tried: u32,
    },
}

/// A finding with everything that its reader needs.
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
    /// The schedule for `shuttle::replay`, together with `shuttle_body`, if the engine is `shuttle`.
    pub shuttle_schedule: Option<String>,
    /// The command that replays it, where that is not the command `standstill`.
    pub replay_with: Option<String>,
    /// Further notes for the reader, a sentence each.
    pub notes: Vec<String>,
    /// The source lines that the finding mentions, trimmed, by `file:line`. Lines that could not be read
    /// are missing.
    pub sources: BTreeMap<String, String>,
    /// How much smaller this run is than the one that the hunt found, if it was minimised.
    pub minimised: Option<Smaller>,
    /// How many worker threads it takes, if that was tried.
    pub workers: Option<Workers>,
    /// What happened in the run, step by step, if it was traced.
    pub trace: Option<Trace>,
}

impl Report {
    /// A report of `finding`, with the source lines that can be read. Files are searched by the paths
    /// that the compiler recorded, in the current directory and those above it.
    pub fn new(finding: Finding, plan: Plan) -> Self {
        Self::traced(finding, plan, None)
    }

    /// The same, which can also describe the events before the finding.
    pub fn traced(finding: Finding, plan: Plan, trace: Option<Trace>) -> Self {
        let sources = sources::collect(&finding, trace.as_ref());
        let mut report = Self::with_sources(finding, plan, sources);
        report.trace = trace;
        report
    }

    /// A report of `finding` that quotes the lines in `sources`, whose keys are `file:line`.
    pub fn with_sources(finding: Finding, plan: Plan, sources: BTreeMap<String, String>) -> Self {
        Self {
            token: plan.to_token(),
            finding,
            plan,
            schedules_before: None,
            shuttle_schedule: None,
            replay_with: None,
            notes: Vec::new(),
            sources,
            minimised: None,
            workers: None,
            trace: None,
        }
    }

    /// What happened, in one sentence: `hang: distribute and watcher#2 wait for each other`.
    pub fn headline(&self) -> String {
        format!("{}: {}", self.finding.kind, headline::headline(self))
    }

    /// The command that replays it.
    pub fn replay_command(&self) -> String {
        match &self.replay_with {
            Some(command) => command.clone(),
            None => format!("standstill replay {}", self.token),
        }
    }

    /// How to fix it, where the facts match a known pattern exactly.
    pub fn help(&self) -> Option<String> {
        help::help(self)
    }

    /// The program's names of its resources, in the order of the finding's graph. None where the source
    /// has no name for one.
    pub fn resource_names(&self) -> Vec<Option<String>> {
        let resources = self.finding.graph.resources.iter();
        resources
            .map(|resource| names::name(self, resource))
            .collect()
    }

    /// The name that reports use for the resource at an index of the finding's graph.
    pub fn resource_called(&self, resource: usize) -> String {
        names::called(self, resource).short
    }

    /// The name of a resource of the trace.
    pub fn traced_resource_called(&self, resource: usize) -> String {
        names::called_in_trace(self, resource)
    }

    /// The report as text, with ANSI colours if `color`.
    pub fn to_text(&self, color: bool) -> String {
        text::render(self, color, None)
    }

    /// The same, with its prose wrapped at this many characters where possible.
    pub fn to_text_within(&self, width: usize, color: bool) -> String {
        text::render(self, color, Some(width))
    }

    /// The wait graph in the language of Graphviz.
    pub fn to_dot(&self) -> String {
        draw::dot(self)
    }

    /// The wait graph as a Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        draw::mermaid(self)
    }

    /// The source line at a place, if it could be read.
    pub fn source(&self, place: &Place) -> Option<&str> {
        self.sources.get(&sources::key(place)).map(String::as_str)
    }
}

impl fmt::Display for Report {
    /// The report as text without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(false))
    }
}
