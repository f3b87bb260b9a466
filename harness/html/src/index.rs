//! The page of a whole hunt.

use minijinja::context;
use serde::Serialize;

use crate::template::render;

/// The results of a hunt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Index {
    /// The rows, in order.
    pub rows: Vec<IndexRow>,
    /// The number of rows with the required verdict.
    pub met: usize,
}

/// A row of a hunt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexRow {
    /// The name of the scenario.
    pub scenario: String,
    /// The name of the variant.
    pub variant: String,
    /// The verdict, in one word.
    pub verdict: String,
    /// Whether this is the required verdict.
    pub met: bool,
    /// The number of schedules that were tried.
    pub schedules: String,
    /// The number of schedules per second.
    pub rate: String,
    /// Why the verdict is undecided, if it is.
    pub reason: Option<String>,
    /// What differs from the previous hunt, if there was one.
    pub trend: Option<String>,
    /// The findings.
    pub findings: Vec<IndexFinding>,
}

/// A finding of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexFinding {
    /// What happened, in one sentence.
    pub headline: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The file of its page, in the same directory as this page.
    pub page: String,
    /// The command that replays it.
    pub replay: String,
}

/// Renders the page of a hunt as HTML.
pub fn index(index: &Index) -> String {
    let trend = index.rows.iter().any(|row| row.trend.is_some());
    render("index", context! { index, trend })
}
