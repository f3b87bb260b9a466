//! Coroutines that poll tasks, and the pool that keeps them between polls.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use standstill_rt::facade::locals;
use standstill_rt::host::{Failure, TaskBody};

use crate::coroutine;
pub use crate::coroutine::Pause;
use crate::explore::waker;

pub type Body = Pin<Box<dyn TaskBody>>;

/// What a fiber has to do with a task's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Poll it once, with the waker of this word.
    Poll(usize),
    /// Drop it, and report to the tasks that join it that it was cancelled.
    Cancel,
    /// Drop it.
    Drop,
}

/// The payload that unwinds a task at the end of a run. Never reported.
#[derive(Debug)]
pub struct Unwound;

/// A coroutine on a stack of its own, which does one job after the other. It is the size of a pointer,
/// because it is moved on each step.
pub type Fiber = coroutine::Coroutine<JobSlot>;

/// Where the fibers of an engine run.
pub type CoroutineStack = coroutine::CoroutineStack<JobSlot>;

/// Passes jobs and tasks' code to a fiber, and the code of tasks that go on later back. The value that
/// is passed in the switch of stacks fits a register, and so does each part of this slot. A larger value
/// would be written in parts on one side and read whole on the other, which stalls the processor.
pub struct JobSlot {
    server: Weak<dyn JobServer>,
    job: Cell<Job>,
    pub body: Cell<Option<Body>>,
}

/// Decides what a fiber does once it has finished its job.
pub trait JobServer {
    /// The job in the slot has been done, with the result `pause`. False if the fiber's code is to
    /// return.
    fn job_done(&self, pause: Pause, slot: &JobSlot) -> bool;
}

/// The server of a slot whose owner does the jobs itself.
struct Nobody;

impl JobServer for Nobody {
    fn job_done(&self, _: Pause, _: &JobSlot) -> bool {
        false
    }
}

impl Default for JobSlot {
    fn default() -> Self {
        Self::of(Weak::<Nobody>::new())
    }
}

impl fmt::Debug for JobSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSlot")
            .field("job", &self.job.get())
            .finish_non_exhaustive()
    }
}

impl JobSlot {
    /// A slot that reports to `server`.
    fn of(server: Weak<dyn JobServer>) -> Self {
        Self {
            server,
            job: Cell::new(Job::Drop),
            body: Cell::new(None),
        }
    }

    /// Sets the next job.
    #[inline]
    pub fn give(&self, job: Job, body: Body) {
        self.job.set(job);
        self.body.set(Some(body));
    }
}

/// Each stack's size. Mapped lazily: unused pages cost only address space.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// The code of each fiber.
#[inline(never)]
fn serve(slot: &JobSlot) {
    loop {
        let Some(body) = slot.body.take() else {
            unreachable!("a fiber was resumed without a task");
        };
        let pause = work(slot.job.get(), body, slot);
        let server = slot.server.upgrade();
        if !server.is_some_and(|server| server.job_done(pause, slot)) {
            return;
        }
    }
}

/// Unwinds the fiber that is running.
#[cold]
pub fn unwind() -> ! {
    resume_unwind(Box::new(Unwound))
}

/// Does a job, on whatever stack this is called on. Afterwards the slot has the code of a task that goes
/// on later.
pub fn work(job: Job, mut body: Body, slot: &JobSlot) -> Pause {
    match job {
        Job::Poll(word) => {
            let waker = waker::waker(word);
            let mut context = Context::from_waker(&waker);
            let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut context)));
            match polled {
                Ok(Poll::Pending) => {
                    slot.body.set(Some(body));
                    Pause::Pending
                }
                Ok(Poll::Ready(())) => dispose(body, Pause::Ended),
                Err(payload) if payload.is::<Unwound>() => dispose(body, Pause::Unwound),
                Err(payload) => fail(body, Failure::Panicked(payload), Pause::Panicked),
            }
        }
        Job::Cancel => fail(body, Failure::Cancelled, Pause::Ended),
        Job::Drop => dispose(body, Pause::Ended),
    }
}

fn fail(mut body: Body, failure: Failure, then: Pause) -> Pause {
    let told = catch_unwind(AssertUnwindSafe(|| body.as_mut().fail(failure)));
    let then = after(told, then);
    dispose(body, then)
}

#[inline]
fn dispose(body: Body, then: Pause) -> Pause {
    let disposed = catch_unwind(AssertUnwindSafe(|| {
        drop(body);
        // Ends task-locals that the body's destructors have created.
        locals::end();
    }));
    after(disposed, then)
}

/// A destructor's panic counts as the task's.
fn after(outcome: Result<(), Box<dyn Any + Send>>, then: Pause) -> Pause {
    match outcome {
        Ok(()) => then,
        Err(payload) if payload.is::<Unwound>() => Pause::Unwound,
        Err(_) => Pause::Panicked,
    }
}

/// Free fibers. A task between two polls needs none, so a handful serves thousands of tasks.
pub struct FiberPool {
    server: Weak<dyn JobServer>,
    free: Vec<Fiber>,
    made: usize,
}

impl fmt::Debug for FiberPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiberPool")
            .field("free", &self.free.len())
            .finish_non_exhaustive()
    }
}

impl FiberPool {
    /// An empty pool. `server` is notified of each job that is done.
    pub fn new(server: Weak<dyn JobServer>) -> Self {
        Self {
            server,
            free: Vec::new(),
            made: 0,
        }
    }

    /// A fiber that does this job once it is resumed.
    ///
    /// # Panics
    ///
    /// If the system has no address space left for another stack.
    #[inline]
    pub fn employ(&mut self, job: Job, body: Body) -> Fiber {
        let fiber = match self.free.pop() {
            Some(fiber) => fiber,
            None => self.make(),
        };
        fiber.shared().give(job, body);
        fiber
    }

    #[cold]
    fn make(&mut self) -> Fiber {
        self.made += 1;
        let fiber = Fiber::new(
            STACK_BYTES,
            self.made,
            JobSlot::of(Weak::clone(&self.server)),
            serve,
        );
        fiber.unwrap_or_else(|error| {
            panic!("cannot map a stack of {STACK_BYTES} bytes for a task: {error}")
        })
    }

    #[inline]
    pub fn give(&mut self, fiber: Fiber) {
        self.free.push(fiber);
    }

    /// How many fibers are kept.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.free.len()
    }

    /// Frees all but `most` fibers.
    pub fn shrink(&mut self, most: usize) {
        self.free.truncate(most);
    }
}
