//! `TaskTracker`.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio_util::task::task_tracker as real;
use standstill_rt::facade::{Shared, Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};
use standstill_tokio::runtime::Handle;
use standstill_tokio::task::{self, JoinHandle, LocalSet};

/// Waits for tasks to end, without storing their results.
pub struct TaskTracker {
    real: Wrapped<real::TaskTracker>,
    tag: Shared<Tag>,
}

impl TaskTracker {
    /// An open tracker without tasks.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self {
            real: Wrapped::new(real::TaskTracker::new()),
            tag: Shared::new(Tag::new(ResourceKind::TaskTracker)),
        }
    }

    /// Waits until the tracker is closed and tracks no tasks.
    #[track_caller]
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        let site = Location::caller();
        // The wait ends even if the tracker is empty only for a moment from now on.
        self.tag.switch(Op::Atomic, site);
        TaskTrackerWaitFuture {
            wait: Wait::new(self.real.wait(), &*self.tag, Op::TrackerWait, site),
        }
    }

    /// Closes the tracker: waits end once it tracks no tasks. Returns true if it was open.
    #[track_caller]
    pub fn close(&self) -> bool {
        self.tag.switch(Op::Close, Location::caller());
        let closed = self.real.close();
        self.tag.moved();
        closed
    }

    /// Reopens the tracker. Returns true if it was closed.
    #[track_caller]
    pub fn reopen(&self) -> bool {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.reopen()
    }

    /// Whether the tracker is closed.
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.is_closed()
    }

    /// The number of tracked tasks.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.len()
    }

    /// Whether the tracker tracks no tasks.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.is_empty()
    }

    /// Spawns a task and tracks it.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(self.track_future(future))
    }

    /// As [`TaskTracker::spawn`], on `handle`'s runtime.
    #[track_caller]
    pub fn spawn_on<F>(&self, future: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn(self.track_future(future))
    }

    /// Spawns a task that need not be `Send`, and tracks it.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        task::spawn_local(self.track_future(future))
    }

    /// As [`TaskTracker::spawn_local`], on `local_set`.
    #[track_caller]
    pub fn spawn_local_on<F>(&self, future: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        local_set.spawn_local(self.track_future(future))
    }

    /// Runs `f` as a tracked task that is allowed to block.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        task::spawn_blocking(self.tracked(f))
    }

    /// As [`TaskTracker::spawn_blocking`], on `handle`'s runtime.
    #[track_caller]
    pub fn spawn_blocking_on<F, T>(&self, f: F, handle: &Handle) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle.spawn_blocking(self.tracked(f))
    }

    #[track_caller]
    fn tracked<F: FnOnce() -> T, T>(&self, f: F) -> impl FnOnce() -> T + use<F, T> {
        let token = self.token();
        move || {
            token.works();
            let result = f();
            drop(token);
            result
        }
    }

    /// Tracks `future` until it is dropped.
    #[track_caller]
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture {
            future,
            token: self.token(),
            works: false,
        }
    }

    /// A token that counts as a tracked task until it is dropped.
    #[track_caller]
    pub fn token(&self) -> TaskTrackerToken {
        let site = Location::caller();
        self.tag.switch(Op::Atomic, site);
        TaskTrackerToken {
            site,
            real: Some(Wrapped::new(self.real.token())),
            tracker: self.clone(),
        }
    }

    /// Whether both are the same tracker.
    #[must_use]
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        real::TaskTracker::ptr_eq(&left.real, &right.real)
    }
}

impl Clone for TaskTracker {
    fn clone(&self) -> Self {
        Self {
            real: Wrapped::new(real::TaskTracker::clone(&self.real)),
            tag: self.tag.clone(),
        }
    }
}

impl Default for TaskTracker {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A token that counts as a tracked task until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct TaskTrackerToken {
    real: Option<Wrapped<real::TaskTrackerToken>>,
    tracker: TaskTracker,
    site: Site,
}

impl TaskTrackerToken {
    /// The tracker.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Records that the current task is the one that this token counts.
    fn works(&self) {
        self.tracker.tag.switch(Op::Track, self.site);
    }
}

impl Clone for TaskTrackerToken {
    #[track_caller]
    fn clone(&self) -> Self {
        self.tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.tracker.tag.switch(Op::CloseSource, self.site);
        drop(self.real.take());
        self.tracker.tag.moved();
    }
}

pin_project_lite::pin_project! {
    /// A tracked future, returned by [`TaskTracker::track_future`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedFuture<F> {
        #[pin]
        future: F,
        token: TaskTrackerToken,
        works: bool,
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !std::mem::replace(this.works, true) {
            this.token.works();
        }
        this.future.poll(cx)
    }
}

impl<F: fmt::Debug> fmt::Debug for TrackedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedFuture")
            .field("future", &self.future)
            .field("task_tracker", self.token.task_tracker())
            .finish()
    }
}

pin_project_lite::pin_project! {
    /// The future that [`TaskTracker::wait`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct TaskTrackerWaitFuture<'a> {
        #[pin]
        wait: Wait<real::TaskTrackerWaitFuture<'a>, &'a Tag>,
    }
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx)
    }
}

impl fmt::Debug for TaskTrackerWaitFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerWaitFuture")
            .finish_non_exhaustive()
    }
}
