//! Measures the stress engine: what tracking costs, and how long a standstill takes to be told.
//!
//! ```sh
//! cargo run --release -p standstill-catalogue --example stress-figures
//! ```
//!
//! Each row is one program. In every round it is run a number of times by the stress engine with its
//! tracker off, and the same number of times with it on: the same engine, a fresh runtime for each
//! run, no noise. The overhead is the median of the rounds' ratios. Two clocks are read. Processor
//! time is what tracking costs; elapsed time is what a hunt takes, and on a machine that others keep
//! busy, mostly waits for its turn.
//!
//! The last rows are runs that do little else than lock and send, a few times and thousands of times:
//! in a long one, what a run costs apart from its operations no longer counts.
//!
//! `stress-figures 5 200` makes 5 rounds of 200 runs.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures real time, on real threads"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use standstill::engine::{Engine, RecordLevel, Stress, StressSettings};
use standstill::{EngineKind, FindingKind, Load, Plan, Program, Schedule, Variant};
use tokio::sync::mpsc;

/// Rounds, and runs of each kind in a round, unless the command says otherwise.
const ROUNDS: usize = 9;
const RUNS: u32 = 200;

/// Rounds of a long run.
const LONG: u32 = 2_000;

/// A program whose runs take longer does not work but wait: there is nothing to measure.
const MOST: Duration = Duration::from_millis(500);

/// Standstills to be told.
const HANGS: usize = 200;

fn main() -> io::Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .take(2)
        .filter_map(|word| word.parse().ok());
    let rounds = numbers.next().unwrap_or(ROUNDS);
    let runs = numbers
        .next()
        .and_then(|runs| u32::try_from(runs).ok())
        .unwrap_or(RUNS);
    let mut out = io::stdout();
    writeln!(
        out,
        "| scenario | plain runs/s | untracked runs/s | tracked runs/s | elapsed | processor |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let only = std::env::args().nth(3);
    let mut all = Vec::new();
    for (name, program, load, runs) in programs(runs) {
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let began = Instant::now();
        plain(&program, load, StressSettings::default().threads);
        if began.elapsed() > MOST {
            writeln!(out, "| {name} | waits for time | | | | |")?;
            continue;
        }
        let row = overhead(&name, &program, load, rounds, runs);
        writeln!(
            out,
            "| {name} | {:.0} | {:.0} | {:.0} | {:.2}x | {:.2}x |",
            row.plain, row.without, row.with, row.elapsed, row.processor
        )?;
        all.push(row);
    }
    writeln!(
        out,
        "| median | | | | {:.2}x | {:.2}x |",
        median(all.iter().map(|row| row.elapsed)),
        median(all.iter().map(|row| row.processor))
    )?;
    latency(&mut out)
}

/// What one program's runs took.
struct Overhead {
    plain: f64,
    without: f64,
    with: f64,
    elapsed: f64,
    processor: f64,
}

/// The fixed variant of each scenario under the highest load, which is what the stress engine hunts
/// in, and two of our own; and how many runs a round has.
fn programs(runs: u32) -> Vec<(String, Program, Load, u32)> {
    let mut programs: Vec<_> = standstill_catalogue::scenarios()
        .iter()
        .map(|scenario| {
            let program = scenario
                .program(Variant::Fixed)
                .unwrap_or_else(|| panic!("{} has no fixed variant", scenario.name()));
            let load = scenario.ranges().largest();
            (scenario.name().to_owned(), program.clone(), load, runs)
        })
        .collect();
    for (rounds, runs) in [(5, runs), (LONG, runs.div_ceil(10))] {
        let name = format!("lock and send, {rounds} rounds");
        let program = Program::new(move |_| lock_and_send(rounds));
        programs.push((name, program, Load::default(), runs));
    }
    programs
}

