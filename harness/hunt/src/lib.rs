//! What Standstill does with its engines: it hunts, replays, minimises and proves.
//!
//! In reading order:
//!
//! - `job`: what hunts and proofs are told alike;
//! - [`tactic`]: which strategies a hunt deals out;
//! - [`runner`]: runs plans one by one, watched; confirms what was found;
//! - [`hunt`]: many runs, until one shows something;
//! - [`minimise`]: a find, as small as it gets;
//! - [`prove`]: every interleaving of a small load;
//! - [`encode`]: a find, as a fuzzer's input; with the feature `fuzz` also the module `fuzz`, for
//!   fuzz targets.
//!
//! With the feature `shuttle` there is also the engine of that name. With the feature `tracing` there
//! is a span, of the target `standstill`, around each hunt, each minimisation and each replay.

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
pub use hunt::{Again, CHECK_SCHEDULES, DEFAULT_SCHEDULES, Hunt, Outcome, STRESS_AGAIN, check};
pub use minimise::{
    DEFAULT_MINIMISE_BUDGET, Minimise, Minimised, minimise_load, minimise_schedule,
};
pub use prove::{Conclusion, DEFAULT_EXECUTIONS, Proof, Prove, Unproved};
pub use runner::{Completion, Found, HuntError, Progress, Runner, STRESS_REPLAYS, Shrunk};
pub use tactic::Tactic;
