//! Coroutines that poll tasks, and the pool that keeps them between polls.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};

use crate::host::{Failure, TaskBody};
use crate::raw;

type Body = Pin<Box<dyn TaskBody>>;

/// What a fiber is resumed with.
pub(crate) enum Job {
    /// Poll this task once.
    Poll(Body, Waker),
    /// End this task with a failure.
    Fail(Body, Failure),
    /// Drop this task's code.
    Drop(Body),
    /// Go on where you were suspended.
    Continue,
    /// Unwind from where you were suspended.
    Unwind,
}

/// What a fiber says when it is suspended.
pub(crate) enum Pause {
    /// The poll returned; the task goes on later.
    Pending(Body),
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
}

/// The payload that unwinds a task at the end of a run. Never reported.
pub(crate) struct Unwound;

/// A coroutine on a stack of its own, which does one job after the other.
pub(crate) struct Fiber {
    coroutine: Coroutine<Job, Pause, ()>,
}

/// Each stack's size. Mapped lazily: what is not used costs address space alone.
const STACK_BYTES: usize = 2 * 1024 * 1024;

impl Fiber {
    fn new() -> std::io::Result<Self> {
        let stack = DefaultStack::new(STACK_BYTES)?;
        let coroutine = Coroutine::with_stack(stack, |yielder, first| {
            raw::begin(yielder);
            let mut job = first;
            loop {
                job = raw::suspend(work(job));
            }
        });
        Ok(Self { coroutine })
    }

    #[inline]
    pub(crate) fn resume(&mut self, job: Job) -> Pause {
        match self.coroutine.resume(job) {
            CoroutineResult::Yield(pause) => pause,
            CoroutineResult::Return(()) => unreachable!("a fiber works for ever"),
        }
    }

    /// Gives the fiber up in the middle of whatever it does. Its stack is never freed: what lives
    /// on it may still be referred to.
    pub(crate) fn abandon(self) {
        std::mem::forget(self);
    }
}

/// Suspends the fiber that is running. Unwinds it if that is how it is resumed.
#[inline]
pub(crate) fn suspend(pause: Pause) {
    match raw::suspend(pause) {
        Job::Unwind => resume_unwind(Box::new(Unwound)),
        Job::Continue => {}
        Job::Poll(..) | Job::Fail(..) | Job::Drop(_) => {
            unreachable!("a fiber was given a job in the middle of another")
        }
    }
}

fn work(job: Job) -> Pause {
    match job {
        Job::Poll(mut body, waker) => {
            let mut context = Context::from_waker(&waker);
            let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut context)));
            match polled {
                Ok(Poll::Pending) => Pause::Pending(body),
                Ok(Poll::Ready(())) => dispose(body, Pause::Ended),
                Err(payload) if payload.is::<Unwound>() => dispose(body, Pause::Unwound),
                Err(payload) => fail(body, Failure::Panicked(payload), Pause::Panicked),
            }
        }
        Job::Fail(body, failure) => fail(body, failure, Pause::Ended),
        Job::Drop(body) => dispose(body, Pause::Ended),
        // A fiber between two jobs has nothing to go on with or to unwind.
        Job::Continue | Job::Unwind => Pause::Ended,
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
}

impl FiberPool {
    /// # Panics
    ///
    /// If the system has no address space left for another stack.
    #[inline]
    pub(crate) fn take(&mut self) -> Fiber {
        match self.free.pop() {
            Some(fiber) => fiber,
            None => Fiber::new().unwrap_or_else(|error| {
                panic!("cannot map a stack of {STACK_BYTES} bytes for a task: {error}")
            }),
        }
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
