//! Spawning.

use std::future::Future;
use std::panic::Location;

use ::tokio::runtime::Handle as RealHandle;
use ::tokio::task as real;
use standstill_rt::facade;
use standstill_rt::{Op, Site};

use crate::driver;
use crate::task::JoinHandle;

/// Spawns `future` as a new task.
///
/// # Panics
///
/// If it is called neither in a runtime nor in a run.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_at(future, None, Location::caller())
}

/// As [`spawn`], on `handle`'s runtime unless the run is controlled.
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
    // A run on a real runtime spawns on the current one. A controlled run has no other runtime.
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

/// Runs `f` as a task that is allowed to block.
///
/// # Panics
///
/// If it is called neither in a runtime nor in a run.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_blocking_at(f, None, Location::caller())
}

/// As [`spawn_blocking`], on `handle`'s runtime unless the run is controlled.
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

/// Runs `f`, which may block, on the current task.
///
/// In a controlled run, `f` may use blocking operations such as [`Handle::block_on`] and
/// `blocking_recv`. They suspend the task in the middle of its poll.
///
/// [`Handle::block_on`]: crate::runtime::Handle::block_on
///
/// # Panics
///
/// On a current-thread runtime, unless in a controlled run.
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
