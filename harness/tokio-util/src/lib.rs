//! A drop-in replacement for tokio-util that Standstill can schedule and explain.
//!
//! ```toml
//! tokio-util = { package = "standstill-tokio-util", version = "0.1", features = ["rt"] }
//! ```
//!
//! With the feature `standstill` disabled, this crate *is* tokio-util: one `pub use`. With it enabled,
//! operations that other tasks wait for are scheduled and tracked, on top of the real types:
//!
//! - `sync`: `CancellationToken` and its guards, `PollSender`, `PollSemaphore`;
//! - `task`: `TaskTracker`, `AbortOnDropHandle`, `AbortOnDrop`;
//! - `future`: `FutureExt`.
//!
//! Everything else is tokio-util's own: in-memory `io` and `codec` work everywhere. Types that spawn
//! tasks themselves (`JoinMap`, `JoinQueue`, `LocalPoolHandle`) spawn them without the engine, which
//! reports this.

pub use ::tokio_util::*;

#[cfg(feature = "standstill")]
pub mod future;
#[cfg(feature = "standstill")]
pub mod sync;
#[cfg(feature = "standstill")]
pub mod task;
