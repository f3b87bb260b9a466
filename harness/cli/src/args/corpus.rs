//! What can be done with the corpus.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use standstill::Variant;

use super::{CORPUS, Format, one_of};

/// Where `cargo fuzz` keeps its inputs, by target.
const SEEDS: &str = "fuzz/corpus";

/// What is done with the corpus.
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Replay every entry and, with --bless, bring those up to date that show something else now.
    Check(CheckArgs),
    /// Make entries of a fuzzer's crash artifacts and inputs, or take over those of another corpus.
    Import(ImportArgs),
    /// Write the entries as inputs for a fuzzer to start from.
    Export(ExportArgs),
}

/// How the corpus is checked.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Rewrite entries whose schedule still finds something, but something else than they expect.
    ///
    /// For after a deliberate change of the program. Look at the diff: an entry whose bug is gone
    /// is never rewritten, and neither is one whose fixed variant is not clean.
    #[arg(long)]
    pub(crate) bless: bool,
    /// The corpus.
    #[arg(long, value_name = "DIR", default_value = CORPUS)]
    pub(crate) corpus: PathBuf,
}

/// What is imported.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct ImportArgs {
    /// Inputs of a fuzzer, entries (`*.toml`), or directories of either, with all that is in them.
    ///
    /// Each is run. What it shows is shrunk and kept as a new entry, unless the corpus has one with
    /// that fingerprint already. Nothing is overwritten.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The scenario that the inputs are for [default: the one that a directory on their path is
    /// named after, as in fuzz/artifacts/watch-mux/].
    #[arg(long, value_name = "SCENARIO")]
    pub(crate) scenario: Option<String>,
    /// Try the inputs on this variant only.
    #[arg(long, value_parser = one_of(Variant::ALL, Variant::name))]
    pub(crate) variant: Option<Variant>,
    /// The corpus that they are imported into.
    #[arg(long, value_name = "DIR", default_value = CORPUS)]
    pub(crate) corpus: PathBuf,
    /// How the outcome is printed: text, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  standstill corpus import fuzz/artifacts                 whatever crashed
  standstill corpus import crash-0123 --scenario mine     one input
  standstill corpus import other/corpus                   the entries of another corpus

A file called crash-... must show something, and an entry what it expects: else the exit code is 1.
What cannot be used at all is named, the rest is imported, and the exit code is 2.

JSON: {\"files\": [{file, scenario, outcome, findings: [{variant, fingerprint, entry, new}], reason}]}.
`outcome` is new, known, clean, missing (it should have shown something), undecided or unusable.";

/// Where inputs are written.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The directory that has one for each fuzz target. Every entry becomes a file in that of its
    /// scenario, and in `any`, whose inputs begin with the number of the scenario.
    #[arg(long, value_name = "DIR", default_value = SEEDS)]
    pub(crate) to: PathBuf,
    /// The corpus.
    #[arg(long, value_name = "DIR", default_value = CORPUS)]
    pub(crate) corpus: PathBuf,
}
