//! A drop-in for tokio whose waits, holds and wakes Standstill can schedule and explain.
//!
//! ```toml
//! tokio = { package = "standstill-tokio", version = "0.1", features = ["full"] }
//! ```
//!
//! With the feature `standstill` off this crate *is* tokio: one `pub use`. With it on, every type
//! wraps the real one of tokio, so that the code which runs under the explorer is the code that
//! runs in production; and outside of a run of Standstill it still behaves as tokio does.
//!
//! What the facade adds, and nothing more: a switch point before each operation that another task
//! could observe, what the tracker needs to know of waits and holds, and `select!`'s first branch
//! as a choice of the strategy. In reading order:
//!
//! - `sync`: locks, semaphores, notifications, barriers, channels, cells;
//! - `task`: spawned tasks and their handles, sets of tasks, task-local values;
//! - `time`: sleeps, timeouts, intervals;
//! - `runtime`: handles and runtimes;
//! - `select!` and `task_local!`.
//!
//! Everything else (`io`, `net`, `fs`, `process`, `signal`, `join!`, `pin!`, `#[tokio::main]`) is
//! tokio's own. In a controlled run `net`, `fs`, `process` and `signal` are refused by name, whoever
//! calls them, and the run is undecided.
//!
//! What becomes of each item of tokio is in the table of the module `surface`.

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
