//! What other programs read, read by parsers that are not ours; and findings made small.

use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_sarif::sarif::Sarif;
use standstill::Report;

use crate::common::Output;
use crate::standstill::standstill_in;

/// A deadlock of two watchers.
const ENTRY: &str = "corpus/watch-mux/hang-6c1f8338-2.toml";

/// Where the sources are, so that resources have names.
fn here(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    standstill_in(&root, args)
}

#[test]
fn junit_is_read_by_another_parser() {
    let args = [
        "hunt",
        "quota-worker",
        "--schedules",
        "500",
        "--format",
        "junit",
    ];
    let output = here(&args);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let document = roxmltree::Document::parse(&output.stdout).expect("it is XML");
    let cases: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    let names: Vec<_> = cases
        .iter()
        .map(|case| (case.attribute("classname"), case.attribute("name")))
        .collect();
    assert_eq!(
        names,
        [
            (Some("quota-worker"), Some("buggy")),
            (Some("quota-worker"), Some("fixed")),
        ]
    );
    let failed = |node: &roxmltree::Node<'_, '_>| node.has_tag_name("failure");
    assert!(!document.descendants().any(|node| failed(&node)));
    let text = cases[0]
        .descendants()
        .find(|node| node.has_tag_name("system-out"));
    let text = text.and_then(|node| node.text()).expect("the report");
    assert!(text.starts_with("hang: worker waits"), "{text}");

    // One schedule is too few to find this one: a bug that is not found is a failure.
    let args = [
        "hunt",
        "watch-mux",
        "--variant",
        "buggy",
        "--schedules",
        "1",
        "--format",
        "junit",
    ];
    let output = here(&args);
    assert_eq!(output.code(), Some(1), "{output:?}");
    let document = roxmltree::Document::parse(&output.stdout).expect("it is XML");
    let failure = document.descendants().find(failed).expect("a failure");
    assert_eq!(failure.attribute("type"), Some("not-found"));
}

#[test]
fn sarif_is_read_by_another_parser() {
    let args = [
        "hunt",
        "watch-mux",
        "--variant",
        "buggy",
        "--format",
        "sarif",
    ];
    let output = here(&args);
    let sarif: Sarif = serde_json::from_str(&output.stdout).expect("it is SARIF");
    let run = &sarif.runs[0];
    let rules = run.tool.driver.rules.as_ref().expect("there are rules");
    let results = run.results.as_ref().expect("there are results");
    assert_eq!(results.len(), 1);
    let result = &results[0];
    assert_eq!(result.rule_id.as_deref(), Some("hang"));
    assert!(rules.iter().any(|rule| rule.id == "hang"));
    let lines = |locations: &[serde_sarif::sarif::Location]| -> Vec<i64> {
        let regions = locations.iter().filter_map(|location| {
            let physical = location.physical_location.as_ref()?;
            let artifact = physical.artifact_location.as_ref()?;
            assert_eq!(
                artifact.uri.as_deref(),
                Some("scenarios/watch-mux/src/buggy.rs")
            );
            physical.region.as_ref()?.start_line
        });
        regions.collect()
    };
    let blocked = lines(result.locations.as_ref().expect("a location"));
    let related = result
        .related_locations
        .as_ref()
        .expect("related locations");
    // Where watcher waits for the lock; where distribute waits to send, and took the lock.
    assert_eq!(blocked, [53]);
    let related = lines(related);
    assert!(
        related.contains(&93) && related.contains(&89),
        "{related:?}"
    );
}

#[test]
fn an_annotation_is_one_line() {
    let output = here(&["explain", ENTRY, "--format", "github"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
    let start = "::error file=scenarios/watch-mux/src/buggy.rs,line=53,col=32,title=watch-mux (buggy)::hang: ";
    assert!(output.stdout.starts_with(start), "{output:?}");
    assert!(output.stdout.contains("%0Ahelp: "), "{output:?}");
}

#[test]
fn the_wait_graph_is_drawn_in_two_languages() {
    let dot = here(&["explain", ENTRY, "--format", "dot"]).stdout;
    assert!(dot.starts_with("digraph standstill {\n"), "{dot}");
    assert_eq!(dot.matches("color=red").count(), 4, "{dot}");
    let mermaid = here(&["explain", ENTRY, "--format", "mermaid"]).stdout;
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
}

#[test]
fn a_report_is_written_in_every_form_and_its_json_can_be_read_back() {
    let place = tempfile::tempdir().expect("a directory");
    let args = [
        "hunt",
        "cancel-leak",
        "--variant",
        "buggy",
        "--report",
        "out",
    ];
    for trend in [None, Some("as before")] {
        let output = standstill_in(place.path(), &args);
        assert_eq!(output.code(), Some(0), "{output:?}");
        let read = |name: &str| {
            let path = place.path().join("out").join(name);
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let stem = "cancel-leak-buggy-leak-9fd672369e16";
        let index = read("index.html");
        assert!(index.contains(&format!("href=\"{stem}.html\"")), "{index}");
        match trend {
            Some(trend) => assert!(index.contains(trend), "{index}"),
            None => assert!(!index.contains("since the last hunt"), "{index}"),
        }
        assert!(read(&format!("{stem}.html")).contains("<!doctype html>"));
        assert!(read(&format!("{stem}.dot")).starts_with("digraph"));
        assert!(roxmltree::Document::parse(&read("junit.xml")).is_ok());
        assert!(serde_json::from_str::<Sarif>(&read("hunt.sarif")).is_ok());
        let json: Value = serde_json::from_str(&read(&format!("{stem}.json"))).expect("JSON");
        let report = serde_json::from_value::<Report>(json.clone()).expect("a report");
        assert_eq!(serde_json::to_value(&report).expect("plain data"), json);
        assert!(report.trace.is_some_and(|trace| !trace.events.is_empty()));
    }
}

#[test]
fn a_finding_is_made_small_by_command() {
    let output = here(&["minimise", ENTRY, "--format", "json"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let json = output.json();
    assert_eq!(json["fingerprint"], "hang-6c1f8338a2cc");
    assert_eq!(json["complete"], true);
    assert_eq!(json["report"]["plan"]["load"]["watchers"], 1);
    assert!(json["after"]["preemptions"].as_u64() <= Some(3), "{json}");
    assert!(json["after"]["steps"].as_u64() < json["before"]["steps"].as_u64());
    let token = json["token"].as_str().expect("a token");
    let again = here(&["replay", token]);
    assert_eq!(again.code(), Some(0), "{again:?}");
    // Nothing can be taken away from what is as small as it gets.
    let twice = here(&["minimise", token, "--format", "json"]).json();
    assert_eq!(twice["token"], token);

    let output = here(&["minimise", ENTRY, "--budget", "0"]);
    assert!(output.stdout.contains("it ended early"), "{output:?}");
    let kept = here(&["minimise", ENTRY, "--keep-load", "--format", "json"]).json();
    assert_eq!(kept["report"]["plan"]["load"]["watchers"], 2);
}

#[test]
fn a_page_is_written_where_asked() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("page.html");
    let path = file.to_str().expect("a path");
    let output = here(&["explain", ENTRY, "--html", path]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let page = fs::read_to_string(&file).expect("the page");
    assert!(page.contains("id=\"timeline\"") && page.contains("distribute"));
}
