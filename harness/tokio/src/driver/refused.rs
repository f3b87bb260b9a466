//! Operations that the runtime of a controlled run refuses.
//!
//! The types of `tokio::net`, `fs`, `process` and `signal` are re-exported unchanged, since other
//! crates name them. The runtime detects their use in two ways: it has no I/O driver, so tokio panics,
//! and a hook runs when a thread for `tokio::fs` starts. This does not depend on how the program was
//! built. Which function of tokio was called is read from the stack, as far as the binary has names and
//! line numbers.

use std::backtrace::Backtrace;

use standstill_rt::{host, unmodelled};

use crate::driver::stack::{self, Asker};

/// The start of tokio's panic message for a missing driver.
const NO_DRIVER: &str = "A Tokio 1.x context was found, but IO is disabled.";

/// The message to report in place of `message`, for a panic in `file`. None if the panic has another
/// cause. The panic hook calls this, while the stack of the panic still exists.
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

/// Called when the runtime of a run is about to start a thread, for example for `tokio::fs` or for name
/// resolution in `tokio::net`. Returns the thread's name.
///
/// # Panics
///
/// For these two, and if it is unknown who asked for the thread. A raw `spawn_blocking` of another
/// crate is allowed.
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

/// The advice if it is unknown who asked for tokio's driver.
const UNTOLD_DRIVER: &str = "connect the two sides by `tokio::io::duplex`, put a command or a signal \
     behind something that the test can replace, or run this with the stress engine. A profile with \
     `debug = \"line-tables-only\"` and without `strip` lets this say which of them it was";

/// The advice if it is unknown who asked for the blocking pool.
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
