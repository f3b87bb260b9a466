//! Proof for small loads.

use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use standstill::{Conclusion, Progress, Proof, Prove, Scenario, Variant};

use crate::args::{Format, ProveArgs};
use crate::console::Console;
use crate::exit::Exit;
use crate::hunt::ranges_document;
use crate::interrupt::Interrupt;
use crate::pick;
use crate::program;
use crate::progress::{Display, Goal};
use crate::table::grouped;

/// Explores every interleaving, as `args` say, and prints the result.
pub(crate) fn prove(
    scenarios: &[Scenario],
    args: &ProveArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let scenario = pick::scenario(scenarios, &args.scenario)?;
    let variant = args.variant.unwrap_or_else(|| default_variant(scenario));
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    let progress = Arc::<Progress>::default();
    let mut prove = Prove::of(scenario, variant)
        .executions(args.executions)
        .reduction(!args.no_reduction)
        .preempt(args.preempt)
        .leaks(args.leaks)
        .progress(Arc::clone(&progress))
        .stop_when(interrupt.flag());
    if let Some(slack) = args.slack {
        prove = prove.slack(slack);
    }
    for (knob, range) in args.knobs() {
        prove = prove.knob(knob, range);
    }
    if let Some(time) = args.time {
        prove = prove.time(time);
    }
    let ranges = prove.ranges().clone();
    let label = format!("{} ({variant}), {ranges}", scenario.name());
    let mut display = Display::start(console.terminal(), args.quiet, 1);
    let goal = Goal {
        schedules: args.executions,
        time: args.time,
    };
    display.row(label.clone(), progress, goal);
    let proof = prove.go()?;
    display.finish();
    match args.format {
        Format::Json => {
            let ranges = ranges_document(&ranges);
            console.print_json(&document(scenario, variant, ranges, &proof))?;
        }
        Format::Text => {
            if let (Conclusion::Found(found), false) = (&proof.conclusion, args.quiet) {
                let mut report = found.report();
                program::name_replay(&mut report);
                report.schedules_before = None;
                let report = report.to_text(console.color());
                console.print(&format!("{}\n\n", report.trim_end()))?;
            }
            console.print(&format!("{label}: {}\n", line(&proof)))?;
            if matches!(proof.conclusion, Conclusion::Proved) {
                for knob in &proof.absent {
                    console.warn(format_args!(
                        "{label}: {knob} is 0, so nothing is proved of what they do"
                    ));
                }
            }
        }
    }
    let expected = match variant {
        Variant::Buggy => matches!(proof.conclusion, Conclusion::Found(_)),
        Variant::Fixed | Variant::Own => matches!(proof.conclusion, Conclusion::Proved),
    };
    Ok(Exit::met(expected))
}

fn default_variant(scenario: &Scenario) -> Variant {
    let fixed = scenario.variants().find(|known| *known == Variant::Fixed);
    fixed
        .or_else(|| scenario.variants().next())
        .unwrap_or(Variant::Own)
}

fn line(proof: &Proof) -> String {
    let figures = format!(
        "{} executions, {} steps",
        grouped(proof.executions),
        grouped(proof.steps)
    );
    let seconds = proof.elapsed.as_secs_f64();
    match &proof.conclusion {
        Conclusion::Proved => format!("proved: {figures} ({seconds:.1} s)"),
        Conclusion::Found(found) => format!(
            "{} in {} {} ({seconds:.1} s)",
            found.finding.kind,
            if proof.found_by_hunt {
                "schedule"
            } else {
                "execution"
            },
            grouped(found.first_at + 1)
        ),
        Conclusion::NotProved(reason) => {
            let sources = sources(proof);
            let hint = match proof.meets_early_timers() {
                true => "\n  try --slack 0s: then a timer fires only when no task is ready",
                false => "",
            };
            format!("not proved: {reason}; {figures} ({seconds:.1} s){sources}{hint}")
        }
    }
}

/// Where most interleavings come from.
fn sources(proof: &Proof) -> String {
    let all: u64 = proof.reversed.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return String::new();
    }
    let shares = proof.reversed.iter().take(4);
    let shares: Vec<String> = shares
        .map(|(over, count)| format!("{over} {} %", count * 100 / all))
        .collect();
    format!(
        "\n  orders that matter are those over: {}",
        shares.join(", ")
    )
}

#[derive(Serialize)]
struct Document<R> {
    scenario: String,
    variant: Variant,
    load: R,
    conclusion: &'static str,
    reason: Option<String>,
    executions: u64,
    redundant: u64,
    steps: u64,
    loads: u64,
    seconds: f64,
    hunted: u64,
    absent: Vec<String>,
    fingerprint: Option<String>,
    token: Option<String>,
}

fn document<R>(scenario: &Scenario, variant: Variant, load: R, proof: &Proof) -> Document<R> {
    let found = proof.found.first();
    let (conclusion, reason) = match &proof.conclusion {
        Conclusion::Proved => ("proved", None),
        Conclusion::Found(_) => ("found", None),
        Conclusion::NotProved(reason) => ("not-proved", Some(reason.to_string())),
    };
    Document {
        scenario: scenario.name().to_owned(),
        variant,
        load,
        conclusion,
        reason,
        executions: proof.executions,
        redundant: proof.redundant,
        steps: proof.steps,
        loads: proof.loads,
        seconds: proof.elapsed.as_secs_f64(),
        hunted: proof.hunted,
        absent: proof.absent.iter().map(ToString::to_string).collect(),
        fingerprint: found.map(|found| found.finding.fingerprint.to_string()),
        token: found.map(|found| found.plan.to_token()),
    }
}
