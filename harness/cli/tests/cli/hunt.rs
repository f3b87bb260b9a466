use std::fs;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::common::Running;
use crate::standstill::{command, standstill, standstill_in};

/// The document as it is promised, and nothing else in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) variant: String,
    pub(crate) engine: String,
    pub(crate) strategy: String,
    pub(crate) load: Map<String, Value>,
    pub(crate) expected: String,
    pub(crate) verdict: String,
    pub(crate) met: bool,
    pub(crate) schedules: u64,
    pub(crate) first_at: Option<u64>,
    pub(crate) schedules_per_s: Option<f64>,
    pub(crate) steps_per_s: Option<f64>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) account: Option<standstill::Account>,
}

/// The rows of a hunt, and its exit code.
pub(crate) fn hunt(args: &[&str]) -> (Vec<Row>, Option<i32>) {
    let mut all = vec!["hunt", "--format", "json"];
    all.extend(args);
    let output = standstill(&all);
    let document: Document =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (document.rows, output.code())
}

#[test]
fn the_document_has_a_row_for_every_variant() {
    let (rows, code) = hunt(&["quota-worker", "--schedules", "3000"]);
    assert_eq!(code, Some(0), "{rows:?}");
    let [buggy, fixed] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(
        (&*buggy.scenario, &*buggy.variant, &*buggy.engine),
        ("quota-worker", "buggy", "explore")
    );
    assert_eq!(
        (&*buggy.expected, &*buggy.verdict, buggy.met),
        ("found", "hang", true)
    );
    assert_eq!(buggy.first_at.map(|at| at + 1), Some(buggy.schedules));
    assert!(buggy.load["workers"].is_u64());
    assert!(
        buggy
            .fingerprint
            .as_ref()
            .is_some_and(|fingerprint| fingerprint.starts_with("hang-"))
    );
    assert!(
        buggy
            .token
            .as_ref()
            .is_some_and(|token| token.starts_with("ss2-"))
    );
    assert_ne!(buggy.strategy, "auto");
    assert!(buggy.account.is_none());
    let account = fixed.account.as_ref().expect("nothing was found");
    assert!(
        account.tasks >= 3 && account.interleavings > 10,
        "{account}"
    );
    assert!(account.unseen().is_empty(), "{account}");

    assert_eq!(
        (&*fixed.scenario, &*fixed.variant),
        ("quota-worker", "fixed")
    );
    assert_eq!(
        (&*fixed.expected, &*fixed.verdict, fixed.met),
        ("clean", "clean", true)
    );
    assert_eq!((fixed.schedules, fixed.first_at), (3000, None));
    assert_eq!((&fixed.fingerprint, &fixed.token), (&None, &None));
    assert_eq!(fixed.strategy, "auto");
    assert!(fixed.load["workers"].is_array());
    assert!(fixed.schedules_per_s.is_some_and(|rate| rate > 0.0));
    assert!(fixed.steps_per_s.is_some_and(|rate| rate > 0.0));
}

#[test]
fn a_seed_means_the_same_hunt_every_time_and_with_any_number_of_jobs() {
    let hunted = |seed: &str, jobs: &str| {
        let args = [
            "quota-worker",
            "watch-mux",
            "double-read",
            "--variant",
            "buggy",
            "--seed",
            seed,
            "--jobs",
            jobs,
        ];
        let (rows, _) = hunt(&args);
        rows.into_iter()
            .map(|row| {
                (
                    row.verdict,
                    row.fingerprint,
                    row.token,
                    row.first_at,
                    row.schedules,
                )
            })
            .collect::<Vec<_>>()
    };
    for seed in ["0", "7"] {
        let once = hunted(seed, "1");
        assert_eq!(hunted(seed, "1"), once);
        assert_eq!(hunted(seed, "2"), once);
    }
}

#[test]
fn knobs_narrow_the_load() {
    let (rows, _) = hunt(&["quota-worker", "--workers", "2", "--rounds", "1..=2"]);
    for row in rows {
        let rounds = &row.load["rounds"];
        match &*row.variant {
            "buggy" => {
                assert_eq!(row.load["workers"], 2);
                assert!((1..=2).contains(&rounds.as_u64().expect("a count")));
            }
            _ => {
                assert_eq!(row.load["workers"], serde_json::json!([2, 2]));
                assert_eq!(*rounds, serde_json::json!([1, 2]));
            }
        }
    }
}

