//! The end of a hunt, as text: the table, how to replay the findings, and whether all results are as
//! expected.

use std::fmt::Write;

use standstill::EngineKind;

use super::done::Done;
use super::rows::Expected;
use crate::console::{Paint, paint};
use crate::table::{Cell, grouped, rate, render};

/// A rate over fewer schedules is meaningless: it would mostly measure the start-up.
const ENOUGH: u64 = 1_000;

/// How the summary is formatted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) color: bool,
    pub(super) verbose: bool,
    /// The name of the program.
    pub(super) program: &'a str,
}

/// The whole summary of a hunt.
pub(super) fn summary(rows: &[Done<'_>], engine: EngineKind, look: Look<'_>) -> String {
    let mut text = table(rows, engine, look);
    for done in rows {
        if let Some(reason) = done.reason() {
            let _ = write!(text, "\n{}: undecided\n  {reason}\n", done.row.label());
        }
        for found in done.outcome.iter().flat_map(|outcome| &outcome.found) {
            let _ = write!(
                text,
                "\n{}: {}\n  replay with: {} replay {}\n",
                done.row.label(),
                found.finding.fingerprint,
                look.program,
                found.plan.to_token(),
            );
        }
    }
    let _ = write!(text, "\n{}\n", closing(rows, look.color));
    text
}

fn table(rows: &[Done<'_>], engine: EngineKind, look: Look<'_>) -> String {
    let mut titles = vec![
        "scenario",
        "variant",
        "engine",
        "verdict",
        "as expected",
        "schedules",
        "schedules/s",
    ];
    if look.verbose {
        titles.extend(["steps/s", "strategy", "load"]);
    }
    titles.push("fingerprint");
    let lines: Vec<Vec<Cell>> = rows
        .iter()
        .map(|done| {
            let outcome = done.outcome.as_ref();
            let plan = outcome.and_then(|outcome| outcome.plan.as_ref());
            let shown = |rate_of: Option<f64>| {
                rate_of
                    .filter(|_| done.schedules() >= ENOUGH)
                    .map_or_else(|| "-".to_owned(), rate)
            };
            let (well, colour) = if done.met() {
                ("yes", Paint::Green)
            } else {
                ("NO", Paint::Red)
            };
            let mut line = vec![
                Cell::text(done.row.scenario.name()),
                Cell::text(done.row.variant.name()),
                Cell::text(engine.name()),
                Cell::text(done.verdict()),
                Cell::text(well).painted(colour),
                Cell::number(grouped(done.schedules())),
                Cell::number(shown(done.per_second(|outcome| outcome.schedules))),
            ];
            if look.verbose {
                line.push(Cell::number(shown(
                    done.per_second(|outcome| outcome.steps),
                )));
                line.push(Cell::text(
                    plan.map_or_else(|| "-".to_owned(), standstill::Plan::strategy_name),
                ));
                line.push(Cell::text(plan.map_or_else(
                    || done.row.ranges.to_string(),
                    |plan| plan.load.to_string(),
                )));
            }
            let finding = outcome.and_then(|outcome| outcome.finding());
            line.push(Cell::text(
                finding.map_or("-", |finding| finding.fingerprint.as_str()),
            ));
            line
        })
        .collect();
    render(&titles, &lines, look.color)
}

/// One sentence: whether all results are as expected, and if not, which are not.
fn closing(rows: &[Done<'_>], color: bool) -> String {
    let unmet: Vec<&Done<'_>> = rows.iter().filter(|done| !done.met()).collect();
    if unmet.is_empty() {
        let count = rows.len();
        let rows = if count == 1 { "row" } else { "rows" };
        return paint(
            color,
            Paint::Green,
            &format!("{count} {rows}, all as expected"),
        );
    }
    let complaints: Vec<String> = unmet
        .iter()
        .map(|done| {
            let wanted = match done.row.expected() {
                Expected::Found => "a finding",
                Expected::Clean => "clean",
            };
            format!(
                "{} is {}, expected {wanted}",
                done.row.label(),
                done.verdict()
            )
        })
        .collect();
    let head = format!("{} of {} rows not as expected", unmet.len(), rows.len());
    format!(
        "{}: {}",
        paint(color, Paint::Red, &head),
        complaints.join("; ")
    )
}
