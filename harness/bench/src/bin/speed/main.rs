//! Standstill beside Shuttle and plain tokio: the same program, in turns, in one run.
//!
//! A program of its own: what is compiled beside it changes how it is compiled.
//!
//! `cargo run --release --manifest-path harness/bench/Cargo.toml --bin speed [ROUNDS]` prints medians as
//! a Markdown table, and `[ROUNDS] --json` as JSON. `profile SCHEDULES` runs Standstill alone, for a
//! profiler; `jobs [ROUNDS]` compares two jobs with one; `memory ENGINE SCHEDULES` says how large the
//! process has been.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shuttle::scheduler::{RandomScheduler, Schedule, Scheduler, Task, TaskId};
use standstill::{EngineKind, Hunt, StrategyKind};

mod on_standstill {
    use standstill_tokio as tokio;
    mod program {
        include!("body.rs");
    }
    pub use program::body;
}

mod on_shuttle {
    use shuttle_tokio as tokio;
    mod program {
        include!("body.rs");
    }
    pub use program::body;
}

mod on_tokio {
    use ::tokio;
    mod program {
        include!("body.rs");
    }
    pub use program::body;
}

/// What one engine did in one round.
struct Sample {
    schedules: u64,
    steps: u64,
    elapsed: Duration,
}

impl Sample {
    fn per_second(&self) -> f64 {
        self.schedules as f64 / self.elapsed.as_secs_f64()
    }

    fn nanoseconds_per_step(&self) -> f64 {
        self.elapsed.as_nanos() as f64 / self.steps as f64
    }
}

fn standstill(engine: EngineKind, schedules: u64, seed: u64) -> Sample {
    let outcome = Hunt::new("lock and send")
        .engine(engine)
        .schedules(schedules)
        .seed(seed)
        .strategy(StrategyKind::Random)
        .run(on_standstill::body);
    outcome.assert_clean();
    Sample {
        schedules,
        steps: outcome.steps,
        elapsed: outcome.elapsed,
    }
}

/// Counts the decisions of Shuttle's random scheduler.
struct Counting {
    inner: RandomScheduler,
    steps: Arc<AtomicU64>,
}

impl Scheduler for Counting {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.inner.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.inner.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

fn shuttle(schedules: u64, seed: u64) -> Sample {
    let steps = Arc::new(AtomicU64::new(0));
    let iterations = usize::try_from(schedules).expect("fits");
    let scheduler = Counting {
        inner: RandomScheduler::new_from_seed(seed, iterations),
        steps: Arc::clone(&steps),
    };
    let began = Instant::now();
    shuttle::Runner::new(scheduler, shuttle::Config::default())
        .run(|| shuttle::future::block_on(on_shuttle::body()));
    Sample {
        schedules,
        steps: steps.load(Ordering::Relaxed),
        elapsed: began.elapsed(),
    }
}

fn plain_tokio(schedules: u64) -> Sample {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let began = Instant::now();
    for _ in 0..schedules {
        runtime.block_on(black_box(on_tokio::body()));
    }
    Sample {
        schedules,
        steps: 0,
        elapsed: began.elapsed(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().expect("a whole number"))
    };
    if arguments.first().is_some_and(|word| word == "profile") {
        let sample = standstill(EngineKind::Explore, number(1, 300_000), 1);
        println!(
            "{:.0} schedules/s, {:.1} ns/step",
            sample.per_second(),
            sample.nanoseconds_per_step()
        );
        return;
    }
    match arguments.first().map(String::as_str) {
        Some("jobs") => {
            println!("{:.2}", two_jobs(number(1, 9)));
            return;
        }
        Some("memory") => {
            let schedules = number(2, 100_000);
            match arguments.get(1).map_or("explore", String::as_str) {
                "shuttle-tokio" => drop(shuttle(schedules, 1)),
                engine => {
                    let engine = engine.parse().expect("explore, shuttle or shuttle-tokio");
                    let _ = standstill(engine, schedules, 1);
                }
            }
            println!("{}", peak_kib());
            return;
        }
        _ => {}
    }
    let rounds = number(0, 9);
    let mut ours = Vec::new();
    let mut over_shuttle = Vec::new();
    let mut theirs = Vec::new();
    let mut plain = Vec::new();
    for round in 0..=rounds {
        let samples = (
            standstill(EngineKind::Explore, 60_000, round),
            standstill(EngineKind::Shuttle, 15_000, round),
            shuttle(15_000, round),
            plain_tokio(60_000),
        );
        // The first round warms up.
        if round > 0 {
            ours.push(samples.0);
            over_shuttle.push(samples.1);
            theirs.push(samples.2);
            plain.push(samples.3);
        }
    }
    let per_second = |samples: &[Sample]| median(samples.iter().map(Sample::per_second).collect());
    let per_step =
        |samples: &[Sample]| median(samples.iter().map(Sample::nanoseconds_per_step).collect());
    let steps = |samples: &[Sample]| samples[0].steps as f64 / samples[0].schedules as f64;
    let ratio = |other: &[Sample]| {
        median(
            ours.iter()
                .zip(other)
                .map(|(ours, other)| ours.per_second() / other.per_second())
                .collect(),
        )
    };
    let row = |engine: &str, samples: &[Sample]| {
        serde_json::json!({
            "engine": engine,
            "schedules_per_second": per_second(samples).round(),
            "steps": steps(samples).round(),
            "ns_per_step": per_step(samples).round(),
            "ratio": (ratio(samples) * 100.0).round() / 100.0,
        })
    };
    let rows = [
        row("Standstill explore, tracked", &ours),
        row("Standstill shuttle, tracked", &over_shuttle),
        row("shuttle-tokio, random", &theirs),
        row("tokio current-thread, plain", &plain),
    ];
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", serde_json::json!(rows));
        return;
    }
    println!("| engine | schedules/s | steps a schedule | ns a step | Standstill is faster by |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for row in rows {
        println!(
            "| {} | {} | {} | {} | {} |",
            row["engine"].as_str().unwrap_or_default(),
            row["schedules_per_second"],
            row["steps"],
            row["ns_per_step"],
            row["ratio"],
        );
    }
}

/// How much faster two jobs are than one, round by round in turns: the median.
fn two_jobs(rounds: u64) -> f64 {
    let hunt = |jobs: usize, seed: u64| {
        let outcome = Hunt::new("lock and send")
            .jobs(NonZeroUsize::new(jobs).expect("jobs are counted from one"))
            .schedules(100_000)
            .seed(seed)
            .strategy(StrategyKind::Random)
            .run(on_standstill::body);
        outcome.assert_clean();
        outcome.elapsed.as_secs_f64()
    };
    median(
        (0..rounds)
            .map(|round| hunt(1, round) / hunt(2, round))
            .collect(),
    )
}

/// The largest resident set that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.map_or(0, |kib| kib.parse().expect("a whole number"))
}
