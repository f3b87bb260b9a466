//! Scenarios of one's own: what a crate gets from a `main` of three lines.
//!
//! The test binary runs itself as such a crate's: `the_crate_itself` is its `main` then.

use std::ffi::OsString;
use std::future::{Ready, pending, ready};
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use standstill::{Load, Scenario, Variant, host};

use crate::common::{Output, Running};

const ARGS: &str = "STANDSTILL_TEST_OWN_ARGS";

/// As likely as one in `n`, as the schedule chooses.
fn chance(n: u32) -> bool {
    host::with(|host| host.choose(n)) == Some(0)
}

/// Panics before there is a future at all.
fn unready(load: Load) -> Ready<()> {
    assert_ne!(load.workers, 0, "no configuration, no run");
    ready(())
}

fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("stuck", "waits for ever, now and then")
            .workers(1..=3)
            .variant(Variant::Buggy, |load| async move {
                if load.workers > 1 && chance(20) {
                    pending::<()>().await;
                }
            })
            .variant(Variant::Fixed, |_| async {}),
        Scenario::new("calm", "ends").variant(Variant::Own, |_| async {}),
        Scenario::new("loud", "panics, now and then").variant(Variant::Own, |_| async {
            assert!(!chance(10), "too loud");
        }),
        Scenario::new("busy", "computes for ever").variant(Variant::Own, |_| async {
            loop {
                std::hint::spin_loop();
            }
        }),
        Scenario::new("two-faced", "hangs in two ways").variant(Variant::Own, |_| async {
            assert!(!chance(10), "one way");
            assert!(!chance(10), "the other way");
        }),
        Scenario::new("half-done", "its fix is none")
            .variant(Variant::Buggy, |_| pending())
            .variant(Variant::Fixed, |_| pending()),
        Scenario::new("unready", "panics before it begins").variant(Variant::Own, unready),
        Scenario::new("moody", "not deterministic").variant(Variant::Own, |_| async {
            static RUNS: AtomicU32 = AtomicU32::new(0);
            assert!(
                RUNS.fetch_add(1, Ordering::Relaxed) != 5,
                "the sixth run of the process"
            );
        }),
        Scenario::new(
            "long-odds",
            "waits for ever once eight draws of a hundred were not 0",
        )
        .variant(Variant::Own, |_| async {
            static RUNS: AtomicU32 = AtomicU32::new(0);
            if RUNS.fetch_add(1, Ordering::Relaxed) == 2_000 {
                let _ = std::io::stderr().write_all(b"in the middle of it\n");
            }
            let mut others = 0;
            for _ in 0..100 {
                others += u32::from(!chance(3));
                if others == 8 {
                    pending::<()>().await;
                }
            }
        }),
    ]
}

/// Another such crate, in which a name was given twice.
const NAMESAKES: &str = "STANDSTILL_TEST_OWN_NAMESAKES";

/// And one with a scenario that cannot be.
const BACKWARDS: &str = "STANDSTILL_TEST_OWN_BACKWARDS";

#[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
fn backwards() -> Scenario {
    Scenario::new("backwards", "of no load at all").workers(3..=1)
}

#[test]
fn the_crate_itself() {
    let Ok(args) = std::env::var(ARGS) else {
        return;
    };
    let mut scenarios = scenarios();
    if std::env::var_os(NAMESAKES).is_some() {
        scenarios.push(scenarios[1].clone());
    }
    if std::env::var_os(BACKWARDS).is_some() {
        scenarios.push(backwards());
    }
    let args = args.split_whitespace().map(OsString::from);
    let exit = standstill_cli::run(scenarios, [OsString::from("own")].into_iter().chain(args));
    std::process::exit(i32::from(exit.code()));
}

fn command(line: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command
        .args([
            "own::the_crate_itself",
            "--exact",
            "--nocapture",
            "--test-threads=1",
            "--quiet",
        ])
        .env(ARGS, line);
    command
}

