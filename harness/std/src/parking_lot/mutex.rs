//! `parking_lot::Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

use ::parking_lot as real;
use standstill_rt::facade::{Inside, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::lock::{Guarded, Lock};
use crate::parking_lot::until;
use crate::sync::guard_formats;
use crate::time::Instant;

/// A lock that blocks the thread and is never poisoned.
pub struct Mutex<T: ?Sized> {
    lock: Lock,
    real: real::Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            lock: Lock::new(Tag::of::<T>(ResourceKind::ParkingLotMutex, 1)),
            real: real::Mutex::new(value),
        }
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    fn guard<'a>(&'a self, real: real::MutexGuard<'a, T>, site: Site) -> MutexGuard<'a, T> {
        MutexGuard {
            guarded: self.lock.guarded(Some(real), (), (Op::Lock, 1, site)),
            mutex: self,
        }
    }

    /// Locks the real mutex. None if that took longer than the limit.
    fn lock_real(&self, limit: Option<Duration>, site: Site) -> Option<real::MutexGuard<'_, T>> {
        let attempt = || self.real.try_lock();
        match self.lock.wait_for(Op::Lock, site, limit, attempt) {
            Some(locked) => locked.ok(),
            None => match limit {
                None => Some(self.real.lock()),
                Some(limit) => self.real.try_lock_for(limit),
            },
        }
    }

    fn lock_at(&self, limit: Option<Duration>, site: Site) -> Option<MutexGuard<'_, T>> {
        Some(self.guard(self.lock_real(limit, site)?, site))
    }

    /// Waits until the mutex is free, and locks it.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        match self.lock_at(None, Location::caller()) {
            Some(guard) => guard,
            None => unreachable!("a wait without a limit has timed out"),
        }
    }

    /// Locks the mutex if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let site = Location::caller();
        self.lock.switch(Op::Lock, site);
        Some(self.guard(Inside::run(|| self.real.try_lock())?, site))
    }

    /// As [`Mutex::lock`], but waits no longer than `limit`.
    #[track_caller]
    pub fn try_lock_for(&self, limit: Duration) -> Option<MutexGuard<'_, T>> {
        self.lock_at(Some(limit), Location::caller())
    }

    /// As [`Mutex::lock`], but waits no longer than until `deadline`.
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<MutexGuard<'_, T>> {
        self.lock_at(Some(until(deadline)), Location::caller())
    }

    /// Whether somebody holds it.
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.is_locked())
    }

    /// The value: a mutable borrow needs no lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
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
    /// None while its owner waits for a condition.
    guarded: Guarded<'a, Option<real::MutexGuard<'a, T>>>,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Unlocks the mutex to wait for a condition: not a switch point, it is one with the wait.
    pub(super) fn unlock(&mut self) {
        self.guarded.suspend();
    }

    /// Locks the mutex again.
    pub(super) fn relock(&mut self, site: Site) {
        let real = self.mutex.lock_real(None, site);
        self.guarded.resume(real, Op::Lock, site);
    }

    pub(super) fn real(&mut self) -> &mut real::MutexGuard<'a, T> {
        match self.guarded.real_mut() {
            Some(real) => real,
            None => unreachable!("a guard is used while its owner waits for a condition"),
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.guarded.real() {
            Some(real) => real,
            None => unreachable!("a guard is used while its owner waits for a condition"),
        }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.real()
    }
}

guard_formats!(MutexGuard<'_, T>);
