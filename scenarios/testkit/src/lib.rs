//! What the tests of the scenarios share: how they hunt, and how they write down what was found.
//!
//! A finding is compared as text, one line per step of its core, in words that an edit elsewhere
//! in the scenario does not change: roles, operations, types, and the source line instead of its
//! number.

use std::path::Path;
use std::time::Duration;

use standstill::graph::{TaskNode, Wait, Why};
use standstill::{Finding, Hunt, Load, LoadRanges, Outcome, Place, Scenario, Variant};
use standstill_std::sync::mpsc;
use standstill_std::thread;

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

/// The core of a finding, a line per wait: `worker: write RwLock<Jobs> <- reader (holds)`.
pub fn core(finding: &Finding) -> Vec<String> {
    let graph = &finding.graph;
    finding
        .core
        .iter()
        .map(|link| {
            let (task, wait, blocker) = graph.follow(*link);
            let what = graph.resources[wait.resource].type_text();
            let whom = match blocker {
                Some(blocker) => {
                    let role = &graph.tasks[blocker.task].role;
                    format!("{role} ({})", why(blocker.why))
                }
                None => "nobody".to_owned(),
            };
            format!("{}: {} {what} <- {whom}", task.role, wait.op)
        })
        .collect()
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Holds => "holds",
        Why::Granted => "granted",
        Why::Ahead => "ahead",
        Why::OtherSide => "other side",
        Why::Joined => "joined",
    }
}

/// The task of this role in the core of a finding, and the wait that put it there.
///
/// # Panics
///
/// If there is none.
#[track_caller]
pub fn in_core<'a>(finding: &'a Finding, role: &str) -> (&'a TaskNode, &'a Wait) {
    finding
        .core
        .iter()
        .map(|link| finding.graph.follow(*link))
        .find(|(task, _, _)| task.role == role)
        .map_or_else(
            || panic!("no {role} in {:?}", core(finding)),
            |(task, wait, _)| (task, wait),
        )
}

/// The tasks of a finding, a line each, with all that they wait for:
/// `resync: changed watch channel of `bool`, sleep timer`.
pub fn tasks(finding: &Finding) -> Vec<String> {
    let graph = &finding.graph;
    let mut lines: Vec<String> = graph
        .tasks
        .iter()
        .map(|task| {
            let mut waits: Vec<String> = task
                .waits
                .iter()
                .map(|wait| format!("{} {}", wait.op, graph.resources[wait.resource].type_text()))
                .collect();
            waits.sort();
            format!("{}: {}", task.role, waits.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

/// The source code at a place, without what is around it: `let jobs = jobs.lock().await;`.
///
/// # Panics
///
/// If the place's file is not in this workspace.
#[track_caller]
pub fn source(place: &Place) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = workspace.join(&place.file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = usize::try_from(place.line).map_or(0, |line| line - 1);
    text.lines().nth(line).unwrap_or_default().trim().to_owned()
}

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
