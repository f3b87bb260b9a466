//! `Condvar`.

use std::fmt;
use std::panic::Location;
use std::sync as real;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use standstill_rt::facade::{Shared, Tag};
use standstill_rt::{Op, ResourceKind, Site, host};

use crate::block::{self, Operation, TimedOut, Waiters};
use crate::sync::mutex::poisoned;
use crate::sync::{LockResult, MutexGuard, PoisonError, map_poison};

/// One wait in this many ends although nobody notified it, as `std` says that it may.
const SPURIOUS_ONE_IN: u32 = 32;

/// Those who wait for a condition in a run, each with a ticket that is called or not.
#[derive(Debug)]
pub(crate) struct Tickets {
    /// Now and then a wait ends although nobody notified it.
    spurious: bool,
    waiting: real::Mutex<Vec<Shared<Ticket>>>,
}

/// One waiter's.
#[derive(Debug)]
pub(crate) struct Ticket {
    called: AtomicBool,
    waiters: Waiters,
}

impl Tickets {
    pub(crate) const fn new(spurious: bool) -> Self {
        Self {
            spurious,
            waiting: real::Mutex::new(Vec::new()),
        }
    }

    fn waiting(&self) -> real::MutexGuard<'_, Vec<Shared<Ticket>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(never)]
    fn draw(&self) -> Drawn<'_> {
        let ticket = Shared::new(Ticket {
            called: AtomicBool::new(false),
            waiters: Waiters::new(),
        });
        self.waiting().push(ticket.clone());
        Drawn {
            tickets: self,
            ticket,
        }
    }

    /// Calls one of them, whichever the strategy chooses. False if there is none.
    pub(crate) fn call_one(&self) -> bool {
        let ticket = {
            let mut waiting = self.waiting();
            let count = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
            if count == 0 {
                return false;
            }
            let chosen = host::with(|host| host.choose(count)).unwrap_or(0);
            waiting.remove(chosen as usize)
        };
        ticket.call();
        true
    }

    /// Calls all of them. Returns how many.
    pub(crate) fn call_all(&self) -> usize {
        let tickets = std::mem::take(&mut *self.waiting());
        for ticket in &tickets {
            ticket.call();
        }
        tickets.len()
    }

    /// Blocks the current task, of a run, until it is called, or the limit has passed. In between it
    /// lets go of a lock by `unlock`.
    pub(crate) fn wait<R>(
        &self,
        operation: Operation<'_>,
        limit: Option<Duration>,
        unlock: impl FnOnce() -> R,
    ) -> (R, Result<(), TimedOut>) {
        // Before the lock is let go of: whoever notifies from then on finds the ticket.
        operation.tag.switch(operation.op, operation.site);
        let drawn = self.draw();
        let unlocked = unlock();
        (unlocked, drawn.wait(operation, limit))
    }
}

impl Ticket {
    fn call(&self) {
        self.called.store(true, Ordering::Release);
        self.waiters.wake();
    }

    fn is_called(&self) -> bool {
        self.called.load(Ordering::Acquire)
    }
}

/// A ticket that is handed back when its owner waits no longer.
struct Drawn<'a> {
    tickets: &'a Tickets,
    ticket: Shared<Ticket>,
}

impl Drawn<'_> {
    /// Blocks the current task until the ticket is called.
    #[inline(never)]
    fn wait(self, operation: Operation<'_>, limit: Option<Duration>) -> Result<(), TimedOut> {
        let Ticket { waiters, .. } = &*self.ticket;
        let spurious = self.tickets.spurious
            && host::with(|host| host.choose(SPURIOUS_ONE_IN)) == Some(SPURIOUS_ONE_IN - 1);
        let attempt = || (spurious || self.ticket.is_called()).then_some(());
        match operation.wait_for(waiters, limit, attempt) {
            // Called in the last moment is called.
            Some(Err(TimedOut)) if self.ticket.is_called() => Ok(()),
            Some(ended) => ended,
            None => Ok(()),
        }
    }
}

impl Drop for Drawn<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.tickets
            .waiting()
            .retain(|other| !other.is_same(&self.ticket));
    }
}

/// A condition that threads wait for and notify each other of.
///
/// In a run the strategy chooses whom [`Condvar::notify_one`] wakes, and now and then a wait ends
/// although nobody notified it: `std` allows both.
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
            tag: Tag::new(ResourceKind::StdCondvar),
            tickets: Tickets::new(true),
            real: real::Condvar::new(),
        }
    }

    fn wait_at<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
        site: Site,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let operation = Operation {
            tag: &self.tag,
            op: Op::CondvarWait,
            site,
        };
        if block::in_task() {
            let (mutex, ended) = self.tickets.wait(operation, limit, || guard.unlock());
            let result = WaitTimeoutResult(ended.is_err());
            return map_poison(mutex.lock_at(site), |guard| (guard, result));
        }
        let (mutex, real) = guard.into_real();
        let (result, timed_out) = match limit {
            None => (self.real.wait(real), false),
            Some(limit) => {
                let ((real, result), poisoned) = poisoned(self.real.wait_timeout(real, limit));
                let guard = if poisoned {
                    Err(PoisonError::new(real))
                } else {
                    Ok(real)
                };
                (guard, result.timed_out())
            }
        };
        map_poison(MutexGuard::from_real(mutex, result, site), |guard| {
            (guard, WaitTimeoutResult(timed_out))
        })
    }

    /// Unlocks, waits to be notified, and locks again.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the mutex is poisoned by then.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        map_poison(
            self.wait_at(guard, None, Location::caller()),
            |(guard, _)| guard,
        )
    }

    /// As [`Condvar::wait`], for as long as `condition` holds.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the mutex is poisoned by then.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        while condition(&mut *guard) {
            guard = map_poison(self.wait_at(guard, None, site), |(guard, _)| guard)?;
        }
        Ok(guard)
    }

    /// As [`Condvar::wait`], but no longer than `limit`.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the mutex is poisoned by then.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.wait_at(guard, Some(limit), Location::caller())
    }

    /// As [`Condvar::wait_while`], but no longer than `limit`.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the mutex is poisoned by then.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        let start = crate::time::now();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let passed = crate::time::now().saturating_duration_since(start);
            let Some(left) = limit.checked_sub(passed).filter(|left| !left.is_zero()) else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_at(guard, Some(left), site)?.0;
        }
    }

    /// Wakes one of those who wait.
    #[track_caller]
    pub fn notify_one(&self) {
        self.tag.switch(Op::Notify, Location::caller());
        if self.tickets.call_one() {
            self.tag.moved();
        } else {
            self.real.notify_one();
        }
    }

    /// Wakes all of those who wait.
    #[track_caller]
    pub fn notify_all(&self) {
        self.tag.switch(Op::Notify, Location::caller());
        if self.tickets.call_all() > 0 {
            self.tag.moved();
        }
        self.real.notify_all();
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
pub struct WaitTimeoutResult(pub(crate) bool);

impl WaitTimeoutResult {
    /// Whether it did.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
