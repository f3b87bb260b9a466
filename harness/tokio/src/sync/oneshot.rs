//! A channel for one value.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync::oneshot as real;
use standstill_rt::facade::{self, End, Inside, PollWait, Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};

use crate::blocking;
use crate::place;

pub use ::tokio::sync::oneshot::*;

use error::{RecvError, TryRecvError};

/// A channel for one value.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = Inside::run(real::channel);
    let (source, sink) = End::pair(Tag::of::<T>(ResourceKind::Oneshot, 1));
    (
        Sender {
            end: source,
            polling: PollWait::new(),
            real: Wrapped::new(sender),
        },
        Receiver {
            end: sink,
            polling: PollWait::new(),
            real: Wrapped::new(receiver),
        },
    )
}

/// The sending end.
#[derive(Debug)]
pub struct Sender<T> {
    end: End,
    polling: PollWait,
    real: Wrapped<real::Sender<T>>,
}

impl<T> Sender<T> {
    async fn closed_at(&mut self, site: Site) {
        self.polling.end();
        Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
    }

    /// Sends the value.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was closed or dropped.
    #[track_caller]
    pub fn send(self, value: T) -> Result<(), T> {
        self.end.switch(Op::Send, Location::caller());
        let sent = self.real.inside_once(|real| real.send(value));
        self.end.moved_if(sent.is_ok());
        self.end.consumed();
        sent
    }

    /// Waits until the receiver is closed or dropped.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        self.closed_at(Location::caller())
    }

    /// Whether the receiver was closed or dropped.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::is_closed)
    }

    /// As [`Sender::closed`], for hand-written futures.
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { end, polling, real } = self;
        let caller = Location::caller();
        let site = || place::of_poll(caller, end.site());
        polling.poll_with(cx, end.tag(), Op::Closed, site, |cx| {
            real.inside_mut(|real| real.poll_closed(cx))
        })
    }
}

/// The receiving end. Await it to receive the value.
#[derive(Debug)]
pub struct Receiver<T> {
    end: End,
    polling: PollWait,
    real: Wrapped<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        site: impl FnOnce(Site) -> Site,
    ) -> Poll<Result<T, RecvError>> {
        let Self { end, polling, real } = self;
        let site = || site(end.site());
        let polled = polling.poll_with(cx, end.tag(), Op::Recv, site, |cx| {
            real.inside_mut(|real| Pin::new(real).poll(cx))
        });
        end.moved_if(matches!(polled, Poll::Ready(Ok(_))));
        polled
    }

    /// Closes the channel: the value can no longer be sent. If it was already sent, it can still be
    /// received.
    #[track_caller]
    pub fn close(&mut self) {
        self.end.switch(Op::CloseSink, Location::caller());
        self.real.inside_mut(real::Receiver::close);
    }

    /// Whether the result was received: the value, or the error that there is none.
    pub fn is_terminated(&self) -> bool {
        self.real.is_terminated()
    }

    /// Whether there is no value now.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::is_empty)
    }

    /// The value, if it was sent.
    ///
    /// # Errors
    ///
    /// If the value has not been sent. The error tells whether it still can be.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.end.switch(Op::Recv, Location::caller());
        let value = self.real.inside_mut(real::Receiver::try_recv)?;
        self.end.moved_if(true);
        Ok(value)
    }

    /// Blocks the thread until the value is sent.
    ///
    /// # Errors
    ///
    /// If no value can be sent any more.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_recv(mut self) -> Result<T, RecvError> {
        let site = Location::caller();
        if blocking::in_run("oneshot::Receiver::blocking_recv", ".await") {
            facade::block_on(poll_fn(|cx| self.poll_at(cx, |_| site)))
        } else {
            let Self { end, real, .. } = self;
            let value = real.into_inner().blocking_recv();
            end.consumed();
            value
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let caller = Location::caller();
        self.poll_at(cx, |made| place::of_poll(caller, made))
    }
}
