//! The drop-in with its feature off, as in a production build, beside tokio: the same program, in
//! turns, in one run.
//!
//! `cargo run --release --manifest-path harness/bench/drop-in/Cargo.toml [ROUNDS]` prints a Markdown
//! table of medians, and of the ratios round by round.

use std::any::TypeId;
use std::hint::black_box;
use std::time::Instant;

mod on_the_drop_in {
    use standstill_tokio as tokio;
    mod program {
        include!("../../src/bin/speed/body.rs");
    }
    pub use program::body;
}

mod on_tokio {
    use ::tokio;
    mod program {
        include!("../../src/bin/speed/body.rs");
    }
    pub use program::body;
}

/// How many times the program runs in one sample.
const RUNS: u32 = 20_000;

/// What all is the same of: the drop-in's types are tokio's very own.
fn check() {
    assert_eq!(
        TypeId::of::<standstill_tokio::sync::Mutex<u64>>(),
        TypeId::of::<tokio::sync::Mutex<u64>>(),
        "the feature `standstill` is on"
    );
    assert_eq!(
        TypeId::of::<standstill_tokio::sync::mpsc::Sender<u64>>(),
        TypeId::of::<tokio::sync::mpsc::Sender<u64>>(),
    );
    assert_eq!(
        TypeId::of::<standstill_tokio::task::JoinHandle<()>>(),
        TypeId::of::<tokio::task::JoinHandle<()>>(),
    );
}

/// Nanoseconds a run.
fn sample<F: Future<Output = ()>>(runtime: &tokio::runtime::Runtime, body: fn() -> F) -> f64 {
    let began = Instant::now();
    for _ in 0..RUNS {
        runtime.block_on(black_box(body()));
    }
    began.elapsed().as_nanos() as f64 / f64::from(RUNS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    check();
    let rounds: u32 = std::env::args()
        .nth(1)
        .map_or(31, |text| text.parse().expect("a whole number of rounds"));
    let current_thread = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let two_threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    println!(
        "| runtime | tokio, ns a run | drop-in, ns a run | drop-in / tokio, median of pairs | half of the pairs |"
    );
    println!("| --- | ---: | ---: | ---: | --- |");
    for (name, runtime) in [
        ("current thread", &current_thread),
        ("two threads", &two_threads),
    ] {
        let mut pairs = Vec::new();
        for round in 0..=rounds {
            // Whoever comes first may find a colder machine: they take turns at it.
            let pair = if round % 2 == 0 {
                let tokio = sample(runtime, on_tokio::body);
                (tokio, sample(runtime, on_the_drop_in::body))
            } else {
                let drop_in = sample(runtime, on_the_drop_in::body);
                (sample(runtime, on_tokio::body), drop_in)
            };
            // The first round warms up.
            if round > 0 {
                pairs.push(pair);
            }
        }
        let mut ratios: Vec<f64> = pairs
            .iter()
            .map(|(tokio, drop_in)| drop_in / tokio)
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "| {name} | {:.0} | {:.0} | {:.3} | {:.3} to {:.3} |",
            median(pairs.iter().map(|(tokio, _)| *tokio).collect()),
            median(pairs.iter().map(|(_, drop_in)| *drop_in).collect()),
            median(ratios.clone()),
            ratios[ratios.len() / 4],
            ratios[ratios.len() * 3 / 4],
        );
    }
}
