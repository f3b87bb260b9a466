//! Measures the stress engine: what tracking costs, and how long a standstill takes to be told.
//!
//! ```sh
//! cargo run --release -p standstill --example stress-figures
//! ```

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standstill::engine::{Care, Engine, Stress, StressSettings};
use standstill::{EngineKind, FindingKind, Load, Plan, Program, Schedule, Variant};
use tokio::sync::{Mutex, mpsc};

/// Runs of each kind in a round, and rounds.
const RUNS: u32 = 1_000;
const ROUNDS: usize = 7;

/// Standstills to be told.
const HANGS: usize = 200;

async fn worker(counter: Arc<Mutex<u32>>, results: mpsc::Sender<u32>) {
    for _ in 0..5 {
        let value = {
            let mut counter = counter.lock().await;
            *counter += 1;
            *counter
        };
        results.send(value).await.expect("somebody receives");
    }
}

/// Four workers that lock and send, and one who receives.
async fn program() {
    let counter = Arc::new(Mutex::new(0));
    let (sender, mut results) = mpsc::channel(2);
    for _ in 0..4 {
        tokio::spawn(worker(counter.clone(), sender.clone()));
    }
    drop(sender);
    while results.recv().await.is_some() {}
}

/// A task that waits for what never comes, and says when it began to.
async fn hang(began: Arc<std::sync::Mutex<Option<Instant>>>) {
    let never = tokio::sync::Notify::new();
    *began.lock().expect("nobody panicked") = Some(Instant::now());
    never.notified().await;
}

/// No noise: it is not the tracker's.
fn plan() -> Plan {
    let mut plan = Plan::new(
        "figures",
        Variant::Own,
        Load::default(),
        Schedule::Choices(Vec::new()),
    );
    plan.engine = EngineKind::Stress;
    plan
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    let settings = StressSettings::default();
    let plan = plan();
    let tracked_program = Program::new(|_| program());
    let mut engine = Stress::new(settings);
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..RUNS {
            // A runtime on a thread of its own for each run, as the engine does.
            let thread = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(settings.threads)
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(program());
                runtime.shutdown_timeout(Duration::from_secs(1));
            });
            thread.join().expect("it ends");
        }
        rates[0].push(f64::from(RUNS) / began.elapsed().as_secs_f64());
        let began = Instant::now();
        for _ in 0..RUNS {
            let run = engine.run(&tracked_program, &plan, Care::Hunt);
            assert_eq!(run.verdict.name(), "clean");
        }
        rates[1].push(f64::from(RUNS) / began.elapsed().as_secs_f64());
    }
    let [plain, tracked] = rates.map(median);
    writeln!(out, "plain tokio:        {plain:.0} runs/s")?;
    writeln!(out, "tracked, no noise:  {tracked:.0} runs/s")?;
    writeln!(out, "overhead:           {:.2}x", plain / tracked)?;

    let mut latencies = Vec::with_capacity(HANGS);
    for _ in 0..HANGS {
        let began = Arc::new(std::sync::Mutex::new(None));
        let seen = Arc::clone(&began);
        let program = Program::new(move |_| hang(Arc::clone(&seen)));
        let run = engine.run(&program, &plan, Care::Hunt);
        let told = Instant::now();
        assert_eq!(
            run.verdict.finding().map(|found| found.kind),
            Some(FindingKind::Hang)
        );
        let stuck = began.lock().expect("nobody panicked").expect("it began");
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
