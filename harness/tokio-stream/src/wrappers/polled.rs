//! Wrappers of types that can be polled.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use standstill_tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use standstill_tokio::task::{JoinError, JoinSet};
use standstill_tokio::time::{Instant, Interval};

macro_rules! wrapper {
    ($(#[$doc:meta])* $name:ident [$($generic:ident)?] $inner:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name$(<$generic>)? {
            inner: $inner,
        }

        impl$(<$generic>)? $name$(<$generic>)? {
            /// A stream of what `inner` yields.
            pub fn new(inner: $inner) -> Self {
                Self { inner }
            }

            /// The wrapped value.
            pub fn into_inner(self) -> $inner {
                self.inner
            }
        }

        impl$(<$generic>)? AsRef<$inner> for $name$(<$generic>)? {
            fn as_ref(&self) -> &$inner {
                &self.inner
            }
        }

        impl$(<$generic>)? AsMut<$inner> for $name$(<$generic>)? {
            fn as_mut(&mut self) -> &mut $inner {
                &mut self.inner
            }
        }
    };
}

wrapper! {
    /// A stream of the values of a bounded channel.
    ReceiverStream [T] Receiver<T>
}

wrapper! {
    /// A stream of the values of an unbounded channel.
    UnboundedReceiverStream [T] UnboundedReceiver<T>
}

wrapper! {
    /// A stream of the ticks of an interval.
    IntervalStream [] Interval
}

wrapper! {
    /// A stream of the results of a set of tasks.
    JoinSetStream [T] JoinSet<T>
}

impl<T> ReceiverStream<T> {
    /// Closes the channel: no more values can be sent.
    #[track_caller]
    pub fn close(&mut self) {
        self.inner.close();
    }
}

impl<T> UnboundedReceiverStream<T> {
    /// Closes the channel: no more values can be sent.
    #[track_caller]
    pub fn close(&mut self) {
        self.inner.close();
    }
}

impl<T> From<Receiver<T>> for ReceiverStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> From<UnboundedReceiver<T>> for UnboundedReceiverStream<T> {
    fn from(receiver: UnboundedReceiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> From<JoinSet<T>> for JoinSetStream<T> {
    fn from(set: JoinSet<T>) -> Self {
        Self::new(set)
    }
}

impl<T> Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.inner.poll_recv(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_most = self.inner.is_closed().then(|| {
            // Reserved room may still be used.
            self.inner.max_capacity() - self.inner.capacity()
        });
        (self.inner.len(), at_most)
    }
}

impl<T> Stream for UnboundedReceiverStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.inner.poll_recv(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = self.inner.len();
        (length, self.inner.is_closed().then_some(length))
    }
}

impl Stream for IntervalStream {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.inner.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedStream for IntervalStream {
    fn is_terminated(&self) -> bool {
        false
    }
}

impl<T: 'static> Stream for JoinSetStream<T> {
    type Item = Result<T, JoinError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.poll_join_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.inner.len(), Some(self.inner.len()))
    }
}
