//! Coroutines: code on stacks of its own that can be suspended in the middle.
#![expect(unsafe_code, reason = "the stacks are mapped and switched here")]

/// Coroutines with stack switches written in assembly.
#[cfg(any(test, direct_coroutines))]
#[cfg(all(unix, target_arch = "x86_64"))]
pub mod direct;
/// Coroutines for all other targets.
#[cfg(any(test, not(direct_coroutines)))]
pub mod portable;
/// Tells AddressSanitizer about stack switches.
#[cfg(any(test, direct_coroutines))]
#[cfg(all(unix, target_arch = "x86_64"))]
mod sanitizer;
/// Their memory.
#[cfg(any(test, direct_coroutines))]
#[cfg(all(unix, target_arch = "x86_64"))]
mod stack;
#[cfg(test)]
mod tests;

#[cfg(direct_coroutines)]
pub use direct::{Coroutine, CoroutineStack};
#[cfg(not(direct_coroutines))]
pub use portable::{Coroutine, CoroutineStack};

/// The reason why a coroutine was suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The poll returned; the task goes on later. Its code has to be taken back.
    Pending,
    /// The task has ended, or was dropped.
    Ended,
    /// The task panicked, and its joiners were notified.
    Panicked,
    /// The task was unwound, and its code dropped.
    Unwound,
    /// In the middle of a poll: another task runs first.
    Preempted,
    /// In the middle of a blocking task, which waits to be woken.
    Parked,
    /// The run is closing, and this poll does not end by itself.
    Stuck,
    /// It can neither go on nor be unwound, and must never be resumed.
    Abandoned,
}

/// The state of a coroutine's code while the coroutine does not run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not begun.
    Fresh,
    /// It is suspended in the middle of its work.
    Busy,
    /// It is idle.
    Resting,
    /// It has to return.
    Ending,
}
