//! Coroutines: code on stacks of its own that is suspended in the middle.
#![expect(unsafe_code, reason = "the stacks are mapped and switched here")]

/// Coroutines where the stacks are switched by our own hand.
#[cfg(all(unix, target_arch = "x86_64"))]
mod direct;
/// Coroutines anywhere else.
#[cfg(any(test, not(all(unix, target_arch = "x86_64"))))]
mod portable;
/// What AddressSanitizer is told of that.
#[cfg(all(unix, target_arch = "x86_64"))]
mod sanitizer;
#[cfg(test)]
mod tests;

#[cfg(all(unix, target_arch = "x86_64"))]
pub(crate) use direct::{Coroutine, Seat};
#[cfg(not(all(unix, target_arch = "x86_64")))]
pub use portable::{Coroutine, Seat};

/// Where a coroutine's code is while the coroutine does not run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not begun.
    Fresh,
    /// In the middle of something.
    Busy,
    /// It has nothing to do.
    Resting,
    /// It is to return.
    Ending,
}
