//! Exports entries as seed inputs for a fuzzer.

use std::path::Path;

use standstill::{Corpus, Plan, Runner, Scenario, Slack, schedule_as_bytes};

use super::ANY;
use crate::args::ExportArgs;
use crate::console::Console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::folder;
use crate::pick;
use crate::table::grouped;

/// How many runs may be spent on finding the bytes of one schedule.
const RUNS: u32 = 20_000;

/// Writes every entry as an input, and names those that cannot be converted.
pub(super) fn export(
    scenarios: &[Scenario],
    args: &ExportArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let loaded = Corpus::open(&args.corpus)
        .load_all()
        .map_err(UserError::from)?;
    if loaded.is_empty() {
        return Err(UserError::EmptyCorpus(args.corpus.clone()).into());
    }
    let mut runner = Runner::new();
    let mut exit = Exit::Met;
    let (mut written, all) = (0, loaded.len());
    for (path, entry) in loaded {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                console.error(error);
                exit = exit.max(Exit::BadInput);
                continue;
            }
        };
        let (scenario, program) = match pick::program(scenarios, &entry.plan) {
            Ok(found) => found,
            Err(error) => {
                console.error(format_args!("{}: {error}", path.display()));
                exit = exit.max(Exit::BadInput);
                continue;
            }
        };
        // Inputs have no slack, so that it is seen whether the finding needs it.
        let plan = Plan {
            slack: Slack::NONE,
            ..entry.plan.clone()
        };
        let fingerprint = &entry.expect.fingerprint;
        let bytes = schedule_as_bytes(&mut runner, program, &plan, RUNS)
            .filter(|plan| {
                let again = runner.replay(program, plan);
                let found = again.verdict.finding();
                found.is_some_and(|found| found.fingerprint == *fingerprint)
            })
            .and_then(|plan| plan.to_bytes(scenario.ranges()));
        let Some(bytes) = bytes else {
            console.warn(format_args!(
                "{}: no input stands for it: its plan says something that bytes do not carry, or \
                 it does not come out the same each time",
                path.display()
            ));
            continue;
        };
        let name = name(&path);
        let number = scenarios
            .iter()
            .position(|other| other.name() == scenario.name())
            .and_then(|number| u8::try_from(number).ok());
        write(&args.to.join(scenario.name()), &name, &bytes)?;
        if let Some(number) = number {
            let name = format!("{}-{name}", scenario.name());
            write(&args.to.join(ANY), &name, &[&[number], &bytes[..]].concat())?;
        }
        written += 1;
    }
    console.print(&format!(
        "{} of {} entries written into {}\n",
        grouped(written),
        grouped(all as u64),
        args.to.display()
    ))?;
    Ok(exit)
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), UserError> {
    folder::write(directory, name, bytes).map_err(|source| UserError::Directory {
        directory: directory.to_owned(),
        option: "--to",
        source,
    })
}

/// The name of the input for an entry.
fn name(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
