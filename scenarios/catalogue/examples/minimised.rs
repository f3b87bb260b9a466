//! How small finds get: of each bug many different ones, minimised.
//!
//! `cargo run --release -p standstill-catalogue --example minimised [FINDS]` prints a Markdown table.

#![expect(
    clippy::disallowed_types,
    reason = "it measures how long minimising takes, in real time"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use standstill::{Hunt, Minimise, Minimised, Runner, Scenario, Variant};

fn main() {
    let finds = std::env::args()
        .nth(1)
        .map_or(100, |text| text.parse().expect("a whole number"));
    print_line(
        "| scenario | load | steps before | after | preemptions before | after | choices | schedules of so many finds | smallest load | longest |",
    );
    print_line("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |");
    for scenario in standstill_catalogue::scenarios() {
        print_line(&row(&scenario, finds));
    }
}

fn row(scenario: &Scenario, finds: u64) -> String {
    let program = scenario.program(Variant::Buggy).expect("a buggy variant");
    let mut runner = Runner::new();
    let mut schedules: BTreeMap<String, u32> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    let mut worst: Option<Minimised> = None;
    for seed in 0..finds {
        let outcome = Hunt::of(scenario, Variant::Buggy)
            .seed(seed)
            .minimise(0)
            .go()
            .expect("the scenario's own ranges");
        let found = outcome.found.first().expect("a finding");
        let began = Instant::now();
        let minimised = Minimise::new()
            .ranges(scenario.ranges())
            .run(
                &mut runner,
                program,
                &found.plan,
                &found.finding.fingerprint,
            )
            .expect("it shows the bug again");
        longest = longest.max(began.elapsed());
        *schedules.entry(minimised.plan.to_token()).or_default() += 1;
        let size = |minimised: &Minimised| (minimised.after.preemptions, minimised.after.steps);
        if worst
            .as_ref()
            .is_none_or(|worst| size(&minimised) > size(worst))
        {
            worst = Some(minimised);
        }
    }
    let worst = worst.expect("at least one find");
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} of {finds} {:?} | {} | {longest:.1?} |",
        scenario.name(),
        worst.plan.load,
        worst.before.steps,
        worst.after.steps,
        worst.before.preemptions,
        worst.after.preemptions,
        worst.after.choices,
        schedules.len(),
        schedules.values().collect::<Vec<_>>(),
        scenario.smallest_buggy_load() == Some(worst.plan.load),
    )
}

#[expect(clippy::print_stdout, reason = "it is all that this program does")]
fn print_line(line: &str) {
    println!("{line}");
}
