//! Locks, semaphores, notifications, barriers, channels and cells.
//!
//! Each type contains the real tokio type and a tag that identifies the resource to the tracker.

pub use ::tokio::sync::*;

mod barrier;
pub mod broadcast;
pub mod mpsc;
mod mutex;
mod mutex_owned;
mod notify;
mod once_cell;
pub mod oneshot;
mod rwlock;
mod rwlock_guards;
mod rwlock_owned;
mod semaphore;
mod semaphore_owned;
mod set_once;
pub mod watch;

pub use barrier::Barrier;
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard};
pub use mutex_owned::{OwnedMappedMutexGuard, OwnedMutexGuard};
pub use notify::Notify;
pub use once_cell::OnceCell;
pub use rwlock::RwLock;
pub use rwlock_guards::{RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};
pub use rwlock_owned::{OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use semaphore::{Semaphore, SemaphorePermit};
pub use semaphore_owned::OwnedSemaphorePermit;
pub use set_once::SetOnce;

/// Named future types.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

/// Formats a guard as the value that it guards.
macro_rules! guard_formats {
    ([$($generics:tt)*] $guard:ty => $target:ident) => {
        impl<$($generics)*> std::fmt::Debug for $guard
        where
            $target: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $guard
        where
            $target: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
use guard_formats;
