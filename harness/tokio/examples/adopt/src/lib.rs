//! A pool of connections, with a task that closes those that have been idle for a while.
//!
//! Plain tokio: nothing in here depends on Standstill. [`first`] is the original version; [`second`]
//! is the version after the bug was found by `cargo test`.

pub mod connection;
pub mod first;
pub mod second;
