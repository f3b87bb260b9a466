//! `PollSemaphore`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio_util::sync::ReusableBoxFuture;
use futures_core::Stream;
use standstill_tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

type Acquire = ReusableBoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>;

/// A semaphore for hand-written futures, and a [`Stream`] of permits.
pub struct PollSemaphore {
    semaphore: Arc<Semaphore>,
    /// The wait that has begun, and its number of permits.
    acquire: Option<(u32, Acquire)>,
}

impl PollSemaphore {
    /// Wraps `semaphore`.
    pub fn new(semaphore: Arc<Semaphore>) -> Self {
        Self {
            semaphore,
            acquire: None,
        }
    }

    /// Closes the semaphore.
    #[track_caller]
    pub fn close(&self) {
        self.semaphore.close();
    }

    /// A new reference to the semaphore.
    pub fn clone_inner(&self) -> Arc<Semaphore> {
        Arc::clone(&self.semaphore)
    }

    /// The semaphore.
    pub fn into_inner(self) -> Arc<Semaphore> {
        self.semaphore
    }

    /// Polls for a permit. None if the semaphore is closed.
    pub fn poll_acquire(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnedSemaphorePermit>> {
        self.poll_acquire_many(cx, 1)
    }

    /// As [`PollSemaphore::poll_acquire`], for several permits at once.
    pub fn poll_acquire_many(
        &mut self,
        cx: &mut Context<'_>,
        permits: u32,
    ) -> Poll<Option<OwnedSemaphorePermit>> {
        if self
            .acquire
            .as_ref()
            .is_none_or(|(before, _)| *before != permits)
        {
            if self.acquire.is_none() {
                match self.clone_inner().try_acquire_many_owned(permits) {
                    Ok(permit) => return Poll::Ready(Some(permit)),
                    Err(TryAcquireError::Closed) => return Poll::Ready(None),
                    Err(TryAcquireError::NoPermits) => {}
                }
            }
            let acquire = self.clone_inner().acquire_many_owned(permits);
            self.acquire = Some((permits, ReusableBoxFuture::new(acquire)));
        }
        let Some((_, acquire)) = &mut self.acquire else {
            unreachable!("a wait was begun just now");
        };
        let acquired = ready!(acquire.poll(cx));
        self.acquire = None;
        Poll::Ready(acquired.ok())
    }

    /// The number of free permits.
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        self.semaphore.available_permits()
    }

    /// Adds `n` permits.
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.semaphore.add_permits(n);
    }
}

impl Stream for PollSemaphore {
    type Item = OwnedSemaphorePermit;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_acquire(cx)
    }
}

impl Clone for PollSemaphore {
    fn clone(&self) -> Self {
        Self::new(self.clone_inner())
    }
}

impl fmt::Debug for PollSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollSemaphore")
            .field("semaphore", &self.semaphore)
            .finish()
    }
}

impl AsRef<Semaphore> for PollSemaphore {
    fn as_ref(&self) -> &Semaphore {
        &self.semaphore
    }
}
