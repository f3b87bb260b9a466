//! The core of Standstill: plans and verdicts, the tracker and its wait graph, strategies, the
//! engines, the hunt, corpus and reports.
//!
//! Users depend on the crate `standstill`, which re-exports what they need. In reading order:
//!
//! - [`Load`], [`Scenario`]: what is run, and how big;
//! - [`Site`], [`Op`], [`ResourceKind`], [`TaskPath`]: the vocabulary;
//! - [`host`], [`facade`]: how a program under test talks to the engine;
//! - [`track`], [`graph`], [`trace`]: who waits, who holds, and what follows from it;
//! - [`Verdict`], [`Finding`], [`Fingerprint`]: what a run showed;
//! - [`Plan`]: what determines a run, and its encodings: tokens, a fuzzer's bytes;
//! - [`engine`]: what executes runs;
//! - [`isolation`]: runs in a process of their own;
//! - [`Hunt`]: many runs, until one shows something;
//! - [`leaks`], [`watchdog`]: the same eyes for plain tokio tests and services;
//! - [`Prove`]: every interleaving of a small load;
//! - [`minimise_load`], [`minimise_schedule`]: a find, as small as it gets;
//! - [`schedule_as_bytes`]: a find, as a fuzzer's input;
//! - [`Report`], [`Corpus`]: what is told of a finding, and what is kept.
//!
//! With the feature `proptest` there is also `Property`, with the strategies `plans` and `loads`:
//! property tests over loads and schedules. With the feature `arbitrary`, plans and loads can be
//! made from a fuzzer's bytes; with the feature `fuzz` there is also the module `fuzz`, for fuzz
//! targets. With the feature `shuttle` there are also the engine of that name and `shuttle_body`. With
//! the feature `tracing` there is a span, of the target `standstill`, around each hunt, each
//! minimisation and each replay.

mod ambient;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod bytes;
mod corpus;
mod encode;
pub mod engine;
pub mod facade;
mod finding;
mod fingerprint;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod graph;
pub mod host;
mod hunt;
pub mod isolation;
pub mod leaks;
mod load;
mod minimise;
mod op;
mod plan;
#[cfg(feature = "proptest")]
mod property;
mod prove;
mod random;
mod raw;
mod report;
mod runs;
mod scenario;
mod site;
mod spans;
mod strategy;
mod task;
mod token;
pub mod trace;
pub mod track;
mod unmodelled;
pub mod watchdog;

#[cfg(feature = "shuttle")]
pub use engine::{shuttle_body, shuttle_body_of};

pub use corpus::{Corpus, CorpusError, Entry, Expectation, Loaded};
pub use encode::schedule_as_bytes;
pub use finding::{
    BlockedFact, Crash, CrashFact, Finding, FindingKind, PanicFact, ThreadFact, Undecided, Verdict,
};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use hunt::{
    Again, CHECK_SCHEDULES, DEFAULT_SCHEDULES, Found, Hunt, HuntError, Outcome, Progress, Runner,
    STRESS_AGAIN, STRESS_REPLAYS, Shrunk, Tactic, check,
};
pub use load::{Knob, Load, LoadRanges, RangeError};
pub use minimise::{
    DEFAULT_MINIMISE_BUDGET, Minimise, Minimised, Size, minimise_load, minimise_schedule,
};
pub use op::{Op, ResourceKind, Side};
pub use plan::{
    Choice, DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, Digest, EngineKind, Leaks, Plan, Preempt,
    Schedule, StrategyKind, Unavailable, UnknownWord, Variant,
};
#[cfg(feature = "proptest")]
pub use property::{DEFAULT_CASES, Falsified, Property, PropertyError, loads, plans};
pub use prove::{Conclusion, DEFAULT_EXECUTIONS, Proof, Prove, Unproved};
pub use report::{Report, ReportError, Smaller};
pub use scenario::{Program, RootFuture, Scenario};
pub use site::{Place, Site};
pub use task::{TaskKind, TaskPath, TaskPathError, TaskRef, role_of};
pub use token::TokenError;
