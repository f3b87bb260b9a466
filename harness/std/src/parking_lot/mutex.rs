//! `parking_lot::Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

use ::parking_lot as real;
use standstill_rt::facade::{Hold, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::block::{Operation, Waiters};
use crate::guard::{News, Release};
use crate::parking_lot::until;
use crate::sync::guard_formats;
use crate::time::Instant;

/// A lock that blocks the thread and is never poisoned.
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
            tag: Tag::of::<T>(ResourceKind::ParkingLotMutex, 1),
            waiters: Waiters::new(),
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
            _release: Release::new(&self.tag, site),
            real: Some(real),
            hold: self.hold(site),
            news: News(&self.waiters),
            mutex: self,
        }
    }

    fn hold(&self, site: Site) -> Hold {
        Hold::take(&self.tag, Op::Lock, 1, site)
    }

    /// Locks the real mutex. None if that took longer than the limit.
    fn lock_real(&self, limit: Option<Duration>, site: Site) -> Option<real::MutexGuard<'_, T>> {
        let operation = Operation {
            tag: &self.tag,
            op: Op::Lock,
            site,
        };
        match operation.wait_for(&self.waiters, limit, || self.real.try_lock()) {
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
        self.tag.switch(Op::Lock, site);
        Some(self.guard(self.real.try_lock()?, site))
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
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.is_locked()
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
    _release: Release<'a>,
    /// None while its owner waits for a condition.
    real: Option<real::MutexGuard<'a, T>>,
    hold: Hold,
    news: News<'a>,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Unlocks the mutex to wait for a condition: not a switch point, it is one with the wait.
    pub(super) fn unlock(&mut self) {
        self.real = None;
        self.hold = Hold::default();
        self.news.tell();
    }

    /// Locks the mutex again.
    pub(super) fn relock(&mut self, site: Site) {
        self.real = self.mutex.lock_real(None, site);
        self.hold = self.mutex.hold(site);
    }

    pub(super) fn real(&mut self) -> &mut real::MutexGuard<'a, T> {
        match &mut self.real {
            Some(real) => real,
            None => unreachable!("a guard is used while its owner waits for a condition"),
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.real {
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