/// Four workers that lock and send, and one who receives.
async fn lock_and_send(rounds: u32) {
    async fn worker(
        rounds: u32,
        counter: Arc<tokio::sync::Mutex<u32>>,
        results: mpsc::Sender<u32>,
    ) {
        for _ in 0..rounds {
            let value = {
                let mut counter = counter.lock().await;
                *counter += 1;
                *counter
            };
            if results.send(value).await.is_err() {
                return;
            }
        }
    }
    let counter = Arc::default();
    let (sender, mut results) = mpsc::channel(2);
    for _ in 0..4 {
        tokio::spawn(worker(rounds, Arc::clone(&counter), sender.clone()));
    }
    drop(sender);
    while results.recv().await.is_some() {}
}

fn overhead(name: &str, program: &Program, load: Load, rounds: usize, runs: u32) -> Overhead {
    let plan = plan(load);
    let settings = StressSettings::default();
    let mut untracked = Stress::untracked(settings);
    let mut tracked = Stress::new(settings);
    let clean = |engine: &mut Stress| {
        let run = engine.run(program, &plan, RecordLevel::Hunt);
        assert_eq!(run.verdict.name(), "clean", "{name}");
    };
    let mut took = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut times = [(0.0, 0.0); 3];
        for turn in 0..times.len() {
            // Who goes first changes.
            let which = (round + turn) % times.len();
            let (began, used) = (Instant::now(), processor());
            for _ in 0..runs {
                match which {
                    0 => plain(program, load, settings.threads),
                    1 => clean(&mut untracked),
                    _ => clean(&mut tracked),
                }
            }
            times[which] = (began.elapsed().as_secs_f64(), processor() - used);
        }
        took.push(times);
    }
    let rate = |which: usize| median(took.iter().map(|times| f64::from(runs) / times[which].0));
    Overhead {
        plain: rate(0),
        without: rate(1),
        with: rate(2),
        elapsed: median(took.iter().map(|[_, without, with]| with.0 / without.0)),
        processor: median(took.iter().map(|[_, without, with]| with.1 / without.1)),
    }
}

/// The program without any engine: on a fresh runtime, on a thread of its own.
fn plain(program: &Program, load: Load, workers: usize) {
    let program = program.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no runtime: {error}"));
        runtime.block_on(program.root(load));
        runtime.shutdown_timeout(Duration::from_secs(1));
    });
    assert!(thread.join().is_ok(), "a plain run panicked");
}

/// No noise: it is not the tracker's.
fn plan(load: Load) -> Plan {
    let schedule = Schedule::Choices(Vec::new());
    let mut plan = Plan::new("figures", Variant::Own, load, schedule);
    plan.engine = EngineKind::Stress;
    plan
}

/// Seconds of processor time that this process has used, those of threads that are gone included.
fn processor() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let time = Duration::new(
        u64::try_from(used.tv_sec).unwrap_or_default(),
        u32::try_from(used.tv_nsec).unwrap_or_default(),
    );
    time.as_secs_f64()
}

/// When a task of a run began to wait for what never comes.
type Began = Arc<Mutex<Option<Instant>>>;

fn latency(out: &mut impl Write) -> io::Result<()> {
    async fn hang(began: Began) {
        let never = tokio::sync::Notify::new();
        *began.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        never.notified().await;
    }
    let settings = StressSettings::default();
    let mut engine = Stress::new(settings);
    let mut latencies = Vec::with_capacity(HANGS);
    for _ in 0..HANGS {
        let began = Began::default();
        let seen = Arc::clone(&began);
        let program = Program::new(move |_| hang(Arc::clone(&seen)));
        let run = engine.run(&program, &plan(Load::default()), RecordLevel::Hunt);
        let told = Instant::now();
        let kind = run.verdict.finding().map(|found| found.kind);
        assert_eq!(kind, Some(FindingKind::Hang));
        let stuck = *began.lock().unwrap_or_else(PoisonError::into_inner);
        let stuck = stuck.unwrap_or_else(|| panic!("a run hung before it began"));
        latencies.push((told - stuck).as_secs_f64() * 1_000.0);
    }
    latencies.sort_by(f64::total_cmp);
    writeln!(
        out,
        "stuck to told, over {HANGS} hangs with a patience of {} ms: median {:.0} ms, worst {:.0} ms",
        settings.patience.as_millis(),
        latencies[HANGS / 2],
        latencies[HANGS - 1]
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
