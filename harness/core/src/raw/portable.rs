//! Coroutines of the library `corosensei`, for every platform that it knows.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine as Inner, CoroutineResult, Yielder};

use crate::engine::explore::Pause;

/// A stack of its own for code that is suspended in the middle. Its code is never returned from.
pub(crate) struct Coroutine<T: 'static>(Box<Inside<T>>);

struct Inside<T: 'static> {
    inner: Inner<(), Pause, ()>,
    shared: Rc<T>,
}

thread_local! {
    /// The yielder of the coroutine that is running on this thread.
    static YIELDER: Cell<*const Yielder<(), Pause>> = const { Cell::new(std::ptr::null()) };
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that runs `code` once it is resumed. The color is of no use here.
    ///
    /// # Errors
    ///
    /// If there is no address space left for `bytes` of stack.
    pub(crate) fn new(bytes: usize, _: usize, shared: T, code: fn(&T) -> !) -> io::Result<Self> {
        let shared = Rc::new(shared);
        let inside = Rc::clone(&shared);
        let inner = Inner::with_stack(DefaultStack::new(bytes)?, move |yielder, ()| {
            YIELDER.set(std::ptr::from_ref(yielder));
            code(&inside)
        });
        Ok(Self(Box::new(Inside { inner, shared })))
    }

    /// What its code was given.
    #[inline]
    pub(crate) fn shared(&self) -> &T {
        &self.0.shared
    }

    /// Lets it begin, or go on where it was suspended, until it is suspended again.
    #[inline]
    pub(crate) fn resume(&mut self) -> Pause {
        let before = YIELDER.get();
        let CoroutineResult::Yield(pause) = self.0.inner.resume(()) else {
            unreachable!("a coroutine's code does not return");
        };
        YIELDER.set(before);
        pause
    }
}

/// Suspends the coroutine that is running.
///
/// # Panics
///
/// If there is none.
#[inline]
pub(crate) fn suspend(pause: Pause) {
    let pointer = YIELDER.get();
    assert!(!pointer.is_null(), "suspended outside of a coroutine");
    // SAFETY: the pointer is that of the coroutine which is running now: its first act is to set it,
    // each return from a suspension sets it again, and `resume` puts back what was there before. The
    // yielder lives at the bottom of that coroutine's stack, below the frame of this call.
    let yielder = unsafe { &*pointer };
    yielder.suspend(pause);
    YIELDER.set(pointer);
}

/// Suspends the coroutine that is running. It may be dropped meanwhile.
pub(crate) fn rest(pause: Pause) {
    suspend(pause);
}
