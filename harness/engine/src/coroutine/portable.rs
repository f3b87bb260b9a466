//! Coroutines of the library `corosensei`, for every platform that it knows.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::io;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine as Inner, Yielder};
use standstill_rt::facade::inside::{put_aside, put_back};

use crate::coroutine::{Pause, Stage};

/// A stack of its own for code that is suspended in the middle.
///
/// Dropped while it rests, its code returns first. Dropped in the middle of something, its stack is
/// never freed: what lives there may be referred to still.
pub struct Coroutine<T: 'static>(Rc<Inside<T>>);

struct Inside<T: 'static> {
    /// Borrowed while the coroutine runs, and by nobody else.
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
    /// A coroutine that runs `code` once it is resumed. Its code returns when [`CoroutineStack::rest`] tells it
    /// to. The color is of no use here.
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

    /// What its code was given.
    #[inline]
    pub fn shared(&self) -> &T {
        &self.0.shared
    }

    /// From now on it runs.
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
                // SAFETY: it rests, so nobody has borrowed it.
                let ended = unsafe { &mut *self.0.inner.get() }.resume(());
                put_back(depth);
                debug_assert!(ended.as_return().is_some(), "its code went on too long");
            }
            // It runs, or its stack may be referred to.
            _ => std::mem::forget(Rc::clone(&self.0)),
        }
    }
}

/// Where the coroutines of one engine run: one at a time, or one on top of another that resumes it.
pub struct CoroutineStack<T: 'static> {
    running: Cell<Option<Coroutine<T>>>,
    /// Who takes the place of the one that has just been suspended.
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
    /// Lets a coroutine begin, or go on where it was suspended. Returns when it is suspended, or when
    /// one is that has taken its place meanwhile, and hands that one back.
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
            // SAFETY: a handle that is dropped while its coroutine runs frees nothing, so `Inside` is
            // there; and as long as it runs nobody else borrows `inner`.
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

    /// What the coroutine that is running consists of. It is there as long as its code is.
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

    /// Suspends the coroutine that is running, and goes on where it was resumed.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub fn suspend(&self, pause: Pause) {
        let inside = self.inside();
        self.said.set(pause);
        let depth = put_aside();
        // SAFETY: the code that runs is that of this coroutine, whose first act was to set its
        // yielder, which lives at the bottom of this very stack.
        unsafe { &*(*inside).yielder.get() }.suspend(());
        put_back(depth);
    }

    /// Suspends the coroutine that is running, hands it to `keep`, and lets `next` go on in its place.
    ///
    /// # Panics
    ///
    /// If there is none, or if `next` is running.
    #[inline]
    pub fn transfer(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) {
        let inside = self.inside();
        // Should one of these panic, none runs as far as the seat knows, and nothing is suspended here
        // any more.
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

    /// As [`CoroutineStack::suspend`], by code that has nothing to do until it is resumed. False if it is to
    /// return.
    #[must_use]
    pub fn rest(&self, pause: Pause) -> bool {
        self.rests(|| self.suspend(pause))
    }

    /// As [`CoroutineStack::transfer`], by code that has nothing to do until it is resumed. False if it is to
    /// return.
    #[must_use]
    pub fn rest_for(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) -> bool {
        self.rests(|| self.transfer(next, keep))
    }

    fn rests(&self, suspended: impl FnOnce()) -> bool {
        // SAFETY: the code that runs is that of this coroutine.
        let stage = unsafe { &(*self.inside()).stage };
        stage.set(Stage::Resting);
        suspended();
        stage.get() != Stage::Ending
    }
}
