//! Nights as `ci/nightly.sh` leaves them, and what the summary makes of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// A night of one scenario and one engine, in which all is well.
struct Night {
    place: tempfile::TempDir,
}

impl Night {
    fn new() -> Self {
        let night = Self {
            place: tempfile::tempdir().expect("a directory"),
        };
        let list = json!({
            "engines": ["explore"],
            "scenarios": [{"name": "pair", "variants": ["buggy", "fixed"]}],
        });
        night.put("asked/list.json", &list.to_string());
        night.put("asked/scenarios", "\n");
        night.put("asked/targets", "pair\n");
        let entry = json!({
            "file": "corpus/pair/hang-1.toml", "expected": "hang-1", "fingerprint": "hang-1",
            "verdict": "hang", "fixed": "clean", "met": true,
        });
        night.log("replay.json", 0, &rows(&[entry]));
        night.log(
            "hunt-explore.json",
            0,
            &rows(&[row("buggy", Some("hang-1"), true), row("fixed", None, true)]),
        );
        let stats = "stat::number_of_executed_units: 9\nstat::average_exec_per_sec: 3\n";
        night.log("fuzz-pair-buggy", 77, stats);
        night.log("fuzz-pair-fixed", 0, stats);
        night.log("import.json", 0, &imported("known", false));
        night
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.place.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
        fs::write(path, text).expect("the file can be written");
    }

    fn log(&self, name: &str, code: i32, text: &str) {
        self.put(&format!("logs/{name}"), text);
        self.put(&format!("logs/{name}.err"), "error: the last words\n");
        self.put(&format!("logs/{name}.code"), &format!("{code}\n"));
    }

    /// The exit code, and the three documents.
    fn summed_up(&self) -> (Option<i32>, String, Value, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_standstill-night"))
            .arg(self.place.path())
            .arg("Shard 1/1.")
            .output()
            .expect("it starts");
        let read = |name: &str| {
            fs::read_to_string(self.place.path().join(name))
                .unwrap_or_else(|error| panic!("{name}: {error}: {output:?}"))
        };
        let json = serde_json::from_str(&read("summary.json")).expect("it is JSON");
        (
            output.status.code(),
            read("summary.md"),
            json,
            read("junit.xml"),
        )
    }

    /// The exit code and the first line of the page, which the other documents bear out.
    fn verdict(&self) -> (Option<i32>, String) {
        let (code, page, json, junit) = self.summed_up();
        assert_eq!(json["met"], code == Some(0));
        assert_eq!(junit.contains("<failure"), code != Some(0), "{junit}");
        let first = page.lines().next().expect("it has a line");
        (code, first.to_owned())
    }
}

fn rows(rows: &[Value]) -> String {
    json!({ "rows": rows }).to_string()
}

fn row(variant: &str, fingerprint: Option<&str>, met: bool) -> Value {
    json!({
        "scenario": "pair", "variant": variant, "fingerprint": fingerprint, "met": met,
        "verdict": if fingerprint.is_some() { "hang" } else { "clean" },
        "schedules": 10, "schedules_per_s": 5.0,
    })
}

fn imported(outcome: &str, new: bool) -> String {
    let finding = json!({
        "variant": "buggy", "fingerprint": "hang-1", "entry": "corpus/pair/hang-1.toml", "new": new,
    });
    let file = json!({
        "file": "artifacts/pair/crash-1", "scenario": "pair", "outcome": outcome,
        "findings": [finding], "reason": "cannot be read",
    });
    json!({ "files": [file] }).to_string()
}

fn remove(path: &Path) {
    assert!(path.exists(), "{}", path.display());
    fs::remove_file(path).expect("it can be removed");
}

#[test]
fn a_night_in_which_all_is_well_says_so_in_its_first_line() {
    let (code, page, json, junit) = Night::new().summed_up();
    assert_eq!(code, Some(0));
    let (first, folded) = page.split_once("\n<details>").expect("details");
    assert_eq!(
        first,
        "# The night: all is well\n\
         \n\
         Shard 1/1.\n\
         \n\
         What came of the buggy variant, then of the fixed one; what is wrong is **bold**.\n\
         \n\
         | scenario | replay | hunt with explore | fuzz |\n\
         | --- | --- | --- | --- |\n\
         | pair | 1 of 1 | found, clean | found, clean |\n"
    );
    assert!(folded.contains("| ok | pair (buggy) | hang-1 in 10 schedules, 5/s |"));
    assert!(folded.contains("| ok | pair (fixed) | clean in 9 executions, 3/s |"));
    assert_eq!(json["cases"].as_array().map(Vec::len), Some(6));
    assert!(!junit.contains("<failure"), "{junit}");
}

