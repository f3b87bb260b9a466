//! The place to report for an operation that is begun by polling.

use std::cell::Cell;

use standstill_rt::Site;

thread_local! {
    /// The caller that was looked at last, and whether a user could have written it.
    static LAST: Cell<(Option<Site>, bool)> = const { Cell::new((None, false)) };
}

/// `caller` if a user could have written it, else `otherwise`.
///
/// A future that is polled through a combinator has library code as its caller. The place where
/// it was made then says more.
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
