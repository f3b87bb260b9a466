//! The crate's unsafe code: the pointer to the current run's host, the wakers that are numbers,
//! and the way out of a coroutine.
#![expect(unsafe_code, reason = "see the module's first line")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use corosensei::Yielder;

use crate::host::Host;

thread_local! {
    static HOST: Cell<Option<NonNull<dyn Host>>> = const { Cell::new(None) };
}

/// Makes `host` the current thread's host until the guard is dropped; then the one before it is
/// current again.
pub(crate) fn enter(host: &dyn Host) -> Entered<'_> {
    let pointer: NonNull<dyn Host + '_> = NonNull::from(host);
    // SAFETY: only the lifetime changes. The pointer is used by `with_host` alone, which can see
    // it only until `Entered`, which borrows the host, is dropped; `Entered` is not `Send`, so
    // that is on this thread. A leaked guard would break this: the type is private to the crate
    // and is kept in a local variable wherever it is made.
    let pointer: NonNull<dyn Host> = unsafe { std::mem::transmute(pointer) };
    Entered {
        before: HOST.replace(Some(pointer)),
        host: PhantomData,
    }
}

/// See [`enter`].
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    before: Option<NonNull<dyn Host>>,
    host: PhantomData<&'a ()>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        HOST.set(self.before);
    }
}

#[inline]
pub(crate) fn with_host<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    let pointer = HOST.try_with(Cell::get).ok().flatten()?;
    // SAFETY: `Entered` keeps the host borrowed for as long as the pointer is in the cell. The
    // reference does not leave `f`; should `f` be suspended on a coroutine, the run that owns
    // both goes on or unwinds it before it lets go of the host.
    let host = unsafe { pointer.as_ref() };
    Some(f(host))
}

/// Hands out wakers whose data is `word`. Waking calls `wake`; cloning and dropping do nothing.
pub(crate) fn waker(word: usize) -> Waker {
    // SAFETY: the vtable's functions never dereference the data pointer: it is a number that
    // stays valid for ever, on every thread, so clone and drop have nothing to keep.
    unsafe { Waker::from_raw(raw_waker(word)) }
}

fn raw_waker(word: usize) -> RawWaker {
    RawWaker::new(std::ptr::without_provenance(word), &VTABLE)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| raw_waker(data.addr()),
    |data| crate::engine::wake(data.addr()),
    |data| crate::engine::wake(data.addr()),
    |_| {},
);

/// The way out of the coroutine that is running: its yielder, for code that cannot be handed it.
#[derive(Debug)]
pub(crate) struct Exit<Input, Yield> {
    yielder: Cell<*const Yielder<Input, Yield>>,
}

impl<Input, Yield> Clone for Exit<Input, Yield> {
    fn clone(&self) -> Self {
        Self {
            yielder: self.yielder.clone(),
        }
    }
}

impl<Input, Yield> Exit<Input, Yield> {
    pub(crate) fn none() -> Self {
        Self {
            yielder: Cell::new(std::ptr::null()),
        }
    }

    /// Takes over the exit of `other`: the coroutine it belongs to is resumed next.
    pub(crate) fn set(&self, other: &Self) {
        self.yielder.set(other.yielder.get());
    }

    /// Remembers the yielder of a coroutine that has just begun.
    pub(crate) fn begin(&self, yielder: &Yielder<Input, Yield>) {
        self.yielder.set(std::ptr::from_ref(yielder));
    }

    /// Suspends the running coroutine.
    ///
    /// # Panics
    ///
    /// If there was never one.
    pub(crate) fn suspend(&self, value: Yield) -> Input {
        let pointer = self.yielder.get();
        assert!(!pointer.is_null(), "suspended outside of a coroutine");
        // SAFETY: the pointer is that of the coroutine which is running now: the engine sets it
        // before each resume and calls this only from code that runs on that coroutine. Its
        // yielder lives at the bottom of its stack, below the frame of this call.
        let yielder = unsafe { &*pointer };
        yielder.suspend(value)
    }
}
