//! The handles to a spawned task.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::task as real;
use standstill_rt::facade::{
    self, Inside, JoinCell, Joined, Output, PollWait, Shared, Spawned, Wrapped,
};
use standstill_rt::host::Failure;
use standstill_rt::{Op, Site, TaskRef, host};

use crate::place;
use crate::task::{Id, JoinError};

/// A handle to a spawned task. Awaiting it returns the result; dropping it detaches the task.
pub struct JoinHandle<T> {
    repr: Repr<T>,
}

enum Repr<T> {
    Real(Wrapped<real::JoinHandle<T>>),
    Run {
        joined: Joined<T>,
        polling: PollWait,
        site: Site,
    },
}

impl<T> JoinHandle<T> {
    pub(super) fn real(handle: real::JoinHandle<T>) -> Self {
        Self {
            repr: Repr::Real(Wrapped::new(handle)),
        }
    }

    pub(super) fn run(joined: Joined<T>, site: Site) -> Self {
        Self {
            repr: Repr::Run {
                joined,
                polling: PollWait::new(),
                site,
            },
        }
    }

    /// Cancels the task at its next `.await`.
    #[track_caller]
    pub fn abort(&self) {
        self.abort_at(Location::caller());
    }

    pub(super) fn abort_at(&self, site: Site) {
        match &self.repr {
            Repr::Real(handle) => handle.inside(real::JoinHandle::abort),
            Repr::Run { joined, .. } => {
                let Spawned { task, epoch, .. } = joined.spawned;
                abort_in_run(task, epoch, site);
            }
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.repr {
            Repr::Real(handle) => handle.inside(real::JoinHandle::is_finished),
            Repr::Run { joined, .. } => {
                is_finished_in_run(&joined.spawned.cell, Location::caller())
            }
        }
    }

    /// A handle that can abort the task, but not await it.
    #[must_use = "abort handles do nothing unless `.abort` is called"]
    pub fn abort_handle(&self) -> AbortHandle {
        let repr = match &self.repr {
            Repr::Real(handle) => AbortRepr::Real(handle.inside(real::JoinHandle::abort_handle)),
            Repr::Run { joined, .. } => AbortRepr::Run {
                task: joined.spawned.task,
                epoch: joined.spawned.epoch,
                cell: joined.spawned.cell.clone(),
            },
        };
        AbortHandle { repr }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        match &self.repr {
            Repr::Real(handle) => Id::real(handle.id()),
            Repr::Run { joined, .. } => Id::of(joined.spawned.task),
        }
    }

    /// Polls for the result without recording a wait, for a set that records its own waits.
    pub(super) fn poll_untracked(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match &mut self.repr {
            Repr::Real(handle) => poll_real(handle, cx),
            Repr::Run { joined, .. } => {
                poll_cell(&joined.spawned, cx).map_ok(|output| joined.unpack(output))
            }
        }
    }

    /// Records that the current task waits for this one.
    pub(super) fn note_wait(&self, wait: &mut PollWait, op: Op, site: Site) {
        if let Repr::Run { joined, .. } = &self.repr {
            wait.begin(&joined.spawned.tag, op, site);
        }
    }
}

fn poll_real<T>(
    handle: &mut Wrapped<real::JoinHandle<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, JoinError>> {
    handle
        .inside_mut(|handle| Pin::new(handle).poll(cx))
        .map_err(JoinError::real)
}

#[inline(never)]
fn poll_cell(spawned: &Spawned, cx: &mut Context<'_>) -> Poll<Result<Output, JoinError>> {
    spawned.cell.poll(cx).map(|result| ended(spawned, result))
}

/// As [`poll_cell`], and records that the current task waits.
#[inline(never)]
fn poll_tracked(
    spawned: &Spawned,
    polling: &mut PollWait,
    (caller, made): (Site, Site),
    cx: &mut Context<'_>,
) -> Poll<Result<Output, JoinError>> {
    let site = || place::of_poll(caller, made);
    polling
        .poll_with(cx, &spawned.tag, Op::Join, site, |cx| spawned.cell.poll(cx))
        .map(|result| ended(spawned, result))
}

fn ended(spawned: &Spawned, result: Result<Output, Failure>) -> Result<Output, JoinError> {
    result.map_err(|failure| {
        if matches!(failure, Failure::Panicked(_)) {
            spawned.failure_seen();
        }
        JoinError::of(Id::of(spawned.task), failure)
    })
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.repr {
            Repr::Real(handle) => poll_real(handle, cx),
            Repr::Run {
                joined,
                polling,
                site,
            } => poll_tracked(&joined.spawned, polling, (Location::caller(), site), cx)
                .map_ok(|output| joined.unpack(output)),
        }
    }
}

/// As in tokio, the result is dropped with its handle: an abort handle does not keep it.
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Repr::Run { joined, .. } = &self.repr {
            joined.spawned.cell.detach();
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

/// A handle that can abort a task and tell whether it has ended. A task may have any number of them.
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
        cell: Shared<JoinCell>,
    },
}

#[inline(never)]
fn abort_in_run(task: TaskRef, epoch: u32, site: Site) {
    facade::switch(Op::Abort, site);
    host::of_run(epoch, |host| host.abort(task));
}

#[inline(never)]
fn is_finished_in_run(cell: &JoinCell, site: Site) -> bool {
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
            AbortRepr::Real(handle) => Inside::run(|| handle.abort()),
            AbortRepr::Run { task, epoch, .. } => abort_in_run(*task, *epoch, site),
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.repr {
            AbortRepr::Real(handle) => Inside::run(|| handle.is_finished()),
            AbortRepr::Run { cell, .. } => is_finished_in_run(cell, Location::caller()),
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
