//! `parking_lot::RwLock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

use ::parking_lot as real;
use standstill_rt::facade::{Inside, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::lock::Guarded;
use crate::parking_lot::until;
use crate::queue::{Overtaking, Queue};
use crate::sync::guard_formats;
use crate::time::Instant;

/// A lock that many may hold for reading, or one for writing, and that is never poisoned.
///
/// A reader waits behind a writer that waits, as `parking_lot` has it, unless it asks by
/// [`RwLock::read_recursive`].
pub struct RwLock<T: ?Sized> {
    queue: Queue,
    real: real::RwLock<T>,
}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            queue: Queue::new(Tag::of::<T>(ResourceKind::ParkingLotRwLock, u32::MAX)),
            real: real::RwLock::new(value),
        }
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    fn reader<'a>(
        &'a self,
        real: real::RwLockReadGuard<'a, T>,
        site: Site,
    ) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            guarded: self.queue.lock.guarded(real, (), (Op::Read, 1, site)),
        }
    }

    fn writer<'a>(
        &'a self,
        real: real::RwLockWriteGuard<'a, T>,
        site: Site,
    ) -> RwLockWriteGuard<'a, T> {
        let taken = (Op::Write, u32::MAX, site);
        RwLockWriteGuard {
            guarded: self.queue.lock.guarded(real, (), taken),
        }
    }

    fn try_real(&self, overtaking: Overtaking) -> Option<real::RwLockReadGuard<'_, T>> {
        match overtaking {
            Overtaking::Always => self.real.try_read_recursive(),
            Overtaking::Never | Overtaking::AsStd => self.real.try_read(),
        }
    }

    fn read_at(
        &self,
        overtaking: Overtaking,
        limit: Option<Duration>,
        site: Site,
    ) -> Option<RwLockReadGuard<'_, T>> {
        let attempt = || self.try_real(overtaking);
        let real = match self.queue.read(overtaking, limit, site, attempt) {
            Some(locked) => locked.ok()?,
            None => match (overtaking, limit) {
                (Overtaking::Always, None) => self.real.read_recursive(),
                (Overtaking::Always, Some(limit)) => self.real.try_read_recursive_for(limit)?,
                (_, None) => self.real.read(),
                (_, Some(limit)) => self.real.try_read_for(limit)?,
            },
        };
        Some(self.reader(real, site))
    }

    fn write_at(&self, limit: Option<Duration>, site: Site) -> Option<RwLockWriteGuard<'_, T>> {
        let real = match self.queue.write(limit, site, || self.real.try_write()) {
            Some(locked) => locked.ok()?,
            None => match limit {
                None => self.real.write(),
                Some(limit) => self.real.try_write_for(limit)?,
            },
        };
        Some(self.writer(real, site))
    }

    /// Waits until nobody writes or waits to, and locks for reading.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        granted(self.read_at(Overtaking::Never, None, Location::caller()))
    }

    /// As [`RwLock::read`], past writers that wait: it does not hang if the thread reads already.
    #[track_caller]
    pub fn read_recursive(&self) -> RwLockReadGuard<'_, T> {
        granted(self.read_at(Overtaking::Always, None, Location::caller()))
    }

    /// Waits until nobody reads or writes, and locks for writing.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        granted(self.write_at(None, Location::caller()))
    }

    fn try_read_at(&self, overtaking: Overtaking, site: Site) -> Option<RwLockReadGuard<'_, T>> {
        self.queue.lock.switch(Op::Read, site);
        let makes_way = || self.queue.makes_way(overtaking);
        let real = Inside::run(|| self.try_real(overtaking).filter(|_| !makes_way()))?;
        Some(self.reader(real, site))
    }

    /// Locks for reading, if that can be done at once.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.try_read_at(Overtaking::Never, Location::caller())
    }

    /// As [`RwLock::try_read`], past writers that wait.
    #[track_caller]
    pub fn try_read_recursive(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.try_read_at(Overtaking::Always, Location::caller())
    }

    /// Locks for writing, if that can be done at once.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        self.queue.lock.switch(Op::Write, site);
        Some(self.writer(Inside::run(|| self.real.try_write())?, site))
    }

    /// As [`RwLock::read`], but waits no longer than `limit`.
    #[track_caller]
    pub fn try_read_for(&self, limit: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.read_at(Overtaking::Never, Some(limit), Location::caller())
    }

    /// As [`RwLock::read`], but waits no longer than until `deadline`.
    #[track_caller]
    pub fn try_read_until(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, T>> {
        self.read_at(Overtaking::Never, Some(until(deadline)), Location::caller())
    }

    /// As [`RwLock::write`], but waits no longer than `limit`.
    #[track_caller]
    pub fn try_write_for(&self, limit: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_at(Some(limit), Location::caller())
    }

    /// As [`RwLock::write`], but waits no longer than until `deadline`.
    #[track_caller]
    pub fn try_write_until(&self, deadline: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_at(Some(until(deadline)), Location::caller())
    }

    /// Whether somebody reads or writes.
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.queue.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.is_locked())
    }

    /// Whether somebody writes.
    #[track_caller]
    pub fn is_locked_exclusive(&self) -> bool {
        self.queue.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.is_locked_exclusive())
    }

    /// The value: a mutable borrow needs no lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }
}

fn granted<G>(guard: Option<G>) -> G {
    match guard {
        Some(guard) => guard,
        None => unreachable!("a wait without a limit has timed out"),
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// The right to read what an [`RwLock`] guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    guarded: Guarded<'a, real::RwLockReadGuard<'a, T>>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guarded.real()
    }
}

guard_formats!(RwLockReadGuard<'_, T>);

/// The right to change what an [`RwLock`] guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    guarded: Guarded<'a, real::RwLockWriteGuard<'a, T>>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on with the right to read alone; nobody else writes in between.
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            guarded: this.guarded.downgrade(real::RwLockWriteGuard::downgrade),
        }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guarded.real()
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guarded.real_mut()
    }
}

guard_formats!(RwLockWriteGuard<'_, T>);
