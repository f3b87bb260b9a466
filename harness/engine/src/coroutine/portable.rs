//! Coroutines of the crate `corosensei`, for every platform that it supports.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::io;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine as Inner, Yielder};
use standstill_rt::facade::inside::{put_aside, put_back};

use crate::coroutine::{Pause, Stage};

/// A stack of its own for code that can be suspended in the middle.
///
/// If it is dropped while it is idle, its code returns first. If it is dropped while it is suspended in
/// the middle of its work, its stack is never freed: there may still be references to values on it.
pub struct Coroutine<T: 'static>(Rc<Inside<T>>);

struct Inside<T: 'static> {
    /// Borrowed only while the coroutine runs, and only by the code that resumes it.
    inner: UnsafeCell<Inner<(), (), ()>>,
    /// The coroutine's own, on its stack.
    yielder: Rc<Cell<*const Yielder<(), ()>>>,
    runs: Cell<bool>,
    stage: Cell<Stage>,
    shared: Rc<T>,
}

thread_local! {
    /// Where the innermost coroutine of this thread runs.
    static TOP: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that runs `code` once it is resumed. Its code returns when [`CoroutineStack::rest`]
    /// tells it to. The color is not used here.
    ///
    /// # Errors
    ///
    /// If there is no address space left for `bytes` of stack.
    pub fn new(bytes: usize, _: usize, shared: T, code: fn(&T)) -> io::Result<Self> {
        let shared = Rc::new(shared);
        let yielder = Rc::new(Cell::new(ptr::null()));
        let (given, seen) = (Rc::clone(&shared), Rc::clone(&yielder));
        let inner = Inner::with_stack(DefaultStack::new(bytes)?, move |own, ()| {
            seen.set(ptr::from_ref(own));
            code(&given);
        });
        Ok(Self(Rc::new(Inside {
            inner: UnsafeCell::new(inner),
            yielder,
            runs: Cell::new(false),
            stage: Cell::new(Stage::Fresh),
            shared,
        })))
    }

    /// The value that its code was given.
    #[inline]
    pub fn shared(&self) -> &T {
        &self.0.shared
    }

    /// Marks it as running.
    fn begin(&self) {
        let ran = self.0.runs.replace(true);
        assert!(!ran, "a coroutine that runs was resumed");
        self.0.stage.set(Stage::Busy);
    }
}

impl<T: 'static> fmt::Debug for Coroutine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine").finish_non_exhaustive()
    }
}

impl<T: 'static> Drop for Coroutine<T> {
    fn drop(&mut self) {
        match self.0.stage.get() {
            Stage::Fresh => {}
            Stage::Resting if !self.0.runs.get() => {
                self.0.stage.set(Stage::Ending);
                let depth = put_aside();
                // SAFETY: it is idle, so nothing else borrows it.
                let ended = unsafe { &mut *self.0.inner.get() }.resume(());
                put_back(depth);
                debug_assert!(ended.as_return().is_some(), "its code went on too long");
            }
            // It is running, or there may be references to values on its stack.
            _ => std::mem::forget(Rc::clone(&self.0)),
        }
    }
}

/// Where the coroutines of one engine run: one at a time, or one on top of another that resumes it.
pub struct CoroutineStack<T: 'static> {
    running: Cell<Option<Coroutine<T>>>,
    /// The coroutine that takes the place of the one that has just been suspended.
    next: Cell<Option<Coroutine<T>>>,
    said: Cell<Pause>,
}

impl<T: 'static> fmt::Debug for CoroutineStack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoroutineStack").finish_non_exhaustive()
    }
}

impl<T: 'static> Default for CoroutineStack<T> {
    fn default() -> Self {
        Self {
            running: Cell::new(None),
            next: Cell::new(None),
            said: Cell::new(Pause::Abandoned),
        }
    }
}

impl<T: 'static> CoroutineStack<T> {
    /// Starts a coroutine, or resumes it where it was suspended. Returns when it is suspended, or when
    /// another coroutine that has taken its place meanwhile is suspended, and returns that one.
    ///
    /// # Panics
    ///
    /// If it is running.
    pub fn resume(&self, coroutine: Coroutine<T>) -> (Coroutine<T>, Pause) {
        let outer = TOP.replace(ptr::from_ref(self).cast());
        let outer_running = self.running.take();
        let mut coroutine = coroutine;
        coroutine.begin();
        let depth = put_aside();
        loop {
            let inside = Rc::as_ptr(&coroutine.0);
            self.running.set(Some(coroutine));
            // SAFETY: dropping a handle while its coroutine runs frees nothing, so `Inside` is still
            // there. As long as the coroutine runs, nothing else borrows `inner`.
            let _ = unsafe { &mut *(*inside).inner.get() }.resume(());
            // SAFETY: as above.
            unsafe { &*inside }.runs.set(false);
            match self.next.take() {
                Some(next) => coroutine = next,
                None => break,
            }
        }
        put_back(depth);
        TOP.set(outer);
        let Some(back) = self.running.replace(outer_running) else {
            unreachable!("a coroutine was suspended that does not run");
        };
        (back, self.said.get())
    }

    /// The inside of the running coroutine. It exists as long as the coroutine's code does.
    fn inside(&self) -> *const Inside<T> {
        let on_top = ptr::eq(TOP.get(), ptr::from_ref(self).cast());
        let running = self.running.take().filter(|_| on_top);
        let Some(running) = running else {
            panic!("suspended outside of a coroutine");
        };
        let inside = Rc::as_ptr(&running.0);
        self.running.set(Some(running));
        inside
    }

    /// Suspends the running coroutine, and continues where it was resumed.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub fn suspend(&self, pause: Pause) {
        let inside = self.inside();
        self.said.set(pause);
        let depth = put_aside();
        // SAFETY: the running code is that of this coroutine. The first thing it did was to set its
        // yielder, which lives at the bottom of this same stack.
        unsafe { &*(*inside).yielder.get() }.suspend(());
        put_back(depth);
    }

    /// Suspends the running coroutine, passes it to `keep`, and lets `next` go on in its place.
    ///
    /// # Panics
    ///
    /// If there is none, or if `next` is running.
    #[inline]
    pub fn transfer(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) {
        let inside = self.inside();
        // If one of these panics, the seat records no running coroutine, and nothing can be suspended
        // here any more.
        if let Some(mine) = self.running.take() {
            keep(mine);
        }
        next.begin();
        self.next.set(Some(next));
        let depth = put_aside();
        // SAFETY: as in `suspend`. What `keep` was given counts as running until `resume` has it.
        unsafe { &*(*inside).yielder.get() }.suspend(());
        put_back(depth);
    }

    /// As [`CoroutineStack::suspend`], for code that is idle until it is resumed. False if the code has
    /// to return.
    #[must_use]
    pub fn rest(&self, pause: Pause) -> bool {
        self.rests(|| self.suspend(pause))
    }

    /// As [`CoroutineStack::transfer`], for code that is idle until it is resumed. False if the code has
    /// to return.
    #[must_use]
    pub fn rest_for(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) -> bool {
        self.rests(|| self.transfer(next, keep))
    }

    fn rests(&self, suspended: impl FnOnce()) -> bool {
        // SAFETY: the running code is that of this coroutine.
        let stage = unsafe { &(*self.inside()).stage };
        stage.set(Stage::Resting);
        suspended();
        stage.get() != Stage::Ending
    }
}
