//! Locks, condition variables, barriers, cells, channels, atomics.
//!
//! Each type holds the real one, or does what it does where that can only block, and a tag that
//! tells the tracker which resource it is. `Arc`, `Weak` and the errors are std's own.

pub use std::sync::*;

pub mod atomic;
mod barrier;
mod condvar;
mod gate;
mod lazy_lock;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod rwlock;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(feature = "parking_lot")]
pub(crate) use condvar::Tickets;

/// Makes another result of a result that may be poisoned.
fn map_poison<A, B>(result: LockResult<A>, map: impl FnOnce(A) -> B) -> LockResult<B> {
    match result {
        Ok(value) => Ok(map(value)),
        Err(poisoned) => Err(PoisonError::new(map(poisoned.into_inner()))),
    }
}

/// What an attempt comes to: None if it would block.
fn tried<G>(result: TryLockResult<G>) -> Option<LockResult<G>> {
    match result {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Shows a guard as what it guards.
macro_rules! guard_formats {
    ($guard:ty) => {
        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $guard {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + std::fmt::Display> std::fmt::Display for $guard {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
pub(crate) use guard_formats;
