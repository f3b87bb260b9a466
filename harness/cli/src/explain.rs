//! A finding's full report.

use anyhow::Context;
use standstill::isolation::Launcher;
use standstill::{Report, Runner, Scenario};

use crate::args::{ExplainArgs, ReportFormat};
use crate::console::Console;
use crate::exit::Exit;
use crate::formats::{github, sarif};
use crate::program;
use crate::replay::judge::{describe, programs};
use crate::replay::target::one;

/// Runs the plan that `args` name once and prints its report.
pub(crate) fn explain(
    scenarios: &[Scenario],
    args: &ExplainArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let case = one(&args.what)?;
    let programs = programs(scenarios, &case)?;
    let run = Runner::new()
        .isolated(Launcher::this_program())
        .trace(programs.program, case.plan());
    let Some(finding) = run.verdict.finding() else {
        console.error(format_args!(
            "{} does not show a finding any more, it came to {}",
            case.label(),
            describe(&run.verdict)
        ));
        return Ok(Exit::Unmet);
    };
    let trace = run.trace.as_deref().cloned();
    let mut report = Report::traced(finding.clone(), case.plan().clone(), trace);
    report.shuttle_schedule = run.shuttle_schedule;
    program::name_replay(&mut report);
    if let Some(file) = &args.html {
        std::fs::write(file, standstill_html::page(&report))
            .with_context(|| format!("cannot write {}", file.display()))?;
        console.note(format_args!("wrote {}", file.display()));
    }
    match args.format {
        ReportFormat::Text => {
            console.print(&format!("{}\n", console.report(&report).trim_end()))?
        }
        ReportFormat::Json => console.print_json(&serde_json::to_value(&report)?)?,
        ReportFormat::Sarif => {
            console.print_json(&sarif::document(std::slice::from_ref(&report)))?
        }
        ReportFormat::Github => console.print(&github::finding(&report))?,
        ReportFormat::Dot => console.print(&report.to_dot())?,
        ReportFormat::Mermaid => console.print(&report.to_mermaid())?,
    }
    Ok(Exit::Met)
}
