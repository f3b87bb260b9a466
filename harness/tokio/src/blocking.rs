//! Whether an operation may block its thread.

use standstill_rt::facade;

/// Whether the caller, the method `what`, is in a run and may block there. If so, it waits with
/// [`facade::block_on`]. Otherwise tokio's own method is used.
///
/// # Panics
///
/// In an asynchronous task of a controlled run. The message is tokio's, with the method's name.
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
