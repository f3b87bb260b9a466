//! The crate's unsafe code: the pointer to the current run's host, the wakers that are numbers, and
//! coroutines.
#![expect(unsafe_code, reason = "see the module's first line")]

#[cfg(test)]
mod coroutine_tests;
/// Coroutines where the stacks are switched by our own hand.
#[cfg(all(unix, target_arch = "x86_64"))]
mod direct;
/// Coroutines anywhere else.
#[cfg(any(test, not(all(unix, target_arch = "x86_64"))))]
mod portable;
/// What AddressSanitizer is told of that.
#[cfg(all(unix, target_arch = "x86_64"))]
mod sanitizer;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{RawWaker, RawWakerVTable, Waker};

#[cfg(all(unix, target_arch = "x86_64"))]
pub(crate) use direct::{Coroutine, Seat};
#[cfg(not(all(unix, target_arch = "x86_64")))]
pub(crate) use portable::{Coroutine, Seat};

use crate::host::Host;

/// Where a coroutine's code is while the coroutine does not run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not begun.
    Fresh,
    /// In the middle of something.
    Busy,
    /// It has nothing to do.
    Resting,
    /// It is to return.
    Ending,
}

thread_local! {
    static HOST: Cell<Option<NonNull<dyn Host>>> = const { Cell::new(None) };
    /// The epoch of its run; 0 outside of any.
    static EPOCH: Cell<u32> = const { Cell::new(0) };
}

/// The epoch of the run that the current thread is in.
#[inline]
pub(crate) fn epoch() -> u32 {
    EPOCH.get()
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
        before: (HOST.replace(Some(pointer)), EPOCH.replace(host.epoch())),
        host: PhantomData,
    }
}

/// See [`enter`].
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    before: (Option<NonNull<dyn Host>>, u32),
    host: PhantomData<&'a ()>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        HOST.set(self.before.0);
        EPOCH.set(self.before.1);
    }
}

#[inline]
pub(crate) fn with_host<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    let Some(pointer) = HOST.try_with(Cell::get).ok().flatten() else {
        return crate::ambient::host().map(f);
    };
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

/// Whether `waker` is one of `word`.
#[inline]
pub(crate) fn is_waker(waker: &Waker, word: usize) -> bool {
    waker.data().addr() == word && std::ptr::eq(waker.vtable(), &VTABLE)
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

/// A reference to something static that other threads may read while it is replaced.
#[derive(Debug)]
pub(crate) struct AtomicStatic<T: Sync + 'static>(AtomicPtr<T>);

impl<T: Sync + 'static> AtomicStatic<T> {
    pub(crate) const fn empty() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn set(&self, value: &'static T) {
        self.0
            .store(std::ptr::from_ref(value).cast_mut(), Ordering::Release);
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: the pointer is null or came from a `&'static T` in `set`, and nobody ever
        // writes through it.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
}

/// How many features of interleavings a fuzzer is told apart.
#[cfg(feature = "fuzz")]
const FEATURES: usize = 1 << 14;

/// libFuzzer finds these by the name of their section, clears them before each input and reads them
/// after it. A byte above 0 is a feature of the input.
// SAFETY: the section holds nothing but counters that are a byte each, as libFuzzer expects. That
// they are atomic changes nothing of their size or of what a byte means.
#[cfg(feature = "fuzz")]
#[cfg_attr(
    target_os = "linux",
    unsafe(link_section = "__libfuzzer_extra_counters")
)]
static COUNTERS: [std::sync::atomic::AtomicU8; FEATURES] =
    [const { std::sync::atomic::AtomicU8::new(0) }; FEATURES];

/// The input showed this feature.
#[cfg(feature = "fuzz")]
#[inline]
pub(crate) fn count_feature(hash: u64) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "reduced to the number of counters"
    )]
    let index = hash as usize % FEATURES;
    COUNTERS[index].store(1, Ordering::Relaxed);
}
