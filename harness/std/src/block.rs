//! Blocking without blocking: a wait of a task that tries, says what it waits for, and lets others
//! run until it is woken.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use standstill_rt::facade::{self, Deadline, Inside, PollWait, Tag};
use standstill_rt::{Op, Site, host};

/// Those who wait for a primitive. They are woken all together, and whoever then is first gets it:
/// the strategy decides.
#[derive(Debug)]
pub(crate) struct Waiters {
    count: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            wakers: Mutex::new(Vec::new()),
        }
    }

    /// The current task wants to be woken. It must look again after this, before it waits.
    #[inline(never)]
    fn add(&self) {
        let Some(waker) = host::with(|host| host.waker()) else {
            return;
        };
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|known| known.will_wake(&waker)) {
            wakers.push(waker);
            self.count.store(wakers.len(), Ordering::Relaxed);
        }
        // Either this look again sees what the other side did, or the other side sees the waker.
        fence(Ordering::SeqCst);
    }

    /// What they wait for may have come true.
    #[inline(never)]
    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) > 0 {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        let wakers = {
            let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
            self.count.store(0, Ordering::Relaxed);
            std::mem::take(&mut *wakers)
        };
        for waker in wakers {
            waker.wake();
        }
    }
}

/// A wait that time has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// Whether the caller is a task of a run. What blocks elsewhere blocks for real.
#[inline(never)]
pub(crate) fn in_task() -> bool {
    host::with(|host| host.current().is_some()) == Some(true)
}

/// Whether the caller's run is over and being taken down.
#[inline(never)]
pub(crate) fn closing() -> bool {
    host::with(|host| host.closing()) == Some(true)
}

/// Whether the caller is a destructor of a task that is unwound because its run is over.
#[inline(never)]
pub(crate) fn unwound_with_run() -> bool {
    std::thread::panicking() && closing()
}

/// What a blocking operation is, on what, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    pub(crate) tag: &'a Tag,
    pub(crate) op: Op,
    pub(crate) site: Site,
}

impl Operation<'_> {
    /// Blocks the current task until `attempt` succeeds, which may be whenever `waiters` are woken.
    /// Outside of a run, None: the caller then does it in the real way.
    pub(crate) fn wait<R>(
        self,
        waiters: &Waiters,
        attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        match self.wait_for(waiters, None, attempt)? {
            Ok(result) => Some(result),
            Err(TimedOut) => unreachable!("a wait without a limit has timed out"),
        }
    }

    /// As [`Operation::wait`], but no longer than `limit`. `attempt` is made [`Inside`].
    pub(crate) fn wait_for<R>(
        self,
        waiters: &Waiters,
        limit: Option<Duration>,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Option<Result<R, TimedOut>> {
        if !in_task() {
            return None;
        }
        self.tag.switch(self.op, self.site);
        let mut result = None;
        let ended = self.block(waiters, limit, &mut || {
            result = attempt();
            result.is_some()
        });
        match (ended, result) {
            (Ok(()), Some(result)) => Some(Ok(result)),
            (Err(TimedOut), _) => Some(Err(TimedOut)),
            (Ok(()), None) => unreachable!("a wait has ended without a result"),
        }
    }

    /// Blocks the current task, which has passed the switch point, until `attempt` is true.
    #[inline(never)]
    fn block(
        self,
        waiters: &Waiters,
        limit: Option<Duration>,
        attempt: &mut dyn FnMut() -> bool,
    ) -> Result<(), TimedOut> {
        let Self { tag, op, site } = self;
        let mut wait = PollWait::new();
        let mut deadline = None;
        loop {
            let inside = Inside::enter();
            let succeeded = attempt() || {
                waiters.add();
                attempt()
            };
            drop(inside);
            if succeeded {
                wait.granted();
                return Ok(());
            }
            wait.begin(tag, op, site);
            if let Some(limit) = limit {
                // None in the inner: so far away that it never comes.
                let deadline = deadline.get_or_insert_with(|| Deadline::after(limit, site));
                if deadline.as_mut().is_some_and(Deadline::has_come) {
                    return Err(TimedOut);
                }
            }
            facade::park();
        }
    }
}
