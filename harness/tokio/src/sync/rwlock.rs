//! `RwLock`.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use ::tokio::sync as real;
use standstill_rt::facade::{self, Hold, Release, Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::blocking;
use crate::guard::Tagged;
use crate::raw::{self, OwnedGuard, ReadGuards, WriteGuards};
use crate::sync::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};

/// An asynchronous lock that either many tasks hold for reading or one task holds for writing. Tasks
/// acquire it in the order in which they ask for it: a reader waits behind a waiting writer.
pub struct RwLock<T: ?Sized> {
    tag: Tag,
    readers: u32,
    real: real::RwLock<T>,
}

impl<T: ?Sized> Tagged for RwLock<T> {
    fn tag(&self) -> &Tag {
        &self.tag
    }
}

impl<T> RwLock<T> {
    /// An unlocked lock that contains `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::RwLock, u32::MAX),
            readers: u32::MAX,
            real: real::RwLock::new(value),
        }
    }

    /// As [`RwLock::new`], for at most `readers` readers at a time.
    ///
    /// # Panics
    ///
    /// If `readers` is more than `u32::MAX >> 3`.
    #[track_caller]
    pub fn with_max_readers(value: T, readers: u32) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::RwLock, readers),
            readers,
            real: real::RwLock::with_max_readers(value, readers),
        }
    }

    /// As [`RwLock::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::RwLock, u32::MAX),
            readers: u32::MAX,
            real: real::RwLock::const_new(value),
        }
    }

    /// As [`RwLock::with_max_readers`], for constants and statics.
    #[track_caller]
    pub const fn const_with_max_readers(value: T, readers: u32) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::RwLock, readers),
            readers,
            real: real::RwLock::const_with_max_readers(value, readers),
        }
    }

    /// Consumes the lock and returns the value.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    pub(crate) fn real(&self) -> &real::RwLock<T> {
        &self.real
    }

    /// The number of permits that a writer takes: those of all readers.
    pub(crate) fn readers(&self) -> u32 {
        self.readers
    }

    fn reader<'a>(
        &'a self,
        real: real::RwLockReadGuard<'a, T>,
        site: Site,
    ) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            release: Release::new(&self.tag, site),
            real,
            hold: Hold::take(&self.tag, Op::Read, 1, site),
        }
    }

    fn writer<'a>(
        &'a self,
        real: real::RwLockWriteGuard<'a, T>,
        site: Site,
    ) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard {
            release: Release::new(&self.tag, site),
            real,
            hold: Hold::take(&self.tag, Op::Write, self.readers, site),
        }
    }

    async fn read_at(&self, site: Site) -> RwLockReadGuard<'_, T> {
        let real = match self.tag.begin(Op::Read, site).then(|| self.real.try_read()) {
            Some(Ok(real)) => real,
            _ => {
                Wait::new(self.real.read(), &self.tag, Op::Read, site)
                    .begun()
                    .await
            }
        };
        self.reader(real, site)
    }

    async fn write_at(&self, site: Site) -> RwLockWriteGuard<'_, T> {
        let all = self.readers;
        let real = match self
            .tag
            .begin(Op::Write, site)
            .then(|| self.real.try_write())
        {
            Some(Ok(real)) => real,
            _ => {
                Wait::many(self.real.write(), &self.tag, Op::Write, all, site)
                    .begun()
                    .await
            }
        };
        self.writer(real, site)
    }

    /// Waits until no task writes or is queued to write, and locks for reading.
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        self.read_at(Location::caller())
    }

    /// Waits until no task reads or writes, and locks for writing.
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        self.write_at(Location::caller())
    }

    /// Locks for reading, if this is possible without waiting.
    ///
    /// # Errors
    ///
    /// If a task writes or is queued to write.
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Read, site);
        Ok(self.reader(self.real.try_read()?, site))
    }

    /// Locks for writing, if this is possible without waiting.
    ///
    /// # Errors
    ///
    /// If a task reads or writes.
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Write, site);
        Ok(self.writer(self.real.try_write()?, site))
    }

    /// As [`RwLock::read`], blocking the thread.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        let site = Location::caller();
        if blocking::in_run("RwLock::blocking_read", "read().await") {
            facade::block_on(self.read_at(site))
        } else {
            self.reader(self.real.blocking_read(), site)
        }
    }

    /// As [`RwLock::write`], blocking the thread.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        let site = Location::caller();
        if blocking::in_run("RwLock::blocking_write", "write().await") {
            facade::block_on(self.write_at(site))
        } else {
            self.writer(self.real.blocking_write(), site)
        }
    }

    /// The value. No lock is needed, since the borrow is mutable.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }
}

impl<T: ?Sized + 'static> RwLock<T> {
    async fn read_owned_at(self: Arc<Self>, site: Site) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard::new(raw::read(self, site).await)
    }

    async fn write_owned_at(self: Arc<Self>, site: Site) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard::new(raw::write(self, site).await)
    }

    /// As [`RwLock::read`], with a guard that keeps the lock alive.
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        self.read_owned_at(Location::caller())
    }

    /// As [`RwLock::write`], with a guard that keeps the lock alive.
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        self.write_owned_at(Location::caller())
    }

    /// As [`RwLock::try_read`], with a guard that keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If a task writes or is queued to write.
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Read, site);
        OwnedGuard::<ReadGuards<T>, Self>::take(self, (Op::Read, 1, site), |lock| {
            lock.real.try_read()
        })
        .map(OwnedRwLockReadGuard::new)
    }

    /// As [`RwLock::try_write`], with a guard that keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If a task reads or writes.
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        let site = Location::caller();
        self.tag.switch(Op::Write, site);
        let taken = (Op::Write, self.readers, site);
        OwnedGuard::<WriteGuards<T>, Self>::take(self, taken, |lock| lock.real.try_write())
            .map(OwnedRwLockWriteGuard::new)
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
