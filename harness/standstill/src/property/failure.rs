//! Why a property does not hold, or could not be tested.

use std::fmt;
use std::path::PathBuf;

use standstill_model::finding::Undecided;
use standstill_model::load::{Load, RangeError};
use standstill_model::plan::Variant;
use standstill_report::Report;

use crate::corpus::CorpusError;

/// Why a property does not hold, or could not be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// A plan has a finding.
    #[error(transparent)]
    Falsified(Box<Falsified>),
    /// An entry of the corpus has a finding again.
    #[error("the corpus entry {} shows something again:\n{report}", entry.display())]
    Regressed {
        /// The entry's file.
        entry: PathBuf,
        /// The report of its finding.
        report: Box<Report>,
    },
    /// No plan had a finding, where one was required.
    #[error(
        "{scenario} ({variant}): nothing was found in {cases} cases{}; try more cases, another \
         seed, or wider ranges", also(.undecided.as_ref())
    )]
    NotFound {
        /// The scenario.
        scenario: String,
        /// The variant.
        variant: Variant,
        /// How many plans were tried.
        cases: u32,
        /// Why one of them was undecided, if one was.
        undecided: Option<Undecided>,
    },
    /// The run of a plan was undecided.
    #[error("{scenario} ({variant}) with {load}: undecided: {reason}")]
    Undecided {
        /// The scenario.
        scenario: String,
        /// The variant.
        variant: Variant,
        /// The plan's load.
        load: Load,
        /// The reason.
        reason: Undecided,
    },
    /// The scenario has no such variant.
    #[error("{scenario} has no variant `{variant}`: it has {known}")]
    NoSuchVariant {
        /// The scenario.
        scenario: String,
        /// The variant asked for.
        variant: Variant,
        /// The variants it has, as one text.
        known: String,
    },
    /// A knob's range cannot be used.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The corpus cannot be read or written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// An environment variable is not a number.
    #[error("{name} is `{value}`: give a whole number")]
    Environment {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

fn also(undecided: Option<&Undecided>) -> String {
    undecided.map_or_else(String::new, |reason| {
        format!(" (some could not be judged: {reason})")
    })
}

/// A plan with a finding where none is allowed, shrunk.
#[derive(Debug)]
pub struct Falsified {
    /// The report of the shrunk plan.
    pub report: Report,
    /// The corpus entry that it was saved as, if there is a corpus.
    pub entry: Option<PathBuf>,
}

impl std::error::Error for Falsified {}

impl fmt::Display for Falsified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report)?;
        match &self.entry {
            Some(entry) => write!(f, "\nsaved as {}", entry.display()),
            None => Ok(()),
        }
    }
}
