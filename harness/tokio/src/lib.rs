//! A drop-in replacement for tokio whose waits, holds and wakes Standstill can schedule and explain.
//!
//! ```toml
//! tokio = { package = "standstill-tokio", version = "0.1", features = ["full"] }
//! ```
//!
//! With the feature `standstill` disabled, this crate *is* tokio: one `pub use`. With it enabled, the
//! types listed below wrap the real tokio types, so the code that runs under the explorer is the code
//! that runs in production. Outside a run of Standstill, they still behave as in tokio.
//!
//! The facade adds only three things: a switch point before each operation that another task could
//! observe, records of waits and holds for the tracker, and the first branch of `select!` as a choice
//! of the strategy. The modules, in reading order:
//!
//! - `sync`: locks, semaphores, notifications, barriers, channels, cells;
//! - `task`: spawned tasks and their handles, sets of tasks, task-local values;
//! - `time`: sleeps, timeouts, intervals;
//! - `runtime`: handles and runtimes;
//! - `select!` and `task_local!`.
//!
//! Everything else (`io`, `net`, `fs`, `process`, `signal`, `join!`, `pin!`, `#[tokio::main]`) is
//! tokio's own. A controlled run refuses every use of `net`, `fs`, `process` and `signal`, also by
//! other crates. The message names what was used, and the run is undecided.
//!
//! The table in the module `surface` says how each item of tokio is treated.

pub use ::tokio::*;

#[cfg(feature = "standstill")]
mod blocking;
#[cfg(feature = "standstill")]
#[doc(hidden)]
pub mod driver;
#[cfg(feature = "standstill")]
mod expansions;
#[cfg(feature = "standstill")]
mod guard;
#[cfg(feature = "standstill")]
mod place;
#[cfg(feature = "standstill")]
mod raw;
#[cfg(feature = "standstill")]
pub mod runtime;
#[cfg(feature = "standstill")]
pub mod sync;
#[cfg(feature = "standstill")]
pub mod task;
#[cfg(feature = "standstill")]
pub mod time;

#[cfg(feature = "standstill")]
pub use task::spawn;

#[cfg(doc)]
#[doc = include_str!("../SURFACE.md")]
pub mod surface {}

#[cfg(feature = "standstill")]
#[doc(hidden)]
pub use expansions::support as __private;
