//! Coroutines that poll tasks, and the pool that keeps them between polls.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::host::{Failure, TaskBody};
use crate::raw;

pub(crate) type Body = Pin<Box<dyn TaskBody>>;

/// What a fiber is to do with a task's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Poll it once, with the waker of this word.
    Poll(usize),
    /// Drop it and tell whoever waits for the task that it was cancelled.
    Cancel,
    /// Drop it.
    Drop,
}

/// What a fiber says when it is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The poll returned; the task goes on later. Its code is to be taken back.
    Pending,
    /// The task has ended, or was dropped.
    Ended,
    /// The task panicked and was told so.
    Panicked,
    /// The task was unwound, and its code dropped.
    Unwound,
    /// In the middle of a poll: somebody else runs first.
    Preempted,
    /// In the middle of a blocking task: waits to be woken.
    Parked,
    /// The run is closing and this poll does not end by itself.
    Stuck,
    /// It can neither go on nor be unwound, and is never to be resumed.
    Lost,
}

/// The payload that unwinds a task at the end of a run. Never reported.
pub(crate) struct Unwound;

/// A coroutine on a stack of its own, which does one job after the other. One pointer: it is moved
/// on each step.
pub(crate) type Fiber = raw::Coroutine<Letterbox>;

/// Where the fibers of an engine run.
pub(crate) type Seat = raw::Seat<Letterbox>;

/// Jobs and tasks' code in, the code of tasks that go on later out. What passes between the stacks
/// themselves fits a register, and so does each part of this: larger values would be written in
/// parts on one side and read whole on the other, which a processor is slow at.
pub struct Letterbox {
    job: Cell<Job>,
    pub(crate) body: Cell<Option<Body>>,
}

impl Default for Letterbox {
    fn default() -> Self {
        Self {
            job: Cell::new(Job::Drop),
            body: Cell::new(None),
        }
    }
}

impl fmt::Debug for Letterbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letterbox")
            .field("job", &self.job.get())
            .finish_non_exhaustive()
    }
}

impl Letterbox {
    /// What is to be done next.
    #[inline]
    pub(crate) fn give(&self, job: Job, body: Body) {
        self.job.set(job);
        self.body.set(Some(body));
    }
}

/// Each stack's size. Mapped lazily: what is not used costs address space alone.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// The code of each fiber.
#[inline(never)]
fn serve(letterbox: &Letterbox) {
    loop {
        let Some(body) = letterbox.body.take() else {
            unreachable!("a fiber was resumed without a task");
        };
        let pause = work(letterbox.job.get(), body, letterbox);
        let goes_on = raw::with_host(|host| host.job_done(pause, letterbox));
        if goes_on != Some(true) {
            return;
        }
    }
}

/// Unwinds the fiber that is running.
#[cold]
pub(crate) fn unwind() -> ! {
    resume_unwind(Box::new(Unwound))
}

/// Does a job, on whatever stack this is called on. The code of a task that goes on later is in the
/// letterbox after that.
pub(crate) fn work(job: Job, mut body: Body, letterbox: &Letterbox) -> Pause {
    match job {
        Job::Poll(word) => {
            let waker = raw::waker(word);
            let mut context = Context::from_waker(&waker);
            let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut context)));
            match polled {
                Ok(Poll::Pending) => {
                    letterbox.body.set(Some(body));
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

fn dispose(body: Body, then: Pause) -> Pause {
    after(catch_unwind(AssertUnwindSafe(|| drop(body))), then)
}

/// A destructor's panic counts as the task's.
fn after(outcome: Result<(), Box<dyn Any + Send>>, then: Pause) -> Pause {
    match outcome {
        Ok(()) => then,
        Err(payload) if payload.is::<Unwound>() => Pause::Unwound,
        Err(_) => Pause::Panicked,
    }
}

/// Fibers that are free. A task between two polls needs none, so a handful serves thousands.
#[derive(Default)]
pub(crate) struct FiberPool {
    free: Vec<Fiber>,
    made: usize,
}

impl FiberPool {
    /// A fiber that does this job once it is resumed.
    ///
    /// # Panics
    ///
    /// If the system has no address space left for another stack.
    #[inline]
    pub(crate) fn employ(&mut self, job: Job, body: Body) -> Fiber {
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
        let fiber = Fiber::new(STACK_BYTES, self.made, Letterbox::default(), serve);
        fiber.unwrap_or_else(|error| {
            panic!("cannot map a stack of {STACK_BYTES} bytes for a task: {error}")
        })
    }

    #[inline]
    pub(crate) fn give(&mut self, fiber: Fiber) {
        self.free.push(fiber);
    }

    /// Keeps no more than `most` fibers.
    pub(crate) fn shrink(&mut self, most: usize) {
        self.free.truncate(most);
    }
}
