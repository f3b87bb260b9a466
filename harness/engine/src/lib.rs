//! Standstill's engines: what executes a run, and what watches it.
//!
//! In reading order:
//!
//! - [`run`]: what an engine is, and what a run comes to;
//! - [`coroutine`]: code that is suspended in the middle of a poll;
//! - [`panic_count`]: what std counts of the panics of tasks that share a thread;
//! - [`track`]: who waits, who holds, and what follows from it;
//! - [`verdict`]: from how a run ended to its verdict;
//! - [`strategy`]: what chooses who runs next;
//! - [`explore`]: the controlled engine;
//! - [`search`]: every interleaving, one by one;
//! - [`stress`]: the engine on a real runtime; [`isolation`]: its runs in processes of their own;
//! - [`pulse`], [`threads`]: what others see of an engine.

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
