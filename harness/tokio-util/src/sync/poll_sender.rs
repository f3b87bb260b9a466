//! `PollSender`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio_util::sync::ReusableBoxFuture;
use futures_sink::Sink;
use standstill_tokio::sync::mpsc::error::SendError;
use standstill_tokio::sync::mpsc::{OwnedPermit, Sender};

/// The error for a closed channel.
#[derive(Debug)]
pub struct PollSendError<T>(Option<T>);

impl<T> PollSendError<T> {
    /// The value that was not sent, if there was one.
    pub fn into_inner(self) -> Option<T> {
        self.0
    }
}

impl<T> fmt::Display for PollSendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel closed")
    }
}

impl<T: fmt::Debug> std::error::Error for PollSendError<T> {}

type Reserve<T> = ReusableBoxFuture<'static, Result<OwnedPermit<T>, SendError<()>>>;

#[derive(Debug)]
enum State<T> {
    Idle(Sender<T>),
    Acquiring(Reserve<T>),
    Ready(OwnedPermit<T>),
    Closed,
}

/// A sender of a bounded channel for hand-written futures, and a [`Sink`].
#[derive(Debug)]
pub struct PollSender<T> {
    sender: Option<Sender<T>>,
    state: State<T>,
}

impl<T: Send + 'static> PollSender<T> {
    /// Wraps `sender`.
    pub fn new(sender: Sender<T>) -> Self {
        Self {
            sender: Some(sender.clone()),
            state: State::Idle(sender),
        }
    }

    /// Polls for room, and reserves it.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    pub fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PollSendError<T>>> {
        if let State::Idle(_) = self.state
            && let State::Idle(sender) = std::mem::replace(&mut self.state, State::Closed)
        {
            self.state = State::Acquiring(ReusableBoxFuture::new(sender.reserve_owned()));
        }
        let reserved = match &mut self.state {
            State::Acquiring(reserve) => ready!(reserve.poll(cx)),
            State::Ready(_) => return Poll::Ready(Ok(())),
            State::Idle(_) | State::Closed => return Poll::Ready(Err(PollSendError(None))),
        };
        Poll::Ready(match reserved {
            Ok(permit) => {
                self.state = State::Ready(permit);
                Ok(())
            }
            Err(_) => {
                self.state = State::Closed;
                Err(PollSendError(None))
            }
        })
    }

    /// Sends `value` into the room that [`PollSender::poll_reserve`] has reserved.
    ///
    /// # Errors
    ///
    /// The value, if the channel is closed.
    ///
    /// # Panics
    ///
    /// If no room was reserved.
    #[track_caller]
    pub fn send_item(&mut self, value: T) -> Result<(), PollSendError<T>> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Idle(_) | State::Acquiring(_) => {
                panic!("`send_item` called without first calling `poll_reserve`")
            }
            State::Ready(permit) => {
                let sender = permit.send(value);
                if self.sender.is_some() {
                    self.state = State::Idle(sender);
                }
                Ok(())
            }
            State::Closed => Err(PollSendError(Some(value))),
        }
    }

    /// Whether this sender was closed, or has found the channel closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed) || self.sender.is_none()
    }

    /// The inner sender, unless this one is closed.
    pub fn get_ref(&self) -> Option<&Sender<T>> {
        self.sender.as_ref()
    }

    /// Closes this sender. Room that it has reserved can still be used.
    pub fn close(&mut self) {
        self.sender = None;
        if matches!(self.state, State::Idle(_) | State::Acquiring(_)) {
            self.state = State::Closed;
        }
    }

    /// Stops waiting for room, or releases reserved room. Returns whether there was either.
    pub fn abort_send(&mut self) -> bool {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Acquiring(_) => {
                if let Some(sender) = &self.sender {
                    self.state = State::Idle(sender.clone());
                }
                true
            }
            State::Ready(permit) => {
                let sender = permit.release();
                if self.sender.is_some() {
                    self.state = State::Idle(sender);
                }
                true
            }
            other => {
                self.state = other;
                false
            }
        }
    }
}

impl<T> Clone for PollSender<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            state: match &self.sender {
                Some(sender) => State::Idle(sender.clone()),
                None => State::Closed,
            },
        }
    }
}

impl<T: Send + 'static> Sink<T> for PollSender<T> {
    type Error = PollSendError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_reserve(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        self.send_item(item)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}
