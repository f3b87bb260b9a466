//! Coroutines: code on stacks of its own that is suspended in the middle.
#![expect(unsafe_code, reason = "the stacks are mapped and switched here")]

/// Coroutines where the stacks are switched by our own hand.
#[cfg(any(test, direct_coroutines))]
#[cfg(all(unix, target_arch = "x86_64"))]
pub mod direct;
/// Coroutines anywhere else.
#[cfg(any(test, not(direct_coroutines)))]
pub mod portable;
/// What AddressSanitizer is told of that.
#[cfg(any(test, direct_coroutines))]
#[cfg(all(unix, target_arch = "x86_64"))]
mod sanitizer;
#[cfg(test)]
mod tests;

#[cfg(direct_coroutines)]
pub use direct::{Coroutine, CoroutineStack};
#[cfg(not(direct_coroutines))]
pub use portable::{Coroutine, CoroutineStack};

/// What a coroutine says when it is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The poll returned; the task goes on later. Its code is to be taken back.
    Pending,
    /// The task has ended, or was dropped.
    Ended,
    /// The task panicked and was told so.
    Panicked,
    /// The task was unwound, and its code dropped.
    Unwound,
    /// In the middle of a poll: somebody else runs first.
    Preempted,
    /// In the middle of a blocking task: waits to be woken.
    Parked,
    /// The run is closing and this poll does not end by itself.
    Stuck,
    /// It can neither go on nor be unwound, and is never to be resumed.
    Abandoned,
}

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
