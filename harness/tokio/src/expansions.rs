//! `select!`, `task_local!`, and the items that their expansions refer to.

/// Polls several futures until one is ready and its pattern matches, then drops the others. This is
/// tokio's macro, but in a run the engine chooses which branch is polled first.
///
/// # Panics
///
/// If all branches are disabled and there is no `else` branch.
///
/// ```
/// # use standstill_tokio as tokio;
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
/// sender.send(7).await.unwrap();
/// let value = tokio::select! {
///     Some(value) = receiver.recv() => value,
///     else => 0,
/// };
/// assert_eq!(value, 7);
/// # });
/// ```
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => {
        $crate::__private::tokio::select!(biased; $($branches)*)
    };
    (else => $otherwise:expr $(,)?) => {
        $crate::__private::tokio::select!(else => $otherwise)
    };
    () => {
        $crate::__private::tokio::select!()
    };
    ($($branches:tt)*) => {
        $crate::__private::tokio::select!(
            @{ start = { $crate::__private::select_start(BRANCHES) }; () } $($branches)*
        )
    };
}

/// Declares task-local values. [`LocalKey::scope`] gives such a key a value while a future is polled.
///
/// [`LocalKey::scope`]: crate::task::LocalKey::scope
///
/// ```
/// # use standstill_tokio as tokio;
/// tokio::task_local! {
///     static REQUEST: u32;
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// REQUEST.scope(4, async { assert_eq!(REQUEST.get(), 4) }).await;
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::task_local!($(#[$attribute])* $visibility static $name: $type);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty) => {
        $(#[$attribute])*
        $visibility static $name: $crate::task::LocalKey<$type> = {
            ::std::thread_local! {
                static __KEY: $crate::__private::Current<$type> =
                    const { $crate::__private::Current::new() };
            }

            $crate::task::LocalKey { inner: __KEY }
        };
    };
}

/// The items that the macros' expansions refer to. Not part of the public interface.
#[doc(hidden)]
pub mod support {
    pub use crate::raw::Current;
    pub use ::tokio;

    /// The branch that a `select!` of `branches` polls first.
    pub fn select_start(branches: u32) -> u32 {
        standstill_rt::facade::select_start(branches)
            .unwrap_or_else(|| ::tokio::macros::support::thread_rng_n(branches))
    }
}
