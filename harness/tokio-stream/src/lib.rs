//! A drop-in replacement for tokio-stream whose `wrappers` accept the receivers of `standstill-tokio`.
//!
//! ```toml
//! tokio-stream = { package = "standstill-tokio-stream", version = "0.1", features = ["sync"] }
//! ```
//!
//! With the feature `standstill` disabled, this crate *is* tokio-stream: one `pub use`. With it
//! enabled, the wrappers of channels, intervals and sets of tasks are reimplemented for the types of
//! the drop-in. They only poll what they wrap. `StreamExt`, `StreamMap` and the wrappers of sockets and
//! signals are tokio-stream's own.

pub use ::tokio_stream::*;

#[cfg(feature = "standstill")]
pub mod wrappers;
