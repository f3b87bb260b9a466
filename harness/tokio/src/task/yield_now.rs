//! `yield_now`.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::Poll;

use ::tokio::task as real;
use standstill_rt::facade;
use standstill_rt::{Op, Site, host};

/// Lets other tasks run, then continues.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> {
    yield_at(Location::caller())
}

async fn yield_at(site: Site) {
    if !host::in_run() {
        return real::yield_now().await;
    }
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        facade::switch(Op::Yield, site);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
