//! The source position to report for an operation that begins with a poll.

use std::cell::Cell;

use standstill_rt::Site;

thread_local! {
    /// The last caller that was examined, and whether it is in the user's code.
    static LAST: Cell<(Option<Site>, bool)> = const { Cell::new((None, false)) };
}

/// Returns `caller` if it is in the user's code, else `otherwise`.
///
/// A future that is polled through a combinator has library code as its caller. The position where the
/// future was created is then more useful.
pub(crate) fn of_poll(caller: Site, otherwise: Site) -> Site {
    let (known, is_users) = LAST.get();
    let is_users = if known.is_some_and(|known| std::ptr::eq(known, caller)) {
        is_users
    } else {
        let is_users = !is_library(caller.file());
        LAST.set((Some(caller), is_users));
        is_users
    };
    if is_users { caller } else { otherwise }
}

#[cold]
fn is_library(file: &str) -> bool {
    file.starts_with("/rustc/")
        || file.contains("/registry/src/")
        || file.contains("/rustlib/src/rust/library/")
}
