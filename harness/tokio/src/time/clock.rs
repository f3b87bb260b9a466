//! The clock in tests. In a run it is paused from the start.

use std::future::Future;
use std::panic::Location;

use ::tokio::time as real;
use standstill_rt::{Op, facade, host};

use crate::driver;
use crate::time::Duration;

/// Stops the clock, so that it jumps to the next timer whenever nothing else can run. In a run
/// that is so anyway.
///
/// # Panics
///
/// Outside of a run: unless in a current-thread runtime whose clock is running.
#[track_caller]
pub fn pause() {
    if !host::in_controlled_run() {
        real::pause();
    }
}

/// Lets a paused clock go on.
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

/// Puts a paused clock forward.
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
