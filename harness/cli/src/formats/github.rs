//! Annotations, in the form that GitHub's workflows read from a log.

use std::fmt::Write;

use standstill::{Place, Report};

use crate::formats::sarif::sites;
use crate::hunt::done::Done;

/// The annotations of a row: one for each finding, as a notice if a finding was expected, else as an
/// error. If an expected finding is missing, there is an error for that.
pub(crate) fn row(done: &Done<'_>, reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let level = if done.met() { "notice" } else { "error" };
        text.push_str(&annotation(report, level));
    }
    if reports.is_empty() && !done.met() {
        let _ = writeln!(
            text,
            "::error title={}::{}",
            property(&done.row.label()),
            data(&done.reason().unwrap_or_else(|| format!(
                "nothing was found in {} schedules, though this variant has a bug",
                done.schedules()
            )))
        );
    }
    text
}

/// The annotation of one finding.
pub(crate) fn finding(report: &Report) -> String {
    annotation(report, "error")
}

fn annotation(report: &Report, level: &str) -> String {
    let at = sites(report).into_iter().next();
    let place = at
        .as_ref()
        .map_or_else(String::new, |(place, _)| place_of(place));
    let mut message = report.headline();
    if let Some(help) = report.help() {
        let _ = write!(message, "\nhelp: {help}");
    }
    let _ = write!(message, "\nreplay: {}", report.replay_command());
    format!(
        "::{level} {place}title={}::{}\n",
        property(&format!(
            "{} ({})",
            report.plan.scenario, report.plan.variant
        )),
        data(&message)
    )
}

fn place_of(place: &Place) -> String {
    format!(
        "file={},line={},col={},",
        property(&place.file),
        place.line,
        place.column
    )
}

/// A message, with the characters that would end it escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: here commas and colons must be escaped, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_value_is_escaped() {
        assert_eq!(data("100%\nof a, b: c"), "100%25%0Aof a, b: c");
        assert_eq!(property("a, b: 1%"), "a%2C b%3A 1%25");
    }
}
