//! Controls the clock in tests. In a controlled run, it is paused from the start.

use std::future::Future;
use std::panic::Location;

use ::tokio::time as real;
use standstill_rt::{Op, facade, host};

use crate::driver;
use crate::time::Duration;

/// Pauses the clock: it then jumps to the next timer whenever nothing else can run. In a controlled run
/// the clock is always paused, and this does nothing.
///
/// # Panics
///
/// Outside a controlled run: if the runtime is not a current-thread runtime, or the clock is already
/// paused.
#[track_caller]
pub fn pause() {
    if !host::in_controlled_run() {
        real::pause();
    }
}

/// Resumes a paused clock.
///
/// # Panics
///
/// In a controlled run, and if the clock is not paused.
#[track_caller]
pub fn resume() {
    if host::in_controlled_run() {
        host::refuse(
            "tokio::time::resume",
            "time is virtual there, so leave the call out, or run this with the stress engine",
        );
    }
    real::resume();
}

/// Advances a paused clock by `duration`.
///
/// # Panics
///
/// If the clock is not paused.
#[track_caller]
pub fn advance(duration: Duration) -> impl Future<Output = ()> {
    let site = Location::caller();
    driver::require();
    async move {
        facade::switch(Op::Sleep, site);
        real::advance(duration).await;
    }
}
