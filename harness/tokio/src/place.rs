//! The place to report for an operation that is begun by polling.

use standstill_core::Site;

/// `caller` if a user could have written it, else `otherwise`.
///
/// A future that is polled through a combinator has library code as its caller. The place where
/// it was made then says more.
pub(crate) fn of_poll(caller: Site, otherwise: Site) -> Site {
    let file = caller.file();
    if file.starts_with("/rustc/")
        || file.contains("/registry/src/")
        || file.contains("/rustlib/src/rust/library/")
    {
        otherwise
    } else {
        caller
    }
}
