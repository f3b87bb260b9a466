//! Schedules and seconds to the first finding, per strategy, against Shuttle's on the same body.

use std::error::Error;

use serde::Serialize;
use standstill::{EngineKind, Hunt, Load, Scenario, StrategyKind, Tactic, Variant, Verdict};

use super::{median, side_by_side};
use crate::loads::{self, Grade};
use crate::options::Options;
use crate::record::{Section, Table};

/// Who looks for the bug.
#[derive(Clone, Copy)]
struct Contender {
    engine: EngineKind,
    tactic: Tactic,
}

const fn ours(tactic: Tactic) -> Contender {
    Contender {
        engine: EngineKind::Explore,
        tactic,
    }
}

const fn shuttles(strategy: StrategyKind) -> Contender {
    Contender {
        engine: EngineKind::Shuttle,
        tactic: Tactic::One(strategy),
    }
}

const CONTENDERS: [Contender; 11] = [
    ours(Tactic::One(StrategyKind::Random)),
    ours(Tactic::One(StrategyKind::Pct { depth: 2 })),
    ours(Tactic::One(StrategyKind::Pct { depth: 3 })),
    ours(Tactic::One(StrategyKind::Pos)),
    ours(Tactic::One(StrategyKind::Urw)),
    ours(Tactic::One(StrategyKind::Surw)),
    ours(Tactic::One(StrategyKind::Directed)),
    ours(Tactic::Auto),
    shuttles(StrategyKind::Random),
    shuttles(StrategyKind::Pct { depth: 3 }),
    shuttles(StrategyKind::Urw),
];

const RANDOM: usize = 0;
const AUTO: usize = 7;
const SHUTTLES: std::ops::Range<usize> = 8..11;

impl Contender {
    fn name(self) -> String {
        match self.engine {
            EngineKind::Shuttle => format!("Shuttle {}", self.tactic),
            _ => self.tactic.to_string(),
        }
    }
}

/// One contender before one program.
#[derive(Serialize)]
struct Cell {
    scenario: String,
    grade: &'static str,
    load: Load,
    contender: String,
    /// Up to and with the first finding, by seed. None: not found up to the cap. Once that is the
    /// case for more than half of the seeds, the others are not tried.
    schedules: Vec<Option<u64>>,
    /// How long that took, by seed.
    seconds: Vec<f64>,
    cap: u64,
    /// The median of the schedules, and whether that is only a bound from below.
    median: u64,
    capped: bool,
    median_seconds: f64,
}

impl Cell {
    fn measure(
        scenario: &Scenario,
        grade: Grade,
        contender: Contender,
        seeds: u64,
        cap: u64,
    ) -> Result<Self, String> {
        let load = loads::of(scenario, grade);
        let program = scenario.program(Variant::Buggy).ok_or("no buggy variant")?;
        let mut schedules = Vec::new();
        let mut seconds = Vec::new();
        let mut misses = 0;
        for seed in 0..seeds {
            if misses * 2 > seeds {
                break;
            }
            let program = program.clone();
            // The load may lie beyond the ranges of the scenario, so its program is taken alone.
            let outcome = Hunt::new(scenario.name())
                .engine(contender.engine)
                .strategy(contender.tactic)
                .load(load)
                .schedules(cap)
                .seed(seed)
                .minimise(0)
                .run_loads(move |load| program.root(load));
            schedules.push(match outcome.verdict {
                Verdict::Found(_) => Some(outcome.schedules),
                Verdict::Clean => None,
                Verdict::Undecided(reason) => {
                    return Err(format!("{}: undecided: {reason}", scenario.name()));
                }
            });
            misses += u64::from(schedules.last() == Some(&None));
            seconds.push(outcome.elapsed.as_secs_f64());
        }
        let middle = median(
            schedules
                .iter()
                .map(|found| found.map_or(f64::INFINITY, |schedules| schedules as f64))
                .collect(),
        );
        let capped = middle.is_infinite() || misses * 2 > seeds;
        Ok(Self {
            scenario: scenario.name().to_owned(),
            grade: grade.name(),
            load,
            contender: contender.name(),
            median: if capped { cap } else { middle as u64 },
            capped,
            median_seconds: median(seconds.clone()),
            schedules,
            seconds,
            cap,
        })
    }
}

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let cap = if options.quick { 2_000 } else { 50_000 };
    let scenarios = standstill_catalogue::scenarios();
    let rows: Vec<(usize, Grade)> = Grade::ALL
        .into_iter()
        .flat_map(|grade| (0..scenarios.len()).map(move |at| (at, grade)))
        .collect();
    let cells = side_by_side(options.jobs, rows.len() * CONTENDERS.len(), |at| {
        let (scenario, grade) = rows[at / CONTENDERS.len()];
        let contender = CONTENDERS[at % CONTENDERS.len()];
        Cell::measure(&scenarios[scenario], grade, contender, options.seeds, cap)
    })?;
    let by_program: Vec<&[Cell]> = cells.chunks(CONTENDERS.len()).collect();
    Ok(Section {
        title: "Schedules and seconds to the first finding".to_owned(),
        intro: format!(
            "The buggy variant of every scenario of the catalogue, at three loads (`src/loads.rs`), \
             under each strategy, and under Shuttle's own schedulers on Shuttle's engine, which run the \
             same body. Medians of {} hunts with different seeds; a hunt gives up after {cap} schedules, \
             and a cell whose median is not below shows `> {cap}`.",
            options.seeds
        ),
        tables: by_grade(&by_program),
        conclusions: conclusions(&by_program, cap),
        figures: serde_json::to_value(&cells)?,
    })
}

