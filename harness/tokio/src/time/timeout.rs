//! `timeout`.

use std::future::{Future, IntoFuture, Pending, pending};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time as real;
use standstill_rt::Site;

use crate::driver;
use crate::task::coop;
use crate::time::error::Elapsed;
use crate::time::timer::Timer;
use crate::time::{Duration, Instant};

/// Limits the time of `future` to `duration`. The result is an error if it is not ready by then.
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    driver::require();
    Timeout {
        value: future.into_future(),
        deadline: Instant::now().checked_add(duration),
        delay: real::timeout(duration, pending()),
        timer: Timer::new(),
    }
}

/// Limits the time of `future`: the result is an error if it is not ready at `deadline`.
#[track_caller]
pub fn timeout_at<F>(deadline: Instant, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    driver::require();
    Timeout {
        value: future.into_future(),
        deadline: Some(deadline),
        delay: real::timeout_at(deadline, pending()),
        timer: Timer::new(),
    }
}

/// As [`timeout`], begun at `site`.
pub(crate) fn timeout_from<F: Future>(duration: Duration, future: F, site: Site) -> Timeout<F> {
    driver::require();
    Timeout {
        value: future,
        deadline: Instant::now().checked_add(duration),
        delay: real::timeout(duration, pending()),
        timer: Timer::at(site),
    }
}

pin_project_lite::pin_project! {
    /// A future with a deadline, returned by [`timeout`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Timeout<T> {
        #[pin]
        value: T,
        deadline: Option<Instant>,
        // Only tokio can create an `Elapsed`.
        #[pin]
        delay: real::Timeout<Pending<()>>,
        timer: Timer,
    }
}

impl<T> Timeout<T> {
    /// The inner future.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The inner future.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The inner future, without the deadline.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(value) = this.value.poll(cx) {
            return Poll::Ready(Ok(value));
        }
        let starved = had_budget && !coop::has_budget_remaining();
        let mut delay = this.delay;
        let poll = |cx: &mut Context<'_>| {
            // A future that always uses up the budget must not prevent its deadline from passing.
            let polled = if starved {
                Pin::new(&mut coop::unconstrained(delay.as_mut())).poll(cx)
            } else {
                delay.as_mut().poll(cx)
            };
            polled.map(|result| match result {
                Err(elapsed) => Err(elapsed),
                Ok(()) => unreachable!("a pending future has ended"),
            })
        };
        let site = this.timer.site();
        this.timer.poll(cx, *this.deadline, || site, poll)
    }
}
