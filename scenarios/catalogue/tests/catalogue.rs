//! The catalogue is what the command line lists: complete, in order, and fit to be shown.

use std::collections::BTreeSet;
use std::path::Path;

use standstill::Variant;
use standstill_catalogue::{find, scenarios};

#[test]
fn the_scenarios_come_in_a_fixed_order() {
    let names: Vec<String> = scenarios()
        .iter()
        .map(|scenario| scenario.name().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "quota-worker",
            "watch-mux",
            "double-read",
            "cluster-sync",
            "stream-reset",
            "resync-leak",
            "cancel-leak",
            "quota-worker-threads",
            "watch-mux-threads",
            "double-read-threads",
            "cluster-sync-threads",
            "stream-reset-threads",
        ]
    );
    for name in &names {
        assert_eq!(
            find(name).map(|found| found.name().to_owned()).as_ref(),
            Some(name)
        );
    }
    assert!(find("no-such-scenario").is_none());
}

#[test]
fn every_scenario_crate_is_in_the_catalogue() {
    let not_scenarios = ["catalogue", "testkit"];
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let crates: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !not_scenarios.contains(&name.as_str()))
        .collect();
    let listed: BTreeSet<String> = scenarios()
        .iter()
        .map(|scenario| scenario.name().trim_end_matches("-threads").to_owned())
        .collect();
    assert_eq!(crates, listed);
}

#[test]
fn every_scenario_says_what_show_prints() {
    for scenario in scenarios() {
        let name = scenario.name();
        assert!(!scenario.summary().is_empty(), "{name}");
        assert!(!scenario.source_text().is_empty(), "{name}");
        for part in ["Origin:", "Mechanism:", "Fix:", "What to learn:", "Knobs:"] {
            assert!(scenario.story_text().contains(part), "{name}: {part}");
        }
        for (knob, _) in scenario.ranges().iter() {
            let line = format!("\n- {knob}: ");
            assert!(scenario.story_text().contains(&line), "{name}: {knob}");
        }
        assert_eq!(
            scenario.variants().collect::<Vec<_>>(),
            [Variant::Buggy, Variant::Fixed],
            "{name}"
        );
        let smallest = scenario.smallest_buggy_load().unwrap();
        assert!(scenario.ranges().contains(&smallest), "{name}: {smallest}");
    }
}
