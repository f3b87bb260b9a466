//! Wakers that are numbers.
#![expect(unsafe_code, reason = "a waker whose data is a number and no pointer")]

use std::task::{RawWaker, RawWakerVTable, Waker};

use standstill_rt::current;

use crate::explore::inbox::deliver;

/// Hands out wakers whose data is `word`. Waking calls `wake`; cloning and dropping do nothing.
pub(super) fn waker(word: usize) -> Waker {
    // SAFETY: the vtable's functions never dereference the data pointer: it is a number that
    // stays valid for ever, on every thread, so clone and drop have nothing to keep.
    unsafe { Waker::from_raw(raw_waker(word)) }
}

/// Whether `waker` is one of `word`.
#[inline]
pub(super) fn is_waker(waker: &Waker, word: usize) -> bool {
    waker.data().addr() == word && std::ptr::eq(waker.vtable(), &VTABLE)
}

fn raw_waker(word: usize) -> RawWaker {
    RawWaker::new(std::ptr::without_provenance(word), &VTABLE)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| raw_waker(data.addr()),
    |data| wake(data.addr()),
    |data| wake(data.addr()),
    |_| {},
);

/// A waker of ours was woken.
fn wake(word: usize) {
    if current::with_host(|host| host.woken(word)) != Some(true) {
        deliver(word);
    }
}
