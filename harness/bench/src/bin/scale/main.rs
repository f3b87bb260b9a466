//! What a step and a waiting task cost among 10 to 10,000 tasks, and whether anything grows.
//!
//! A program of its own: its allocator counts, and what is compiled beside the benchmark changes
//! how the benchmark is compiled.
//!
//! `cargo run --release --manifest-path harness/bench/Cargo.toml --bin scale` prints a table. With
//! an argument:
//!
//! - `json` prints the table's figures as JSON;
//! - `busy TASKS STEPS STRATEGY` makes so many steps in one schedule, for a profiler;
//! - `long STEPS` makes one long schedule and says how much memory grew;
//! - `check` fails if a step of the steady state allocates, or a long schedule grows.

mod allocations;
mod programs;

use standstill::StrategyKind;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// A resident set may grow by so much for reasons of its own.
const SLACK_BYTES: u64 = 256 * 1024;

/// The search for partial hangs takes a few allocations each time, and comes at doubling distances.
const ALLOCATIONS_OF_LOOKS: u64 = 16;

/// Strategies whose step may not depend on the number of tasks.
const FLAT: [StrategyKind; 2] = [StrategyKind::Random, StrategyKind::Pct { depth: 3 }];

/// What was measured among so many tasks.
struct Row {
    tasks: u64,
    ns: [f64; FLAT.len()],
    bytes: f64,
}

fn rows() -> Vec<Row> {
    let row = |tasks| Row {
        tasks,
        ns: FLAT.map(|strategy| {
            let outcome = programs::busy(tasks, 2_000_000, strategy);
            outcome.elapsed.as_nanos() as f64 / outcome.steps as f64
        }),
        bytes: programs::waiting(tasks),
    };
    [10, 100, 1_000, 10_000].map(row).into()
}

fn table() {
    println!("| tasks | ns a step, random | ns a step, pct:3 | bytes a waiting task |");
    println!("| ---: | ---: | ---: | ---: |");
    for Row { tasks, ns, bytes } in rows() {
        println!("| {tasks} | {:.0} | {:.0} | {bytes:.0} |", ns[0], ns[1]);
    }
}

fn json() {
    let rows: Vec<_> = rows()
        .into_iter()
        .map(|Row { tasks, ns, bytes }| {
            serde_json::json!({
                "tasks": tasks,
                "ns_random": ns[0].round(),
                "ns_pct": ns[1].round(),
                "bytes": bytes.round(),
            })
        })
        .collect();
    println!("{}", serde_json::json!(rows));
}

fn check() {
    for strategy in FLAT.into_iter().chain([StrategyKind::Directed]) {
        let allocations = programs::allocations_in_the_steady_state(strategy);
        assert!(
            allocations <= ALLOCATIONS_OF_LOOKS,
            "steps under {strategy} allocate: {allocations} allocations"
        );
        println!("{strategy}: {allocations} allocations in 20,000 rounds of the steady state");
    }
    let (outcome, grown) = programs::growth(2_000_000);
    assert!(grown <= SLACK_BYTES, "memory grew by {grown} bytes");
    println!("{} steps: memory grew by {grown} bytes", outcome.steps);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().expect("a whole number"))
    };
    match arguments.first().map(String::as_str) {
        Some("check") => check(),
        Some("json") => json(),
        Some("busy") => {
            let strategy = arguments.get(3).map_or("random", String::as_str);
            let strategy = strategy.parse().expect("a strategy");
            let outcome = programs::busy(number(1, 10), number(2, 1_000_000), strategy);
            println!("{} steps", outcome.steps);
        }
        Some("long") => {
            let (outcome, grown) = programs::growth(number(1, 10_000_000));
            println!("{} steps: memory grew by {grown} bytes", outcome.steps);
        }
        _ => table(),
    }
}
