//! More methods for futures.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use standstill_tokio::time::{self, Instant, Timeout};

use crate::sync::{CancellationToken, RunUntilCancelled, RunUntilCancelledOwned};

/// Limits of time, and cancellation, as methods of every future.
pub trait FutureExt: Future {
    /// Gives the future this long to end.
    #[track_caller]
    fn timeout(self, timeout: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        time::timeout(timeout, self)
    }

    /// Gives the future time to end until `deadline`.
    #[track_caller]
    fn timeout_at(self, deadline: Instant) -> Timeout<Self>
    where
        Self: Sized,
    {
        time::timeout_at(deadline, self)
    }

    /// Runs the future until it ends, or, with None, until the token is cancelled.
    #[track_caller]
    fn with_cancellation_token(
        self,
        cancellation_token: &CancellationToken,
    ) -> WithCancellationTokenFuture<'_, Self>
    where
        Self: Sized,
    {
        let site = Location::caller();
        let run = (!cancellation_token.is_cancelled())
            .then(|| RunUntilCancelled::at(cancellation_token, self, site));
        WithCancellationTokenFuture { run }
    }

    /// As [`FutureExt::with_cancellation_token`], keeping the token.
    #[track_caller]
    fn with_cancellation_token_owned(
        self,
        cancellation_token: CancellationToken,
    ) -> WithCancellationTokenFutureOwned<Self>
    where
        Self: Sized,
    {
        let site = Location::caller();
        let run = (!cancellation_token.is_cancelled())
            .then(|| RunUntilCancelledOwned::at(cancellation_token, self, site));
        WithCancellationTokenFutureOwned { run }
    }
}

impl<T: Future + ?Sized> FutureExt for T {}

/// Types that tokio-util has without naming them in public.
mod unnamed {
    use super::{RunUntilCancelled, RunUntilCancelledOwned};

    pin_project_lite::pin_project! {
        /// What `with_cancellation_token` returns.
        #[must_use = "futures do nothing unless polled"]
        pub struct WithCancellationTokenFuture<'a, F> {
            #[pin]
            pub(super) run: Option<RunUntilCancelled<'a, F>>,
        }
    }

    pin_project_lite::pin_project! {
        /// What `with_cancellation_token_owned` returns.
        #[must_use = "futures do nothing unless polled"]
        pub struct WithCancellationTokenFutureOwned<F> {
            #[pin]
            pub(super) run: Option<RunUntilCancelledOwned<F>>,
        }
    }
}
use unnamed::{WithCancellationTokenFuture, WithCancellationTokenFutureOwned};

impl<F: Future> Future for WithCancellationTokenFuture<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().run.as_pin_mut() {
            Some(run) => run.poll(cx),
            None => Poll::Ready(None),
        }
    }
}

impl<F: Future> Future for WithCancellationTokenFutureOwned<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().run.as_pin_mut() {
            Some(run) => run.poll(cx),
            None => Poll::Ready(None),
        }
    }
}
