//! The handles of a spawned task.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::task as real;
use standstill_rt::facade::{self, JoinCell, Joined, PollWait};
use standstill_rt::host::Failure;
use standstill_rt::{Op, Site, TaskRef, host};

use crate::place;
use crate::task::{Id, JoinError};

/// Stands for a spawned task: await it for the result, drop it to let the task go its own way.
pub struct JoinHandle<T> {
    repr: Repr<T>,
}

enum Repr<T> {
    Real(real::JoinHandle<T>),
    Run {
        joined: Joined<T>,
        /// What an [`AbortHandle`] needs of the cell. It is made where `T` is known to be one that
        /// may be sent, which an abort handle is asked for without.
        finished: fn(&Arc<JoinCell<T>>) -> Arc<dyn Finished + Send + Sync>,
        polling: PollWait,
        site: Site,
    },
}

impl<T> JoinHandle<T> {
    pub(super) fn real(handle: real::JoinHandle<T>) -> Self {
        Self {
            repr: Repr::Real(handle),
        }
    }

    /// Cancels the task at its next `.await`.
    #[track_caller]
    pub fn abort(&self) {
        self.abort_at(Location::caller());
    }

    pub(super) fn abort_at(&self, site: Site) {
        match &self.repr {
            Repr::Real(handle) => handle.abort(),
            Repr::Run { joined, .. } => abort_in_run(joined.task, joined.epoch, site),
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.repr {
            Repr::Real(handle) => handle.is_finished(),
            Repr::Run { joined, .. } => is_finished_in_run(&*joined.cell, Location::caller()),
        }
    }

    /// A handle that can only abort.
    #[must_use = "abort handles do nothing unless `.abort` is called"]
    pub fn abort_handle(&self) -> AbortHandle {
        match &self.repr {
            Repr::Real(handle) => AbortHandle {
                repr: AbortRepr::Real(handle.abort_handle()),
            },
            Repr::Run {
                joined, finished, ..
            } => AbortHandle {
                repr: AbortRepr::Run {
                    task: joined.task,
                    epoch: joined.epoch,
                    cell: finished(&joined.cell),
                },
            },
        }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        match &self.repr {
            Repr::Real(handle) => Id::real(handle.id()),
            Repr::Run { joined, .. } => Id::of(joined.task),
        }
    }

    /// Polls for the result without a note to the tracker: for a set that notes its own waits.
    pub(super) fn poll_untracked(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match &mut self.repr {
            Repr::Real(handle) => Pin::new(handle).poll(cx).map_err(JoinError::real),
            Repr::Run { joined, .. } => joined.cell.poll(cx).map(|result| ended(joined, result)),
        }
    }

    /// Notes that the current task waits for this one.
    pub(super) fn note_wait(&self, wait: &mut PollWait, op: Op, site: Site) {
        if let Repr::Run { joined, .. } = &self.repr {
            wait.begin(&joined.tag, op, site);
        }
    }
}

impl<T: Send + 'static> JoinHandle<T> {
    pub(super) fn run(joined: Joined<T>, site: Site) -> Self {
        Self {
            repr: Repr::Run {
                joined,
                finished: |cell| Arc::clone(cell) as _,
                polling: PollWait::new(),
                site,
            },
        }
    }
}

fn ended<T>(joined: &Joined<T>, result: Result<T, Failure>) -> Result<T, JoinError> {
    result.map_err(|failure| {
        if matches!(failure, Failure::Panicked(_)) {
            joined.failure_seen();
        }
        JoinError::of(Id::of(joined.task), failure)
    })
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.repr {
            Repr::Real(handle) => Pin::new(handle).poll(cx).map_err(JoinError::real),
            Repr::Run {
                joined,
                polling,
                site,
                ..
            } => {
                let caller = Location::caller();
                let site = || place::of_poll(caller, site);
                polling
                    .poll_with(cx, &joined.tag, Op::Join, site, |cx| joined.cell.poll(cx))
                    .map(|result| ended(joined, result))
            }
        }
    }
}

impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T: fmt::Debug> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish()
    }
}

/// Aborts a task, and knows whether it has ended. Any number of them may exist.
#[derive(Clone)]
pub struct AbortHandle {
    repr: AbortRepr,
}

#[derive(Clone)]
enum AbortRepr {
    Real(real::AbortHandle),
    Run {
        task: TaskRef,
        epoch: u32,
        cell: Arc<dyn Finished + Send + Sync>,
    },
}

trait Finished {
    fn is_finished(&self) -> bool;
}

impl<T> Finished for JoinCell<T> {
    fn is_finished(&self) -> bool {
        JoinCell::is_finished(self)
    }
}

fn abort_in_run(task: TaskRef, epoch: u32, site: Site) {
    facade::switch(Op::Abort, site);
    host::of_run(epoch, |host| host.abort(task));
}

fn is_finished_in_run(cell: &(impl Finished + ?Sized), site: Site) -> bool {
    facade::switch(Op::Inspect, site);
    cell.is_finished()
}

impl AbortHandle {
    /// Cancels the task at its next `.await`.
    #[track_caller]
    pub fn abort(&self) {
        self.abort_at(Location::caller());
    }

    fn abort_at(&self, site: Site) {
        match &self.repr {
            AbortRepr::Real(handle) => handle.abort(),
            AbortRepr::Run { task, epoch, .. } => abort_in_run(*task, *epoch, site),
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.repr {
            AbortRepr::Real(handle) => handle.is_finished(),
            AbortRepr::Run { cell, .. } => is_finished_in_run(&**cell, Location::caller()),
        }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        match &self.repr {
            AbortRepr::Real(handle) => Id::real(handle.id()),
            AbortRepr::Run { task, .. } => Id::of(*task),
        }
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .finish()
    }
}
