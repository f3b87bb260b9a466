//! What a thread does with itself: parks, sleeps, yields.

use std::panic::Location;
use std::thread as real;
use std::time::Duration;

use standstill_rt::facade::{self, Deadline};
use standstill_rt::{Op, Site};

use crate::block::{self, Operation};
use crate::thread::handle::Parker;

fn park_at(limit: Option<Duration>, site: Site) -> bool {
    let Some(parker) = Parker::current() else {
        return false;
    };
    let operation = Operation {
        tag: &parker.tag,
        op: Op::Park,
        site,
    };
    let token = || parker.take_token().then_some(());
    operation.wait_for(&parker.waiters, limit, token).is_some()
}

/// Blocks the thread until it has its token, and takes it.
#[track_caller]
pub fn park() {
    if !park_at(None, Location::caller()) {
        real::park();
    }
}

/// As [`park`], but no longer than `limit`.
#[track_caller]
pub fn park_timeout(limit: Duration) {
    if !park_at(Some(limit), Location::caller()) {
        real::park_timeout(limit);
    }
}

/// Blocks the thread for `duration`. In a run that is virtual time.
#[track_caller]
pub fn sleep(duration: Duration) {
    if !block::in_task() {
        return real::sleep(duration);
    }
    let site = Location::caller();
    facade::switch(Op::Sleep, site);
    // None: so far away that it never comes.
    let mut deadline = Deadline::after(duration, site);
    while !deadline.as_mut().is_some_and(Deadline::has_come) {
        facade::park();
    }
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    if !block::in_task() {
        return real::yield_now();
    }
    facade::switch(Op::YieldThread, Location::caller());
}
