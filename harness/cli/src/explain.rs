//! A finding's full report.

use standstill::isolation::Launcher;
use standstill::{Report, Runner, Scenario};

use crate::args::{ExplainArgs, Format};
use crate::console::Console;
use crate::exit::Exit;
use crate::replay::judge::{describe, programs};
use crate::replay::target::one;

/// Runs what `args` name once and prints its report.
pub(crate) fn explain(
    scenarios: &[Scenario],
    args: &ExplainArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let case = one(&args.what)?;
    let programs = programs(scenarios, &case)?;
    let run = Runner::new()
        .isolated(Launcher::this_program())
        .replay(programs.program, case.plan());
    let Some(finding) = run.verdict.finding() else {
        console.error(format_args!(
            "{} does not show a finding any more, it came to {}",
            case.label(),
            describe(&run.verdict)
        ));
        return Ok(Exit::Unmet);
    };
    let mut report = Report::new(finding.clone(), case.plan().clone());
    report.shuttle_schedule = run.shuttle_schedule;
    match args.format {
        Format::Text => {
            console.print(&format!("{}\n", report.to_text(console.color()).trim_end()))?
        }
        Format::Json => console.print_json(&report.to_json())?,
    }
    Ok(Exit::Met)
}
