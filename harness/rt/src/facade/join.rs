//! A joinable task: the code, the place its result goes to, and who waits for it.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::facade::{Shared, Tag, locals};
use crate::host::{self, Failure, NewTask, TaskBody};
use crate::panics;
use crate::site::Site;
use crate::task::{TaskKind, TaskRef};

/// What a task returned. [`Joined::unpack`] knows its type.
pub type Output = Box<dyn Any + Send>;

/// Where a task's result goes to. The task's handles share it.
#[derive(Debug)]
pub struct JoinCell {
    state: Mutex<JoinState>,
    kind: TaskKind,
}

#[derive(Debug)]
enum JoinState {
    Running(Option<Waker>),
    /// Still running, and nobody will ask for its result.
    Detached,
    Ended(Result<Output, Failure>),
    Taken,
}

impl JoinCell {
    #[inline(never)]
    fn new(kind: TaskKind) -> Shared<Self> {
        Shared::new(Self {
            state: Mutex::new(JoinState::Running(None)),
            kind,
        })
    }

    fn state(&self) -> MutexGuard<'_, JoinState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(never)]
    fn deliver(&self, result: Result<Output, Failure>) {
        let mut state = self.state();
        if matches!(*state, JoinState::Detached) {
            *state = JoinState::Taken;
            drop(state);
            return self.discard(JoinState::Ended(result));
        }
        let before = std::mem::replace(&mut *state, JoinState::Ended(result));
        drop(state);
        if let JoinState::Running(Some(waker)) = before {
            waker.wake();
        }
    }

    /// Nobody will ask for the result: it is dropped now, or as soon as the task has ended.
    #[inline(never)]
    pub fn detach(&self) {
        let mut state = self.state();
        let after = match &*state {
            JoinState::Running(_) | JoinState::Detached => JoinState::Detached,
            JoinState::Ended(_) | JoinState::Taken => JoinState::Taken,
        };
        let before = std::mem::replace(&mut *state, after);
        drop(state);
        self.discard(before);
    }

    /// Drops a result that nobody asks for. tokio catches what its destructor panics with, and says
    /// nothing of it.
    fn discard(&self, state: JoinState) {
        if self.kind == TaskKind::Thread || !matches!(state, JoinState::Ended(_)) {
            return drop(state);
        }
        let said = panics::put_aside();
        let dropped = catch_unwind(AssertUnwindSafe(move || drop(state)));
        if let Err(payload) = dropped {
            let closing = host::with(|host| host.closing()) == Some(true);
            if closing && !std::thread::panicking() {
                // What is caught here may be what takes the task down at the end of its run.
                resume_unwind(payload);
            }
        }
        panics::put_back(said);
    }

    /// Whether the task has ended.
    #[inline(never)]
    pub fn is_finished(&self) -> bool {
        !matches!(*self.state(), JoinState::Running(_) | JoinState::Detached)
    }

    /// The task's result, once it has ended. A later call's waker replaces an earlier one's.
    ///
    /// # Panics
    ///
    /// If the result was taken before, as polling a finished future may.
    #[inline(never)]
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<Output, Failure>> {
        let mut state = self.state();
        match &mut *state {
            JoinState::Running(Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            JoinState::Running(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            JoinState::Ended(_) => match std::mem::replace(&mut *state, JoinState::Taken) {
                JoinState::Ended(result) => Poll::Ready(result),
                JoinState::Running(_) | JoinState::Detached | JoinState::Taken => Poll::Pending,
            },
            JoinState::Detached => Poll::Pending,
            JoinState::Taken => panic!("JoinHandle polled after completion"),
        }
    }
}

impl Drop for JoinCell {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let state = std::mem::replace(state, JoinState::Taken);
        self.discard(state);
    }
}

/// What a join is handed instead of a result if the thread was ended together with its run. Who
/// joins in a destructor, while being unwound at the end of the run, may not expect that: if it
/// panics, this is dropped by that panic, and its task is abandoned before the process aborts.
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
pub struct Spawned {
    /// Where its result goes to.
    pub cell: Shared<JoinCell>,
    /// The task, in the run with this epoch.
    pub task: TaskRef,
    /// The epoch of the task's run.
    pub epoch: u32,
    /// What a join waits for.
    pub tag: Tag,
}

impl Spawned {
    /// Adds a task to the current run, whose result goes to `cell`.
    #[inline(never)]
    fn start(new: NewTask, cell: Shared<JoinCell>) -> Self {
        let site = new.site;
        let Some((task, epoch)) = host::with_epoch(|host, epoch| (host.spawn(new), epoch)) else {
            unreachable!("the run was there a moment ago");
        };
        Self {
            cell,
            task,
            epoch,
            tag: Tag::of_task(task, site),
        }
    }

