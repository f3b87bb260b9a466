//! Threads. In a run each is a task of the engine, on a stack of its own.

pub use std::thread::*;

mod builder;
mod handle;
mod join;
mod local;
mod park;
mod scope;

pub use builder::{Builder, spawn};
pub use handle::{Thread, ThreadId, current};
pub use join::JoinHandle;
pub use local::{AccessError, LocalKey};
pub use park::{park, park_timeout, sleep, yield_now};
pub use scope::{Scope, ScopedJoinHandle, scope};
