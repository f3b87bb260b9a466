//! Waiting without `.await`: for closures that run on a stack of their own.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use crate::host;

/// Whether the current task of a run may block its thread. Outside of a run: None. So it is for an
/// asynchronous task that runs on a real runtime: that knows whether it may.
pub fn may_block() -> Option<bool> {
    host::with(|host| (host.may_block() || host.controlled()).then(|| host.may_block())).flatten()
}

/// Runs `future` to its end on the current blocking task of a run, parking it in between.
///
/// # Panics
///
/// Outside of a run: check [`may_block`] first.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let polled = host::with(|host| {
            let waker = host.waker();
            future.as_mut().poll(&mut Context::from_waker(&waker))
        });
        match polled {
            Some(Poll::Ready(output)) => return output,
            Some(Poll::Pending) => {
                host::with(|host| host.park());
            }
            None => panic!("a blocking wait of a run went on outside of it"),
        }
    }
}
