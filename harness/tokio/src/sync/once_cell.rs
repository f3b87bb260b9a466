//! `OnceCell`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use ::tokio::sync as real;
use standstill_rt::facade::{Hold, Inside, Outside, Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::SetError;

/// A cell that is filled once, by the first task that succeeds.
pub struct OnceCell<T> {
    tag: Tag,
    real: real::OnceCell<T>,
}

impl<T> OnceCell<T> {
    /// An empty cell.
    #[track_caller]
    pub fn new() -> Self {
        Self::around(real::OnceCell::new())
    }

    /// As [`OnceCell::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        Self::around(real::OnceCell::const_new())
    }

    /// A cell with this value, or an empty one if there is none.
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self::around(real::OnceCell::new_with(value))
    }

    /// A full cell, for constants and statics.
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        Self::around(real::OnceCell::const_new_with(value))
    }

    #[track_caller]
    const fn around(real: real::OnceCell<T>) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::OnceCell, 1),
            real,
        }
    }

    /// Whether there is a value.
    #[track_caller]
    pub fn initialized(&self) -> bool {
        self.tag.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.initialized())
    }

    /// The value, if there is one.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.tag.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.get())
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.real.get_mut()
    }

    /// Fills the cell.
    ///
    /// # Errors
    ///
    /// If the cell is full, or if a task is about to fill it.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.tag.switch(Op::Init, Location::caller());
        Inside::run(|| self.real.set(value))?;
        self.tag.moved();
        Ok(())
    }

    /// The value. If the cell is empty, fills it with the result of `f`, or waits for another task that
    /// is about to fill it.
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, f: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let site = Location::caller();
        async move {
            let init = Init::new(&self.tag, site);
            init.run(self.real.get_or_init(|| init.begin(f, |_| true)))
                .await
        }
    }

    /// As [`OnceCell::get_or_init`], but `f` may fail, which leaves the cell empty.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, f: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let site = Location::caller();
        async move {
            let init = Init::new(&self.tag, site);
            init.run(self.real.get_or_try_init(|| init.begin(f, Result::is_ok)))
                .await
        }
    }

    /// The value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.real.into_inner()
    }

    /// Takes the value out and leaves an empty cell.
    pub fn take(&mut self) -> Option<T> {
        self.real.take()
    }
}

/// One attempt to get or create the value. While another task creates it, this is a wait. Once it is
/// the current task's turn, it is a hold.
struct Init<'a> {
    tag: &'a Tag,
    site: Site,
    ours: AtomicBool,
}

impl<'a> Init<'a> {
    fn new(tag: &'a Tag, site: Site) -> Self {
        Self {
            tag,
            site,
            ours: AtomicBool::new(false),
        }
    }

    #[inline(never)]
    fn is_our_turn(&self) {
        self.ours.store(true, Ordering::Relaxed);
    }

    #[inline(never)]
    fn ours(&self) -> bool {
        self.ours.load(Ordering::Relaxed)
    }

    /// Creates the value, once it is the current task's turn.
    fn begin<F, Fut>(
        &self,
        f: F,
        made: fn(&Fut::Output) -> bool,
    ) -> impl Future<Output = Fut::Output> + use<'_, 'a, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        self.is_our_turn();
        let hold = Hold::take(self.tag, Op::Init, 1, self.site);
        let future = {
            let _outside = Outside::enter();
            f()
        };
        async move {
            let mut future = pin!(future);
            let value = poll_fn(|cx| {
                let _outside = Outside::enter();
                future.as_mut().poll(cx)
            })
            .await;
            self.tag.switch(Op::Release, self.site);
            drop(hold);
            if made(&value) {
                self.tag.moved();
            }
            value
        }
    }

    async fn run<R>(&self, whole: impl Future<Output = R>) -> R {
        let mut whole = pin!(whole);
        // Ends when it is this task's turn: later waits are those of the code that creates the value.
        let turn = poll_fn(|cx| match whole.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if self.ours() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        if let Some(result) = Wait::new(turn, self.tag, Op::Init, self.site).await {
            return result;
        }
        // It was polled a moment ago, and has registered the waker.
        let mut polled = true;
        poll_fn(|cx| {
            if std::mem::take(&mut polled) {
                Poll::Pending
            } else {
                Inside::run(|| whole.as_mut().poll(cx))
            }
        })
        .await
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::around(self.real.clone())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.real == other.real
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
