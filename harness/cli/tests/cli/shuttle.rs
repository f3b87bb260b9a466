//! The engine `shuttle` on the command line.

use std::fs;
use std::path::Path;

use crate::common::Running;
use crate::hunt::hunt;
use crate::standstill::{command, standstill, standstill_in};

#[test]
fn every_scheduler_of_shuttles_finds_a_hang_that_replays_and_is_explained() {
    for strategy in [
        "random",
        "pct:3",
        "urw",
        "round-robin",
        "standstill:random",
        "standstill:pct:3",
    ] {
        let (rows, code) = hunt(&[
            "double-read",
            "--engine",
            "shuttle",
            "--strategy",
            strategy,
            "--schedules",
            "500",
        ]);
        assert_eq!(code, Some(0), "{strategy}: {rows:?}");
        let [buggy, fixed] = &rows[..] else {
            panic!("{rows:?}");
        };
        assert_eq!((&*buggy.engine, &*buggy.strategy), ("shuttle", strategy));
        assert_eq!(buggy.fingerprint.as_deref(), Some("hang-5b164db66de8"));
        assert_eq!(fixed.verdict, "clean");

        let token = buggy.token.as_deref().unwrap();
        let replayed = standstill(&["replay", token, "--times", "20", "--format", "json"]);
        assert_eq!(replayed.code(), Some(0), "{strategy}: {replayed:?}");
        assert_eq!(replayed.json()["rows"][0]["same"], 20, "{strategy}");

        let explained = standstill(&["explain", token]);
        assert!(
            explained.stdout.contains("\n  shuttle schedule: 91"),
            "{strategy}: {explained:?}"
        );
        let json = standstill(&["explain", token, "--format", "json"]).json();
        assert_eq!(json["plan"]["engine"], "shuttle");
        let schedule = json["shuttle_schedule"].as_str().unwrap();
        assert!(schedule.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}

#[test]
fn an_entry_found_under_shuttle_is_kept_and_replays() {
    let directory = tempfile::tempdir().unwrap();
    let kept = standstill_in(
        directory.path(),
        &[
            "hunt",
            "double-read",
            "--engine",
            "shuttle",
            "--corpus",
            "corpus",
            "--schedules",
            "500",
        ],
    );
    assert_eq!(kept.code(), Some(0), "{kept:?}");
    let file = directory
        .path()
        .join("corpus/double-read/hang-5b164db6.toml");
    let entry = fs::read_to_string(file).unwrap();
    assert!(entry.contains("engine = \"shuttle\""), "{entry}");
    assert!(entry.contains("shuttle_schedule = [\"91"), "{entry}");
    let replayed = standstill_in(directory.path(), &["replay"]);
    assert_eq!(replayed.code(), Some(0), "{replayed:?}");
}

#[test]
fn a_seed_for_all_schedules_in_the_environment_is_refused() {
    let mut hunt = command(
        Path::new("."),
        &["hunt", "double-read", "--engine", "shuttle"],
    );
    let output = Running::start(hunt.env("SHUTTLE_RANDOM_SEED", "7")).finish();
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("`SHUTTLE_RANDOM_SEED` is set"),
        "{output:?}"
    );
}
