//! Tasks that stay on one thread.
//!
//! They are polled within the poll of whoever polls the set, in a run as well: there they are a part
//! of that task, and so are their waits and what they hold. For what tokio keeps in a thread-local
//! meanwhile see `local_context`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::task as real;
use standstill_rt::host;

use crate::runtime::{Runtime, outside_of_runs};
use crate::task::local_context::{LocalEnterGuard, Polling};
use crate::task::{JoinHandle, coop};

/// Starts a future that need not be `Send` on the current [`LocalSet`].
///
/// In a run its budget is that of the task which polls the set: without bounds. tokio would keep another
/// one in a thread-local while it is polled.
///
/// # Panics
///
/// Outside of a `LocalSet`.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if host::in_controlled_run() {
        return JoinHandle::real(real::spawn_local(coop::unconstrained(future)));
    }
    JoinHandle::real(real::spawn_local(future))
}

/// A set of tasks that run on the thread which polls the set.
pub struct LocalSet {
    real: real::LocalSet,
}

impl LocalSet {
    /// An empty set.
    pub fn new() -> Self {
        Self {
            real: real::LocalSet::new(),
        }
    }

    /// The set's id.
    pub fn id(&self) -> ::tokio::runtime::Id {
        self.real.id()
    }

    /// Makes this the set that [`spawn_local`] spawns on, until the guard is dropped.
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard::enter(&self.real)
    }

    /// Starts a task on this set.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if host::in_controlled_run() {
            return JoinHandle::real(self.real.spawn_local(coop::unconstrained(future)));
        }
        JoinHandle::real(self.real.spawn_local(future))
    }

    /// Runs `future` on `runtime` together with the set's tasks.
    ///
    /// # Panics
    ///
    /// In a run.
    #[track_caller]
    pub fn block_on<F>(&self, runtime: &Runtime, future: F) -> F::Output
    where
        F: Future,
    {
        outside_of_runs("tokio::task::LocalSet::block_on");
        self.real.block_on(runtime.real(), future)
    }

    /// Runs `future` together with the set's tasks.
    pub async fn run_until<F>(&self, future: F) -> F::Output
    where
        F: Future,
    {
        let mut run = pin!(self.real.run_until(future));
        poll_fn(|cx| {
            let _polling = Polling::begin();
            run.as_mut().poll(cx)
        })
        .await
    }
}

impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _polling = Polling::begin();
        Pin::new(&mut self.real).poll(cx)
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
