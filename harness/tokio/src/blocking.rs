//! Whether an operation may block its thread.

use standstill_rt::facade;

/// Whether the caller, the method `what`, is in a run and may block there: it then waits by
/// [`facade::block_on`]. Outside of a run: false, and tokio's own way is taken.
///
/// # Panics
///
/// In an asynchronous task of a run, in tokio's words and with the method's name.
#[track_caller]
pub(crate) fn in_run(what: &str, instead: &str) -> bool {
    match facade::may_block() {
        None => false,
        Some(true) => true,
        Some(false) => panic!(
            "Cannot block the current thread from within a runtime. This happens because a \
             function attempted to block the current thread while the thread is being used to \
             drive asynchronous tasks. Here it is `{what}`: use `{instead}`, or call it in \
             `tokio::task::spawn_blocking`"
        ),
    }
}
