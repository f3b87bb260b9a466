//! The host of the run that the current thread is in.
#![expect(
    unsafe_code,
    reason = "a thread-local that borrows for the time of a run"
)]

use std::cell::{Cell, RefCell};
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

/// The run that a thread is in.
struct Current {
    host: Cell<Option<NonNull<dyn Host>>>,
    /// The epoch of the run; 0 outside of any.
    epoch: Cell<u32>,
}

thread_local! {
    static CURRENT: Current = const {
        Current {
            host: Cell::new(None),
            epoch: Cell::new(0),
        }
    };
    static LEVELS: RefCell<Levels> = const { RefCell::new(Levels::new()) };
}

/// The hosts of this thread, the innermost last. A level is taken out by its number, so that nothing
/// depends on the order in which levels are left.
struct Levels {
    all: Vec<Level>,
    next: u64,
}

struct Level {
    number: u64,
    host: NonNull<dyn Host>,
    epoch: u32,
}

impl Levels {
    const fn new() -> Self {
        Self {
            all: Vec::new(),
            next: 0,
        }
    }

    fn enter(&mut self, host: NonNull<dyn Host>, epoch: u32) -> u64 {
        let number = self.next;
        self.next += 1;
        self.all.push(Level {
            number,
            host,
            epoch,
        });
        self.show();
        number
    }

    fn leave(&mut self, number: u64) {
        let place = self.all.iter().rposition(|level| level.number == number);
        if let Some(place) = place {
            self.all.remove(place);
            self.show();
        }
    }

    fn show(&self) {
        let top = self.all.last();
        CURRENT.with(|current| {
            current.host.set(top.map(|level| level.host));
            current.epoch.set(top.map_or(0, |level| level.epoch));
        });
    }
}

/// The epoch of the run that the current thread is in.
#[inline]
pub fn epoch() -> u32 {
    CURRENT.with(|current| current.epoch.get())
}

/// Calls `f`, in which `host` is the current thread's host from each [`Hosting::begin`] to the next
/// [`Hosting::end`]. After that the host before it is current again.
pub fn hosting<R>(host: &dyn Host, f: impl FnOnce(&Hosting<'_>) -> R) -> R {
    f(&Hosting {
        host,
        level: Cell::new(None),
    })
}

/// Calls `f` with `host` as the current thread's host.
pub fn within<R>(host: &dyn Host, f: impl FnOnce() -> R) -> R {
    hosting(host, |hosting| {
        hosting.begin();
        f()
    })
}

/// A host for the time of a call of [`hosting`]. Only a reference to it is ever handed out, so it is
/// dropped at the end of that call.
pub struct Hosting<'a> {
    host: &'a dyn Host,
    level: Cell<Option<u64>>,
}

/// A level of the current thread's hosts.
#[derive(Clone, Copy, Debug)]
pub struct LevelNumber(u64);

impl Hosting<'_> {
    /// From now on it is the current thread's host, in the run that its epoch names.
    pub fn begin(&self) {
        self.end();
        let host: NonNull<dyn Host + '_> = NonNull::from(self.host);
        // SAFETY: only the lifetime changes. The pointer is read by `with_host` alone, and is in
        // `HOST` or `LEVELS` no longer than until this is dropped. The host is borrowed until then:
        // `hosting` drops it in the frame that has the borrow, and hands out no more than a reference,
        // so that it cannot be leaked. Nor can that frame be abandoned before it returns, which would
        // leave the pointer behind: engines call `hosting` on the stack of an OS thread, or on the
        // stack of Shuttle's main task, whose machine is then leaked together with that stack.
        let host: NonNull<dyn Host> = unsafe { std::mem::transmute(host) };
        let epoch = self.host.epoch();
        let number = LEVELS.with_borrow_mut(|levels| levels.enter(host, epoch));
        self.level.set(Some(number));
    }

    /// It is the host no more.
    pub fn end(&self) {
        if let Some(number) = self.level.take() {
            LEVELS.with_borrow_mut(|levels| levels.leave(number));
        }
    }

    /// What [`leave_level`] takes.
    pub fn level(&self) -> Option<LevelNumber> {
        self.level.get().map(LevelNumber)
    }
}

impl std::fmt::Debug for Hosting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosting")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

impl Drop for Hosting<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Leaves a level whose frame may have been abandoned. If it was left already, this does nothing.
pub fn leave_level(level: LevelNumber) {
    LEVELS.with_borrow_mut(|levels| levels.leave(level.0));
}

/// Calls `f` with the host of the run that the current thread is in, or with that of what is tracked
/// outside of runs. None where there is neither.
#[inline]
pub fn with_host<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    let host = match CURRENT.with(|current| current.host.get()) {
        // SAFETY: a pointer in `CURRENT` is to a host that is still borrowed: see `Hosting::begin`. The
        // reference does not leave `f`. Should `f` be suspended on a coroutine, then either the run
        // goes on with that coroutine before it lets go of the host; or it abandons the coroutine, in
        // which the reference is never used again, and leaks the host; or the coroutine rests, and its
        // engine ends it before the host goes, or leaks it.
        Some(pointer) => unsafe { pointer.as_ref() },
        None => ambient()?,
    };
    Some(f(host))
}

/// The host of code that is in no run, if tracking is on.
// Not inlined: the atomic stays out of the code that asks for a host in its user's crate.
#[cold]
#[inline(never)]
fn ambient() -> Option<&'static dyn Host> {
    AMBIENT.get().map(|host| *host as &dyn Host)
}

/// Calls `f` with the host of the run that the current thread is in, and with the run's epoch. Unlike
/// [`with_host`] it does nothing in code that is tracked outside of runs, and so costs less.
#[inline]
pub fn in_run<R>(f: impl FnOnce(&dyn Host, u32) -> R) -> Option<R> {
    let (host, epoch) = CURRENT.with(|current| (current.host.get(), current.epoch.get()));
    // SAFETY: as in `with_host`.
    let host = unsafe { host?.as_ref() };
    (epoch != 0).then(|| f(host, epoch))
}
