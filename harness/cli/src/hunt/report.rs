//! The report of a hunt's finding, and the names of its files.

use standstill::{Found, Outcome, Report};

use crate::program;

/// The report of a finding, with notes about the hunt.
pub(super) fn report(found: &Found, outcome: &Outcome, keep_going: bool) -> Report {
    let mut report = found.report();
    program::name_replay(&mut report);
    report.notes.extend(outcome.warnings.iter().cloned());
    // Without --keep-going the count depends on how many schedules were running at the same time.
    if keep_going && found.count > 1 {
        report
            .notes
            .push(format!("{} schedules of the hunt showed it", found.count));
    }
    report
}

/// The names of a report's files, without their extensions.
pub(super) fn stem(report: &Report) -> String {
    format!(
        "{}-{}-{}",
        file_name(&report.plan.scenario),
        report.plan.variant,
        report.finding.fingerprint
    )
}

/// A scenario's name as part of a file name, without characters that could lead to another directory.
fn file_name(scenario: &str) -> String {
    scenario
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(file_name("watch-mux"), "watch-mux");
        assert_eq!(file_name("../../etc/passwd"), "------etc-passwd");
    }
}