/// What the test harness prints before it runs the one test.
fn without_preamble(mut output: Output) -> Output {
    if let Some((_, rest)) = output.stdout.split_once("running 1 test\n") {
        output.stdout = rest.to_owned();
    }
    output
}

fn own(line: &str) -> Output {
    without_preamble(Running::start(&mut command(line)).finish())
}

#[test]
fn two_scenarios_of_one_name_are_bad_input() {
    for line in ["hunt loud", "list", "replay"] {
        let output = Running::start(command(line).env(NAMESAKES, "1")).finish();
        assert_eq!(output.code(), Some(2), "{output:?}");
        assert_eq!(
            output.stderr,
            "error: two scenarios are called `calm`: give each a name of its own\n"
        );
    }
}

#[test]
fn an_empty_range_is_told_with_its_scenario_and_its_line() {
    let output = Running::start(command("list").env(BACKWARDS, "1")).finish();
    assert_ne!(output.code(), Some(0), "{output:?}");
    let told = output.stdout + &output.stderr;
    assert!(
        told.contains(
            "scenario `backwards`: the range workers 3..=1 is empty; give the smaller number first"
        ),
        "{told}"
    );
    // The line to mend, and none of the harness's own.
    let panicked = told.lines().find(|line| line.contains("panicked at"));
    let place = panicked.expect("a panic says where");
    assert!(place.contains("tests/cli/own.rs:"), "{told}");
}

#[test]
fn a_report_names_the_command_that_replays_it_here() {
    let json = own("hunt stuck --variant buggy --format json").json();
    let token = json["rows"][0]["token"].as_str().expect("it was found");
    let replay = format!("own replay {token}");
    let text = own("hunt stuck --variant buggy").stdout;
    assert!(text.contains(&format!("  replay: {replay}\n")), "{text}");
    let explained = own(&format!("explain {token} --format json")).json();
    assert_eq!(explained["replay"], replay.as_str());
    let report =
        serde_json::from_value::<standstill::Report>(explained.clone()).expect("it is a report");
    assert_eq!(report.replay_command(), replay);
    for line in [format!("replay {token}"), format!("minimise {token}")] {
        let output = own(&line);
        assert!(
            output.stdout.contains("  replay: own replay ss2-"),
            "{output:?}"
        );
        assert!(!output.stdout.contains("standstill replay"), "{output:?}");
    }
}

#[test]
fn a_panic_in_setup_is_a_finding_that_names_its_scenario() {
    let output = own("hunt unready");
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(output.stdout.contains("unready (own): panic"), "{output:?}");
    assert!(
        output.stdout.contains("no configuration, no run"),
        "{output:?}"
    );
}

#[test]
fn a_crate_hunts_in_scenarios_of_its_own() {
    let output = own("hunt stuck calm --seed 3 --jobs 1 --quiet");
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert!(
        output.stdout.ends_with("3 rows, all as expected\n"),
        "{output:?}"
    );
    let lines: Vec<Vec<&str>> = output
        .stdout
        .lines()
        .take(4)
        .map(|line| line.split_whitespace().take(5).collect())
        .collect();
    assert_eq!(lines[1], ["stuck", "buggy", "explore", "hang", "yes"]);
    assert_eq!(lines[2], ["stuck", "fixed", "explore", "clean", "yes"]);
    assert_eq!(lines[3], ["calm", "own", "explore", "clean", "yes"]);
    assert_eq!(own("list").stdout.lines().count(), 10);
}

#[test]
fn a_bug_that_is_not_found_is_exit_1() {
    let output = own("hunt stuck --workers 1 --schedules 100");
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(
        output
            .stdout
            .ends_with("1 of 2 rows not as expected: stuck (buggy) is clean, expected a finding\n"),
        "{output:?}"
    );
}

#[test]
fn a_finding_in_a_program_of_ones_own_is_exit_1() {
    let output = own("hunt loud --quiet");
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(
        output
            .stdout
            .ends_with("1 of 1 rows not as expected: loud (own) is panic, expected clean\n"),
        "{output:?}"
    );
    assert_eq!(
        output.stderr, "",
        "a panic of the program is a finding and nothing else"
    );
}

