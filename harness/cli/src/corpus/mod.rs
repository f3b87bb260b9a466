//! Looking after the corpus: `check`, and the way in and out for a fuzzer's inputs.

mod check;
mod export;
mod files;
mod import;
mod trial;

use standstill::Scenario;

use crate::args::CorpusCommand;
use crate::console::Console;
use crate::exit::Exit;

/// The fuzz target whose inputs say which scenario they are for, with their first byte.
const ANY: &str = "any";

/// Does what was asked for.
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
