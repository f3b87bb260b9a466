//! `CancellationToken`.

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio_util::sync as real;
use standstill_rt::facade::{Shared, Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::{DropGuard, DropGuardRef};

/// Tells any number of tasks to stop. Cancelling a token also cancels all tokens that were created from
/// it with [`CancellationToken::child_token`].
pub struct CancellationToken {
    real: Wrapped<real::CancellationToken>,
    /// One tag for a token and all its descendants: a task that can cancel one of them may be the one
    /// to wait for.
    tag: Shared<Tag>,
}

impl CancellationToken {
    /// A token that is not cancelled.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            real: Wrapped::new(real::CancellationToken::new()),
            tag: Shared::new(Tag::new(ResourceKind::CancellationToken)),
        }
    }

    /// A token that is cancelled when this one is, and can also be cancelled separately.
    #[track_caller]
    pub fn child_token(&self) -> Self {
        self.tag.switch(Op::Atomic, Location::caller());
        Self {
            real: Wrapped::new(self.real.child_token()),
            tag: self.tag.clone(),
        }
    }

    /// Cancels the token and all its descendants.
    #[track_caller]
    pub fn cancel(&self) {
        self.cancel_at(Location::caller());
    }

    pub(super) fn cancel_at(&self, site: Site) {
        self.tag.switch(Op::Cancel, site);
        self.real.cancel();
        self.tag.moved();
    }

    /// Whether the token is cancelled.
    #[track_caller]
    pub fn is_cancelled(&self) -> bool {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.is_cancelled()
    }

    /// Waits until the token is cancelled.
    #[track_caller]
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        let site = Location::caller();
        WaitForCancellationFuture {
            wait: Wait::new(self.real.cancelled(), &*self.tag, Op::Cancelled, site),
        }
    }

    /// As [`CancellationToken::cancelled`], with a future that owns the token.
    #[track_caller]
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        let site = Location::caller();
        WaitForCancellationFutureOwned {
            wait: Wait::new(
                self.real.into_inner().cancelled_owned(),
                self.tag,
                Op::Cancelled,
                site,
            ),
        }
    }

    /// A guard that cancels the token when it is dropped.
    #[track_caller]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self, Location::caller())
    }

    /// As [`CancellationToken::drop_guard`], for a borrowed token.
    #[track_caller]
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef::new(self, Location::caller())
    }

    /// Runs `future` until it ends or the token is cancelled. The result is None if it was cancelled.
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> {
        let site = Location::caller();
        async move {
            self.tag.switch(Op::Atomic, site);
            if self.real.is_cancelled() {
                return None;
            }
            RunUntilCancelled::at(self, future, site).await
        }
    }

    /// As [`CancellationToken::run_until_cancelled`], with a future that owns the token.
    #[track_caller]
    pub fn run_until_cancelled_owned<F: Future>(
        self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> {
        let site = Location::caller();
        async move {
            self.tag.switch(Op::Atomic, site);
            if self.real.is_cancelled() {
                return None;
            }
            RunUntilCancelled::at(&self, future, site).await
        }
    }
}

impl Default for CancellationToken {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for CancellationToken {
    fn clone(&self) -> Self {
        Self {
            real: Wrapped::new(real::CancellationToken::clone(&self.real)),
            tag: self.tag.clone(),
        }
    }
}

impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        *self.real == *other.real
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.real.hash(state);
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

impl std::panic::UnwindSafe for CancellationToken {}
impl std::panic::RefUnwindSafe for CancellationToken {}

pin_project_lite::pin_project! {
    /// The future that [`CancellationToken::cancelled`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFuture<'a> {
        #[pin]
        wait: Wait<real::WaitForCancellationFuture<'a>, &'a Tag>,
    }
}

pin_project_lite::pin_project! {
    /// The future that [`CancellationToken::cancelled_owned`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFutureOwned {
        #[pin]
        wait: Wait<real::WaitForCancellationFutureOwned, Shared<Tag>>,
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx)
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx)
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFuture").finish()
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned").finish()
    }
}

pin_project_lite::pin_project! {
    /// A future that ends early if a token is cancelled. The inner future is polled first.
    pub(crate) struct Until<W, F> {
        #[pin]
        cancellation: W,
        #[pin]
        future: F,
    }
}

pub(crate) type RunUntilCancelled<'a, F> = Until<WaitForCancellationFuture<'a>, F>;
pub(crate) type RunUntilCancelledOwned<F> = Until<WaitForCancellationFutureOwned, F>;

impl<'a, F> RunUntilCancelled<'a, F> {
    pub(crate) fn at(token: &'a CancellationToken, future: F, site: Site) -> Self {
        let wait = Wait::new(token.real.cancelled(), &*token.tag, Op::Cancelled, site);
        Self {
            cancellation: WaitForCancellationFuture { wait },
            future,
        }
    }
}

impl<F> RunUntilCancelledOwned<F> {
    pub(crate) fn at(token: CancellationToken, future: F, site: Site) -> Self {
        let cancelled = token.real.into_inner().cancelled_owned();
        let wait = Wait::new(cancelled, token.tag, Op::Cancelled, site);
        Self {
            cancellation: WaitForCancellationFutureOwned { wait },
            future,
        }
    }
}

impl<W: Future<Output = ()>, F: Future> Future for Until<W, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => this.cancellation.poll(cx).map(|()| None),
        }
    }
}
