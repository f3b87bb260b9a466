//! What a task's panic said and where, caught by a hook that keeps quiet about it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, Location, PanicHookInfo};
use std::sync::Once;

use crate::current;
use crate::driver;
use crate::host::AMBIENT_EPOCH;
use crate::site::Place;

/// A panic's message and place.
#[derive(Clone, Debug)]
pub struct Said {
    /// What it said.
    pub message: String,
    /// Where it was raised.
    pub at: Option<Place>,
}

thread_local! {
    static LAST: RefCell<Option<Said>> = const { RefCell::new(None) };
    static BEGUN: Cell<u32> = const { Cell::new(0) };
}

/// Puts the hook in place, once a process. Panics outside of a run's tasks go to the hook that
/// was there before.
pub fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if settled(info) {
                return;
            }
            if !note(info) {
                before(info);
            }
        }));
    });
}

/// For the first lines of a hook: whether this panic is only there so that others are forgotten.
pub fn settled(info: &PanicHookInfo<'_>) -> bool {
    let forgotten = info.payload().is::<Forgotten>();
    if forgotten {
        settle_one();
    }
    forgotten
}

/// The payload of a panic that is there to be forgotten.
struct Forgotten;

/// How many panics of a thread are forgotten at the most.
const MOST_FORGOTTEN: u32 = 32;

/// How many panics of the run's tasks have begun on this thread.
pub fn begun() -> u32 {
    BEGUN.get()
}

/// The thread no longer counts as panicking: the stack that unwinds is given up, so that nobody will
/// ever catch what unwinds it. False if that did not work.
pub fn forget_all() -> bool {
    forget(MOST_FORGOTTEN);
    !std::thread::panicking()
}

/// Forgets so many of the panics that unwind the thread, if there are as many: others may go on.
pub fn forget(panics: u32) {
    for _ in 0..panics {
        if std::thread::panicking() {
            forget_one();
        }
    }
}

/// The standard library counts the panics of a thread that were not caught yet. A panic within a
/// hook's is not counted when it begins, but is when it is caught: one less in sum.
fn settle_one() {
    let _ = panic::catch_unwind(|| panic::resume_unwind(Box::new(Forgotten)));
}

/// One panic less: this one is counted, its hook takes one off, and so does catching it.
fn forget_one() {
    let _ = panic::catch_unwind(|| panic::panic_any(Forgotten));
}

fn text_of(payload: &(dyn Any + Send)) -> Option<String> {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
}

/// Keeps what a panic of a run's task says. False if it is none.
pub fn note(info: &PanicHookInfo<'_>) -> bool {
    // Outside of runs a panic is printed, though the task be tracked.
    let in_task = current::with_host(|host| {
        host.epoch() != AMBIENT_EPOCH && (host.current().is_some() || host.closing())
    });
    let explained = match in_task {
        Some(_) => text_of(info.payload())
            .and_then(|text| driver::get().explain(&text, info.location().map(Location::file))),
        None => None,
    };
    if in_task != Some(true) {
        return false;
    }
    BEGUN.set(BEGUN.get().wrapping_add(1));
    let message = explained
        .or_else(|| text_of(info.payload()))
        .unwrap_or_else(|| "a value that is not text".to_owned());
    let at = info.location().map(|location| Place {
        file: location.file().to_owned(),
        line: location.line(),
        column: location.column(),
    });
    let closing = current::with_host(|host| host.closing()) == Some(true);
    LAST.with_borrow_mut(|last| {
        // What a task said before its destructors began to take the run down counts.
        if !closing || last.is_none() {
            *last = Some(Said { message, at });
        }
    });
    true
}

/// What the last panic on this thread said. It is told once.
pub fn take() -> Said {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or(Said {
        message: "unwound without a panic (`resume_unwind`)".to_owned(),
        at: None,
    })
}
