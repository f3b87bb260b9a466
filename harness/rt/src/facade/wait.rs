//! A tracked wait: a future of the wrapped library, with a switch point before its first poll.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::facade::Tag;
use crate::host;
use crate::ids::WaitId;
use crate::op::Op;
use crate::site::Site;

pin_project_lite::pin_project! {
    /// Awaits `inner`, an operation `op` on the resource of `tag`.
    ///
    /// The first poll is a switch point. As long as `inner` is pending the tracker knows that the
    /// task waits; the wait ends when `inner` is ready or dropped.
    #[derive(Debug)]
    pub struct Wait<F, T: AsRef<Tag>> {
        #[pin]
        inner: F,
        tag: T,
        op: Op,
        amount: u32,
        site: Site,
        polled: bool,
        held: bool,
        waited: bool,
        waiting: Option<(u32, WaitId)>,
    }

    impl<F, T: AsRef<Tag>> PinnedDrop for Wait<F, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some((epoch, wait)) = this.waiting.take() {
                host::of_run(epoch, |host| host.abandoned(wait));
            }
        }
    }
}

impl<F, T: AsRef<Tag>> Wait<F, T> {
    /// Waits for one permit, one value, one signal.
    pub fn new(inner: F, tag: T, op: Op, site: Site) -> Self {
        Self::many(inner, tag, op, 1, site)
    }

    /// Waits for `amount` permits at once.
    pub fn many(inner: F, tag: T, op: Op, amount: u32, site: Site) -> Self {
        Self {
            inner,
            tag,
            op,
            amount,
            site,
            polled: false,
            held: false,
            waited: false,
            waiting: None,
        }
    }

    /// The switch point was passed already, by [`Tag::begin`].
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.polled = true;
        self
    }

    /// As [`Wait::begun`], and it is [held back](Tag::holds_back).
    #[must_use]
    pub fn held_back(mut self, held: bool) -> Self {
        self.held = held;
        self.begun()
    }

    /// The future inside, pinned.
    pub fn inner_pinned(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.project().inner
    }
}

impl<F: Future, T: AsRef<Tag>> Future for Wait<F, T> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !*this.polled {
            *this.polled = true;
            host::with(|host| {
                host.switch(*this.op, Some(this.tag.as_ref().resolve(host)), this.site);
            });
        }
        if *this.held {
            // What began in `held_back` is attempted in the second poll.
            if !*this.waited {
                *this.waited = true;
                return Poll::Pending;
            }
            *this.held = false;
            host::with(|host| host.attempts());
        }
        let polled = this.inner.poll(cx);
        match (&polled, *this.waiting) {
            (Poll::Pending, None) => {
                *this.waiting = host::with(|host| {
                    let resource = this.tag.as_ref().resolve(host);
                    let wait = host.wait(resource, *this.op, *this.amount, this.site)?;
                    host.polled(wait, cx.waker());
                    Some((host.epoch(), wait))
                })
                .flatten();
            }
            (Poll::Ready(_), Some((epoch, wait))) => {
                *this.waiting = None;
                host::of_run(epoch, |host| host.granted(wait));
            }
            (Poll::Pending, Some((epoch, wait))) => {
                host::of_run(epoch, |host| host.polled(wait, cx.waker()));
            }
            (Poll::Ready(_), None) => {}
        }
        polled
    }
}
