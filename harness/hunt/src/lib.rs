//! What Standstill does with its engines: it hunts, replays, minimises and proves.
//!
//! In reading order:
//!
//! - `job`: the settings that hunts and proofs share;
//! - [`tactic`]: which strategies a hunt uses for its schedules;
//! - [`runner`]: runs plans one by one under a watchdog, and confirms findings;
//! - [`hunt`]: many runs, until one has a finding;
//! - [`minimise`]: reduces a finding's load and schedule;
//! - [`prove`]: executes every interleaving of a small load;
//! - [`encode`]: turns a finding into a fuzzer's input; with the feature `fuzz` also the module `fuzz`,
//!   for fuzz targets.
//!
//! The feature `shuttle` adds the engine of that name. With the feature `tracing`, each hunt, each
//! minimisation and each replay runs in a span of the target `standstill`.

pub mod encode;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod hunt;
mod job;
pub mod minimise;
pub mod prove;
pub mod runner;
mod spans;
pub mod tactic;

pub use encode::schedule_as_bytes;
pub use hunt::{
    Again, CHECK_SCHEDULES, DEFAULT_SCHEDULES, DEFAULT_SLACK, Hunt, Outcome, STRESS_AGAIN, check,
};
pub use minimise::{
    DEFAULT_MINIMISE_BUDGET, Minimise, Minimised, minimise_load, minimise_schedule,
};
pub use prove::{Conclusion, DEFAULT_EXECUTIONS, DEFAULT_HUNT_FIRST, Proof, Prove, Unproved};
pub use runner::{Completion, Found, HuntError, Progress, Runner, STRESS_REPLAYS, Shrunk};
pub use tactic::Tactic;
