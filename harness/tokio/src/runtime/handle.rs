//! `Handle`.

use std::future::Future;
use std::panic::Location;

use ::tokio::runtime as real;
use standstill_rt::facade;

use crate::driver;
use crate::runtime::{EnterGuard, RuntimeFlavor, RuntimeMetrics, TryCurrentError};
use crate::task::{JoinHandle, spawn_at, spawn_blocking_at};

/// A handle to a runtime. In a run, every handle spawns tasks into the run.
#[derive(Clone, Debug)]
pub struct Handle {
    real: real::Handle,
}

impl Handle {
    pub(super) fn new(real: real::Handle) -> Self {
        Self { real }
    }

    /// The handle of the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn current() -> Self {
        driver::require();
        Self::new(real::Handle::current())
    }

    /// The handle of the current runtime.
    ///
    /// # Errors
    ///
    /// Outside a runtime.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        driver::require();
        real::Handle::try_current().map(Self::new)
    }

    /// Makes this the current runtime until the guard is dropped. Has no effect in a controlled run.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::enter(&self.real)
    }

    /// Spawns a task on the runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_at(future, Some(&self.real), Location::caller())
    }

    /// Runs `f` as a task that is allowed to block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        spawn_blocking_at(f, Some(&self.real), Location::caller())
    }

    /// Runs `future` to completion, blocking the thread.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match facade::may_block() {
            None => self.real.block_on(future),
            Some(true) => facade::block_on(future),
            Some(false) => panic!(
                "Cannot start a runtime from within a runtime. This happens because a function \
                 (like `block_on`) attempted to block the current thread while the thread is \
                 being used to drive asynchronous tasks. Here it is `Handle::block_on`: `.await` the \
                 future, or block on it in `tokio::task::spawn_blocking`"
            ),
        }
    }

    /// The kind of the runtime.
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        self.real.runtime_flavor()
    }

    /// The runtime's id.
    pub fn id(&self) -> real::Id {
        self.real.id()
    }

    /// The runtime's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.real.name()
    }

    /// tokio's own handle. Not part of the public interface.
    #[doc(hidden)]
    pub fn real(&self) -> real::Handle {
        self.real.clone()
    }

    /// The runtime's metrics.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.real.metrics()
    }
}

impl std::panic::UnwindSafe for Handle {}
impl std::panic::RefUnwindSafe for Handle {}
