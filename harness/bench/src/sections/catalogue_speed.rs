//! Schedules/s beside shuttle-tokio, on the programs of the catalogue.

use std::error::Error;
use std::future::Future;
use std::time::Instant;

use shuttle::scheduler::RandomScheduler;
use standstill::{Hunt, Load, StrategyKind, Variant};
use standstill_on_shuttle as on_shuttle;

use super::median;
use crate::loads::{self, Grade};
use crate::options::Options;
use crate::record::{Section, Table};

/// Schedules/s of a program under shuttle-tokio.
type Theirs = fn(Load, usize, u64) -> f64;

/// The scenarios whose sources compile against shuttle-tokio.
const THEIRS: [(&str, Theirs); 5] = [
    ("quota-worker", |load, schedules, seed| {
        theirs(schedules, seed, move || on_shuttle::quota_worker::run(load))
    }),
    ("watch-mux", |load, schedules, seed| {
        theirs(schedules, seed, move || on_shuttle::watch_mux::run(load))
    }),
    ("double-read", |load, schedules, seed| {
        theirs(schedules, seed, move || on_shuttle::double_read::run(load))
    }),
    ("cluster-sync", |load, schedules, seed| {
        theirs(schedules, seed, move || on_shuttle::cluster_sync::run(load))
    }),
    ("stream-reset", |load, schedules, seed| {
        theirs(schedules, seed, move || on_shuttle::stream_reset::run(load))
    }),
];

fn theirs<F, R>(schedules: usize, seed: u64, body: F) -> f64
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let scheduler = RandomScheduler::new_from_seed(seed, schedules);
    let began = Instant::now();
    shuttle::Runner::new(scheduler, shuttle::Config::default())
        .run(move || shuttle::future::block_on(body()));
    schedules as f64 / began.elapsed().as_secs_f64()
}

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let (rounds, schedules) = if options.quick { (2, 500) } else { (7, 3_000) };
    let mut rows = Vec::new();
    let mut figures = Vec::new();
    for scenario in standstill_catalogue::scenarios() {
        if scenario.name().ends_with("-threads") {
            continue;
        }
        let load = loads::of(&scenario, Grade::Medium);
        let program = scenario.program(Variant::Fixed).ok_or("no fixed variant")?;
        let ours = |seed| {
            let program = program.clone();
            let outcome = Hunt::new(scenario.name())
                .load(load)
                .strategy(StrategyKind::Random)
                .schedules(schedules)
                .seed(seed)
                .run_loads(move |load| program.root(load));
            outcome.assert_clean();
            outcome.schedules as f64 / outcome.elapsed.as_secs_f64()
        };
        let theirs = THEIRS.iter().find(|(name, _)| *name == scenario.name());
        // In turns; the first round warms up.
        let pairs: Vec<(f64, Option<f64>)> = (0..=rounds)
            .map(|seed| {
                let their_schedules = usize::try_from(schedules).unwrap_or(usize::MAX);
                let ours = ours(seed);
                (
                    ours,
                    theirs.map(|(_, run)| run(load, their_schedules, seed)),
                )
            })
            .skip(1)
            .collect();
        let ours = median(pairs.iter().map(|(ours, _)| *ours).collect());
        let theirs: Option<Vec<f64>> = pairs.iter().map(|(_, theirs)| *theirs).collect();
        let ratios = pairs
            .iter()
            .map(|(ours, theirs)| Some(ours / (*theirs)?))
            .collect();
        let (theirs, ratio) = (theirs.map(median), Option::map(ratios, median));
        let shown = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        rows.push(vec![
            scenario.name().to_owned(),
            load.to_string(),
            format!("{ours:.0}"),
            shown(theirs, 0),
            shown(ratio, 2),
        ]);
        figures.push(serde_json::json!({
            "scenario": scenario.name(),
            "load": load,
            "ours": ours.round(),
            "shuttle_tokio": theirs.map(f64::round),
            "ratio": ratio,
        }));
    }
    Ok(Section {
        title: "Schedules/s on the catalogue".to_owned(),
        intro: format!(
            "The fixed variant of each async scenario at its medium load, by `random`, on one core: \
             Standstill's engine explore, and the same source compiled against shuttle-tokio \
             (`on-shuttle/`). Medians of {rounds} rounds of {schedules} schedules, in turns. \
             `resync-leak` and `cancel-leak` do not compile there: shuttle-tokio 1.0.0 has no \
             `watch::Sender::new`."
        ),
        tables: vec![Table {
            caption: String::new(),
            columns: ["scenario", "load", "Standstill", "shuttle-tokio", "ratio"]
                .map(str::to_owned)
                .into(),
            rows,
        }],
        conclusions: Vec::new(),
        figures: figures.into(),
    })
}
