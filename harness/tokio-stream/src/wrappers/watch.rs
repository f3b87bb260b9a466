//! `WatchStream`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use standstill_tokio::sync::watch::Receiver;
use standstill_tokio::sync::watch::error::RecvError;
use tokio_util::sync::ReusableBoxFuture;

type Changed<T> = (Result<(), RecvError>, Receiver<T>);

/// A stream of the values of a watch channel.
pub struct WatchStream<T> {
    inner: ReusableBoxFuture<'static, Changed<T>>,
}

async fn change<T: Clone + Send + Sync>(mut receiver: Receiver<T>) -> Changed<T> {
    let changed = receiver.changed().await;
    (changed, receiver)
}

impl<T: Clone + Send + Sync + 'static> WatchStream<T> {
    /// A stream of the current value and its changes.
    pub fn new(receiver: Receiver<T>) -> Self {
        Self {
            inner: ReusableBoxFuture::new(async move { (Ok(()), receiver) }),
        }
    }

    /// A stream of the changes of the value.
    pub fn from_changes(receiver: Receiver<T>) -> Self {
        Self {
            inner: ReusableBoxFuture::new(change(receiver)),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Stream for WatchStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let (changed, mut receiver) = ready!(self.inner.poll(cx));
        let value = changed
            .is_ok()
            .then(|| receiver.borrow_and_update().clone());
        self.inner.set(change(receiver));
        Poll::Ready(value)
    }
}

impl<T> Unpin for WatchStream<T> {}

impl<T> fmt::Debug for WatchStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream").finish()
    }
}

impl<T: Clone + Send + Sync + 'static> From<Receiver<T>> for WatchStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}
