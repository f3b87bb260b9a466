//! A tracked wait of something that is polled again and again, not a future that ends.

use std::task::{Context, Poll, Waker};

use crate::facade::Tag;
use crate::host;
use crate::ids::WaitId;
use crate::op::Op;
use crate::site::Site;

/// The wait behind a `poll_*` method, or behind a future that can be waited for more than once.
///
/// Where [`Wait`](crate::facade::Wait) owns the future, this is owned by what is polled. Dropping
/// it, or [`PollWait::end`], gives the wait up.
#[derive(Debug, Default)]
pub struct PollWait {
    begun: Option<Site>,
    held: bool,
    waiting: Option<(u32, WaitId)>,
}

impl PollWait {
    /// Nothing is waited for yet.
    pub const fn new() -> Self {
        Self {
            begun: None,
            held: false,
            waiting: None,
        }
    }

    /// Calls `poll`, an attempt at `op` on the resource of `tag`. The first attempt is a switch
    /// point; from the first that is pending until one is ready the task waits at `site`.
    #[inline]
    pub fn poll<R>(
        &mut self,
        tag: &Tag,
        op: Op,
        site: impl FnOnce() -> Site,
        poll: impl FnOnce() -> Poll<R>,
    ) -> Poll<R> {
        self.attempt(None, tag, op, site, poll)
    }

    /// As [`PollWait::poll`], and tells the tracker which waker `cx` has, so that it knows a future
    /// that is no longer polled when it sees one.
    #[inline]
    pub fn poll_with<R>(
        &mut self,
        cx: &mut Context<'_>,
        tag: &Tag,
        op: Op,
        site: impl FnOnce() -> Site,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let waker = cx.waker();
        let mut inner = Context::from_waker(waker);
        self.attempt(Some(waker), tag, op, site, || poll(&mut inner))
    }

    #[inline]
    fn attempt<R>(
        &mut self,
        waker: Option<&Waker>,
        tag: &Tag,
        op: Op,
        site: impl FnOnce() -> Site,
        poll: impl FnOnce() -> Poll<R>,
    ) -> Poll<R> {
        let site = match self.begun {
            Some(site) => site,
            None => {
                let site = site();
                self.begun = Some(site);
                tag.switch(op, site);
                if op == Op::Join && waker.is_some() && tag.probe(op) {
                    self.held = true;
                    return Poll::Pending;
                }
                site
            }
        };
        if std::mem::take(&mut self.held) {
            probe_done();
        }
        let polled = poll();
        if polled.is_ready() {
            self.begun = None;
            if self.waiting.is_some() {
                self.granted();
            }
        } else {
            self.pending(waker, tag, op, site);
        }
        polled
    }

    #[inline(never)]
    fn pending(&mut self, waker: Option<&Waker>, tag: &Tag, op: Op, site: Site) {
        if self.waiting.is_none() {
            self.waiting = host::with_epoch(|host, epoch| {
                let wait = host.wait(tag.resolve(host, epoch), op, 1, site)?;
                Some((epoch, wait))
            })
            .flatten();
        }
        if let (Some((epoch, wait)), Some(waker)) = (self.waiting, waker) {
            host::of_run(epoch, |host| host.polled(wait, waker));
        }
    }

    /// The wait, if it began in the run of this epoch.
    pub fn id_in(&self, epoch: u32) -> Option<WaitId> {
        let (begun_in, wait) = self.waiting?;
        (begun_in == epoch).then_some(wait)
    }

    /// Whether the last attempt was pending.
    pub fn is_waiting(&self) -> bool {
        self.begun.is_some()
    }

    /// Gives the wait up. The next attempt is a first one.
    #[inline(never)]
    pub fn end(&mut self) {
        self.begun = None;
        if let Some((epoch, wait)) = self.waiting.take() {
            host::of_run(epoch, |host| host.abandoned(wait));
        }
    }

    /// What was waited for is there: for a wait that [`PollWait::begin`] noted.
    #[inline(never)]
    pub fn granted(&mut self) {
        self.begun = None;
        if let Some((epoch, wait)) = self.waiting.take() {
            host::of_run(epoch, |host| host.granted(wait));
        }
    }

    /// Notes, without polling anything, that the current task waits from now on.
    #[inline(never)]
    pub fn begin(&mut self, tag: &Tag, op: Op, site: Site) {
        self.begun = Some(site);
        if self.waiting.is_none() {
            self.waiting = host::with_epoch(|host, epoch| {
                let id = host.wait(tag.resolve(host, epoch), op, 1, site)?;
                Some((epoch, id))
            })
            .flatten();
        }
    }
}

impl Drop for PollWait {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_some() {
            self.end();
        }
    }
}

/// The operation that was held back is attempted now.
#[inline(never)]
fn probe_done() {
    host::with(|host| host.probe_done());
}

/// A switch point before `op`, which belongs to no resource.
#[inline(never)]
pub fn switch(op: Op, site: Site) {
    host::with(|host| host.switch(op, None, site));
}
