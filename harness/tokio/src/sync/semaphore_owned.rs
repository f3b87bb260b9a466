//! The permit that keeps its `Semaphore` alive.

use std::sync::Arc;

use ::tokio::sync as real;
use standstill_rt::facade::Hold;
use standstill_rt::{Op, Site};

use crate::guard::Tagged;
use crate::sync::Semaphore;
use crate::sync::semaphore::clamp;

/// Permits of a shared [`Semaphore`]. They are released when this is dropped.
#[must_use]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    permits: usize,
    hold: Hold,
    semaphore: Arc<Semaphore>,
    site: Site,
}

impl OwnedSemaphorePermit {
    /// Takes over the permits of `real`. They are added to the semaphore when this is dropped, as
    /// `real` would have done.
    pub(super) fn take_over(
        real: real::SemaphorePermit<'_>,
        semaphore: &Arc<Semaphore>,
        site: Site,
    ) -> Self {
        let permits = real.num_permits();
        real.forget();
        Self::new(permits, Arc::clone(semaphore), site)
    }

    fn new(permits: usize, semaphore: Arc<Semaphore>, site: Site) -> Self {
        Self {
            permits,
            hold: Hold::take(semaphore.tag(), Op::Acquire, clamp(permits), site),
            semaphore,
            site,
        }
    }

    /// Drops the permits without ever releasing them.
    pub fn forget(mut self) {
        let permits = std::mem::take(&mut self.permits);
        self.semaphore.tag().add_permits(-i64::from(clamp(permits)));
    }

    /// Adds the permits of `other` to these.
    ///
    /// # Panics
    ///
    /// If they belong to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.permits += std::mem::take(&mut other.permits);
        drop(other);
        self.hold.resize(clamp(self.permits), Op::Acquire);
    }

    /// Splits off `n` of the permits. None if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        if n > self.permits {
            return None;
        }
        self.permits -= n;
        self.hold.resize(clamp(self.permits), Op::Acquire);
        Some(Self::new(n, Arc::clone(&self.semaphore), self.site))
    }

    /// The semaphore that the permits belong to.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// The number of permits.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        /// Releases the permits even if the switch point unwinds.
        struct GiveBack<'a>(&'a Semaphore, usize);

        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                self.0.real().add_permits(self.1);
            }
        }

        if self.permits > 0 {
            let _give_back = GiveBack(&self.semaphore, self.permits);
            self.semaphore.tag().switch(Op::Release, self.site);
        }
    }
}
