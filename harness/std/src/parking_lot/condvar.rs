//! `parking_lot::Condvar`.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use ::parking_lot as real;
use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind, Site};

use crate::block::{self, Operation};
use crate::parking_lot::{MutexGuard, until};
use crate::sync::Tickets;
use crate::time::Instant;

/// A condition that threads wait for and notify each other of.
///
/// In a run the strategy chooses whom [`Condvar::notify_one`] wakes. A wait never ends without a
/// reason: `parking_lot` promises that.
pub struct Condvar {
    tag: Tag,
    tickets: Tickets,
    real: real::Condvar,
}

impl Condvar {
    /// A condition that nobody waits for.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            tag: Tag::new(ResourceKind::ParkingLotCondvar),
            tickets: Tickets::new(false),
            real: real::Condvar::new(),
        }
    }

    fn wait_at<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Option<Duration>,
        site: Site,
    ) -> WaitTimeoutResult {
        if block::in_task() {
            let operation = Operation {
                tag: &self.tag,
                op: Op::CondvarWait,
                site,
            };
            let ((), ended) = self.tickets.wait(operation, limit, || guard.unlock());
            guard.relock(site);
            return WaitTimeoutResult(ended.is_err());
        }
        let real = guard.real();
        WaitTimeoutResult(match limit {
            None => {
                self.real.wait(real);
                false
            }
            Some(limit) => self.real.wait_for(real, limit).timed_out(),
        })
    }

    /// Unlocks, waits to be notified, and locks again.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_at(guard, None, Location::caller());
    }

    /// As [`Condvar::wait`], but no longer than `limit`.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Duration,
    ) -> WaitTimeoutResult {
        self.wait_at(guard, Some(limit), Location::caller())
    }

    /// As [`Condvar::wait`], but no longer than until `deadline`.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_at(guard, Some(until(deadline)), Location::caller())
    }

    /// As [`Condvar::wait`], for as long as `condition` holds.
    #[track_caller]
    pub fn wait_while<T: ?Sized, F>(&self, guard: &mut MutexGuard<'_, T>, mut condition: F)
    where
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        while condition(&mut **guard) {
            self.wait_at(guard, None, site);
        }
    }

    /// As [`Condvar::wait_while`], but no longer than `limit`.
    #[track_caller]
    pub fn wait_while_for<T: ?Sized, F>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: F,
        limit: Duration,
    ) -> WaitTimeoutResult
    where
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        let start = crate::time::now();
        while condition(&mut **guard) {
            let passed = crate::time::now().saturating_duration_since(start);
            let left = limit.saturating_sub(passed);
            if self.wait_at(guard, Some(left), site).timed_out() {
                return WaitTimeoutResult(condition(&mut **guard));
            }
        }
        WaitTimeoutResult(false)
    }

    /// Wakes one of those who wait. Returns whether there was one.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        self.tag.switch(Op::Notify, Location::caller());
        let called = self.tickets.call_one();
        if called {
            self.tag.moved();
        }
        called || self.real.notify_one()
    }

    /// Wakes all of those who wait. Returns how many there were.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        self.tag.switch(Op::Notify, Location::caller());
        let called = self.tickets.call_all();
        if called > 0 {
            self.tag.moved();
        }
        called + self.real.notify_all()
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// Whether a wait with a limit ended because the limit had passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it did.
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}
