//! `Semaphore` and its borrowing permit.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use ::tokio::sync as real;
use standstill_rt::facade::{self, Hold, Release, Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::blocking;
use crate::guard::Tagged;
use crate::sync::{AcquireError, OwnedSemaphorePermit, TryAcquireError};

/// A number of permits that tasks acquire and release. Tasks get them in the order in which they ask.
#[derive(Debug)]
pub struct Semaphore {
    tag: Tag,
    real: real::Semaphore,
}

impl Tagged for Semaphore {
    fn tag(&self) -> &Tag {
        &self.tag
    }
}

/// `permits`, limited to what the tracker can count.
pub(super) const fn clamp(permits: usize) -> u32 {
    if permits > u32::MAX as usize {
        u32::MAX
    } else {
        permits as u32
    }
}

impl Semaphore {
    /// The largest number of permits that a semaphore can have.
    pub const MAX_PERMITS: usize = real::Semaphore::MAX_PERMITS;

    /// A semaphore with `permits` permits.
    ///
    /// # Panics
    ///
    /// If `permits` is more than [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self {
            tag: Tag::of::<()>(ResourceKind::Semaphore, clamp(permits)),
            real: real::Semaphore::new(permits),
        }
    }

    /// As [`Semaphore::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        Self {
            tag: Tag::of::<()>(ResourceKind::Semaphore, clamp(permits)),
            real: real::Semaphore::const_new(permits),
        }
    }

    pub(super) fn real(&self) -> &real::Semaphore {
        &self.real
    }

    fn permit<'a>(&'a self, real: real::SemaphorePermit<'a>, site: Site) -> SemaphorePermit<'a> {
        SemaphorePermit {
            release: Release::new(&self.tag, site),
            hold: Hold::take(&self.tag, Op::Acquire, clamp(real.num_permits()), site),
            real,
            semaphore: self,
        }
    }

    async fn acquire_at(&self, n: u32, site: Site) -> Result<SemaphorePermit<'_>, AcquireError> {
        let acquire = self.real.acquire_many(n);
        let real = Wait::many(acquire, &self.tag, Op::Acquire, n, site).await?;
        Ok(self.permit(real, site))
    }

    async fn acquire_owned_at(
        self: Arc<Self>,
        n: u32,
        site: Site,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let acquire = self.real.acquire_many(n);
        let real = Wait::many(acquire, &self.tag, Op::Acquire, n, site).await?;
        Ok(OwnedSemaphorePermit::take_over(real, &self, site))
    }

    fn try_acquire_at(
        &self,
        n: u32,
        site: Site,
    ) -> Result<real::SemaphorePermit<'_>, TryAcquireError> {
        self.tag.switch(Op::Acquire, site);
        self.real.try_acquire_many(n)
    }

    /// The number of free permits.
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.available_permits()
    }

    /// Adds `n` permits.
    ///
    /// # Panics
    ///
    /// If the total is then more than [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.tag.switch(Op::Release, Location::caller());
        self.real.add_permits(n);
        self.tag.add_permits(i64::from(clamp(n)));
        self.tag.moved();
    }

    /// Permanently removes up to `n` free permits, and returns the number removed.
    #[track_caller]
    pub fn forget_permits(&self, n: usize) -> usize {
        self.tag.switch(Op::Acquire, Location::caller());
        let forgotten = self.real.forget_permits(n);
        self.tag.add_permits(-i64::from(clamp(forgotten)));
        forgotten
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_at(1, Location::caller())
    }

    /// Waits for `n` permits at once.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many(
        &self,
        n: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_at(n, Location::caller())
    }

    /// Acquires a permit, if one is free.
    ///
    /// # Errors
    ///
    /// If none is free, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Acquires `n` permits, if that many are free.
    ///
    /// # Errors
    ///
    /// If fewer are free, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let site = Location::caller();
        Ok(self.permit(self.try_acquire_at(n, site)?, site))
    }

    /// As [`Semaphore::acquire`], with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_owned_at(1, Location::caller())
    }

    /// As [`Semaphore::acquire_many`], with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_owned_at(n, Location::caller())
    }

    /// As [`Semaphore::try_acquire`], with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// If none is free, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`Semaphore::try_acquire_many`], with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// If fewer are free, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let site = Location::caller();
        let real = self.try_acquire_at(n, site)?;
        Ok(OwnedSemaphorePermit::take_over(real, &self, site))
    }

    /// As [`Semaphore::acquire`], blocking the thread.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.blocking_acquire_many(1)
    }

    /// As [`Semaphore::acquire_many`], blocking the thread.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        let site = Location::caller();
        if blocking::in_run("Semaphore::blocking_acquire", "acquire().await") {
            facade::block_on(self.acquire_at(n, site))
        } else {
            Ok(self.permit(self.real.blocking_acquire_many(n)?, site))
        }
    }

    /// As [`Semaphore::acquire_owned`], blocking the thread.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// As [`Semaphore::acquire_many_owned`], blocking the thread.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let site = Location::caller();
        if blocking::in_run("Semaphore::blocking_acquire_owned", "acquire_owned().await") {
            facade::block_on(self.acquire_owned_at(n, site))
        } else {
            let real = self.real.blocking_acquire_many(n)?;
            Ok(OwnedSemaphorePermit::take_over(real, &self, site))
        }
    }

    /// Closes the semaphore: all waiting and later attempts to acquire a permit fail.
    #[track_caller]
    pub fn close(&self) {
        self.tag.switch(Op::CloseSource, Location::caller());
        self.real.close();
        self.tag.moved();
    }

    /// Whether the semaphore is closed.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.is_closed()
    }
}

/// Permits of a [`Semaphore`]. They are released when this is dropped.
#[must_use]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    release: Release<'a>,
    real: real::SemaphorePermit<'a>,
    hold: Hold,
    semaphore: &'a Semaphore,
}

impl<'a> SemaphorePermit<'a> {
    /// Drops the permits without ever releasing them.
    pub fn forget(self) {
        let permits = clamp(self.real.num_permits());
        self.real.forget();
        self.release.tag().add_permits(-i64::from(permits));
        self.release.done();
    }

    /// Adds the permits of `other` to these.
    ///
    /// # Panics
    ///
    /// If they belong to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, other: Self) {
        self.real.merge(other.real);
        other.release.done();
        drop(other.hold);
        self.hold
            .resize(clamp(self.real.num_permits()), Op::Acquire);
    }

    /// Splits off `n` of the permits. None if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        let site = self.release.site();
        let real = self.real.split(n)?;
        self.hold
            .resize(clamp(self.real.num_permits()), Op::Acquire);
        Some(self.semaphore.permit(real, site))
    }

    /// The semaphore that the permits belong to.
    pub fn semaphore(&self) -> &Semaphore {
        self.semaphore
    }

    /// The number of permits.
    pub fn num_permits(&self) -> usize {
        self.real.num_permits()
    }
}
