//! Standstill's data: what is run, what a run showed, and how both are written down.
//!
//! In reading order:
//!
//! - [`load`], [`scenario`]: what is run, and how big;
//! - [`plan`]: what determines a run, [`slack`] included, and its encodings: [`token`]s, a fuzzer's
//!   [`bytes`];
//! - [`graph`]: who waits for what, and who holds it;
//! - [`finding`], [`fingerprint`]: what a run showed;
//! - [`account`]: what a hunt saw of a program, and what it could not see;
//! - [`trace`]: what happened in it, step by step; [`size`]: how big it was;
//! - [`random`], [`runs`]: the generator of all random choices, and run-length coding.

pub mod account;
#[cfg(feature = "arbitrary")]
mod arbitrary;
pub mod bytes;
#[doc(hidden)]
pub mod duration;
pub mod finding;
pub mod fingerprint;
pub mod graph;
pub mod load;
pub mod plan;
pub mod random;
pub mod runs;
pub mod scenario;
pub mod size;
pub mod slack;
pub mod token;
pub mod trace;

pub use account::Account;
pub use finding::{
    BlockedFact, Crash, CrashFact, Finding, FindingKind, PanicFact, ThreadFact, Undecided, Verdict,
};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use load::{Knob, Load, LoadRanges, RangeError};
pub use plan::{
    Choice, DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, Digest, EngineKind, Leaks, Plan, Preempt,
    Schedule, StrategyKind, Unavailable, UnknownWord, Variant,
};
pub use scenario::{Program, RootFuture, Scenario};
pub use size::Size;
pub use slack::{NoSlack, Slack};
pub use token::TokenError;
