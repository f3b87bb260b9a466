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
    /// What is told of the task that panics, once it has.
    static LAST: RefCell<Option<Said>> = const { RefCell::new(None) };
    /// What the very last panic said, which may take the process down.
    static LATEST: RefCell<Option<Said>> = const { RefCell::new(None) };
    /// How many panics of the payload [`Uncounted`] the hook has seen on this thread.
    static SEEN: Cell<u32> = const { Cell::new(0) };
    static BEGUN: Cell<u32> = const { Cell::new(0) };
}

/// Puts the hook in place, once a process. Panics outside of a run's tasks go to the hook that
/// was there before.
pub fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_uncounted(info) {
                return;
            }
            if !note(info) {
                before(info);
            }
        }));
    });
}

/// The payload of a panic that is there to take another out of the standard library's count.
#[derive(Debug)]
pub struct Uncounted;

/// How many panics of the payload [`Uncounted`] the hook has seen on this thread.
pub fn uncounted_seen() -> u32 {
    SEEN.get()
}

/// For the first lines of a panic hook: whether this panic is there only to take another out of the
/// count.
pub fn is_uncounted(info: &PanicHookInfo<'_>) -> bool {
    let uncounted = info.payload().is::<Uncounted>();
    if uncounted {
        SEEN.set(SEEN.get().wrapping_add(1));
        // In a hook: not counted when it begins, but when it is caught.
        let _ = panic::catch_unwind(|| panic::resume_unwind(Box::new(Uncounted)));
    }
    uncounted
}

/// How many panics of the run's tasks have begun on this thread.
pub fn begun() -> u32 {
    BEGUN.get()
}

/// A run begins: what was said in another is not told in this one.
pub fn forget_last() {
    LAST.set(None);
    LATEST.set(None);
}

fn text_of(payload: &(dyn Any + Send)) -> Option<String> {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
}

/// How std says that a panic which must not leave a function is about to, after which it aborts the
/// process.
const ABORTS: [&str; 2] = [
    "panic in a destructor during cleanup",
    "panic in a function that cannot unwind",
];

/// Keeps what a panic of a run's task says. False if it is none, or if it has to be printed all the
/// same, because the process ends with it.
pub fn note(info: &PanicHookInfo<'_>) -> bool {
    // Outside of runs a panic is printed, though the task be tracked.
    let run = current::with_host(|host| {
        let in_task = host.current().is_some() || host.closing();
        (host.epoch() != AMBIENT_EPOCH).then_some((in_task, host.closing()))
    });
    let Some((in_task, closing)) = run.flatten() else {
        return false;
    };
    let text = text_of(info.payload());
    if text.as_deref().is_some_and(|text| ABORTS.contains(&text)) {
        tell_latest();
        return false;
    }
    let explained = text
        .as_deref()
        .and_then(|text| driver::get().explain(text, info.location().map(Location::file)));
    if !in_task {
        return false;
    }
    BEGUN.set(BEGUN.get().wrapping_add(1));
    let said = Said {
        message: explained
            .or(text)
            .unwrap_or_else(|| "a value that is not text".to_owned()),
        at: info.location().map(|location| Place {
            file: location.file().to_owned(),
            line: location.line(),
            column: location.column(),
        }),
    };
    LATEST.set(Some(said.clone()));
    LAST.with_borrow_mut(|last| {
        // What a task said before its destructors began to take the run down counts.
        if !closing || last.is_none() {
            *last = Some(said);
        }
    });
    true
}

/// The process is about to abort: says what was kept of the panic that is to blame.
#[expect(
    clippy::print_stderr,
    reason = "as the panic hook of std, whose last words follow"
)]
fn tell_latest() {
    if let Some(Said { message, at }) = LATEST.take() {
        let at = at.map_or_else(String::new, |at| format!(" at {at}"));
        eprintln!(
            "standstill: a panic of a task takes the process down, since it must not leave the \
             function that it is in. The task panicked{at}:\n{message}"
        );
    }
}

/// What the last panic on this thread said, put aside while other tasks run on it: to be
/// [put back](put_back) when the one goes on that panics.
pub fn put_aside() -> Option<Said> {
    LAST.take()
}

/// See [`put_aside`].
pub fn put_back(said: Option<Said>) {
    LAST.set(said);
}

/// What the last panic on this thread said. It is told once.
pub fn take() -> Said {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or(Said {
        message: "unwound without a panic (`resume_unwind`)".to_owned(),
        at: None,
    })
}
