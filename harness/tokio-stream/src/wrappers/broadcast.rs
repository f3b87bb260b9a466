//! `BroadcastStream`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use standstill_tokio::sync::broadcast::Receiver;
use standstill_tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::ReusableBoxFuture;

use crate::wrappers::errors::BroadcastStreamRecvError;

type Received<T> = (Result<T, RecvError>, Receiver<T>);

/// A stream of the values of a broadcast channel.
pub struct BroadcastStream<T> {
    inner: ReusableBoxFuture<'static, Received<T>>,
}

async fn receive<T: Clone>(mut receiver: Receiver<T>) -> Received<T> {
    let received = receiver.recv().await;
    (received, receiver)
}

impl<T: Clone + Send + 'static> BroadcastStream<T> {
    /// A stream of the values that `receiver` receives.
    pub fn new(receiver: Receiver<T>) -> Self {
        Self {
            inner: ReusableBoxFuture::new(receive(receiver)),
        }
    }
}

impl<T: Clone + Send + 'static> Stream for BroadcastStream<T> {
    type Item = Result<T, BroadcastStreamRecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (received, receiver) = ready!(self.inner.poll(cx));
        self.inner.set(receive(receiver));
        Poll::Ready(match received {
            Ok(value) => Some(Ok(value)),
            Err(RecvError::Closed) => None,
            Err(RecvError::Lagged(missed)) => Some(Err(BroadcastStreamRecvError::Lagged(missed))),
        })
    }
}

impl<T> fmt::Debug for BroadcastStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastStream").finish()
    }
}

impl<T: Clone + Send + 'static> From<Receiver<T>> for BroadcastStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}
