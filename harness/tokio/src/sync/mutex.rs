//! `Mutex` and its borrowing guards.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use ::tokio::sync as real;
use standstill_rt::facade::{self, Hold, Release, Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::blocking;
use crate::guard::Tagged;
use crate::raw::{self, MutexGuards, OwnedGuard};
use crate::sync::{OwnedMutexGuard, TryLockError, guard_formats};

/// An asynchronous mutex. Tasks acquire it in the order in which they ask for it.
pub struct Mutex<T: ?Sized> {
    tag: Tag,
    real: real::Mutex<T>,
}

impl<T: ?Sized> Tagged for Mutex<T> {
    fn tag(&self) -> &Tag {
        &self.tag
    }
}

impl<T> Mutex<T> {
    /// An unlocked mutex that contains `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::Mutex, 1),
            real: real::Mutex::new(value),
        }
    }

    /// As [`Mutex::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::Mutex, 1),
            real: real::Mutex::const_new(value),
        }
    }

    /// Consumes the mutex and returns the value.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(crate) fn real(&self) -> &real::Mutex<T> {
        &self.real
    }

    #[expect(
        clippy::inline_always,
        reason = "a guard is large, and is made where it stays"
    )]
    #[inline(always)]
    fn guard<'a>(&'a self, real: real::MutexGuard<'a, T>, site: Site) -> MutexGuard<'a, T> {
        MutexGuard {
            release: Release::new(&self.tag, site),
            real,
            hold: Hold::take(&self.tag, Op::Lock, 1, site),
            mutex: self,
        }
    }

    async fn lock_at(&self, site: Site) -> MutexGuard<'_, T> {
        let mut held = false;
        if self.tag.begin(Op::Lock, site) {
            held = self.tag.probe(Op::Lock);
            // Acquires a free lock as `lock` does, but without creating a future.
            if !held && let Ok(real) = self.real.try_lock() {
                return self.guard(real, site);
            }
        }
        let wait = Wait::new(self.real.lock(), &self.tag, Op::Lock, site).held_back(held);
        self.guard(wait.await, site)
    }

    /// Waits until the mutex is free, and locks it.
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    /// Locks the mutex if it is free.
    ///
    /// # Errors
    ///
    /// If the mutex is locked, or if another task is queued for it.
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Lock, site);
        Ok(self.guard(self.real.try_lock()?, site))
    }

    /// Blocks the thread until the mutex is free, and locks it.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        let site = Location::caller();
        if blocking::in_run("Mutex::blocking_lock", "lock().await") {
            facade::block_on(self.lock_at(site))
        } else {
            self.guard(self.real.blocking_lock(), site)
        }
    }

    /// The value. No lock is needed, since the borrow is mutable.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }
}

impl<T: ?Sized + 'static> Mutex<T> {
    async fn lock_owned_at(self: Arc<Self>, site: Site) -> OwnedMutexGuard<T> {
        OwnedMutexGuard::new(raw::lock(self, site).await)
    }

    /// As [`Mutex::lock`], with a guard that keeps the mutex alive.
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        self.lock_owned_at(Location::caller())
    }

    /// As [`Mutex::try_lock`], with a guard that keeps the mutex alive.
    ///
    /// # Errors
    ///
    /// If the mutex is locked, or if another task is queued for it.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Lock, site);
        let kept = OwnedGuard::<MutexGuards<T>, Self>::take(self, (Op::Lock, 1, site), |mutex| {
            mutex.real.try_lock()
        });
        kept.map(OwnedMutexGuard::new)
    }

    /// As [`Mutex::blocking_lock`], with a guard that keeps the mutex alive.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        let site = Location::caller();
        if blocking::in_run("Mutex::blocking_lock_owned", "lock_owned().await") {
            return facade::block_on(self.lock_owned_at(site));
        }
        let kept = OwnedGuard::<MutexGuards<T>, Self>::take(self, (Op::Lock, 1, site), |mutex| {
            Ok::<_, std::convert::Infallible>(mutex.real.blocking_lock())
        });
        match kept {
            Ok(kept) => OwnedMutexGuard::new(kept),
            Err(never) => match never {},
        }
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// Gives access to the value of a locked [`Mutex`]. The mutex is released when the guard is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    release: Release<'a>,
    real: real::MutexGuard<'a, T>,
    hold: Hold,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mutex that is locked.
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }

    /// Narrows the guard to a part of the value.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            release: this.release,
            real: real::MutexGuard::map(this.real, f),
            hold: this.hold,
        }
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match real::MutexGuard::try_map(this.real, f) {
            Ok(real) => Ok(MappedMutexGuard {
                release: this.release,
                real,
                hold: this.hold,
            }),
            Err(real) => Err(Self { real, ..this }),
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
    }
}

guard_formats!([T: ?Sized] MutexGuard<'_, T> => T);

/// Gives access to a part of the value of a locked [`Mutex`]. The mutex is released when the guard is
/// dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    release: Release<'a>,
    real: real::MappedMutexGuard<'a, T>,
    hold: Hold,
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Narrows the guard to a smaller part of the value.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            release: this.release,
            real: real::MappedMutexGuard::map(this.real, f),
            hold: this.hold,
        }
    }

    /// Narrows the guard to a smaller part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match real::MappedMutexGuard::try_map(this.real, f) {
            Ok(real) => Ok(MappedMutexGuard {
                release: this.release,
                real,
                hold: this.hold,
            }),
            Err(real) => Err(Self { real, ..this }),
        }
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
    }
}

guard_formats!([T: ?Sized] MappedMutexGuard<'_, T> => T);