#[test]
fn a_new_fingerprint_is_exit_1() {
    let night = Night::new();
    night.log("import.json", 0, &imported("new", true));
    let (code, page, json, _) = night.summed_up();
    assert_eq!(code, Some(1));
    assert!(page.starts_with("# The night: look at this: 1 new\n"));
    assert!(page.contains("\n- pair (buggy): hang-1, now in corpus/pair/hang-1.toml\n"));
    assert_eq!(json["new"].as_array().map(Vec::len), Some(1));
    assert_eq!(night.verdict().0, Some(1));
}

#[test]
fn an_entry_that_does_not_replay_is_lost() {
    let night = Night::new();
    let entry = json!({
        "file": "corpus/pair/hang-1.toml", "expected": "hang-1", "fingerprint": null,
        "verdict": "clean", "fixed": "clean", "met": false,
    });
    night.log("replay.json", 1, &rows(&[entry]));
    let (code, page, ..) = night.summed_up();
    assert_eq!(code, Some(1));
    assert!(page.starts_with("# The night: look at this: 1 lost\n"));
    assert!(page.contains("corpus/pair/hang-1.toml: expects hang-1, came to clean; fixed clean"));
    assert!(page.contains("| pair | **0 of 1** |"), "{page}");
}

#[test]
fn a_bug_is_lost_only_if_nobody_found_it() {
    let night = Night::new();
    let missed = rows(&[row("buggy", None, false), row("fixed", None, true)]);
    night.log("hunt-explore.json", 1, &missed);
    let well = (Some(0), "# The night: all is well".to_owned());
    assert_eq!(night.verdict(), well);
    night.log("fuzz-pair-buggy", 0, "");
    let (code, page, ..) = night.summed_up();
    assert_eq!(code, Some(1));
    assert!(page.contains("- pair (buggy): nothing found it this night\n"));
    assert!(page.contains("| missed, clean | missed, clean |"), "{page}");
}

#[test]
fn what_was_not_tried_is_named() {
    let night = Night::new();
    let mut untried = row("fixed", None, false);
    untried["schedules_per_s"] = Value::Null;
    night.log(
        "hunt-explore.json",
        1,
        &rows(&[row("buggy", Some("hang-1"), true), untried]),
    );
    remove(&night.place.path().join("logs/fuzz-pair-fixed"));
    let (code, page, ..) = night.summed_up();
    assert_eq!(code, Some(2));
    assert!(page.starts_with("# The night: look at this: 2 in trouble\n"));
    for part in ["hunt with explore", "fuzz"] {
        let line = format!("- {part}: pair (fixed) was not tried: give a larger --budget\n");
        assert!(page.contains(&line), "{page}");
    }
    assert!(page.contains("| found, **not tried** | found, **not tried** |"));
}

#[test]
fn a_part_that_could_not_do_its_work_is_exit_2() {
    for (part, lines) in [
        ("replay.json", 1),
        // What it was to hunt in is missed as well.
        ("hunt-explore.json", 3),
        ("import.json", 1),
    ] {
        let night = Night::new();
        night.log(part, 101, "");
        let verdict = format!("# The night: look at this: {lines} in trouble");
        assert_eq!(night.verdict(), (Some(2), verdict), "{part}");
        let (_, page, ..) = night.summed_up();
        assert!(page.contains(&format!("- {part}: error: the last words\n")));
    }
    let night = Night::new();
    night.log("fuzz-pair-fixed", 71, "==1== ERROR: out of memory\n");
    assert_eq!(night.verdict().0, Some(2));
    let night = Night::new();
    night.log("import.json", 2, &imported("unusable", false));
    assert_eq!(night.verdict().0, Some(2));
    let night = Night::new();
    remove(&night.place.path().join("logs/replay.json"));
    assert_eq!(night.verdict().0, Some(2));
}
