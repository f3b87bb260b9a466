//! Minimises a finding.

use anyhow::Context;
use serde_json::json;
use standstill::{Completion, Minimise, Minimised, Report, Runner, Scenario, Size, Smaller};

use crate::args::{Format, MinimiseArgs};
use crate::console::Console;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::program;
use crate::replay::judge::{describe, programs};
use crate::replay::target::one;

/// Minimises what `args` name and prints the smaller plan. Ctrl-C ends it with the best plan so far.
pub(crate) fn minimise(
    scenarios: &[Scenario],
    args: &MinimiseArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let case = one(&args.what)?;
    let programs = programs(scenarios, &case)?;
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    let mut runner = Runner::new();
    let verdict = runner.replay(programs.program, case.plan()).verdict;
    let Some(finding) = verdict.finding() else {
        console.error(format_args!(
            "{} does not show a finding any more, it came to {}",
            case.label(),
            describe(&verdict)
        ));
        return Ok(Exit::Unmet);
    };
    let mut minimise = Minimise::new()
        .budget(args.budget)
        .stop_when(interrupt.flag());
    if !args.keep_load {
        minimise = minimise.ranges(programs.scenario.ranges());
    }
    let fingerprint = &finding.fingerprint;
    let Some(small) = minimise.run(&mut runner, programs.program, case.plan(), fingerprint) else {
        console.error(format_args!(
            "{} cannot be minimised: its choices cannot be recorded",
            case.label()
        ));
        return Ok(Exit::Unmet);
    };
    let run = runner.trace(programs.program, &small.plan);
    let Some(again) = run.verdict.finding().cloned() else {
        console.error(format_args!(
            "the smaller schedule of {} came to {}: the program is not deterministic",
            case.label(),
            describe(&run.verdict)
        ));
        return Ok(Exit::Unmet);
    };
    let mut report = Report::traced(again, small.plan.clone(), run.trace.map(|trace| *trace));
    program::name_replay(&mut report);
    report.minimised = Some(Smaller {
        before: small.before,
        after: small.after,
        interrupted: small.completion == Completion::Interrupted,
        needs_slack: small.needs_slack,
    });
    match args.format {
        Format::Json => console.print_json(&json!({
            "fingerprint": report.finding.fingerprint,
            "before": small.before,
            "after": small.after,
            "complete": small.completion == Completion::Complete,
            "interrupted": small.completion == Completion::Interrupted,
            "token": report.token,
            "report": report,
        }))?,
        Format::Text => {
            let text = console.report(&report);
            console.print(&format!("{}\n\n{}", text.trim_end(), table(&small)))?;
        }
    }
    Ok(Exit::Met)
}

fn table(small: &Minimised) -> String {
    let row = |what: &str, of: fn(&Size) -> u64| {
        format!(
            "  {what:<12} {:>8} {:>8}\n",
            of(&small.before),
            of(&small.after)
        )
    };
    let mut text = format!("  {:<12} {:>8} {:>8}\n", "", "before", "after");
    text.push_str(&row("tasks", |size| u64::from(size.tasks)));
    text.push_str(&row("steps", |size| size.steps));
    text.push_str(&row("preemptions", |size| u64::from(size.preemptions)));
    text.push_str(&row("choices", |size| u64::from(size.choices)));
    text.push_str(match small.completion {
        Completion::Complete => "",
        Completion::Interrupted => "\nit was interrupted: this is the best so far\n",
        Completion::BudgetSpent => "\nit ended early: with a larger --budget it may get smaller\n",
    });
    text
}
