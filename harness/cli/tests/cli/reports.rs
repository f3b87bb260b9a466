//! The report of every bundled bug, word for word.

use std::path::Path;

use crate::standstill::standstill_in;

/// What a hunt prints of the one finding of a scenario.
fn report(scenario: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = standstill_in(&root, &["hunt", scenario, "--variant", "buggy"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let (report, _) = output
        .stdout
        .split_once("\n\nscenario ")
        .expect("a report, then the table");
    report.to_owned()
}

#[test]
fn every_bundled_bug_is_reported_as_it_was() {
    for scenario in standstill_catalogue::scenarios() {
        insta::assert_snapshot!(scenario.name(), report(scenario.name()));
    }
}

/// The first line alone says who is concerned, and what about.
#[test]
fn every_headline_names_two_roles_and_a_resource() {
    for (scenario, first, second, resource) in [
        ("quota-worker", "worker", "resync", "`worker_lock`"),
        ("watch-mux", "distribute", "watcher", "`mux`"),
        (
            "double-read",
            "reconcile_state",
            "remove_containers",
            "`assignments`",
        ),
        ("cluster-sync", "reconcile", "process_loop", "`informer`"),
        ("stream-reset", "writer", "monitor", "`write_lock`"),
        ("resync-leak", "resync", "reflect", "`stop`"),
        ("cancel-leak", "receiver", "owner", "`cancel_chan`"),
    ] {
        let report = report(scenario);
        let headline = report.lines().next().expect("a first line");
        for name in [first, second, resource] {
            assert!(headline.contains(name), "{name}: {headline}");
        }
        assert!(report.contains("\n  help: "), "{report}");
    }
}
