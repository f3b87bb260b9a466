//! Scenarios outside of any engine: they are ordinary programs, and end.

use std::time::Duration;

use standstill::{Load, LoadRanges, Scenario, Variant};
use standstill_std::sync::mpsc;
use standstill_std::thread;

/// Every load within the ranges.
pub fn loads(ranges: &LoadRanges) -> Vec<Load> {
    let mut loads = vec![Load::default()];
    for (knob, range) in ranges.iter() {
        loads = loads
            .iter()
            .flat_map(|load| {
                range.clone().map(|value| {
                    let mut load = *load;
                    load.set(knob, value);
                    load
                })
            })
            .collect();
    }
    loads
}

/// Runs a variant outside any engine, under each of its loads that `picked` accepts, and expects
/// it to end: a scenario is an ordinary tokio program.
///
/// # Panics
///
/// If the program panics, or has nothing left to do and is not done.
#[track_caller]
pub fn assert_ends_on_plain_tokio(
    scenario: &Scenario,
    variant: Variant,
    picked: impl Fn(&Load) -> bool,
) {
    let Some(program) = scenario.program(variant) else {
        panic!("{} has no variant {variant}", scenario.name());
    };
    let loads: Vec<Load> = loads(scenario.ranges())
        .into_iter()
        .filter(picked)
        .collect();
    assert!(!loads.is_empty(), "no load was picked");
    for load in loads {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        // The clock is paused: it jumps to the hour's end as soon as nothing else can happen.
        let ended = runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(3_600), program.root(load)).await
        });
        assert!(
            ended.is_ok(),
            "{} {variant} with {load} hangs",
            scenario.name()
        );
    }
}

/// How long a program of threads may take outside of any engine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a variant of a scenario of threads outside any engine, under each of its loads: on threads of
/// the system, in real time. It must end.
///
/// # Panics
///
/// If the program panics or takes a minute.
#[track_caller]
pub fn assert_ends_on_real_threads(scenario: &Scenario, variant: Variant) {
    let Some(program) = scenario.program(variant) else {
        panic!("{} has no variant {variant}", scenario.name());
    };
    for load in loads(scenario.ranges()) {
        let program = program.clone();
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap_or_else(|error| panic!("{error}"));
            runtime.block_on(program.root(load));
            let _ = done.send(());
        });
        assert_eq!(
            ended.recv_timeout(PATIENCE),
            Ok(()),
            "{} {variant} with {load} hangs or panics",
            scenario.name()
        );
    }
}
