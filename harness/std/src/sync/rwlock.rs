//! `RwLock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync as real;

use standstill_rt::facade::{Inside, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::guard::{Poisonable, Unpoison};
use crate::lock::Guarded;
use crate::queue::{Overtaking, Queue};
use crate::sync::{LockResult, TryLockError, TryLockResult, guard_formats, map_poison, tried};

/// A lock that many may hold for reading, or one for writing.
///
/// A reader waits behind a writer that waits, as `std` has it today, unless
/// [`let_readers_overtake`](crate::let_readers_overtake) was called.
pub struct RwLock<T: ?Sized> {
    queue: Queue,
    real: real::RwLock<T>,
}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            queue: Queue::new(Tag::of::<T>(ResourceKind::StdRwLock, u32::MAX)),
            real: real::RwLock::new(value),
        }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    ///
    /// The value all the same, if the lock is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        Inside::run(|| self.real.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    fn reader<'a>(
        &'a self,
        result: LockResult<real::RwLockReadGuard<'a, T>>,
        site: Site,
    ) -> LockResult<RwLockReadGuard<'a, T>> {
        map_poison(result, |real| RwLockReadGuard {
            guarded: self.queue.lock.guarded(real, (), (Op::Read, 1, site)),
        })
    }

    fn writer<'a>(
        &'a self,
        result: LockResult<real::RwLockWriteGuard<'a, T>>,
        site: Site,
    ) -> LockResult<RwLockWriteGuard<'a, T>> {
        let unpoison = Unpoison::new(&self.real, result.is_err());
        let taken = (Op::Write, u32::MAX, site);
        map_poison(result, |real| RwLockWriteGuard {
            guarded: self.queue.lock.guarded(real, unpoison, taken),
            #[cfg(since_1_92)]
            queue: &self.queue,
        })
    }

    /// Waits until nobody writes, and locks for reading.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let attempt = || tried(self.real.try_read());
        let result = match self.queue.read(Overtaking::AsStd, None, site, attempt) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => self.real.read(),
        };
        self.reader(result, site)
    }

    /// Waits until nobody reads or writes, and locks for writing.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let attempt = || tried(self.real.try_write());
        let result = match self.queue.write(None, site, attempt) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => self.real.write(),
        };
        self.writer(result, site)
    }

    /// Locks for reading, if that can be done at once.
    ///
    /// # Errors
    ///
    /// If somebody writes; and the guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        self.queue.lock.switch(Op::Read, site);
        let makes_way = || self.queue.makes_way(Overtaking::AsStd);
        match Inside::run(|| tried(self.real.try_read()).filter(|_| !makes_way())) {
            Some(result) => Ok(self.reader(result, site)?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Locks for writing, if that can be done at once.
    ///
    /// # Errors
    ///
    /// If somebody reads or writes; and the guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        self.queue.lock.switch(Op::Write, site);
        match tried(Inside::run(|| self.real.try_write())) {
            Some(result) => Ok(self.writer(result, site)?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether somebody panicked while they wrote.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.queue.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.is_poisoned())
    }

    /// The lock is no longer poisoned.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.queue.lock.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.clear_poison());
    }

    /// The value: a mutable borrow needs no lock.
    ///
    /// # Errors
    ///
    /// The borrow all the same, if the lock is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        Inside::run(|| self.real.get_mut())
    }
}

impl<T: ?Sized> Poisonable for &real::RwLock<T> {
    fn clear(&self) {
        self.clear_poison();
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
    guarded: Guarded<'a, real::RwLockWriteGuard<'a, T>, Unpoison<&'a real::RwLock<T>>>,
    #[cfg(since_1_92)]
    queue: &'a Queue,
}

#[cfg(since_1_92)]
impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on with the right to read alone; nobody else writes in between. It is there from Rust
    /// 1.92 on, as std's is.
    #[clippy::msrv = "1.92"]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            guarded: this.guarded.downgrade(|real| {
                this.queue.downgrades();
                real::RwLockWriteGuard::downgrade(real)
            }),
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
