//! `parking_lot`'s `Mutex`, `RwLock` and `Condvar` by name.
//!
//! What goes beyond locking, trying, waiting and notifying (mapped, owned and upgradable guards) is
//! absent.

mod condvar;
mod mutex;
mod rwlock;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use std::time::Duration;

use crate::time::{self, Instant};

/// The time from now until `deadline`.
fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::from(time::now()))
}
