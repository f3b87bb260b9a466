//! Mistakes of the user. Each message is one line, names the thing, and says what to do.

use std::path::PathBuf;

use standstill::{CorpusError, Load, LoadRanges, RangeError, TokenError, Unavailable, Variant};

/// A mistake that the user can correct.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    #[error("there is no scenario `{name}`: {}", choices(close.as_deref(), known))]
    UnknownScenario {
        name: String,
        close: Option<String>,
        known: Vec<String>,
    },
    #[error("`{0}` is a scenario, not a command: `standstill hunt {0}` hunts in it")]
    ScenarioForCommand(String),
    #[error("two scenarios are called `{0}`: give each a name of its own")]
    SameName(String),
    #[error("there are no scenarios: hand some to `standstill_cli::main`")]
    NoScenarios,
    #[error("{scenario} has no variant `{variant}`: it has {}", list(known))]
    NoSuchVariant {
        scenario: String,
        variant: Variant,
        known: Vec<Variant>,
    },
    #[error("{option} is for the stress engine: add `--engine stress`, or leave it out")]
    StressOnly { option: &'static str },
    #[error("no scenario has a variant `{0}`: leave --variant out, or see `standstill list`")]
    NowhereSuchVariant(Variant),
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("no scenario has {knob}: leave --{knob} out, or see `standstill list`")]
    NowhereSuchKnob { knob: standstill::Knob },
    #[error(
        "the load {load} is outside of what {scenario} allows now ({allowed}): hunt again for a \
         load that fits"
    )]
    Load {
        scenario: String,
        load: Load,
        allowed: LoadRanges,
    },
    #[error(
        "`{0}` is neither a token nor a file or directory: give a token (`ss2-...`) whole, an \
         entry's file, or a corpus directory"
    )]
    NothingToReplay(String),
    #[error("{} is a directory: name one entry in it", .0.display())]
    WantsOne(PathBuf),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    #[error(
        "there is no entry in {}: save a first finding with `standstill hunt --corpus {}`",
        .0.display(), .0.display()
    )]
    EmptyCorpus(PathBuf),
    #[error("{} expects the fixed variant of {scenario} to be clean, but it has none: take `fixed = \"clean\"` out of the entry", file.display())]
    NoFixedVariant { file: PathBuf, scenario: String },
    #[error("cannot write into {}: {source}; make it a writable directory, or choose another with {option}", directory.display())]
    Directory {
        directory: PathBuf,
        option: &'static str,
        source: std::io::Error,
    },
}

fn choices(close: Option<&str>, known: &[String]) -> String {
    let known = known.join(", ");
    match close {
        Some(close) => format!("did you mean `{close}`? There are {known}"),
        None => format!("there are {known}"),
    }
}

fn list(variants: &[Variant]) -> String {
    let names: Vec<&str> = variants.iter().map(|variant| variant.name()).collect();
    names.join(", ")
}
