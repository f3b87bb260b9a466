//! A drop-in for tokio-stream whose `wrappers` take the receivers of `standstill-tokio`.
//!
//! ```toml
//! tokio-stream = { package = "standstill-tokio-stream", version = "0.1", features = ["sync"] }
//! ```
//!
//! With the feature `standstill` off this crate *is* tokio-stream: one `pub use`. With it on, the
//! wrappers of channels, intervals and sets of tasks are made anew over those of the drop-in; they
//! only poll what they wrap. `StreamExt`, `StreamMap` and the wrappers of sockets and signals are
//! tokio-stream's own.

pub use ::tokio_stream::*;

#[cfg(feature = "standstill")]
pub mod wrappers;
