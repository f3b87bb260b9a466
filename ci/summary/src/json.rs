//! The summary for programs.

use serde_json::{Value, json};

use crate::night::Night;

/// The whole night as JSON.
pub(crate) fn document(night: &Night, headline: &str) -> String {
    let cases: Vec<Value> = night
        .cases
        .iter()
        .map(|case| {
            json!({
                "part": case.part.to_string(),
                "what": case.what.to_string(),
                "scenario": case.what.scenario(),
                "came_to": case.word,
                "detail": case.detail,
                "wrong": case.wrong,
            })
        })
        .collect();
    let document = json!({
        "headline": headline,
        "verdict": night.verdict(),
        "met": night.code() == 0,
        "new": night.new,
        "lost": night.lost,
        "trouble": night.trouble,
        "cases": cases,
    });
    format!("{document:#}\n")
}
