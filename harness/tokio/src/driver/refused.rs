//! What the runtime of a controlled run refuses.
//!
//! The types of `tokio::net`, `fs`, `process` and `signal` are passed through, since other crates
//! name them. The runtime says that it was asked: it has no driver for them, which makes tokio panic,
//! and a hook for the threads that `tokio::fs` works on. That does not depend on how the program was
//! built. In which of its functions tokio was asked is read off the stack, as far as the binary has
//! names and lines.

use std::backtrace::Backtrace;

use standstill_rt::{host, unmodelled};

use crate::driver::stack::{self, Asker};

/// tokio's words where a driver is missing.
const NO_DRIVER: &str = "A Tokio 1.x context was found, but IO is disabled.";

/// In the hook, while the panic's stack is still there: what to say in place of `message`, of a panic
/// in `file`.
pub(super) fn explained(message: &str, file: Option<&str>) -> Option<String> {
    if !message.starts_with(NO_DRIVER) {
        return None;
    }
    let part = stack::part(&Backtrace::force_capture().to_string());
    let (what, instead) = match part.or_else(|| stack::of_place(file?)) {
        Some(part) => {
            let instead = instead_of(&part);
            (part, instead)
        }
        None => (
            "tokio::net, tokio::process or tokio::signal".to_owned(),
            UNTOLD_DRIVER,
        ),
    };
    unmodelled::note(&what, instead);
    Some(unmodelled::text(&what, instead))
}

/// The runtime of a run is about to start a thread, on behalf of `tokio::fs` or the names of
/// `tokio::net`, say. Returns the thread's name.
///
/// # Panics
///
/// For those two, and where it cannot be told who asked. A raw `spawn_blocking` of another crate
/// may go on.
pub(super) fn name_blocking_thread() -> String {
    if host::in_run() {
        unmodelled::note_runtime_thread();
        match stack::asker(&Backtrace::force_capture().to_string()) {
            Asker::Part(what) => unmodelled::refuse(&what, instead_of(&what)),
            Asker::Unknown => unmodelled::refuse(
                "tokio::fs, or other use of tokio's blocking pool",
                UNTOLD_POOL,
            ),
            Asker::Other => {}
        }
    }
    "tokio-blocking".to_owned()
}

/// What to do where tokio's driver was asked for by nobody knows whom.
const UNTOLD_DRIVER: &str = "connect the two sides by `tokio::io::duplex`, put a command or a signal \
     behind something that the test can replace, or run this with the stress engine. A profile with \
     `debug = \"line-tables-only\"` and without `strip` lets this say which of them it was";

/// What to do where the blocking pool was asked for by nobody knows whom.
const UNTOLD_POOL: &str = "give the code a reader or a writer in place of a file, use the facade's \
     `spawn_blocking`, or run this with the stress engine. A profile with `debug = \
     \"line-tables-only\"` and without `strip` lets this say what it was, and lets a `spawn_blocking` \
     of another crate go on";

fn instead_of(what: &str) -> &'static str {
    match what.split("::").nth(1) {
        Some("fs") => {
            "give the code a reader or a writer, such as a `tokio::io::duplex` or a slice of bytes, \
             or run this with the stress engine"
        }
        Some("process") => {
            "put the command behind a function that the test can replace, or run this with the \
             stress engine"
        }
        Some("signal") => {
            "wait for a channel or a `Notify` that the test can trigger, or run this with the \
             stress engine"
        }
        _ => "connect the two sides by `tokio::io::duplex`, or run this with the stress engine",
    }
}
