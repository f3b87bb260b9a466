//! The host of the run that the current thread is in.
#![expect(
    unsafe_code,
    reason = "a thread-local that borrows for the time of a run"
)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::OnceLock;

use crate::host::Host;

/// The host of code that is in no run, once tracking outside of runs is on.
static AMBIENT: OnceLock<&'static (dyn Host + Sync)> = OnceLock::new();

/// Makes `host` the host of code that is in no run, for as long as the process lives. The first call
/// counts.
pub fn set_ambient(host: &'static (dyn Host + Sync)) {
    let _ = AMBIENT.set(host);
}

thread_local! {
    static HOST: Cell<Option<NonNull<dyn Host>>> = const { Cell::new(None) };
    /// The epoch of its run; 0 outside of any.
    static EPOCH: Cell<u32> = const { Cell::new(0) };
}

/// The epoch of the run that the current thread is in.
#[inline]
pub fn epoch() -> u32 {
    EPOCH.get()
}

/// Makes `host` the current thread's host until the guard is dropped; then the one before it is
/// current again.
pub fn enter(host: &dyn Host) -> Entered<'_> {
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
pub struct Entered<'a> {
    before: (Option<NonNull<dyn Host>>, u32),
    host: PhantomData<&'a ()>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        HOST.set(self.before.0);
        EPOCH.set(self.before.1);
    }
}

/// Calls `f` with the host of the run that the current thread is in, or with that of what is tracked
/// outside of runs. None where there is neither.
#[inline]
pub fn with_host<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    let Some(pointer) = HOST.try_with(Cell::get).ok().flatten() else {
        return AMBIENT.get().map(|host| f(*host));
    };
    // SAFETY: `Entered` keeps the host borrowed for as long as the pointer is in the cell. The
    // reference does not leave `f`; should `f` be suspended on a coroutine, the run that owns
    // both goes on or unwinds it before it lets go of the host.
    let host = unsafe { pointer.as_ref() };
    Some(f(host))
}
