//! Standstill's engines: they execute runs and observe them.
//!
//! In reading order:
//!
//! - [`run`]: the interface of an engine, and the result of a run;
//! - [`coroutine`]: code on a stack of its own that can be suspended in the middle of a poll;
//! - [`panic_count`]: std's count of panics, for tasks that share a thread;
//! - [`track`]: which task waits for what, which holds what, and what follows from it;
//! - [`verdict`]: derives a run's verdict from how the run ended;
//! - [`strategy`]: chooses which task runs next;
//! - [`explore`]: the controlled engine;
//! - [`search`]: enumerates every interleaving;
//! - [`stress`]: the engine on a real runtime; [`isolation`]: its runs in child processes;
//! - [`pulse`], [`threads`]: what can be observed of an engine from other threads.

mod atomic_static;
#[doc(hidden)]
pub mod coroutine;
#[cfg(feature = "fuzz")]
mod counters;
#[cfg(feature = "fuzz")]
pub mod coverage;
#[doc(hidden)]
pub mod explore;
pub mod isolation;
#[doc(hidden)]
pub mod panic_count;
#[doc(hidden)]
pub mod pulse;
pub mod run;
#[doc(hidden)]
pub mod search;
#[doc(hidden)]
pub mod strategy;
pub mod stress;
#[doc(hidden)]
pub mod threads;
mod timers;
#[doc(hidden)]
pub mod track;
#[doc(hidden)]
pub mod verdict;

pub use explore::Explore;
pub use run::{Engine, RecordLevel, Run, Runs};
pub use stress::{DEFAULT_GRACE, DEFAULT_PATIENCE, Stress, StressSettings};
