//! Waiting without `.await`: for closures that run on a stack of their own.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::host::{self, Host};

/// Whether the current task of a run may block its thread. Outside of a run: None. So it is for an
/// asynchronous task that runs on a real runtime: that knows whether it may.
#[inline(never)]
pub fn may_block() -> Option<bool> {
    host::with(|host| (host.may_block() || host.controlled()).then(|| host.may_block())).flatten()
}

/// A part of the current task in which it may block its thread: `block_in_place`. It ends when
/// this is dropped.
#[derive(Debug)]
pub struct MayBlock(Option<u32>);

impl MayBlock {
    /// Begins the part. Outside of a run this does nothing.
    #[inline(never)]
    pub fn begin() -> Self {
        Self(host::with_epoch(|host, epoch| {
            host.enter_blocking();
            epoch
        }))
    }
}

impl Drop for MayBlock {
    #[inline(never)]
    fn drop(&mut self) {
        in_same_run(self.0, |host| host.exit_blocking());
    }
}

/// A part of the current poll that is not preempted, since something is in a thread-local that
/// nobody can put aside. It ends when this is dropped.
#[derive(Debug)]
pub struct NoPreempt(Option<u32>);

impl NoPreempt {
    /// Begins the part. Outside of a run this does nothing.
    #[inline(never)]
    pub fn begin() -> Self {
        Self(host::with_epoch(|host, epoch| {
            host.begin_no_preempt();
            epoch
        }))
    }
}

impl Drop for NoPreempt {
    #[inline(never)]
    fn drop(&mut self) {
        in_same_run(self.0, |host| host.end_no_preempt());
    }
}

fn in_same_run(epoch: Option<u32>, f: impl FnOnce(&dyn Host)) {
    if let Some(epoch) = epoch {
        host::of_run(epoch, |host| f(host));
    }
}

/// Suspends the current task in the middle of its poll until it is woken by one of its own wakers.
/// May return early; the caller looks again, and keeps a [`MayBlock`] meanwhile, since this may use
/// up a wake that was meant for the rest of the poll. False if there is nobody to suspend: the caller then
/// has to block for real.
///
/// While the run is being closed it does not return but unwinds the task, or in its destructors ends
/// others that may be waited for: see [`Schedule::park`](host::Schedule::park).
#[inline(never)]
pub fn park_in_poll() -> bool {
    host::with(|host| {
        if host.current().is_none() {
            return false;
        }
        host.park();
        true
    }) == Some(true)
}

/// Runs `future` to its end on the current blocking task of a run, parking it in between.
///
/// # Panics
///
/// Outside of a run: check [`may_block`] first.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let waker = own_waker();
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

#[inline(never)]
fn own_waker() -> Waker {
    match host::with(|host| host.waker()) {
        Some(waker) => waker,
        None => panic!("a blocking wait of a run went on outside of it"),
    }
}

/// Suspends the current task of a run until it is woken. May return early; the caller looks again.
#[inline(never)]
pub fn park() {
    host::with(|host| host.park());
}
