//! `Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync as real;

use standstill_rt::facade::{Inside, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::guard::{Poisonable, Unpoison};
use crate::lock::{Guarded, Lock};
use crate::sync::{
    LockResult, PoisonError, TryLockError, TryLockResult, guard_formats, map_poison, tried,
};

/// A lock that blocks the thread.
pub struct Mutex<T: ?Sized> {
    lock: Lock,
    real: real::Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            lock: Lock::new(Tag::of::<T>(ResourceKind::StdMutex, 1)),
            real: real::Mutex::new(value),
        }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    ///
    /// The value all the same, if the mutex is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        Inside::run(|| self.real.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    fn guarded<'a>(
        &'a self,
        result: LockResult<real::MutexGuard<'a, T>>,
        site: Site,
    ) -> LockResult<MutexGuard<'a, T>> {
        let unpoison = Unpoison::new(&self.real, result.is_err());
        map_poison(result, |real| MutexGuard {
            guarded: self.lock.guarded(real, unpoison, (Op::Lock, 1, site)),
            mutex: self,
        })
    }

    /// Locks again after a wait for a condition.
    pub(super) fn lock_at(&self, site: Site) -> LockResult<MutexGuard<'_, T>> {
        let attempt = || tried(self.real.try_lock());
        let locked = self.lock.wait(Op::Lock, site, attempt);
        self.guarded(locked.unwrap_or_else(|| self.real.lock()), site)
    }

    /// Waits until the mutex is free, and locks it.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the mutex is poisoned.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    /// Locks the mutex if it is free.
    ///
    /// # Errors
    ///
    /// If it is locked; and the guard all the same, if it is poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        self.lock.switch(Op::Lock, site);
        match tried(Inside::run(|| self.real.try_lock())) {
            Some(result) => Ok(self.guarded(result, site)?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether somebody panicked while they held the lock.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.is_poisoned())
    }

    /// The mutex is no longer poisoned.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.clear_poison());
    }

    /// The value: a mutable borrow needs no lock.
    ///
    /// # Errors
    ///
    /// The borrow all the same, if the mutex is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        Inside::run(|| self.real.get_mut())
    }
}

impl<T: ?Sized> Poisonable for &real::Mutex<T> {
    fn clear(&self) {
        self.clear_poison();
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

/// The right to use what a [`Mutex`] guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    guarded: Guarded<'a, real::MutexGuard<'a, T>, Unpoison<&'a real::Mutex<T>>>,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Unlocks the mutex to wait for a condition: not a switch point, it is one with the wait.
    pub(super) fn unlock(self) -> &'a Mutex<T> {
        self.guarded.give_back();
        self.mutex
    }

    /// The mutex and its real guard, outside of a run.
    pub(super) fn into_real(self) -> (&'a Mutex<T>, real::MutexGuard<'a, T>) {
        (self.mutex, self.guarded.into_real())
    }

    /// A guard of what was waited for in the real way.
    pub(super) fn from_real(
        mutex: &'a Mutex<T>,
        result: LockResult<real::MutexGuard<'a, T>>,
        site: Site,
    ) -> LockResult<Self> {
        mutex.guarded(result, site)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guarded.real()
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guarded.real_mut()
    }
}

guard_formats!(MutexGuard<'_, T>);

/// A result that is poisoned or not, of something else.
pub(super) fn poisoned<G>(result: Result<G, PoisonError<G>>) -> (G, bool) {
    match result {
        Ok(guard) => (guard, false),
        Err(poisoned) => (poisoned.into_inner(), true),
    }
}