#[test]
fn the_text_has_the_report_and_the_table() {
    let output = standstill(&["quota-worker"]);
    assert_eq!(output.code(), Some(2), "an option or a command comes first");
    let output = standstill(&["hunt", "quota-worker", "--schedules", "2000"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert_eq!(
        output.stdout.matches("\nhang: ").count()
            + usize::from(output.stdout.starts_with("hang: ")),
        1
    );
    assert!(
        output
            .stdout
            .contains("scenario      variant  engine   verdict  as expected  schedules")
    );
    assert!(
        output
            .stdout
            .contains("replay with: standstill replay ss2-")
    );
    assert!(output.stdout.ends_with("2 rows, all as expected\n"));
    assert!(
        !output.stdout.contains('\u{1b}'),
        "no colour where there is no terminal"
    );
    assert!(
        output
            .stderr
            .contains("quota-worker (fixed): clean after 2,000 schedules")
    );

    let quiet = standstill(&["hunt", "quota-worker", "--schedules", "2000", "--quiet"]);
    assert_eq!(quiet.stderr, "");
    assert!(quiet.stdout.starts_with("scenario "));
    let verbose = standstill(&["hunt", "quota-worker", "--schedules", "200", "-v"]);
    assert!(
        verbose
            .stderr
            .contains("hunting quota-worker (buggy): explore engine, auto")
    );
    assert!(verbose.stdout.contains("steps/s"));
}

#[test]
fn time_is_shared_out_among_the_rows() {
    let began = std::time::Instant::now();
    let (rows, code) = hunt(&["quota-worker", "double-read", "--time", "2s"]);
    let took = began.elapsed();
    assert_eq!(code, Some(0), "{rows:?}");
    assert!(took.as_secs_f64() < 8.0, "{took:?}");
    for row in rows.iter().filter(|row| row.variant == "fixed") {
        assert_eq!(row.verdict, "clean");
        assert!(row.schedules > 100, "{row:?}");
    }
}

#[test]
fn findings_and_reports_are_kept_where_asked_and_nowhere_else() {
    let place = tempfile::tempdir().expect("a directory");
    let args = [
        "hunt",
        "quota-worker",
        "--schedules",
        "2000",
        "--corpus",
        "kept",
        "--report",
        "out/reports",
    ];
    let output = standstill_in(place.path(), &args);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let names = |directory: &str| {
        let mut names: Vec<String> = fs::read_dir(place.path().join(directory))
            .expect("the directory is there")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(""), ["kept", "out"]);
    assert_eq!(names("kept"), ["quota-worker"]);
    assert_eq!(names("kept/quota-worker").len(), 1);
    let reports = names("out/reports");
    let stem = "quota-worker-buggy-hang-64f1ecf944cc";
    let mut expected: Vec<String> = ["dot", "html", "json", "mmd", "txt"]
        .map(|ending| format!("{stem}.{ending}"))
        .into();
    expected.extend(["hunt.json", "hunt.sarif", "index.html", "junit.xml"].map(str::to_owned));
    expected.sort();
    assert_eq!(reports, expected);
    let json = fs::read_to_string(
        place
            .path()
            .join("out/reports")
            .join(format!("{stem}.json")),
    )
    .expect("the JSON report");
    assert!(serde_json::from_str::<Value>(&json).is_ok());
    // The same finding once more is the same entry.
    standstill_in(place.path(), &args);
    assert_eq!(names("kept/quota-worker").len(), 1);

    let replayed = standstill_in(place.path(), &["replay", "--corpus", "kept"]);
    assert_eq!(replayed.code(), Some(0), "{replayed:?}");
    assert!(replayed.stdout.contains("fixed clean"), "{replayed:?}");

    let empty = tempfile::tempdir().expect("a directory");
    standstill_in(
        empty.path(),
        &["hunt", "quota-worker", "--schedules", "2000"],
    );
    assert_eq!(fs::read_dir(empty.path()).expect("it is there").count(), 0);
}

#[test]
fn an_interrupted_hunt_tells_what_it_has() {
    let place = tempfile::tempdir().expect("a directory");
    let args = [
        "hunt",
        "double-read",
        "quota-worker",
        "--time",
        "200s",
        "--format",
        "json",
    ];
    let running = Running::start(&mut command(place.path(), &args));
    running.wait_for("quota-worker (buggy): ");
    running.signal("INT");
    let output = running.finish();
    assert_eq!(output.code(), Some(1), "{output:?}");
    let document: Document = serde_json::from_str(&output.stdout).expect("the document is whole");
    let row = |scenario: &str, variant: &str| {
        document
            .rows
            .iter()
            .find(|row| row.scenario == scenario && row.variant == variant)
            .expect("every row is there")
    };
    for scenario in ["double-read", "quota-worker"] {
        assert!(row(scenario, "buggy").met);
        assert!(row(scenario, "buggy").token.is_some());
        assert_eq!(row(scenario, "fixed").verdict, "undecided");
        assert!(!row(scenario, "fixed").met);
    }
    assert_eq!(
        row("quota-worker", "fixed").schedules_per_s,
        None,
        "it was never begun"
    );
}
