//! What guards do when they are dropped: wake those who wait, and clear poison.

use standstill_rt::facade::Inside;

use crate::block::{self, Waiters};

/// Wakes those who wait, when dropped. Make it the last field.
#[derive(Debug)]
pub(crate) struct WakeOnDrop<'a>(pub(crate) &'a Waiters);

impl WakeOnDrop<'_> {
    /// Wakes them now.
    pub(crate) fn wake(&self) {
        self.0.wake();
    }
}

impl Drop for WakeOnDrop<'_> {
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
        if !self.was_poisoned && block::unwound_with_run() {
            Inside::run(|| self.lock.clear());
        }
    }
}
