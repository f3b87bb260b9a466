//! A joinable task: the code, the place its result goes to, and who waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::facade::{Tag, locals};
use crate::host::{self, Failure, NewTask, TaskBody};
use crate::panics;
use crate::site::Site;
use crate::task::{TaskKind, TaskRef};

/// Where a task's result goes to. The task's handles share it.
#[derive(Debug)]
pub struct JoinCell<T> {
    state: Mutex<JoinState<T>>,
}

#[derive(Debug)]
enum JoinState<T> {
    Running(Option<Waker>),
    Ended(Result<T, Failure>),
    Taken,
}

impl<T> JoinCell<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(JoinState::Running(None)),
        })
    }

    fn deliver(&self, result: Result<T, Failure>) {
        let before = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, JoinState::Ended(result))
        };
        if let JoinState::Running(Some(waker)) = before {
            waker.wake();
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(*state, JoinState::Running(_))
    }

    /// The task's result, once it has ended. A later call's waker replaces an earlier one's.
    ///
    /// # Panics
    ///
    /// If the result was taken before, as polling a finished future may.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, Failure>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            JoinState::Running(Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            JoinState::Running(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            JoinState::Ended(_) => match std::mem::replace(&mut *state, JoinState::Taken) {
                JoinState::Ended(result) => Poll::Ready(result),
                JoinState::Running(_) | JoinState::Taken => Poll::Pending,
            },
            JoinState::Taken => panic!("JoinHandle polled after completion"),
        }
    }
}

/// What a join is handed instead of a result if the thread was ended together with its run. Who
/// joins in a destructor, while being unwound at the end of the run, may not expect that: if it
/// panics, this is dropped by that panic, and its task is given up before the process aborts.
pub struct EndedWithRun {
    panics: u32,
}

impl EndedWithRun {
    /// To be handed out now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            panics: panics::begun(),
        }
    }
}

impl Default for EndedWithRun {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for EndedWithRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the thread was ended together with its run")
    }
}

impl Drop for EndedWithRun {
    fn drop(&mut self) {
        if std::thread::panicking() && panics::begun() != self.panics {
            host::with(|host| host.about_to_abort());
        }
    }
}

/// A spawned task: its cell, its reference, and the tag that joins wait for.
#[derive(Debug)]
pub struct Joined<T> {
    /// Where its result goes to.
    pub cell: Arc<JoinCell<T>>,
    /// The task, in the run with this epoch.
    pub task: TaskRef,
    /// The epoch of the task's run.
    pub epoch: u32,
    /// What a join waits for.
    pub tag: Tag,
}

impl<T> Joined<T> {
    /// Tells the engine that the task's failure was handed to somebody.
    pub fn failure_seen(&self) {
        host::of_run(self.epoch, |host| host.panic_seen(self.task));
    }
}

pin_project_lite::pin_project! {
    struct FutureTask<F: Future> {
        #[pin]
        future: Option<F>,
        cell: Arc<JoinCell<F::Output>>,
    }

    impl<F: Future> PinnedDrop for FutureTask<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().future.set(None);
            locals::end();
        }
    }
}

impl<F: Future> TaskBody for FutureTask<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        match future.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(output) => {
                // What the future owns goes before anybody hears of its end, as in tokio.
                this.future.set(None);
                locals::end();
                this.cell.deliver(Ok(output));
                Poll::Ready(())
            }
        }
    }

    fn fail(self: Pin<&mut Self>, failure: Failure) {
        let mut this = self.project();
        this.future.set(None);
        locals::end();
        this.cell.deliver(Err(failure));
    }
}

struct ClosureTask<F, T> {
    closure: Option<F>,
    cell: Arc<JoinCell<T>>,
}

// The closure is moved out before it is called and never pinned.
impl<F, T> Unpin for ClosureTask<F, T> {}

impl<F: FnOnce() -> T, T> TaskBody for ClosureTask<F, T> {
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if let Some(closure) = this.closure.take() {
            let output = closure();
            locals::end();
            this.cell.deliver(Ok(output));
        }
        Poll::Ready(())
    }

    fn fail(self: Pin<&mut Self>, failure: Failure) {
        let this = self.get_mut();
        this.closure = None;
        locals::end();
        this.cell.deliver(Err(failure));
    }
}

/// Dropped without a result, at the end of a run: whoever waits for it is told.
impl<F, T> Drop for ClosureTask<F, T> {
    fn drop(&mut self) {
        self.closure = None;
        locals::end();
        if !self.cell.is_finished() {
            self.cell.deliver(Err(Failure::Cancelled));
        }
    }
}

/// Spawns `future` into the current run. Outside of a run it hands the future back.
///
/// # Errors
///
/// The future itself, when there is no run.
pub fn spawn_future<F>(future: F, site: Site) -> Result<Joined<F::Output>, F>
where
    F: Future<Output: Send> + Send + 'static,
{
    let type_name = std::any::type_name::<F>();
    spawn(TaskKind::Async, type_name, site, future, |future, cell| {
        Box::pin(FutureTask {
            future: Some(future),
            cell,
        })
    })
}

/// Spawns `closure` into the current run, on a stack of its own. Outside of a run it hands the
/// closure back.
///
/// # Errors
///
/// The closure itself, when there is no run.
pub fn spawn_blocking<F, T>(closure: F, site: Site) -> Result<Joined<T>, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let type_name = std::any::type_name::<F>();
    spawn_closure(closure, TaskKind::Blocking, type_name, site)
}

/// Spawns `closure` into the current run as a thread, whose role comes from `type_name`. Outside
/// of a run it hands the closure back.
///
/// # Errors
///
/// The closure itself, when there is no run.
pub fn spawn_thread<F, T>(closure: F, type_name: &'static str, site: Site) -> Result<Joined<T>, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn_closure(closure, TaskKind::Thread, type_name, site)
}

fn spawn_closure<F, T>(
    closure: F,
    kind: TaskKind,
    type_name: &'static str,
    site: Site,
) -> Result<Joined<T>, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn(kind, type_name, site, closure, |closure, cell| {
        Box::pin(ClosureTask {
            closure: Some(closure),
            cell,
        })
    })
}

/// Spawns the task that `body` makes of `code`.
#[inline]
fn spawn<C, T>(
    kind: TaskKind,
    type_name: &'static str,
    site: Site,
    code: C,
    body: impl FnOnce(C, Arc<JoinCell<T>>) -> Pin<Box<dyn TaskBody + Send>>,
) -> Result<Joined<T>, C> {
    if !host::in_run() {
        return Err(code);
    }
    let cell = JoinCell::new();
    let body = body(code, Arc::clone(&cell));
    let joined = host::with(|host| {
        let task = host.spawn(NewTask {
            body,
            kind,
            type_name,
            site,
        });
        Joined {
            cell,
            task,
            epoch: host.epoch(),
            tag: Tag::of_task(task, site),
        }
    });
    match joined {
        Some(joined) => Ok(joined),
        None => unreachable!("the run was there a moment ago"),
    }
}