fn by_grade(by_program: &[&[Cell]]) -> Vec<Table> {
    let mut tables = Vec::new();
    for grade in Grade::ALL {
        let programs = || {
            by_program
                .iter()
                .filter(|cells| cells[0].grade == grade.name())
        };
        let table = |what: &str, show: fn(&Cell) -> String| Table {
            caption: format!("{what}, {} loads:", grade.name()),
            columns: ["scenario", "load"]
                .map(str::to_owned)
                .into_iter()
                .chain(CONTENDERS.map(Contender::name))
                .collect(),
            rows: programs()
                .map(|cells| {
                    let first = [cells[0].scenario.clone(), cells[0].load.to_string()];
                    first.into_iter().chain(cells.iter().map(show)).collect()
                })
                .collect(),
        };
        tables.push(table("Schedules", |cell| match cell.capped {
            true => format!("> {}", cell.cap),
            false => cell.median.to_string(),
        }));
        tables.push(table("Milliseconds", |cell| {
            let bound = if cell.capped { "> " } else { "" };
            let milliseconds = cell.median_seconds * 1_000.0;
            match milliseconds {
                ..10.0 => format!("{bound}{milliseconds:.1}"),
                _ => format!("{bound}{milliseconds:.0}"),
            }
        }));
    }
    tables
}

fn conclusions(by_program: &[&[Cell]], cap: u64) -> Vec<String> {
    let judged: Vec<&&[Cell]> = by_program
        .iter()
        .filter(|cells| cells[0].grade != Grade::Easy.name())
        .collect();
    let mean = |contender: usize, value: fn(&Cell) -> f64| {
        let logarithms = judged.iter().map(|cells| value(&cells[contender]).ln());
        (logarithms.sum::<f64>() / judged.len() as f64).exp()
    };
    let schedules = |contender| mean(contender, |cell| cell.median as f64);
    let seconds = |contender| mean(contender, |cell| cell.median_seconds);
    let means: Vec<String> = (0..CONTENDERS.len())
        .map(|at| {
            let cells = judged.iter().filter(|cells| cells[at].capped).count();
            let name = CONTENDERS[at].name();
            let milliseconds = seconds(at) * 1_000.0;
            format!(
                "| {name} | {:.2} | {milliseconds:.2} | {cells} |",
                schedules(at)
            )
        })
        .collect();
    let best = |value: &dyn Fn(usize) -> f64| {
        SHUTTLES
            .min_by(|a, b| value(*a).total_cmp(&value(*b)))
            .unwrap_or(SHUTTLES.start)
    };
    let (best_schedules, best_seconds) = (best(&schedules), best(&seconds));
    let ratio = schedules(AUTO) / schedules(best_schedules);
    let rare: Vec<f64> = judged
        .iter()
        .filter(|cells| cells[RANDOM].median > 1)
        .map(|cells| cells[AUTO].median as f64 / cells[best_schedules].median as f64)
        .collect();
    let rare_ratio = (rare.iter().map(|ratio| ratio.ln()).sum::<f64>() / rare.len() as f64).exp();
    let hard = by_program
        .iter()
        .filter(|cells| cells[0].grade == Grade::Hard.name() && cells[RANDOM].median > 10_000);
    vec![
        format!(
            "Geometric means over the {} cells of the medium and hard loads, where one that was given up \
             counts as {cap}:\n\n| strategy | schedules | milliseconds | given up |\n| --- | ---: | ---: | \
             ---: |\n{}",
            judged.len(),
            means.join("\n")
        ),
        format!(
            "`auto` needs {ratio:.2} times the schedules of {}, Shuttle's best single strategy; the goal \
             is 0.5, which is {}. Over the {} cells that `random` does not find in the first schedule, \
             where there is something to gain, it is {rare_ratio:.2}. `auto` needs {:.2} times the time of \
             {}.",
            CONTENDERS[best_schedules].name(),
            if ratio <= 0.5 { "met" } else { "missed" },
            rare.len(),
            seconds(AUTO) / seconds(best_seconds),
            CONTENDERS[best_seconds].name(),
        ),
        format!(
            "At the hard loads `random` needs over 10,000 schedules for {} scenarios. The other bugs are \
             easy under any load: more tasks make them easier, or they do not depend on the schedule.",
            hard.count()
        ),
    ]
}
