//! What a controlled run does not model is refused by name: real sockets, files, processes and
//! signals, and what would need a runtime of its own.
//!
//! A facade refuses by [`refuse`]. What it passes through, the runtime of the run refuses: see the
//! tokio facade's driver.

use std::cell::{Cell, RefCell};

thread_local! {
    /// What the current run was refused first.
    static REFUSED: RefCell<Option<Refused>> = const { RefCell::new(None) };
    /// The runtime of the current run has threads of its own.
    static HAS_THREADS: Cell<bool> = const { Cell::new(false) };
    /// The current run began in another runtime than the one that it needs.
    static RESTARTS: Cell<bool> = const { Cell::new(false) };
}

/// An operation that a run asked for in vain, and what to do.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The operation.
    pub what: String,
    /// What to do instead.
    pub instead: String,
}

/// Says for one operation what `Undecided` says in the end.
pub fn text(what: &str, instead: &str) -> String {
    format!("standstill does not model `{what}` in a controlled run: {instead}")
}

/// Refuses `what` to the program of a controlled run, which makes the run undecided whatever becomes
/// of the panic. `instead` completes the sentence: it says what to do.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn refuse(what: &str, instead: &str) -> ! {
    note(what, instead);
    panic!("{}", text(what, instead));
}

/// Notes that `what` was refused, by somebody who panics in another way.
pub fn note(what: &str, instead: &str) {
    REFUSED.with(|refused| {
        refused.borrow_mut().get_or_insert_with(|| Refused {
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    });
}

/// What the run that has just ended was refused, if anything. A runtime that was refused something
/// is not fit for another run, and neither is one that has threads of its own.
pub fn take() -> (Option<Refused>, bool) {
    let refused = REFUSED.with(|refused| refused.borrow_mut().take());
    let has_threads = HAS_THREADS.replace(false);
    let fit = refused.is_none() && !has_threads;
    (refused, fit)
}

/// A run begins, which was refused nothing.
pub fn forget() {
    let _ = take();
    let _ = take_restart();
}

/// The runtime of the current run has a thread of its own from now on.
pub fn note_runtime_thread() {
    HAS_THREADS.set(true);
}

/// Ends the current run, to be made once more: by now another driver is registered.
///
/// # Panics
///
/// Always.
pub(crate) fn restart() -> ! {
    RESTARTS.set(true);
    panic!("the run begins once more, in another runtime");
}

/// Whether the run that has just ended is to be made once more, and what it came to if it cannot be.
pub fn take_restart() -> Option<Refused> {
    RESTARTS.replace(false).then(|| Refused {
        what: "a runtime that is first used in the middle of a run".to_owned(),
        instead: "run it once more: the runtime is known now".to_owned(),
    })
}
