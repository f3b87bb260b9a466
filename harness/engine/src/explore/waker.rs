//! Wakers whose data is a number.
#![expect(unsafe_code, reason = "a waker whose data is a number and no pointer")]

use std::task::{RawWaker, RawWakerVTable, Waker};

use standstill_rt::current;

use crate::explore::inbox::deliver;

/// Returns a waker whose data is `word`. Waking calls `wake`; cloning and dropping do nothing.
pub(super) fn waker(word: usize) -> Waker {
    // SAFETY: the vtable's functions never dereference the data pointer: it is a number that
    // stays valid for ever, on every thread, so clone and drop have nothing to keep.
    unsafe { Waker::from_raw(raw_waker(word)) }
}

/// Whether `waker` has the data `word`.
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

/// Handles the wake-up of a waker made by `waker`.
fn wake(word: usize) {
    if current::with_host(|host| host.woken(word)) != Some(true) {
        deliver(word);
    }
}
