//! One thing that a night tried.

use std::fmt;

/// A part of the night.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The corpus was replayed.
    Replay,
    /// An engine hunted.
    Hunt(String),
    /// The fuzzers ran.
    Fuzz,
    /// What was found went into the corpus.
    Import,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Replay => f.write_str("replay"),
            Part::Hunt(engine) => write!(f, "hunt with {engine}"),
            Part::Fuzz => f.write_str("fuzz"),
            Part::Import => f.write_str("import"),
        }
    }
}

/// What was tried. A variant of a scenario, or a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A variant of a scenario, or of a fuzz target.
    Variant { scenario: String, variant: String },
    /// A file, and the scenario it is for.
    File { scenario: String, path: String },
}

impl What {
    pub(crate) fn scenario(&self) -> &str {
        match self {
            What::Variant { scenario, .. } | What::File { scenario, .. } => scenario,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Variant { scenario, variant } => write!(f, "{scenario} ({variant})"),
            What::File { path, .. } => f.write_str(path),
        }
    }
}

/// What was tried, and what it came to.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) part: Part,
    pub(crate) what: What,
    /// In a word or two, for the overview.
    pub(crate) word: String,
    /// In a line.
    pub(crate) detail: String,
    /// Whether somebody must look at it.
    pub(crate) wrong: bool,
}
