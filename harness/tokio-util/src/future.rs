//! Extension methods for futures.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use standstill_tokio::time::{self, Instant, Timeout};

use crate::sync::{CancellationToken, RunUntilCancelled, RunUntilCancelledOwned};

/// Timeouts and cancellation, as methods of every future.
pub trait FutureExt: Future {
    /// Limits the time of the future to `timeout`. The result is an error if it is not ready by then.
    #[track_caller]
    fn timeout(self, timeout: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        time::timeout(timeout, self)
    }

    /// Limits the time of the future: the result is an error if it is not ready at `deadline`.
    #[track_caller]
    fn timeout_at(self, deadline: Instant) -> Timeout<Self>
    where
        Self: Sized,
    {
        time::timeout_at(deadline, self)
    }

    /// Runs the future until it ends or the token is cancelled. The result is None if it was cancelled.
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

    /// As [`FutureExt::with_cancellation_token`], with a future that owns the token.
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

/// Types that tokio-util returns but does not export.
mod unnamed {
    use super::{RunUntilCancelled, RunUntilCancelledOwned};

    pin_project_lite::pin_project! {
        /// The future that `with_cancellation_token` returns.
        #[must_use = "futures do nothing unless polled"]
        pub struct WithCancellationTokenFuture<'a, F> {
            #[pin]
            pub(super) run: Option<RunUntilCancelled<'a, F>>,
        }
    }

    pin_project_lite::pin_project! {
        /// The future that `with_cancellation_token_owned` returns.
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
