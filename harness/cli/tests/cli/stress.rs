//! The stress engine, as the command line has it.

use std::collections::BTreeMap;

use crate::common::Running;
use crate::hunt::{Document, Row, hunt};
use crate::standstill::{command, standstill};

/// What each buggy variant shows: the kind, and the fingerprint.
fn shown(rows: Vec<Row>) -> BTreeMap<String, (String, Option<String>)> {
    rows.into_iter()
        .map(|row| (row.scenario, (row.verdict, row.fingerprint)))
        .collect()
}

#[test]
fn every_bundled_bug_is_found_under_stress_as_it_is_under_explore() {
    let (rows, code) = hunt(&["--variant", "buggy"]);
    assert_eq!(code, Some(0));
    let expected = shown(rows);
    assert_eq!(expected.len(), 12);
    let (rows, code) = hunt(&["--engine", "stress", "--variant", "buggy", "--time", "110s"]);
    assert_eq!(code, Some(0), "{rows:?}");
    for row in &rows {
        assert_eq!(
            (row.engine.as_str(), row.strategy.as_str()),
            ("stress", "noise")
        );
    }
    assert_eq!(shown(rows), expected);
}

#[test]
fn a_fixed_variant_is_clean_under_stress() {
    let (rows, code) = hunt(&[
        "double-read",
        "--engine",
        "stress",
        "--variant",
        "fixed",
        "--schedules",
        "300",
    ]);
    assert_eq!(code, Some(0), "{rows:?}");
    assert_eq!(rows[0].verdict, "clean");
    assert_eq!(rows[0].schedules, 300);
}

#[test]
fn a_stress_token_is_run_until_it_shows_its_finding_and_the_report_says_so() {
    let (rows, _) = hunt(&["double-read", "--engine", "stress", "--variant", "buggy"]);
    let token = rows[0].token.as_deref().expect("it is found");
    let output = standstill(&["replay", token]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let fingerprint = rows[0].fingerprint.as_deref().expect("it is found");
    assert!(output.stdout.contains(fingerprint), "{}", output.stdout);
    assert!(output.stdout.contains("engine stress"), "{}", output.stdout);
    assert!(
        output.stdout.contains("a stress run follows no schedule"),
        "{}",
        output.stdout
    );
}

#[test]
fn options_of_the_stress_engine_are_refused_for_another() {
    for (given, named) in [
        (["--threads", "2"].as_slice(), "--threads"),
        (&["--patience", "2s"], "--patience"),
        (&["--grace", "2s"], "--grace"),
        (&["--no-isolation"], "--no-isolation"),
    ] {
        let mut args = vec!["hunt", "double-read"];
        args.extend(given);
        let output = standstill(&args);
        assert_eq!(output.code(), Some(2), "{output:?}");
        let error =
            format!("{named} is for the stress engine: add `--engine stress`, or leave it out");
        assert!(output.stderr.contains(&error), "{}", output.stderr);
    }
}

#[test]
fn a_long_soak_that_is_terminated_tells_what_it_has() {
    let place = tempfile::tempdir().expect("a directory");
    let args = [
        "hunt",
        "double-read",
        "--engine",
        "stress",
        "--time",
        "8h",
        "--format",
        "json",
    ];
    let running = Running::start(&mut command(place.path(), &args));
    running.wait_for("double-read (buggy): hang");
    // It is well into the soak of the fixed variant.
    std::thread::sleep(std::time::Duration::from_secs(2));
    running.signal("TERM");
    let output = running.finish();
    assert_eq!(output.code(), Some(1), "{output:?}");
    let document: Document = serde_json::from_str(&output.stdout).expect("the document is whole");
    assert_eq!(document.rows[0].verdict, "hang");
    assert!(document.rows[0].met);
    assert_eq!(document.rows[1].verdict, "undecided");
    assert!(document.rows[1].schedules > 0, "{output:?}");
}
