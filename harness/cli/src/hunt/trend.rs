//! Compares a hunt with the previous one: the index page's text for each row.

use std::path::Path;

use standstill::Report;
use standstill_html::{Index, IndexFinding, IndexRow};

use super::document::{Document, RowDocument};
use super::done::Done;
use super::report;
use crate::table::{grouped, rate};

/// The document that an earlier hunt left in the directory, if it can be read.
pub(super) fn read(directory: Option<&Path>) -> Option<Document> {
    let text = std::fs::read_to_string(directory?.join("hunt.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// The data of the index page.
pub(super) fn index(
    done: &[Done<'_>],
    now: &Document,
    before: Option<&Document>,
    reports: &[Report],
) -> Index {
    let rows = done.iter().zip(&now.rows).map(|(done, row)| {
        let earlier = before.and_then(|before| {
            let mut rows = before.rows.iter();
            rows.find(|old| old.scenario == row.scenario && old.variant == row.variant)
        });
        IndexRow {
            scenario: row.scenario.clone(),
            variant: row.variant.clone(),
            verdict: row.verdict.clone(),
            met: done.met(),
            schedules: grouped(row.schedules),
            rate: row.schedules_per_s.map_or_else(|| "-".to_owned(), rate),
            reason: done.reason(),
            trend: before.map(|_| trend(row, earlier)),
            findings: reports
                .iter()
                .filter(|report| {
                    report.plan.scenario == row.scenario && report.plan.variant == done.row.variant
                })
                .map(finding)
                .collect(),
        }
    });
    Index {
        rows: rows.collect(),
        met: done.iter().filter(|done| done.met()).count(),
    }
}

fn finding(report: &Report) -> IndexFinding {
    IndexFinding {
        headline: report.headline(),
        fingerprint: report.finding.fingerprint.to_string(),
        page: format!("{}.html", report::stem(report)),
        replay: report.replay_command(),
    }
}

/// What has changed in a row.
fn trend(now: &RowDocument, before: Option<&RowDocument>) -> String {
    let Some(before) = before else {
        return "new".to_owned();
    };
    if before.verdict != now.verdict {
        return format!("was {}", before.verdict);
    }
    if before.fingerprint != now.fingerprint {
        let was = before.fingerprint.as_deref().unwrap_or("nothing");
        return format!("another finding; was {was}");
    }
    match (before.first_at, now.first_at) {
        (Some(before), Some(now)) if before != now => {
            format!(
                "found at schedule {}, was {}",
                grouped(now + 1),
                grouped(before + 1)
            )
        }
        _ => "as before".to_owned(),
    }
}
