//! Executions of a proof, beside the schedules of Shuttle's depth-first search.

use std::error::Error;
use std::time::Duration;

use standstill::{
    Conclusion, EngineKind, Hunt, Knob, Load, Prove, Scenario, StrategyKind, Variant, Verdict,
};

use crate::options::Options;
use crate::record::{Section, Table};

/// What a role is: the knobs that count tasks.
const ROLES: [Knob; 3] = [Knob::Workers, Knob::Writers, Knob::Watchers];

/// The smallest load that shows the bug in the other variant, with so many of each role.
fn load_with(scenario: &Scenario, of_each_role: u8) -> Load {
    let mut load = scenario.smallest_buggy_load().unwrap_or_default();
    for role in ROLES {
        if scenario.ranges().get(role).is_some() {
            load.set(role, of_each_role);
        }
    }
    load
}

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let (time, cap) = if options.quick {
        (Duration::from_secs(3), 1_000)
    } else {
        (Duration::from_secs(60), 50_000)
    };
    let mut tables = Vec::new();
    let mut figures = Vec::new();
    for (of_each_role, caption) in [(1, "One of each role:"), (2, "Two of each role:")] {
        let mut rows = Vec::new();
        for scenario in standstill_catalogue::scenarios() {
            if scenario.name().ends_with("-threads") {
                continue;
            }
            let load = load_with(&scenario, of_each_role);
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
            let theirs = match &shuttle.verdict {
                Verdict::Clean if shuttle.schedules < cap => shuttle.schedules.to_string(),
                Verdict::Clean => format!("> {cap}"),
                other => other.name().to_owned(),
            };
            let verdict = match &proof.conclusion {
                Conclusion::Proved => "proved".to_owned(),
                Conclusion::Found(found) => format!("{}", found.finding.kind),
                Conclusion::NotProved(reason) => format!("not proved: {reason}"),
            };
            rows.push(vec![
                scenario.name().to_owned(),
                load.to_string(),
                verdict.clone(),
                proof.executions.to_string(),
                proof.redundant.to_string(),
                proof.steps.to_string(),
                format!("{:.2}", proof.elapsed.as_secs_f64()),
                theirs.clone(),
                format!("{:.2}", shuttle.elapsed.as_secs_f64()),
            ]);
            figures.push(serde_json::json!({
                "scenario": scenario.name(),
                "load": load,
                "conclusion": verdict,
                "executions": proof.executions,
                "redundant": proof.redundant,
                "steps": proof.steps,
                "seconds": proof.elapsed.as_secs_f64(),
                "shuttle_schedules": theirs,
                "shuttle_seconds": shuttle.elapsed.as_secs_f64(),
            }));
        }
        tables.push(Table {
            caption: caption.to_owned(),
            columns: [
                "scenario",
                "load",
                "conclusion",
                "executions",
                "of them broken off",
                "steps",
                "seconds",
                "Shuttle's DFS, schedules",
                "seconds",
            ]
            .map(str::to_owned)
            .into(),
            rows,
        });
    }
    Ok(Section {
        title: "Proofs".to_owned(),
        intro: format!(
            "`standstill prove` of the fixed variant of each async scenario, at the smallest load that \
             shows the bug in the other variant, with one and with two of each role that it has; a \
             proof is given up after {} s. Beside it Shuttle's depth-first search on the same body, \
             given up after {cap} schedules. Shuttle's tries no early timers beyond those that its \
             idle task brings about, and has no reduction.",
            time.as_secs()
        ),
        tables,
        conclusions: Vec::new(),
        figures: figures.into(),
    })
}
