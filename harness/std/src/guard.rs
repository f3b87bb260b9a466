//! What guards and ends of channels carry: the switch point before they are given back, and the
//! news that they were.

use std::sync::Arc;
use std::thread;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, Site};

use crate::block::{self, Waiters};

/// The switch point before a guard is dropped. Make it the guard's first field: fields drop in
/// order, so the real guard, its hold and the news follow.
#[derive(Debug)]
pub(crate) struct Release<'a> {
    tag: &'a Tag,
    site: Site,
}

impl<'a> Release<'a> {
    pub(crate) fn new(tag: &'a Tag, site: Site) -> Self {
        Self { tag, site }
    }

    /// A switch point now, before part of what is held is given back.
    pub(crate) fn switch(&self) {
        self.tag.switch(Op::Release, self.site);
    }

    /// It is given back, but not by being dropped: no switch point.
    pub(crate) fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Release<'_> {
    #[inline]
    fn drop(&mut self) {
        self.switch();
    }
}

/// Wakes those who wait, when dropped. Make it the last field.
#[derive(Debug)]
pub(crate) struct News<'a>(pub(crate) &'a Waiters);

impl News<'_> {
    /// Wakes them now.
    pub(crate) fn tell(&self) {
        self.0.wake();
    }
}

impl Drop for News<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// Takes back, when dropped, the poison that a task leaves in a lock which is unwound because its run
/// is over. Put it right after the real guard.
#[derive(Debug)]
pub(crate) struct Unpoison<L: Poisonable> {
    lock: L,
    was_poisoned: bool,
}

/// A lock that can be poisoned.
pub(crate) trait Poisonable {
    fn clear(&self);
}

impl<L: Poisonable> Unpoison<L> {
    pub(crate) fn new(lock: L, was_poisoned: bool) -> Self {
        Self { lock, was_poisoned }
    }
}

impl<L: Poisonable> Drop for Unpoison<L> {
    #[inline]
    fn drop(&mut self) {
        if !self.was_poisoned && thread::panicking() && block::closing() {
            self.lock.clear();
        }
    }
}

/// One end of a channel: the switch point before it is dropped. Make it the first field.
#[derive(Debug)]
pub(crate) struct End<C: AsRef<Tag>> {
    channel: Arc<C>,
    op: Op,
    site: Site,
}

impl<C: AsRef<Tag>> End<C> {
    pub(crate) fn source(channel: Arc<C>, site: Site) -> Self {
        Self {
            channel,
            op: Op::CloseSource,
            site,
        }
    }

    pub(crate) fn sink(channel: Arc<C>, site: Site) -> Self {
        Self {
            channel,
            op: Op::CloseSink,
            site,
        }
    }

    pub(crate) fn channel(&self) -> &Arc<C> {
        &self.channel
    }
}

impl<C: AsRef<Tag>> Drop for End<C> {
    #[inline]
    fn drop(&mut self) {
        (*self.channel).as_ref().switch(self.op, self.site);
    }
}
