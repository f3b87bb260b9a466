//! What can be asked for on the command line.

mod corpus;
mod duration;
mod hunt;
mod prove;
mod range;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use standstill::{DEFAULT_MINIMISE_BUDGET, UnknownWord};

pub(crate) use corpus::{CheckArgs, CorpusCommand, ExportArgs, ImportArgs};
pub(crate) use hunt::HuntArgs;
pub(crate) use prove::ProveArgs;

/// Where the corpus is by default.
const CORPUS: &str = "corpus";

/// Finds the schedule that brings a concurrent program to a standstill, explains it, and keeps it
/// found.
///
/// A scenario is a small concurrent program. Standstill runs it under thousands of different task
/// interleavings, says whether it hung, leaked a task, spun or panicked, names who waited for what
/// and who held it, and hands back a token that replays the run exactly.
///
/// Without a command it hunts: `standstill --time 30s` is `standstill hunt --time 30s`.
#[derive(Debug, Parser)]
#[command(name = "standstill", version, override_usage = USAGE, after_help = EXAMPLES, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const USAGE: &str = "\
standstill [COMMAND]
       standstill [OPTIONS OF HUNT]";

const EXAMPLES: &str = "\
Examples:
  standstill                             hunt in every scenario and print a table
  standstill hunt watch-mux --seed 7     hunt in one scenario, from another seed
  standstill replay ss2-...              run a finding once more, exactly as it was
  standstill hunt --corpus corpus        keep what is found, as files
  standstill replay                      replay all that was kept

Exit codes:
  0  every expectation was met: buggy variants found, others clean, corpus reproduced
  1  an expectation was not met, or a hunt was interrupted
  2  the command line, a token or a file cannot be used
  3  standstill itself failed";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look for a schedule that brings a scenario to a standstill.
    Hunt(HuntArgs),
    /// Execute every interleaving of a small load: a proof, or a finding.
    Prove(ProveArgs),
    /// Run findings once more, exactly as they were, and check that they come back.
    Replay(ReplayArgs),
    /// Run a finding once more and print its full report.
    Explain(ExplainArgs),
    /// Make a finding as small as it gets: its load first, and then its schedule.
    Minimise(MinimiseArgs),
    /// List the scenarios.
    List(ListArgs),
    /// Tell what a scenario is about, and which loads it takes.
    Show(ShowArgs),
    /// Look after the findings that were kept.
    #[command(subcommand)]
    Corpus(CorpusCommand),
}

/// What is replayed, and how often.
#[derive(Args, Debug)]
#[command(after_help = REPLAY_EXAMPLES)]
pub(crate) struct ReplayArgs {
    /// A token, an entry's file, or a directory of entries; the corpus if nothing is given.
    ///
    /// A token must show a finding. An entry must show the finding that it expects, by kind and
    /// fingerprint, and the same schedule must find nothing in the fixed variant if the entry says
    /// so.
    #[arg(value_name = "TOKEN|FILE|DIR")]
    pub(crate) what: Option<String>,
    /// Replay each that many times; every one must come out the same.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) times: u64,
    /// The corpus that is replayed if nothing is given.
    #[arg(long, value_name = "DIR", default_value = CORPUS)]
    pub(crate) corpus: PathBuf,
    /// How the outcome is printed: text, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  standstill replay                            the whole corpus
  standstill replay ss2-...                    a token from a hunt, with its report
  standstill replay ss2-... --times 1000       does it come back every time?
  standstill replay corpus/watch-mux/hang-0123abcd.toml";

/// What is explained.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A token, or an entry's file.
    #[arg(value_name = "TOKEN|FILE")]
    pub(crate) what: String,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Write the report as one page for a browser, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// What is minimised, and how hard.
#[derive(Args, Debug)]
pub(crate) struct MinimiseArgs {
    /// A token, or an entry's file.
    #[arg(value_name = "TOKEN|FILE")]
    pub(crate) what: String,
    /// How many runs it may take; a long run counts as several. 0 just measures.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MINIMISE_BUDGET)]
    pub(crate) budget: u32,
    /// Leave the load as it is.
    #[arg(long)]
    pub(crate) keep_load: bool,
    /// How the outcome is printed: text, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How the list is printed.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// How the list is printed: text, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// What is shown.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The scenario's name, as `standstill list` prints it.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For machines: one document on standard output.
    Json,
}

/// How one report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// All of it, for machines.
    Json,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
    /// Annotations, as GitHub's workflows read them.
    Github,
    /// The wait graph, for Graphviz.
    Dot,
    /// The wait graph, as a Mermaid flowchart.
    Mermaid,
}

/// How a hunt is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HuntFormat {
    /// For people.
    Text,
    /// For machines: one document on standard output.
    Json,
    /// `JUnit` XML: a test case for each row.
    Junit,
    /// SARIF 2.1.0: a result for each finding.
    Sarif,
    /// Annotations, as GitHub's workflows read them.
    Github,
}

/// The arguments with `hunt` put in if they name no command: none at all, or an option first.
pub(crate) fn with_default_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let of_its_own = ["-h", "--help", "-V", "--version"].map(OsStr::new);
    let hunts = match args.get(1) {
        None => true,
        Some(first) => {
            first.as_encoded_bytes().starts_with(b"-") && !of_its_own.contains(&first.as_os_str())
        }
    };
    if args.is_empty() {
        args.push("standstill".into());
    }
    if hunts {
        args.insert(1, "hunt".into());
    }
    args
}

/// Reads one of a few words.
fn one_of<T>(all: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = UnknownWord> + Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.iter().map(|value| name(*value)))
        .try_map(|word| word.parse::<T>())
}

#[cfg(test)]
mod tests {
    use super::{Cli, with_default_command};
    use clap::CommandFactory;
    use std::ffi::OsString;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_hunts() {
        for (given, expected) in [
            ("standstill", "standstill hunt"),
            ("standstill --seed 7", "standstill hunt --seed 7"),
            ("standstill list", "standstill list"),
            ("standstill --help", "standstill --help"),
            ("standstill -V", "standstill -V"),
            ("", "standstill hunt"),
        ] {
            let args: Vec<OsString> = given.split_whitespace().map(Into::into).collect();
            let expected: Vec<OsString> = expected.split_whitespace().map(Into::into).collect();
            assert_eq!(with_default_command(args), expected);
        }
    }
}
