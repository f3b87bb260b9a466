//! Why a hunt or a proof could not begin.

use standstill_model::load::RangeError;
use standstill_model::plan::{Unavailable, Variant};

use crate::tactic::Tactic;

/// Why a hunt could not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HuntError {
    /// A knob's range cannot be used.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The engine is not there, or lacks the strategy.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
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
    /// More jobs than the tactic can use.
    #[error("{tactic} goes from one schedule to the next, in one job: leave out the {jobs} jobs")]
    OneJob {
        /// The tactic.
        tactic: Tactic,
        /// The jobs asked for.
        jobs: usize,
    },
}
