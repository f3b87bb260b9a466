//! What a step and a waiting task cost among 10 to 10,000 tasks.

use std::error::Error;
use std::process::Command;

use crate::options::Options;
use crate::record::{Section, Table};
use crate::siblings;

/// Instructions a step, by callgrind: what so many more steps take. So many that what is done at
/// doubling distances, as the search for partial hangs, comes up once.
const STEPS: [u64; 2] = [500_000, 1_000_000];

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let figures: Vec<serde_json::Value> =
        serde_json::from_str(&siblings::output("scale", &["json"])?)?;
    let mut rows = Vec::new();
    let mut instructions = Vec::new();
    for figure in &figures {
        let tasks = figure["tasks"].as_u64().ok_or("no tasks")?;
        let here = match options.quick {
            true => None,
            false => instructions_a_step(tasks),
        };
        rows.push(vec![
            tasks.to_string(),
            here.map_or_else(|| "-".to_owned(), |here| format!("{here:.0}")),
            figure["ns_random"].to_string(),
            figure["ns_pct"].to_string(),
            figure["bytes"].to_string(),
        ]);
        instructions.extend(here);
    }
    let mut conclusions = Vec::new();
    if let (Some(low), Some(high)) = (
        instructions.iter().copied().reduce(f64::min),
        instructions.iter().copied().reduce(f64::max),
    ) {
        conclusions.push(format!(
            "The most instructions are {:.2} times the least; the goal is 1.2. Among 10 tasks the \
             draw is the same task again one time in ten, and a step that goes on in place switches \
             no stacks. All tasks are in the middle of a poll here, and under `random` each step goes on \
             on another of so many stacks: what it takes longer among ten thousand is memory that no \
             cache holds.",
            high / low
        ));
    }
    let steps = if options.quick { "1000000" } else { "10000000" };
    let long = siblings::output("scale", &["long", steps])?;
    let check = siblings::output("scale", &["check"])?;
    conclusions.push(format!(
        "One long schedule (`scale long {steps}`): {}. Allocations (`scale check`, which fails if a \
         step of the steady state allocates): {}.",
        long.trim(),
        check.trim().replace('\n', "; ")
    ));
    Ok(Section {
        title: "Scale".to_owned(),
        intro: "Tasks in one schedule, each with a lock of its own, two million steps between them; \
                and what each takes while it waits, by the resident set. Instructions are callgrind's \
                for the step alone, under `random`. A waiting task holds no stack. `pos`, `urw` and \
                `surw` look at every ready task, so theirs are not flat."
            .to_owned(),
        tables: vec![Table {
            caption: String::new(),
            columns: [
                "tasks",
                "instructions a step",
                "ns a step, random",
                "ns a step, pct:3",
                "bytes a waiting task",
            ]
            .map(str::to_owned)
            .into(),
            rows,
        }],
        conclusions,
        figures: serde_json::json!({ "rows": figures, "instructions": instructions }),
    })
}

/// None without valgrind.
fn instructions_a_step(tasks: u64) -> Option<f64> {
    let count = |steps: u64| -> Option<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(siblings::path("scale").ok()?)
            .args(["busy", &tasks.to_string(), &steps.to_string(), "random"])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find(|line| line.contains("Collected"))?;
        line.split_whitespace().last()?.parse().ok()
    };
    let (few, many) = (count(STEPS[0])?, count(STEPS[1])?);
    Some(many.checked_sub(few)? as f64 / (STEPS[1] - STEPS[0]) as f64)
}
