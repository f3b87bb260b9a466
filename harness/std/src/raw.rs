//! The crate's unsafe code: threads of a scope may borrow what is around it.
#![expect(unsafe_code, reason = "see the module's first line")]

use std::io;
use std::thread as real;

/// What a thread of a scope runs.
pub(crate) type Main<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Forgets what `main` borrows.
///
/// The caller is [`Scope`](crate::thread::Scope), and sees to it that `main` has been dropped, by
/// its thread or without one, before the function that made the scope returns or unwinds.
pub(crate) fn forget_lifetime(main: Main<'_>) -> Main<'static> {
    // SAFETY: only the lifetime changes, and by what the caller sees to nothing that `main` borrows
    // ends before it does: a borrow of a scope's thread lasts at least as long as the scope's.
    unsafe { std::mem::transmute::<Main<'_>, Main<'static>>(main) }
}

/// Starts a real thread of a scope.
///
/// # Errors
///
/// If the system has no more threads.
pub(crate) fn spawn_scoped(
    builder: real::Builder,
    main: Main<'_>,
) -> io::Result<real::JoinHandle<()>> {
    builder.spawn(forget_lifetime(main))
}