#[test]
fn every_fingerprint_is_collected_when_the_hunt_keeps_going() {
    let output = own("hunt two-faced --keep-going --schedules 500 --jobs 2");
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert_eq!(
        output.stdout.matches("replay with: ").count(),
        2,
        "{output:?}"
    );
    assert_eq!(
        output.stdout.matches("\n  fingerprint: panic-").count(),
        2,
        "{output:?}"
    );
}

#[test]
fn a_program_that_is_not_deterministic_is_undecided_with_the_reason() {
    let output = own("hunt moody --jobs 1 --schedules 20 --strategy random");
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(
        output
            .stdout
            .contains("moody (own): undecided\n  the program is not deterministic"),
        "{output:?}"
    );
    assert!(
        output
            .stderr
            .contains("warning: moody (own): 1 of 6 schedules could not be decided"),
        "{output:?}"
    );
}

#[test]
fn an_entry_does_not_claim_that_a_fix_holds_which_does_not() {
    let place = tempfile::tempdir().expect("a directory");
    let corpus = place.path().join("corpus").display().to_string();
    let output = own(&format!("hunt half-done --corpus {corpus} --quiet"));
    assert_eq!(output.code(), Some(1), "{output:?}");
    let replayed = own(&format!("replay {corpus}"));
    assert_eq!(replayed.code(), Some(0), "{replayed:?}");
    assert!(!replayed.stdout.contains("fixed"), "{replayed:?}");
    let kept = std::fs::read_dir(place.path().join("corpus/half-done"))
        .expect("it was made")
        .count();
    assert_eq!(kept, 1, "what is found in a fixed variant is no entry");
}

#[test]
fn a_token_of_a_scenario_that_is_gone_is_bad_input() {
    let place = tempfile::tempdir().expect("a directory");
    let output = own("hunt stuck --variant buggy --format json");
    let token = output.json()["rows"][0]["token"]
        .as_str()
        .expect("it was found")
        .to_owned();
    let elsewhere = crate::standstill::standstill_in(place.path(), &["replay", &token]);
    assert_eq!(elsewhere.code(), Some(2), "{elsewhere:?}");
    assert!(
        elsewhere.stderr.contains("there is no scenario `stuck`"),
        "{elsewhere:?}"
    );
    assert_eq!(own(&format!("replay {token} --times 100")).code(), Some(0));
}

#[test]
fn an_interrupted_minimisation_prints_the_best_so_far() {
    let output = own("hunt long-odds --minimise 0 --format json");
    let token = output.json()["rows"][0]["token"]
        .as_str()
        .expect("it was found")
        .to_owned();
    // No schedule with three departures from the default order shows it, so the search finds nothing.
    let minimise = format!("minimise {token} --budget 1000000000");
    let interrupted = |format: &str| {
        let running = Running::start(&mut command(&format!("{minimise} --format {format}")));
        running.wait_for("in the middle of it");
        running.signal("INT");
        let output = without_preamble(running.finish());
        assert_eq!(output.code(), Some(0), "{output:?}");
        output
    };
    let json = interrupted("json").json();
    assert_eq!(json["complete"], false);
    assert_eq!(json["interrupted"], true);
    let choices = |when: &str| json[when]["choices"].as_u64().expect("a number");
    assert!(choices("after") < choices("before"), "{json}");
    assert_ne!(json["token"], token.as_str());
    let text = interrupted("text").stdout;
    assert!(
        text.contains("  minimised: interrupted: this is the best so far\n"),
        "{text}"
    );
    assert!(
        text.contains("\nit was interrupted: this is the best so far\n"),
        "{text}"
    );
}

#[test]
fn the_second_interrupt_ends_the_process() {
    let running = Running::start(&mut command("hunt busy --jobs 1 --verbose"));
    running.wait_for("hunting busy");
    running.signal("INT");
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.signal("INT");
    let output = running.finish();
    assert_eq!(output.code(), Some(130), "{output:?}");
}
