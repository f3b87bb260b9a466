//! The future that polls a task: within its run, watched, and with its panics caught.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use standstill_rt::current;
use standstill_rt::host::{Failure, TaskBody};

use crate::stress::member::{Member, Unwound};
use crate::verdict::Panicked;

/// A task's code, within its run. Dropping it before its end cancels the task.
pub(super) struct Tracked<B: TaskBody + ?Sized> {
    member: Arc<Member>,
    waker: Waker,
    body: Option<Pin<Box<B>>>,
}

impl<B: TaskBody + ?Sized> Tracked<B> {
    pub(super) fn new(member: Arc<Member>, body: Pin<Box<B>>) -> Self {
        Self {
            waker: Waker::from(Arc::clone(&member)),
            member,
            body: Some(body),
        }
    }

    /// Runs a blocking task to its end.
    pub(super) fn block(mut self) {
        if !self.member.shared.closing() {
            self.step(None);
        }
    }

    /// One poll. True if it was the last.
    fn step(&mut self, runtime: Option<&Waker>) -> bool {
        let Some(body) = &mut self.body else {
            return true;
        };
        self.member.begin(runtime);
        let mut cx = Context::from_waker(&self.waker);
        let polled = current::within(&*self.member, || {
            catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut cx)))
        });
        let failure = match polled {
            Ok(Poll::Pending) => {
                self.member.pause();
                return false;
            }
            Ok(Poll::Ready(())) => None,
            Err(payload) => Some(payload),
        };
        self.finish(failure.map(Failure::Panicked));
        true
    }

    /// Drops the task's code, and notifies the tasks that join it of how it ended.
    fn finish(&mut self, failure: Option<Failure>) {
        let Some(mut body) = self.body.take() else {
            return;
        };
        let member = &self.member;
        current::within(&**member, || {
            let disposed = match failure {
                Some(Failure::Panicked(payload)) if payload.is::<Unwound>() => {
                    catch_unwind(AssertUnwindSafe(|| drop(body)))
                }
                Some(failure) => {
                    if let Failure::Panicked(_) = failure {
                        note_panic(member);
                    }
                    let told = catch_unwind(AssertUnwindSafe(|| body.as_mut().fail(failure)));
                    let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
                    told.and(dropped)
                }
                None => catch_unwind(AssertUnwindSafe(|| drop(body))),
            };
            // A destructor's panic counts as the task's.
            if let Err(payload) = disposed {
                note_unless_unwound(member, payload.as_ref());
            }
        });
        member.end();
    }
}

fn note_unless_unwound(member: &Member, payload: &(dyn Any + Send)) {
    if !payload.is::<Unwound>() {
        note_panic(member);
    }
}

/// Records a panic before any joiner learns of it: one that handles the panic reports so afterwards.
fn note_panic(member: &Member) {
    if member.shared.is_ambient() {
        // The panic was printed, and handling it is up to the program.
        return;
    }
    let mut book = member.shared.book();
    let panicked = Panicked::caught(&book.tracker, member.task, member.identity, false);
    book.panics.push(panicked);
}

// The body is pinned in its box; nothing else in here is pinned.
impl<B: TaskBody + ?Sized> Unpin for Tracked<B> {}

impl<B: TaskBody + ?Sized> Future for Tracked<B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.member.shared.closing() {
            // The state of the run is being recorded.
            return Poll::Pending;
        }
        if self.member.defers() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.step(Some(cx.waker())) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<B: TaskBody + ?Sized> Drop for Tracked<B> {
    fn drop(&mut self) {
        if self.body.is_none() {
            return;
        }
        self.member.begin(None);
        // At the end of a run, joiners are not notified: all tasks are dropped.
        let failure = (!self.member.shared.closing()).then_some(Failure::Cancelled);
        self.finish(failure);
    }
}
