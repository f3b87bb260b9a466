//! A drop-in for tokio.
pub use ::tokio::*;
