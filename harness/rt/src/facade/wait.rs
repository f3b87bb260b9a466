//! A tracked wait: a future of the wrapped library, with a switch point before its first poll.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::facade::{Inside, Tag};
use crate::host;
use crate::ids::WaitId;
use crate::op::Op;
use crate::site::Site;

pin_project_lite::pin_project! {
    /// Awaits `inner`, an operation `op` on the resource of `tag`.
    ///
    /// The first poll is a switch point. As long as `inner` is pending the tracker knows that the
    /// task waits; the wait ends when `inner` is ready or dropped. It is polled [`Inside`]: what it
    /// calls of the program's is to be let [`Outside`](crate::facade::Outside).
    #[derive(Debug)]
    pub struct Wait<F, T: AsRef<Tag>> {
        // Dropped first: the tracker hears that the wait is given up before others are woken by that.
        state: State,
        #[pin]
        inner: F,
        tag: T,
    }
}

/// The part that does not depend on what is awaited.
#[derive(Debug)]
struct State {
    op: Op,
    amount: u32,
    site: Site,
    polled: bool,
    held: bool,
    waited: bool,
    waiting: Option<(u32, WaitId)>,
}

impl<F, T: AsRef<Tag>> Wait<F, T> {
    /// Waits for one permit, one value, one signal.
    pub fn new(inner: F, tag: T, op: Op, site: Site) -> Self {
        Self::many(inner, tag, op, 1, site)
    }

    /// Waits for `amount` permits at once.
    pub fn many(inner: F, tag: T, op: Op, amount: u32, site: Site) -> Self {
        Self {
            state: State {
                op,
                amount,
                site,
                polled: false,
                held: false,
                waited: false,
                waiting: None,
            },
            inner,
            tag,
        }
    }

    /// The switch point was passed already, by [`Tag::begin`].
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.state.polled = true;
        self
    }

    /// As [`Wait::begun`], and it is [held back](Tag::probe).
    #[must_use]
    pub fn held_back(mut self, held: bool) -> Self {
        self.state.held = held;
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
        let state = this.state;
        if !state.polled {
            state.polled = true;
            this.tag.as_ref().switch(state.op, state.site);
        }
        if state.held && state.stays_back() {
            return Poll::Pending;
        }
        let inside = Inside::enter();
        let polled = this.inner.poll(cx);
        drop(inside);
        if polled.is_pending() {
            state.pending(this.tag.as_ref(), cx.waker());
        } else if state.waiting.is_some() {
            state.granted();
        }
        polled
    }
}

impl State {
    /// What began in `held_back` is attempted in the second poll.
    #[inline(never)]
    fn stays_back(&mut self) -> bool {
        if !self.waited {
            self.waited = true;
            return true;
        }
        self.held = false;
        host::with(|host| host.probe_done());
        false
    }

    #[inline(never)]
    fn pending(&mut self, tag: &Tag, waker: &Waker) {
        if let Some((epoch, wait)) = self.waiting {
            host::of_run(epoch, |host| host.polled(wait, waker));
            return;
        }
        self.waiting = host::with_epoch(|host, epoch| {
            let resource = tag.resolve(host, epoch);
            let wait = host.wait(resource, self.op, self.amount, self.site)?;
            host.polled(wait, waker);
            Some((epoch, wait))
        })
        .flatten();
    }

    #[inline(never)]
    fn granted(&mut self) {
        if let Some((epoch, wait)) = self.waiting.take() {
            host::of_run(epoch, |host| host.granted(wait));
        }
    }

    #[inline(never)]
    fn abandoned(&mut self) {
        if let Some((epoch, wait)) = self.waiting.take() {
            host::of_run(epoch, |host| host.abandoned(wait));
        }
    }
}

impl Drop for State {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_some() {
            self.abandoned();
        }
    }
}
