//! Coroutines that poll tasks, and the pool that keeps them between polls.

use std::any::Any;
use std::cell::Cell;
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
pub(crate) enum Pause {
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

thread_local! {
    /// The fiber that is resumed next is to unwind.
    static UNWIND: Cell<bool> = const { Cell::new(false) };
}

/// A coroutine on a stack of its own, which does one job after the other. One pointer: it is moved
/// on each step.
pub(crate) struct Fiber(raw::Coroutine<Letterbox>);

/// Jobs and tasks' code in, the code of tasks that go on later out. What passes between the stacks
/// themselves fits a register, and so does each part of this: larger values would be written in
/// parts on one side and read whole on the other, which a processor is slow at.
pub(crate) struct Letterbox {
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

/// Each stack's size. Mapped lazily: what is not used costs address space alone.
const STACK_BYTES: usize = 2 * 1024 * 1024;

#[inline(never)]
fn serve(letterbox: &Letterbox) -> ! {
    loop {
        let Some(body) = letterbox.body.take() else {
            unreachable!("a fiber was resumed without a task");
        };
        raw::rest(work(letterbox.job.get(), body, letterbox));
    }
}

impl Fiber {
    /// What it does when it is resumed next. It must not be in the middle of a job.
    #[inline]
    pub(crate) fn give(&self, job: Job, body: Body) {
        let letterbox = self.0.shared();
        letterbox.job.set(job);
        letterbox.body.set(Some(body));
    }

    /// Lets it begin its job, or go on where it was suspended.
    #[inline]
    pub(crate) fn resume(&mut self) -> Pause {
        self.0.resume()
    }

    /// Unwinds it from where it was suspended.
    pub(crate) fn unwind(&mut self) -> Pause {
        UNWIND.set(true);
        self.resume()
    }

    /// The code of the task whose poll returned.
    #[inline]
    pub(crate) fn take_body(&self) -> Option<Body> {
        self.0.shared().body.take()
    }

    /// Gives the fiber up in the middle of whatever it does. Its stack is never freed: what lives
    /// on it may still be referred to.
    pub(crate) fn abandon(self) {
        std::mem::forget(self);
    }
}

/// Suspends the fiber that is running for ever: it is to be abandoned.
pub(crate) fn lose() -> ! {
    raw::suspend(Pause::Lost);
    unreachable!("a fiber that was given up was resumed");
}

/// Suspends the fiber that is running. Unwinds it if that is how it is resumed.
#[expect(
    clippy::inline_always,
    reason = "each frame to return from is mispredicted"
)]
#[inline(always)]
pub(crate) fn suspend(pause: Pause) {
    raw::suspend(pause);
    if UNWIND.get() {
        unwind();
    }
}

/// Unwinds the fiber that is running.
#[cold]
pub(crate) fn unwind() -> ! {
    UNWIND.set(false);
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
    /// # Panics
    ///
    /// If the system has no address space left for another stack.
    #[inline]
    pub(crate) fn take(&mut self) -> Fiber {
        match self.free.pop() {
            Some(fiber) => fiber,
            None => self.make(),
        }
    }

    #[cold]
    fn make(&mut self) -> Fiber {
        self.made += 1;
        let coroutine = raw::Coroutine::new(STACK_BYTES, self.made, Letterbox::default(), serve);
        Fiber(coroutine.unwrap_or_else(|error| {
            panic!("cannot map a stack of {STACK_BYTES} bytes for a task: {error}")
        }))
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
