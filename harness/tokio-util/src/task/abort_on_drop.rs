//! Handles that abort their task when they are dropped.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use standstill_tokio::task::{AbortHandle, JoinError, JoinHandle};

macro_rules! aborts_on_drop {
    ($(#[$doc:meta])* $name:ident [$($generic:ident)?] $handle:ty) => {
        $(#[$doc])*
        #[must_use = "Dropping the handle aborts the task immediately"]
        pub struct $name$(<$generic>)?(Option<$handle>);

        impl$(<$generic>)? $name$(<$generic>)? {
            /// Wraps `handle`, so that dropping it aborts the task.
            pub fn new(handle: $handle) -> Self {
                Self(Some(handle))
            }

            fn handle(&self) -> &$handle {
                match &self.0 {
                    Some(handle) => handle,
                    None => unreachable!("a handle that was detached is used"),
                }
            }

            /// Aborts the task.
            #[track_caller]
            pub fn abort(&self) {
                self.handle().abort();
            }

            /// Whether the task has ended.
            #[track_caller]
            pub fn is_finished(&self) -> bool {
                self.handle().is_finished()
            }

            /// Returns the inner handle, which does not abort the task when it is dropped.
            pub fn detach(mut self) -> $handle {
                match self.0.take() {
                    Some(handle) => handle,
                    None => unreachable!("a handle that was detached is used"),
                }
            }
        }

        impl$(<$generic>)? Drop for $name$(<$generic>)? {
            fn drop(&mut self) {
                if let Some(handle) = &self.0 {
                    handle.abort();
                }
            }
        }

        impl$(<$generic>)? fmt::Debug for $name$(<$generic>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("id", &self.handle().id())
                    .finish()
            }
        }
    };
}

aborts_on_drop! {
    /// A `JoinHandle` that aborts its task when it is dropped.
    AbortOnDropHandle [T] JoinHandle<T>
}

aborts_on_drop! {
    /// An `AbortHandle` that aborts its task when it is dropped.
    AbortOnDrop [] AbortHandle
}

impl<T> AbortOnDropHandle<T> {
    /// A handle that can abort the task, but not await it.
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle().abort_handle()
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Some(handle) => Pin::new(handle).poll(cx),
            None => unreachable!("a handle that was detached is used"),
        }
    }
}

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.handle()
    }
}
