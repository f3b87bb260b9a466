//! `JUnit` XML: a suite for each scenario, a case for each of its variants.

use anyhow::Context;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::hunt::done::Done;

/// The document of a hunt's rows, in their order.
pub(crate) fn document(rows: &[Done<'_>]) -> anyhow::Result<String> {
    let mut report = Report::new("standstill");
    let mut suites: Vec<TestSuite> = Vec::new();
    for done in rows {
        let scenario = done.row.scenario.name();
        if suites
            .last()
            .is_none_or(|suite| suite.name.as_str() != scenario)
        {
            suites.push(TestSuite::new(scenario));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(case(done));
        }
    }
    report.add_test_suites(suites);
    report.to_string().context("cannot write JUnit XML")
}

fn case(done: &Done<'_>) -> TestCase {
    let found = done.outcome.iter().flat_map(|outcome| &outcome.found);
    let reports: Vec<standstill::Report> = found.map(standstill::Found::report).collect();
    let status = if done.met() {
        TestCaseStatus::success()
    } else if let Some(reason) = done.reason() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(reason).set_type("undecided");
        status
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        match reports.first() {
            Some(report) => status
                .set_message(report.headline())
                .set_type(report.finding.kind.name())
                .set_description(report.to_text(false)),
            None => status
                .set_message(format!(
                    "nothing was found in {} schedules, though this variant has a bug",
                    done.schedules()
                ))
                .set_type("not-found"),
        };
        status
    };
    let mut case = TestCase::new(done.row.variant.name(), status);
    case.set_classname(done.row.scenario.name());
    if let Some(outcome) = &done.outcome {
        case.set_time(outcome.elapsed);
    }
    // A finding where one is expected is no failure, but worth reading.
    if done.met() && !reports.is_empty() {
        let texts: Vec<String> = reports.iter().map(|report| report.to_text(false)).collect();
        case.set_system_out(texts.join("\n"));
    }
    case
}