    /// Tells the engine that the task's failure was handed to somebody.
    #[inline(never)]
    pub fn failure_seen(&self) {
        host::of_run(self.epoch, |host| host.panic_seen(self.task));
    }
}

/// A spawned task that returns a `T`.
#[derive(Debug)]
pub struct Joined<T> {
    /// The task.
    pub spawned: Spawned,
    /// Made where `T` is known to be `'static`, which nobody says who uses a handle.
    unpack: fn(Output) -> T,
    /// It can be sent and shared as the result behind a lock can.
    result: PhantomData<Arc<Mutex<T>>>,
}

impl<T> Joined<T> {
    /// The result of this very task.
    ///
    /// # Panics
    ///
    /// If it is another task's, of another type.
    pub fn unpack(&self, output: Output) -> T {
        (self.unpack)(output)
    }
}

impl<T: 'static> Joined<T> {
    fn new(spawned: Spawned) -> Self {
        Self {
            spawned,
            unpack: |output| match output.downcast() {
                Ok(output) => *output,
                Err(_) => unreachable!("a result is of the type that its task was spawned for"),
            },
            result: PhantomData,
        }
    }
}

/// A task's own side of its cell. By the time that anybody hears of its end its code is gone, as in
/// tokio, and so are its thread-locals.
struct Delivery(Shared<JoinCell>);

impl Delivery {
    #[inline(never)]
    fn returned(&self, output: Output) {
        locals::end();
        self.0.deliver(Ok(output));
    }

    #[inline(never)]
    fn failed(&self, failure: Failure) {
        locals::end();
        self.0.deliver(Err(failure));
    }
}

pin_project_lite::pin_project! {
    struct FutureTask<F: Future> {
        #[pin]
        future: Option<F>,
        delivery: Delivery,
    }

    impl<F: Future> PinnedDrop for FutureTask<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().future.set(None);
            locals::end();
        }
    }
}

impl<F> TaskBody for FutureTask<F>
where
    F: Future<Output: Send + 'static>,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        match future.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(output) => {
                this.future.set(None);
                this.delivery.returned(Box::new(output));
                Poll::Ready(())
            }
        }
    }

    fn fail(self: Pin<&mut Self>, failure: Failure) {
        let mut this = self.project();
        this.future.set(None);
        this.delivery.failed(failure);
    }
}

struct ClosureTask<F> {
    closure: Option<F>,
    delivery: Delivery,
}

// The closure is moved out before it is called and never pinned.
impl<F> Unpin for ClosureTask<F> {}

impl<F, T> TaskBody for ClosureTask<F>
where
    F: FnOnce() -> T,
    T: Send + 'static,
{
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if let Some(closure) = this.closure.take() {
            let output = closure();
            this.delivery.returned(Box::new(output));
        }
        Poll::Ready(())
    }

    fn fail(self: Pin<&mut Self>, failure: Failure) {
        let this = self.get_mut();
        this.closure = None;
        this.delivery.failed(failure);
    }
}

/// Dropped without a result, at the end of a run: whoever waits for it is told.
impl<F> Drop for ClosureTask<F> {
    fn drop(&mut self) {
        self.closure = None;
        locals::end();
        if !self.delivery.0.is_finished() {
            self.delivery.0.deliver(Err(Failure::Cancelled));
        }
    }
}

/// Spawns `future` into the current run. Outside of a run it hands the future back.
///
/// # Errors
///
/// The future itself, when there is no run.
#[inline]
pub fn spawn_future<F>(future: F, site: Site) -> Result<Joined<F::Output>, F>
where
    F: Future<Output: Send> + Send + 'static,
{
    if !host::in_run() {
        return Err(future);
    }
    let cell = JoinCell::new(TaskKind::Async);
    let delivery = Delivery(cell.clone());
    let new: NewTask = NewTask {
        body: Box::pin(FutureTask {
            future: Some(future),
            delivery,
        }),
        kind: TaskKind::Async,
        type_name: std::any::type_name::<F>(),
        site,
    };
    Ok(Joined::new(Spawned::start(new, cell)))
}

/// Spawns `closure` into the current run, on a stack of its own. Outside of a run it hands the
/// closure back.
///
/// # Errors
///
/// The closure itself, when there is no run.
#[inline]
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
#[inline]
pub fn spawn_thread<F, T>(closure: F, type_name: &'static str, site: Site) -> Result<Joined<T>, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn_closure(closure, TaskKind::Thread, type_name, site)
}

#[inline]
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
    if !host::in_run() {
        return Err(closure);
    }
    let cell = JoinCell::new(kind);
    let delivery = Delivery(cell.clone());
    let new: NewTask = NewTask {
        body: Box::pin(ClosureTask {
            closure: Some(closure),
            delivery,
        }),
        kind,
        type_name,
        site,
    };
    Ok(Joined::new(Spawned::start(new, cell)))
}
