//! Spawning.

use std::future::Future;
use std::panic::Location;

use ::tokio::runtime::Handle as RealHandle;
use ::tokio::task as real;
use standstill_rt::facade;
use standstill_rt::{Op, Site};

use crate::driver;
use crate::task::JoinHandle;

/// Starts `future` as a task of its own.
///
/// # Panics
///
/// Outside of a runtime and of a run.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_at(future, None, Location::caller())
}

/// As [`spawn`], onto `handle`'s runtime when there is no run.
#[track_caller]
pub(crate) fn spawn_at<F>(
    future: F,
    handle: Option<&RealHandle>,
    site: Site,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    driver::require();
    // A run on a real runtime spawns where it is; a controlled one knows no other place.
    let entered = handle.map(RealHandle::enter);
    let spawned = facade::spawn_future(future, site);
    drop(entered);
    match spawned {
        Ok(joined) => {
            joined.spawned.tag.switch(Op::Spawn, site);
            JoinHandle::run(joined, site)
        }
        Err(future) => JoinHandle::real(match handle {
            Some(handle) => handle.spawn(future),
            None => real::spawn(future),
        }),
    }
}

/// Runs `f` where it may block.
///
/// # Panics
///
/// Outside of a runtime and of a run.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_blocking_at(f, None, Location::caller())
}

/// As [`spawn_blocking`], onto `handle`'s runtime when there is no run.
#[track_caller]
pub(crate) fn spawn_blocking_at<F, R>(
    f: F,
    handle: Option<&RealHandle>,
    site: Site,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    driver::require();
    let entered = handle.map(RealHandle::enter);
    let spawned = facade::spawn_blocking(f, site);
    drop(entered);
    match spawned {
        Ok(joined) => {
            joined.spawned.tag.switch(Op::Spawn, site);
            JoinHandle::run(joined, site)
        }
        Err(f) => JoinHandle::real(match handle {
            Some(handle) => handle.spawn_blocking(f),
            None => real::spawn_blocking(f),
        }),
    }
}

/// Runs `f`, which may block, on the task that calls this.
///
/// In a run `f` may use what blocks, such as [`Handle::block_on`] and `blocking_recv`: it suspends
/// the task in the middle of its poll.
///
/// [`Handle::block_on`]: crate::runtime::Handle::block_on
///
/// # Panics
///
/// On a current-thread runtime.
#[cfg(feature = "rt-multi-thread")]
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    if standstill_rt::host::in_controlled_run() {
        let _blocking = facade::MayBlock::begin();
        f()
    } else {
        real::block_in_place(f)
    }
}
