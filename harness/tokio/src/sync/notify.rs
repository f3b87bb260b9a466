//! `Notify` and its futures.

use std::future::Future;
use std::marker::PhantomPinned;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync as real;
use standstill_rt::facade::{Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::guard::Tagged;
use crate::raw::{KeptNotified, KeptNotify};

/// Wakes one or all of the tasks that wait for it. It stores at most one notification.
#[derive(Debug)]
pub struct Notify {
    tag: Tag,
    real: real::Notify,
}

impl Tagged for Notify {
    fn tag(&self) -> &Tag {
        &self.tag
    }
}

impl Notify {
    /// A `Notify` without a stored notification.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            tag: Tag::new(ResourceKind::Notify),
            real: real::Notify::new(),
        }
    }

    /// As [`Notify::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        Self {
            tag: Tag::new(ResourceKind::Notify),
            real: real::Notify::const_new(),
        }
    }

    pub(crate) fn real(&self) -> &real::Notify {
        &self.real
    }

    /// Waits for a notification. The future receives one by [`Notify::notify_waiters`] from this call
    /// on. It queues for one by [`Notify::notify_one`] at its first poll or at [`Notified::enable`].
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        let site = Location::caller();
        self.tag.switch(Op::Notified, site);
        Notified {
            wait: Wait::new(self.real.notified(), &self.tag, Op::Notified, site),
            tag: &self.tag,
            site,
        }
    }

    /// As [`Notify::notified`], with a future that keeps the `Notify` alive.
    #[track_caller]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let site = Location::caller();
        self.tag.switch(Op::Notified, site);
        let notified = KeptNotified::new(self);
        let owner = notified.owner();
        OwnedNotified {
            wait: Wait::new(notified, owner, Op::Notified, site),
            site,
            pinned: PhantomPinned,
        }
    }

    /// Wakes the task that has waited longest. If none waits, the next one to wait is notified.
    #[track_caller]
    pub fn notify_one(&self) {
        self.tag.switch(Op::Notify, Location::caller());
        self.real.notify_one();
        self.tag.moved();
    }

    /// Wakes the task that began to wait last. If none waits, the next one to wait is notified.
    #[track_caller]
    pub fn notify_last(&self) {
        self.tag.switch(Op::Notify, Location::caller());
        self.real.notify_last();
        self.tag.moved();
    }

    /// Wakes all tasks that wait now. Nothing is stored for later ones.
    #[track_caller]
    pub fn notify_waiters(&self) {
        self.tag.switch(Op::Notify, Location::caller());
        self.real.notify_waiters();
        self.tag.moved();
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl std::panic::UnwindSafe for Notify {}
impl std::panic::RefUnwindSafe for Notify {}

pin_project_lite::pin_project! {
    /// The future that [`Notify::notified`] returns.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Notified<'a> {
        #[pin]
        wait: Wait<real::futures::Notified<'a>, &'a Tag>,
        site: Site,
        tag: &'a Tag,
    }
}

impl Notified<'_> {
    /// Joins the queue now, without waiting. Returns whether the notification is already there.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.tag.switch(Op::Notified, this.site);
        this.wait.inner_pinned().enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx)
    }
}

pin_project_lite::pin_project! {
    /// The future that [`Notify::notified_owned`] returns.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct OwnedNotified {
        #[pin]
        wait: Wait<KeptNotified, KeptNotify>,
        site: Site,
        // Not `Unpin`, as in tokio, where the waiter is stored in the future.
        #[pin]
        pinned: PhantomPinned,
    }
}

impl OwnedNotified {
    /// Joins the queue now, without waiting. Returns whether the notification is already there.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let notified = this.wait.inner_pinned().get_mut();
        notified.owner().as_ref().switch(Op::Notified, this.site);
        notified.enable()
    }
}

impl Future for OwnedNotified {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx)
    }
}
