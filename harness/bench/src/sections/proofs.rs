//! Executions of a proof, beside the schedules of Shuttle's depth-first search.

use std::error::Error;
use std::time::Duration;

use serde::Serialize;
use standstill::{
    Conclusion, EngineKind, Hunt, Knob, Load, Prove, Scenario, StrategyKind, Variant, Verdict,
};

use super::side_by_side;
use crate::options::Options;
use crate::record::{Section, Table};

/// What a role is: the knobs that count tasks.
const ROLES: [Knob; 3] = [Knob::Workers, Knob::Writers, Knob::Watchers];

/// The smallest load that shows the bug in the other variant, or, with more than one of each role,
/// the smallest with which they do anything: one round.
fn load_with(scenario: &Scenario, of_each_role: u8) -> Load {
    let mut load = scenario.smallest_buggy_load().unwrap_or_default();
    if of_each_role > 1 {
        load.rounds = 1;
    }
    for role in ROLES {
        if scenario.ranges().get(role).is_some() {
            load.set(role, of_each_role);
        }
    }
    load
}

/// What became of one program.
#[derive(Serialize)]
struct Attempt {
    scenario: String,
    load: Load,
    conclusion: String,
    executions: u64,
    redundant: u64,
    steps: u64,
    seconds: f64,
    /// How many orders had to be tried, by what they are over: where the classes come from.
    reversed: Vec<(&'static str, u64)>,
    shuttle_schedules: String,
    shuttle_seconds: f64,
}

impl Attempt {
    fn at(scenario: &Scenario, load: Load, time: Duration, cap: u64) -> Result<Self, String> {
        let program = scenario.program(Variant::Fixed).ok_or("no fixed variant")?;
        let (ours, theirs) = (program.clone(), program.clone());
        let proof = Prove::new(scenario.name())
            .load(load)
            .executions(u64::MAX)
            .time(time)
            .run_loads(move |load| ours.root(load));
        let shuttle = Hunt::new(scenario.name())
            .engine(EngineKind::Shuttle)
            .strategy(StrategyKind::Dfs)
            .load(load)
            .schedules(cap)
            .run_loads(move |load| theirs.root(load));
        Ok(Self {
            scenario: scenario.name().to_owned(),
            load,
            conclusion: match &proof.conclusion {
                Conclusion::Proved => "proved".to_owned(),
                Conclusion::Found(found) => format!("{}", found.finding.kind),
                Conclusion::NotProved(reason) => format!("not proved: {reason}"),
            },
            executions: proof.executions,
            redundant: proof.redundant,
            steps: proof.steps,
            seconds: proof.elapsed.as_secs_f64(),
            reversed: proof.reversed,
            shuttle_schedules: match &shuttle.verdict {
                Verdict::Clean if shuttle.schedules < cap => shuttle.schedules.to_string(),
                Verdict::Clean => format!("> {cap}"),
                other => other.name().to_owned(),
            },
            shuttle_seconds: shuttle.elapsed.as_secs_f64(),
        })
    }

    /// Why nothing is known, if that is so.
    fn reason(&self) -> Option<String> {
        let all: u64 = self.reversed.iter().map(|(_, count)| count).sum();
        if all == 0 {
            return None;
        }
        let shares = self.reversed.iter().take(4);
        let shares: Vec<String> = shares
            .map(|(over, count)| format!("{over} {} %", count * 100 / all))
            .collect();
        Some(format!(
            "`{}` with {} has more than {} classes of interleavings that differ in the order of dependent \
             steps; what those steps met over: {}.",
            self.scenario,
            self.load,
            self.executions - self.redundant,
            shares.join(", ")
        ))
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.scenario.clone(),
            self.load.to_string(),
            self.conclusion.clone(),
            self.executions.to_string(),
            self.redundant.to_string(),
            self.steps.to_string(),
            format!("{:.2}", self.seconds),
            self.shuttle_schedules.clone(),
            format!("{:.2}", self.shuttle_seconds),
        ]
    }
}

const COLUMNS: [&str; 9] = [
    "scenario",
    "load",
    "conclusion",
    "executions",
    "of them broken off",
    "steps",
    "seconds",
    "Shuttle's DFS, schedules",
    "seconds",
];

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let (time, cap) = if options.quick {
        (Duration::from_secs(3), 1_000)
    } else {
        (Duration::from_secs(60), 50_000)
    };
    let mut scenarios = standstill_catalogue::scenarios();
    scenarios.retain(|scenario| !scenario.name().ends_with("-threads"));
    let attempts = side_by_side(options.jobs, 2 * scenarios.len(), |at| {
        let scenario = &scenarios[at % scenarios.len()];
        let of_each_role = if at < scenarios.len() { 1 } else { 2 };
        Attempt::at(scenario, load_with(scenario, of_each_role), time, cap)
    })?;
    let tables = attempts
        .chunks(scenarios.len())
        .zip(["One of each role:", "Two of each role:"])
        .map(|(attempts, caption)| Table {
            caption: caption.to_owned(),
            columns: COLUMNS.map(str::to_owned).into(),
            rows: attempts.iter().map(Attempt::row).collect(),
        });
    Ok(Section {
        title: "Proofs".to_owned(),
        intro: format!(
            "`standstill prove` of the fixed variant of each async scenario: with one of each role that it \
             has, at the smallest load that shows the bug in the other variant, and with two of each and \
             one round; {} side by side; a proof is given up after {} s. Beside it Shuttle's depth-first search on \
             the same body, given up after {cap} schedules: it has no reduction.",
            options.jobs,
            time.as_secs()
        ),
        tables: tables.collect(),
        conclusions: attempts.iter().filter_map(Attempt::reason).collect(),
        figures: serde_json::to_value(&attempts)?,
    })
}
