//! A pool of connections with a task that closes those which nobody has used for a while.
//!
//! Plain tokio: nothing in here knows of Standstill. [`first`] is how it was written at first;
//! [`second`] is what became of it after `cargo test`.

pub mod connection;
pub mod first;
pub mod second;
