//! Maintains the corpus: `check`, and import and export of a fuzzer's inputs.

mod check;
mod export;
mod files;
mod import;
mod trial;

use standstill::Scenario;

use crate::args::CorpusCommand;
use crate::console::Console;
use crate::exit::Exit;

/// The fuzz target whose inputs select their scenario by the first byte.
const ANY: &str = "any";

/// Runs the given subcommand.
pub(crate) fn corpus(
    scenarios: &[Scenario],
    command: &CorpusCommand,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    match command {
        CorpusCommand::Check(args) => check::check(scenarios, args, console),
        CorpusCommand::Import(args) => import::import(scenarios, args, console),
        CorpusCommand::Export(args) => export::export(scenarios, args, console),
    }
}
