//! `Runtime`.

use std::future::Future;
use std::panic::Location;

use ::tokio::runtime as real;

use crate::runtime::{EnterGuard, Handle, RuntimeMetrics, outside_of_runs};
use crate::task::{JoinHandle, spawn_at, spawn_blocking_at};
use crate::time::Duration;

/// A runtime. It wraps tokio's own, and cannot be created or blocked on in a controlled run.
#[derive(Debug)]
pub struct Runtime {
    real: real::Runtime,
    handle: Handle,
}

impl Runtime {
    pub(super) fn around(real: real::Runtime) -> Self {
        let handle = Handle::new(real.handle().clone());
        Self { real, handle }
    }

    pub(crate) fn real(&self) -> &real::Runtime {
        &self.real
    }

    /// A multi-thread runtime with all drivers enabled.
    ///
    /// # Errors
    ///
    /// If the operating system cannot provide the resources.
    ///
    /// # Panics
    ///
    /// In a controlled run.
    #[cfg(feature = "rt-multi-thread")]
    #[track_caller]
    pub fn new() -> std::io::Result<Self> {
        outside_of_runs("tokio::runtime::Runtime");
        real::Runtime::new().map(Self::around)
    }

    /// A handle to the runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task on the runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_at(future, Some(self.real.handle()), Location::caller())
    }

    /// Runs `f` as a task that is allowed to block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        spawn_blocking_at(f, Some(self.real.handle()), Location::caller())
    }

    /// Runs `future` to completion, blocking the thread.
    ///
    /// # Panics
    ///
    /// In a controlled run, and in an asynchronous task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        outside_of_runs("tokio::runtime::Runtime::block_on");
        self.real.block_on(future)
    }

    /// Makes this the current runtime until the guard is dropped. Has no effect in a controlled run.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::enter(self.real.handle())
    }

    /// Shuts the runtime down. Waits at most `duration` for blocking operations.
    pub fn shutdown_timeout(self, duration: Duration) {
        self.real.shutdown_timeout(duration);
    }

    /// Shuts the runtime down without waiting.
    pub fn shutdown_background(self) {
        self.real.shutdown_background();
    }

    /// The runtime's metrics.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.real.metrics()
    }
}

impl std::panic::UnwindSafe for Runtime {}
impl std::panic::RefUnwindSafe for Runtime {}
