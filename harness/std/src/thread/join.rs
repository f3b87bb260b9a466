//! `JoinHandle`, and the wait for a thread's end.

use std::fmt;
use std::panic::Location;
use std::task::{Context, Poll, Waker};
use std::thread as real;

use standstill_rt::facade::{
    self, EndedWithRun, Inside, Joined, Output, PollWait, Spawned, Wrapped,
};
use standstill_rt::host::{self, Failure};
use standstill_rt::{Op, Site};

use crate::block;
use crate::thread::{Result, Thread};

/// Stands for a thread: join it for its result, drop it to let the thread go its own way.
pub struct JoinHandle<T> {
    repr: Repr<T>,
}

enum Repr<T> {
    Real(Wrapped<real::JoinHandle<T>>, Thread),
    Run(Joined<T>, Thread),
}

impl<T> JoinHandle<T> {
    pub(super) fn real(handle: real::JoinHandle<T>) -> Self {
        let thread = Thread::real(handle.thread());
        Self {
            repr: Repr::Real(Wrapped::new(handle), thread),
        }
    }

    pub(super) fn run(joined: Joined<T>, thread: Thread) -> Self {
        Self {
            repr: Repr::Run(joined, thread),
        }
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        match &self.repr {
            Repr::Real(_, thread) | Repr::Run(_, thread) => thread,
        }
    }

    /// Waits until the thread has ended.
    ///
    /// # Errors
    ///
    /// What the thread panicked with.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.repr {
            Repr::Real(handle, _) => handle.into_inner().join(),
            Repr::Run(joined, _) => join(&joined, Location::caller()),
        }
    }

    /// Whether the thread has ended.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.repr {
            Repr::Real(handle, _) => Inside::run(|| handle.is_finished()),
            Repr::Run(joined, _) => {
                let Spawned { tag, cell, .. } = &joined.spawned;
                tag.switch(Op::Inspect, Location::caller());
                cell.is_finished()
            }
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Waits for the end of a thread of a run.
pub(super) fn join<T>(joined: &Joined<T>, site: Site) -> Result<T> {
    await_end(&joined.spawned, site).map(|output| joined.unpack(output))
}

#[inline(never)]
fn await_end(thread: &Spawned, site: Site) -> Result<Output> {
    let mut wait = PollWait::new();
    loop {
        let polled = wait.poll(
            &thread.tag,
            Op::Join,
            || site,
            || {
                let waker = host::with(|host| host.waker());
                let waker = waker.as_ref().unwrap_or(Waker::noop());
                thread.cell.poll(&mut Context::from_waker(waker))
            },
        );
        match polled {
            Poll::Ready(Ok(output)) => return Ok(output),
            Poll::Ready(Err(Failure::Panicked(payload))) => {
                thread.failure_seen();
                return Err(payload);
            }
            Poll::Ready(Err(Failure::Cancelled)) => return ended_with_its_run(),
            Poll::Pending if block::in_task() => facade::park(),
            Poll::Pending => return ended_with_its_run(),
        }
    }
}

/// The thread was ended before its end, because the run is over. So is the caller, unless it is a
/// destructor.
#[cold]
fn ended_with_its_run() -> Result<Output> {
    while block::closing() && !real::panicking() {
        facade::park();
    }
    Err(Box::new(EndedWithRun::new()))
}
