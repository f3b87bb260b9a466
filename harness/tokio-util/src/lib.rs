//! A drop-in for tokio-util that Standstill can schedule and explain.
//!
//! ```toml
//! tokio-util = { package = "standstill-tokio-util", version = "0.1", features = ["rt"] }
//! ```
//!
//! With the feature `standstill` off this crate *is* tokio-util: one `pub use`. With it on, what
//! other tasks wait for is scheduled and tracked, on top of the real types:
//!
//! - `sync`: `CancellationToken` and its guards, `PollSender`, `PollSemaphore`;
//! - `task`: `TaskTracker`, `AbortOnDropHandle`, `AbortOnDrop`;
//! - `future`: `FutureExt`.
//!
//! Everything else is tokio-util's own: in-memory `io` and `codec` work everywhere. What spawns
//! tasks by itself (`JoinMap`, `JoinQueue`, `LocalPoolHandle`) spawns them past the engine, which
//! says so.

pub use ::tokio_util::*;

#[cfg(feature = "standstill")]
pub mod future;
#[cfg(feature = "standstill")]
pub mod sync;
#[cfg(feature = "standstill")]
pub mod task;
