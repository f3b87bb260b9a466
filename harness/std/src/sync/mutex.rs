//! `Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync as real;

use standstill_rt::facade::{Hold, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::block::{Operation, Waiters};
use crate::guard::{News, Poisonable, Release, Unpoison};
use crate::sync::{
    LockResult, PoisonError, TryLockError, TryLockResult, guard_formats, map_poison,
};

/// A lock that blocks the thread.
pub struct Mutex<T: ?Sized> {
    tag: Tag,
    waiters: Waiters,
    real: real::Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::StdMutex, 1),
            waiters: Waiters::new(),
            real: real::Mutex::new(value),
        }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    ///
    /// The value all the same, if the mutex is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    fn guard<'a>(
        &'a self,
        real: real::MutexGuard<'a, T>,
        site: Site,
        poisoned: bool,
    ) -> MutexGuard<'a, T> {
        MutexGuard {
            release: Release::new(&self.tag, site),
            real,
            unpoison: Unpoison::new(&self.real, poisoned),
            hold: Hold::take(&self.tag, Op::Lock, 1, site),
            news: News(&self.waiters),
            mutex: self,
        }
    }

    fn guarded<'a>(
        &'a self,
        result: LockResult<real::MutexGuard<'a, T>>,
        site: Site,
    ) -> LockResult<MutexGuard<'a, T>> {
        let poisoned = result.is_err();
        map_poison(result, |real| self.guard(real, site, poisoned))
    }

    /// Locks again after a wait for a condition.
    pub(super) fn lock_at(&self, site: Site) -> LockResult<MutexGuard<'_, T>> {
        let operation = Operation {
            tag: &self.tag,
            op: Op::Lock,
            site,
        };
        let attempt = || match self.real.try_lock() {
            Ok(guard) => Some(Ok(guard)),
            Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        };
        let result = operation.wait(&self.waiters, attempt);
        self.guarded(result.unwrap_or_else(|| self.real.lock()), site)
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
        self.tag.switch(Op::Lock, site);
        let result = match self.real.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
            Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
        };
        Ok(self.guarded(result, site)?)
    }

    /// Whether somebody panicked while they held the lock.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.is_poisoned()
    }

    /// The mutex is no longer poisoned.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.clear_poison();
    }

    /// The value: a mutable borrow needs no lock.
    ///
    /// # Errors
    ///
    /// The borrow all the same, if the mutex is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.real.get_mut()
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
    release: Release<'a>,
    real: real::MutexGuard<'a, T>,
    unpoison: Unpoison<&'a real::Mutex<T>>,
    hold: Hold,
    news: News<'a>,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Unlocks the mutex to wait for a condition: not a switch point, it is one with the wait.
    pub(super) fn unlock(self) -> &'a Mutex<T> {
        self.release.done();
        drop(self.real);
        drop(self.unpoison);
        drop(self.hold);
        drop(self.news);
        self.mutex
    }

    /// The mutex and its real guard, outside of a run.
    pub(super) fn into_real(self) -> (&'a Mutex<T>, real::MutexGuard<'a, T>) {
        self.release.done();
        (self.mutex, self.real)
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
        &self.real
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
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
