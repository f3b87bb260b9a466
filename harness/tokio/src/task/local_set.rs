//! Tasks that stay on one thread.
//!
//! The task that polls the set also polls these tasks, within its own poll. In a run, they count as a
//! part of that task, and so do their waits and holds. For the state that tokio keeps in a thread-local
//! meanwhile, see `local_context`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::task as real;
use standstill_rt::host;

use crate::runtime::{Runtime, outside_of_runs};
use crate::task::local_context::{LocalEnterGuard, Polling};
use crate::task::{JoinHandle, coop};

/// Spawns a future that need not be `Send` on the current [`LocalSet`].
///
/// In a controlled run, its cooperative budget is that of the task that polls the set, which is
/// unlimited. Otherwise tokio would keep a separate budget in a thread-local during the poll.
///
/// # Panics
///
/// Outside a `LocalSet`.
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

/// A set of tasks that run on the thread that polls the set.
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

    /// Spawns a task on this set.
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
    /// In a controlled run.
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
