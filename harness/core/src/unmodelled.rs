//! What a controlled run does not model is refused by name: real sockets, files, processes and
//! signals, and what would need a runtime of its own.
//!
//! The facade refuses what it wraps by [`refuse`]. The types of `tokio::net`, `fs`, `process` and
//! `signal` are passed through, since other crates name them; there the runtime of a run, which has
//! no driver for them, makes tokio panic, and the stack says in which of its functions.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};

use crate::raw;

thread_local! {
    /// What the current run was refused first.
    static REFUSED: RefCell<Option<Refused>> = const { RefCell::new(None) };
    /// The runtime of the current run has started a thread for what blocks.
    static BLOCKING: Cell<bool> = const { Cell::new(false) };
}

/// An operation that a run asked for in vain, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) what: String,
    pub(crate) instead: String,
}

/// Says for one operation what [`Undecided`](crate::Undecided) says in the end.
pub(crate) fn text(what: &str, instead: &str) -> String {
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

fn note(what: &str, instead: &str) {
    REFUSED.with(|refused| {
        refused.borrow_mut().get_or_insert_with(|| Refused {
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    });
}

/// What the run that has just ended was refused, if anything. A runtime that was refused something
/// is not fit for another run, and neither is one that has threads of its own.
pub(crate) fn take() -> (Option<Refused>, bool) {
    let refused = REFUSED.with(|refused| refused.borrow_mut().take());
    let blocking = BLOCKING.replace(false);
    let fit = refused.is_none() && !blocking;
    (refused, fit)
}

/// tokio's words where a driver is missing.
const NO_DRIVER: &str = "A Tokio 1.x context was found, but IO is disabled.";

/// In the hook, while the panic's stack is still there: what to say in place of `message`.
pub(crate) fn explained(message: &str) -> Option<String> {
    if !message.starts_with(NO_DRIVER) {
        return None;
    }
    let what = asked_for().unwrap_or_else(|| "tokio::net".to_owned());
    let instead = instead_of(&what);
    note(&what, instead);
    Some(text(&what, instead))
}

/// The runtime of a run is about to start a thread, on behalf of `tokio::fs` or the names of
/// `tokio::net`, say. Returns the thread's name.
///
/// # Panics
///
/// For those two. A raw `spawn_blocking` of another crate may go on.
pub(crate) fn name_blocking_thread() -> String {
    if raw::with_host(|_| ()).is_some() {
        BLOCKING.set(true);
        if let Some(what) = asked_for() {
            refuse(&what, instead_of(&what));
        }
    }
    "tokio-blocking".to_owned()
}

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

/// Which function of `tokio::net`, `fs`, `process` or `signal` the current stack is in: the one that
/// the program called.
fn asked_for() -> Option<String> {
    public_name(&Backtrace::force_capture().to_string())
}

fn public_name(stack: &str) -> Option<String> {
    // Each frame is a line like `  12: tokio::fs::read::read::{{closure}}`.
    let frames = stack.lines().filter_map(|line| {
        let (number, name) = line.trim().split_once(": ")?;
        number.parse::<u32>().ok()?;
        Some(name.trim_start_matches('<'))
    });
    let mut latest = None;
    for frame in frames {
        let area = ["net", "fs", "process", "signal"].into_iter().find(|area| {
            frame
                .strip_prefix("tokio::")
                .is_some_and(|rest| starts(rest, area))
        });
        match area {
            Some(area) => latest = Some((area, frame)),
            // Left by way of a combinator's frames, perhaps; not by a task's.
            None if latest.is_some() && !is_glue(frame) => break,
            None => {}
        }
    }
    let (area, frame) = latest?;
    let mut parts = frame
        .split("::")
        .map(|part| part.split('<').next().unwrap_or_default())
        .filter(|part| !part.is_empty() && !part.starts_with('{'))
        .skip(2);
    let parts: Vec<&str> = parts.by_ref().collect();
    let (last, before) = parts.split_last()?;
    let owner = before.last().filter(|part| {
        part.starts_with(char::is_uppercase) || **part == "unix" && area == "signal"
    });
    Some(match owner {
        Some(owner) if owner.starts_with(char::is_lowercase) => {
            format!("tokio::{area}::{owner}::{last}")
        }
        Some(owner) => format!("tokio::{area}::{owner}::{last}"),
        None => format!("tokio::{area}::{last}"),
    })
}

fn starts(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.starts_with("::"))
}

fn is_glue(frame: &str) -> bool {
    ["tokio::", "core::", "alloc::", "std::"]
        .iter()
        .any(|glue| frame.starts_with(glue))
}

#[cfg(test)]
mod tests {
    use super::public_name;

    #[test]
    fn a_stack_tells_the_function_that_was_called() {
        let stack = "   0: std::backtrace::Backtrace::create\n   1: standstill_core::unmodelled::explained\n\
                     \x20  9: tokio::runtime::driver::Handle::io\n             at /tokio/src/runtime/driver.rs:103:18\n\
                     \x20 10: tokio::net::tcp::stream::TcpStream::new\n\
                     \x20 11: tokio::net::tcp::stream::TcpStream::connect_addr::{{closure}}\n\
                     \x20 12: tokio::net::tcp::stream::TcpStream::connect::{{closure}}\n\
                     \x20 13: <core::pin::Pin<P> as core::future::future::Future>::poll\n\
                     \x20 14: app::dial::{{closure}}\n  15: tokio::net::later\n";
        assert_eq!(
            public_name(stack).as_deref(),
            Some("tokio::net::TcpStream::connect")
        );
        for (frame, name) in [
            (
                "tokio::fs::read_to_string::read_to_string::{{closure}}",
                "tokio::fs::read_to_string",
            ),
            (
                "tokio::fs::file::File::open::{{closure}}",
                "tokio::fs::File::open",
            ),
            (
                "tokio::fs::file::File::open<&str>::{async_fn#0}",
                "tokio::fs::File::open",
            ),
            (
                "tokio::signal::ctrl_c::ctrl_c::{{closure}}",
                "tokio::signal::ctrl_c",
            ),
            ("tokio::signal::unix::signal", "tokio::signal::unix::signal"),
            (
                "tokio::process::Command::output",
                "tokio::process::Command::output",
            ),
            (
                "tokio::net::unix::listener::UnixListener::bind",
                "tokio::net::UnixListener::bind",
            ),
        ] {
            let stack = format!("   7: {frame}\n   8: app::main\n");
            assert_eq!(public_name(&stack).as_deref(), Some(name));
        }
        assert_eq!(public_name("   7: tokio::task::spawn\n"), None);
    }
}
