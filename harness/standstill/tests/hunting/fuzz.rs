//! Fuzz targets: what an input comes to, on a thread of the engine's and on the fuzzer's own.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use crate::common::name_of;
use standstill::{Load, Plan, Scenario, Schedule, Undecided, Variant, fuzz};
use tokio::sync::{Mutex, Notify};

fn plan(workers: u8, choices: &[u8]) -> Plan {
    let load = Load {
        workers,
        ..Load::default()
    };
    Plan::new("", Variant::Own, load, Schedule::Bytes(choices.to_vec()))
}

/// Two locks in two orders.
fn crossed() -> Scenario {
    async fn one(first: Arc<Mutex<()>>, second: Arc<Mutex<()>>) {
        let _first = first.lock().await;
        let _second = second.lock().await;
    }
    Scenario::new("crossed", "")
        .workers(1..=2)
        .variant(Variant::Own, |load| async move {
            let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
            let mut tasks = vec![tokio::spawn(one(Arc::clone(&a), Arc::clone(&b)))];
            if load.workers == 2 {
                tasks.push(tokio::spawn(one(b, a)));
            }
            for task in tasks {
                task.await.unwrap();
            }
        })
}

/// Correct, everyday code, which a preemption between its lines makes block the thread.
fn raw_lock() -> Scenario {
    Scenario::new("raw-lock", "")
        .workers(2..=2)
        .variant(Variant::Own, |load| async move {
            let shared = Arc::new((std::sync::Mutex::new(0), Notify::new()));
            let tasks: Vec<_> = (0..load.workers)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        let mut count = shared.0.lock().unwrap();
                        shared.1.notify_one();
                        *count += 1;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        })
}

/// A task that blocks its thread all by itself.
fn stuck() -> Scenario {
    Scenario::new("stuck", "").variant(Variant::Own, |_| async move {
        let lock = std::sync::Mutex::new(());
        let _held = lock.lock().unwrap();
        let _again = lock.lock().unwrap();
    })
}

/// A thread of the program's own that may wake the run at any time.
fn foreign() -> Scenario {
    Scenario::new("foreign", "").variant(Variant::Own, |_| async move {
        let notify = Arc::new(Notify::new());
        let theirs = Arc::clone(&notify);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            theirs.notify_one();
        });
        notify.notified().await;
    })
}

/// Inputs that preempt early, late and not at all.
fn inputs() -> Vec<Vec<u8>> {
    (0..64_u8)
        .map(|seed| {
            (0..24)
                .map(|at| seed.wrapping_mul(37).wrapping_add(seed.wrapping_mul(at)) >> 1)
                .collect()
        })
        .collect()
}

#[test]
fn a_finding_panics_with_its_report_and_a_clean_run_returns() {
    fuzz::run(plan(0, &[]), crossed);
    let found = inputs().into_iter().find_map(|input| {
        catch_unwind(AssertUnwindSafe(|| fuzz::run(plan(1, &input), crossed))).err()
    });
    let said = found.expect("some input crosses the locks");
    let said = said.downcast_ref::<String>().unwrap();
    for fragment in [
        "hang: one#1 waits to lock ",
        "scenario: crossed (own), engine explore",
        "load: workers=2",
        "fingerprint: hang-",
        "replay: standstill replay ss2-",
    ] {
        assert!(said.contains(fragment), "no `{fragment}` in {said}");
    }
}

#[test]
fn what_cannot_be_decided_is_told_apart() {
    let verdict = fuzz::judge(plan(0, &[]), &foreign());
    assert!(
        matches!(verdict, Err(Undecided::ForeignThread { .. })),
        "{verdict:?}"
    );
    assert_eq!(fuzz::judge(plan(0, &[]), &crossed()), Ok(()));
}

#[test]
fn a_lock_the_engine_does_not_know_is_no_finding() {
    let scenario = raw_lock();
    for input in inputs() {
        assert_eq!(fuzz::judge(plan(0, &input), &scenario), Ok(()));
    }
}

/// Runs one of the tests below as a fuzzer's process.
fn as_a_fuzzer(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name_of(module_path!(), test), "--nocapture"])
        .env("FUZZERS_PROCESS", "1")
        .output()
        .unwrap()
}

fn is_a_fuzzers() -> bool {
    std::env::var_os("FUZZERS_PROCESS").is_some()
}

#[test]
fn a_wedge_on_the_fuzzers_own_thread_begins_the_process_anew() {
    if is_a_fuzzers() {
        fuzz::init();
        for input in inputs() {
            assert_eq!(fuzz::judge(plan(0, &input), &raw_lock()), Ok(()));
        }
        return;
    }
    let output = as_a_fuzzer("a_wedge_on_the_fuzzers_own_thread_begins_the_process_anew");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("begins anew").count(), 1, "{said}");
    let warned = said.matches("preemption inside of polls is switched off");
    assert_eq!(warned.count(), 1, "{said}");
}

#[test]
fn a_program_that_blocks_the_fuzzers_own_thread_is_a_finding() {
    if is_a_fuzzers() {
        fuzz::init();
        fuzz::run(plan(0, &[]), stuck);
        return;
    }
    let output = as_a_fuzzer("a_program_that_blocks_the_fuzzers_own_thread_is_a_finding");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), None, "aborted: {said}");
    assert!(said.contains("fingerprint: blocked-"), "{said}");
    assert!(!said.contains("begins anew"), "{said}");
}

#[test]
fn a_wrong_variant_is_no_crash() {
    if is_a_fuzzers() {
        fuzz::init();
        panic!("it has exited");
    }
    let test = name_of(module_path!(), "a_wrong_variant_is_no_crash");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .env("FUZZERS_PROCESS", "1")
        .env("STANDSTILL_VARIANT", "bugy")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: STANDSTILL_VARIANT is `bugy`: there is no variant `bugy`: choose one of buggy, \
         fixed, own\n"
    );
}
