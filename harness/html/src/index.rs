//! The page of a whole hunt.

use minijinja::context;
use serde::Serialize;

use crate::template::render;

/// What a hunt came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Its rows, in order.
    pub rows: Vec<IndexRow>,
    /// How many of them came to what they had to.
    pub met: usize,
}

/// A row of a hunt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexRow {
    /// The scenario.
    pub scenario: String,
    /// The variant.
    pub variant: String,
    /// What it came to, in one word.
    pub verdict: String,
    /// Whether it had to.
    pub met: bool,
    /// How many schedules were tried.
    pub schedules: String,
    /// How many in a second.
    pub rate: String,
    /// Why it could not be decided, if it could not.
    pub reason: Option<String>,
    /// What is different from the hunt before, if there was one.
    pub trend: Option<String>,
    /// What was found.
    pub findings: Vec<IndexFinding>,
}

/// A finding of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexFinding {
    /// What happened, in one sentence.
    pub headline: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The file of its page, beside this one.
    pub page: String,
    /// The command that shows it again.
    pub replay: String,
}

/// The page of a hunt, as HTML.
pub fn index(index: &Index) -> String {
    let trend = index.rows.iter().any(|row| row.trend.is_some());
    render("index", context! { index, trend })
}
