//! Tasks that stay on one thread. Not modelled in runs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::task as real;
use standstill_core::host;

use crate::runtime::Runtime;
use crate::task::JoinHandle;

/// Refuses what only works outside of runs.
#[track_caller]
fn outside_of_runs(what: &str) {
    assert!(
        !host::is_controlled(),
        "standstill does not model `{what}` in a controlled run: spawn a `Send` task with \
         `tokio::spawn`, or run this with the stress engine"
    );
}

/// Starts a future that need not be `Send` on the current [`LocalSet`].
///
/// # Panics
///
/// Outside of a `LocalSet`, and in a controlled run.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    outside_of_runs("tokio::task::spawn_local");
    JoinHandle::real(real::spawn_local(future))
}

/// A set of tasks that run on the thread which polls the set. It panics in a controlled run.
pub struct LocalSet {
    real: real::LocalSet,
}

impl LocalSet {
    /// An empty set.
    ///
    /// # Panics
    ///
    /// In a controlled run.
    #[track_caller]
    pub fn new() -> Self {
        outside_of_runs("tokio::task::LocalSet");
        Self {
            real: real::LocalSet::new(),
        }
    }

    /// The set's id.
    pub fn id(&self) -> ::tokio::runtime::Id {
        self.real.id()
    }

    /// Makes this the set that [`spawn_local`] spawns on, until the guard is dropped.
    pub fn enter(&self) -> real::LocalEnterGuard {
        self.real.enter()
    }

    /// Starts a task on this set.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        JoinHandle::real(self.real.spawn_local(future))
    }

    /// Runs `future` on `runtime` together with the set's tasks.
    #[track_caller]
    pub fn block_on<F>(&self, runtime: &Runtime, future: F) -> F::Output
    where
        F: Future,
    {
        outside_of_runs("tokio::task::LocalSet");
        self.real.block_on(runtime.real(), future)
    }

    /// Runs `future` together with the set's tasks.
    pub async fn run_until<F>(&self, future: F) -> F::Output
    where
        F: Future,
    {
        self.real.run_until(future).await
    }
}

impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.real).poll(cx)
    }
}

impl Default for LocalSet {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
