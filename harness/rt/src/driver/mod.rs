//! The runtime that the tasks of a run are polled in: what an engine asks of an asynchronous runtime.
//!
//! A program's own code may stand on tokio, whose timers and spawned tasks need a runtime of tokio's
//! around them. The drop-in for tokio registers a [`Driver`] that makes such runtimes. Without one, as
//! in a program of threads alone, runs have the [`simple`] runtime of this crate.

pub mod simple;
mod threads;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::unmodelled;

/// A timer: ready once its time has come.
pub type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes the runtimes of runs.
pub trait Driver: Sync {
    /// A runtime for controlled runs on the calling thread, with a clock that stands still.
    fn paused(&self) -> Box<dyn PausedRuntime>;

    /// A runtime for a stress run, with this many worker threads.
    fn parallel(&self, threads: usize, observer: ThreadObserver) -> Box<dyn ParallelRuntime>;

    /// The runtime that the calling thread is in, if it is in one.
    fn current(&self) -> Option<Arc<dyn Spawner>>;

    /// In the panic hook, on a task of a controlled run: what to say in place of `message`, raised in
    /// `file`, if the panic means that the run's runtime cannot do what was asked of it.
    fn explain(&self, message: &str, file: Option<&str>) -> Option<String>;
}

/// A runtime whose clock moves only when nobody can run, or when it is told to.
pub trait PausedRuntime {
    /// Its clock.
    fn clock(&self) -> Rc<dyn Clock>;

    /// Polls `future` until it is ready, as the only task of the run's engine. Whenever it is pending
    /// and was not woken, the clock moves to the next timer.
    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>);

    /// How many tasks the program spawned on it past the facade, and are still there.
    fn unscheduled(&self) -> usize;

    /// Ends it without waiting for anything on it.
    fn shut_down(self: Box<Self>);
}

/// The clock of a [`PausedRuntime`].
pub trait Clock: std::fmt::Debug {
    /// Now.
    fn now(&self) -> Instant;

    /// A timer, rounded up to milliseconds. It wakes whoever polled it last.
    fn sleep_until(&self, deadline: Instant) -> Timer;

    /// How many tasks are on the runtime that the program spawned past the facade.
    fn unscheduled(&self) -> usize;

    /// Moves the clock. Timers that are due fire before the runtime's future is polled next.
    fn advance(&self, by: Duration);
}

/// A runtime on which tasks run in parallel, in real time.
pub trait ParallelRuntime: Send {
    /// What spawns on it.
    fn spawner(&self) -> Arc<dyn Spawner>;

    /// Runs `future` to its end on the calling thread, inside of the runtime.
    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>);

    /// Ends it, and waits no longer than this for what does not end.
    fn shut_down(self: Box<Self>, patience: Duration);
}

/// Called on the threads of a [`ParallelRuntime`].
#[derive(Clone, Copy, Debug)]
pub struct ThreadObserver {
    /// As a thread begins.
    pub started: fn(),
    /// As it ends.
    pub stopping: fn(),
}

/// Tells runtimes of one process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuntimeId(pub u64);

/// Spawns on a runtime.
pub trait Spawner: Send + Sync {
    /// Which runtime it is.
    fn id(&self) -> RuntimeId;

    /// Spawns a task.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn Abort>;

    /// Spawns a task that may block its thread.
    fn spawn_blocking(&self, task: Box<dyn FnOnce() + Send>) -> Box<dyn Abort>;
}

/// Cancels a task.
pub trait Abort: Send + Sync {
    /// Cancels it at its next `.await`. A blocking task that has begun goes on.
    fn abort(&self);
}

static REGISTERED: OnceLock<&'static dyn Driver> = OnceLock::new();

thread_local! {
    /// The driver of the controlled run that the thread is in.
    static ENTERED: Cell<Option<&'static dyn Driver>> = const { Cell::new(None) };
}

/// Makes `driver` that of all runs which begin from now on. The first call counts.
pub fn register(driver: &'static dyn Driver) {
    let _ = REGISTERED.set(driver);
}

/// The registered driver, else the simple one.
pub fn get() -> &'static dyn Driver {
    REGISTERED.get().copied().unwrap_or(&simple::Simple)
}

/// Registers `driver`, whose runtime the caller is about to use. A controlled run that began before
/// it was registered has another runtime: it is made once more.
///
/// # Panics
///
/// In such a run.
#[inline(never)]
pub fn require(driver: &'static dyn Driver) {
    register(driver);
    let other = ENTERED
        .try_with(Cell::get)
        .ok()
        .flatten()
        .is_some_and(|entered| !std::ptr::addr_eq(entered, driver));
    if other {
        unmodelled::restart();
    }
}

/// Polls `future` in a runtime of `driver`.
pub fn block_on(
    driver: &'static dyn Driver,
    runtime: &dyn PausedRuntime,
    future: Pin<&mut dyn Future<Output = ()>>,
) {
    struct Restore(Option<&'static dyn Driver>);

    impl Drop for Restore {
        fn drop(&mut self) {
            ENTERED.set(self.0);
        }
    }

    let _restore = Restore(ENTERED.replace(Some(driver)));
    runtime.block_on(future);
}
