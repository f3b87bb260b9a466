//! The JSON document of a replay.

use serde::Serialize;
use serde_json::Value;

use super::judge::Judged;
use super::target::Case;
use crate::hunt::load_document;

/// The output of `replay --format json`.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    rows: Vec<RowDocument>,
}

#[derive(Debug, Serialize)]
struct RowDocument {
    /// The entry's file; null for a token.
    file: Option<String>,
    scenario: String,
    variant: &'static str,
    engine: &'static str,
    strategy: String,
    load: Value,
    /// The fingerprint that an entry expects; null for a token.
    expected: Option<String>,
    /// The verdict of the first replay.
    verdict: &'static str,
    fingerprint: Option<String>,
    met: bool,
    /// The number of replays.
    times: u64,
    /// How many of them had the expected result.
    same: u64,
    /// The verdict of the fixed variant, if the entry declares it clean.
    fixed: Option<&'static str>,
    /// Why the first replay is undecided, if it is.
    reason: Option<String>,
    token: String,
}

impl Document {
    pub(super) fn new(rows: &[Judged<'_>]) -> Self {
        Self {
            rows: rows.iter().map(row).collect(),
        }
    }
}

fn row(judged: &Judged<'_>) -> RowDocument {
    let plan = judged.case.plan();
    let (file, expected) = match &judged.case {
        Case::Token(_) => (None, None),
        Case::Entry(path, _) => (Some(path.display().to_string()), judged.expected()),
    };
    RowDocument {
        file,
        scenario: plan.scenario.clone(),
        variant: plan.variant.name(),
        engine: plan.engine.name(),
        strategy: plan.strategy_name(),
        load: load_document(judged.scenario.ranges(), &plan.load),
        expected,
        verdict: judged.verdict.name(),
        fingerprint: judged
            .finding()
            .map(|finding| finding.fingerprint.to_string()),
        met: judged.met(),
        times: judged.times,
        same: judged.same,
        fixed: judged.fixed.as_ref().map(standstill::Verdict::name),
        reason: match &judged.verdict {
            standstill::Verdict::Undecided(reason) => Some(reason.to_string()),
            _ => None,
        },
        token: plan.to_token(),
    }
}
