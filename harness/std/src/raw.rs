//! The crate's unsafe code: threads of a scope may borrow what is around it.
#![expect(unsafe_code, reason = "see the module's first line")]

/// What a thread of a scope runs.
pub(crate) type Main<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Forgets what `main` borrows.
///
/// # Safety
///
/// `main` is dropped, by the thread that calls it or without being called, before anything that it
/// borrows ends; or the frames that it borrows from are never left.
pub(crate) unsafe fn forget_lifetime(main: Main<'_>) -> Main<'static> {
    // SAFETY: only the lifetime changes, and the caller sees to it that nothing which `main` borrows
    // ends before it does.
    unsafe { std::mem::transmute::<Main<'_>, Main<'static>>(main) }
}
