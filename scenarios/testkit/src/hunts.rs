//! How the tests of the scenarios hunt.

use std::time::Duration;

use standstill::{Finding, Hunt, Load, Outcome, Scenario, Variant};

/// Where the entries of all scenarios are kept.
pub const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");

/// How many schedules a test tries.
pub const SCHEDULES: u64 = 2_000;

/// A hunt as all these tests make it. Narrow it further, then let it go.
pub fn hunt(scenario: &Scenario, variant: Variant) -> Hunt {
    Hunt::of(scenario, variant).schedules(SCHEDULES).seed(1)
}

/// What a hunt in the buggy variant finds under this load.
///
/// # Panics
///
/// If it finds nothing.
#[track_caller]
pub fn found(scenario: &Scenario, load: Load) -> Finding {
    match hunt(scenario, Variant::Buggy).load(load).go() {
        Ok(outcome) => outcome.finding().cloned().unwrap_or_else(|| {
            panic!(
                "{} with {load}: {} after {} schedules",
                scenario.name(),
                outcome.verdict,
                outcome.schedules
            )
        }),
        Err(error) => panic!("{error}"),
    }
}

/// Hunts, and expects to find nothing.
///
/// # Panics
///
/// With the report, if it finds something or cannot decide.
#[track_caller]
pub fn assert_clean(hunt: Hunt) {
    match hunt.go() {
        Ok(outcome) => outcome.assert_clean(),
        Err(error) => panic!("{error}"),
    }
}

/// What a hunt in the buggy variant finds under this load while a heartbeat ticks beside it: the
/// program never comes to rest, and is found all the same.
///
/// # Panics
///
/// If it finds nothing.
#[track_caller]
pub fn found_beside_a_heartbeat(scenario: &Scenario, load: Load) -> Finding {
    let outcome = hunt_beside_a_heartbeat(scenario, Variant::Buggy, load);
    outcome.finding().cloned().unwrap_or_else(|| {
        panic!(
            "{} with {load} beside a heartbeat: {} after {} schedules",
            scenario.name(),
            outcome.verdict,
            outcome.schedules
        )
    })
}

/// Hunts in a variant while a heartbeat ticks beside it, and expects to find nothing.
///
/// # Panics
///
/// With the report, if it finds something or cannot decide.
#[track_caller]
pub fn assert_clean_beside_a_heartbeat(scenario: &Scenario, variant: Variant, load: Load) {
    hunt_beside_a_heartbeat(scenario, variant, load).assert_clean();
}

#[track_caller]
fn hunt_beside_a_heartbeat(scenario: &Scenario, variant: Variant, load: Load) -> Outcome {
    let Some(program) = scenario.program(variant).cloned() else {
        panic!("{} has no variant {variant}", scenario.name());
    };
    Hunt::new(scenario.name())
        .schedules(SCHEDULES)
        .seed(1)
        .load(load)
        .run_loads(move |load| {
            let program = program.clone();
            async move {
                let heartbeat = tokio::spawn(heartbeat());
                program.root(load).await;
                heartbeat.abort();
            }
        })
}

/// Ticks once a second for as long as it is let.
async fn heartbeat() {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
    }
}
