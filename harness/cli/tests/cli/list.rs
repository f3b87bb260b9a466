use std::process::Stdio;

use crate::common::Running;
use crate::standstill::{command, standstill};

#[test]
fn the_list_names_every_scenario() {
    let output = standstill(&["list"]);
    assert_eq!(output.code(), Some(0));
    let json = standstill(&["list", "--format", "json"]).json();
    let engines: Vec<&str> = standstill::EngineKind::ALL
        .iter()
        .map(|engine| engine.name())
        .collect();
    assert_eq!(json["engines"], serde_json::json!(engines));
    let scenarios = json["scenarios"].as_array().expect("a list");
    for scenario in standstill_catalogue::scenarios() {
        assert!(output.stdout.contains(scenario.name()));
        assert!(output.stdout.contains(scenario.summary()));
        let entry = scenarios
            .iter()
            .find(|entry| entry["name"] == scenario.name())
            .expect("every scenario is in the document");
        for (knob, range) in scenario.ranges().iter() {
            assert_eq!(
                entry["knobs"][knob.name()],
                serde_json::json!([range.start(), range.end()])
            );
        }
    }
    assert_eq!(scenarios.len(), standstill_catalogue::scenarios().len());
}

#[test]
fn a_scenario_is_shown_with_its_story_and_its_knobs() {
    let output = standstill(&["show", "quota-worker"]);
    assert_eq!(output.code(), Some(0));
    let scenarios = standstill_catalogue::scenarios();
    let scenario = scenarios
        .iter()
        .find(|scenario| scenario.name() == "quota-worker")
        .expect("the catalogue has it");
    for fact in [
        scenario.summary(),
        scenario.source_text(),
        scenario.story_text().trim(),
        "--workers",
        "smallest load",
        "buggy, fixed",
    ] {
        assert!(
            output.stdout.contains(fact),
            "no `{fact}` in {}",
            output.stdout
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    for args in [
        &["list"][..],
        &["--help"],
        &[
            "hunt",
            "double-read",
            "--schedules",
            "100",
            "--variant",
            "buggy",
        ],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = command(directory.path(), args);
        let output = Running::start_into(&mut command, Stdio::from(writer)).finish();
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        assert!(!output.stderr.contains("error"), "{}", output.stderr);
        assert!(matches!(output.code(), Some(0 | 1)), "{output:?}");
    }
}
