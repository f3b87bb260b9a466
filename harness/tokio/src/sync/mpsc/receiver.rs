//! The receiving ends. They are the same for bounded and unbounded channels.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::{Context, Poll};

use ::tokio::sync::mpsc as real;
use standstill_rt::facade::{self, End, PollWait, Wait, Wrapped};
use standstill_rt::{Op, Site};

use crate::blocking;
use crate::place;
use crate::sync::mpsc::error::TryRecvError;

macro_rules! receiver {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            end: End,
            polling: PollWait,
            real: Wrapped<real::$name<T>>,
        }

        impl<T> $name<T> {
            pub(super) fn new(end: End, real: real::$name<T>) -> Self {
                Self {
                    end,
                    polling: PollWait::new(),
                    real: Wrapped::new(real),
                }
            }

            async fn recv_at(&mut self, site: Site) -> Option<T> {
                self.polling.end();
                let value = Wait::new(self.real.recv(), &self.end, Op::Recv, site).await;
                self.end.moved_if(value.is_some());
                value
            }

            async fn recv_many_at(&mut self, buffer: &mut Vec<T>, limit: usize, site: Site) -> usize {
                self.polling.end();
                let recv = self.real.recv_many(buffer, limit);
                let received = Wait::new(recv, &self.end, Op::Recv, site).await;
                self.end.moved_if(received > 0);
                received
            }

            /// Waits for the next value. None if the channel is closed and empty.
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                self.recv_at(Location::caller())
            }

            /// Waits for at least one value and appends up to `limit` values to `buffer`. Returns their
            /// number, which is 0 if the channel is closed and empty, or if `limit` is 0.
            #[track_caller]
            pub fn recv_many(
                &mut self,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> impl Future<Output = usize> {
                self.recv_many_at(buffer, limit, Location::caller())
            }

            /// The next value, if there is one.
            ///
            /// # Errors
            ///
            /// If the channel is empty. The error tells whether it is also closed.
            #[track_caller]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                self.end.switch(Op::Recv, Location::caller());
                let value = self.real.inside_mut(real::$name::try_recv)?;
                self.end.moved_if(true);
                Ok(value)
            }

            #[doc = concat!("As [`", stringify!($name), "::recv`], blocking the thread.")]
            ///
            /// # Panics
            ///
            /// In an asynchronous task.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                let site = Location::caller();
                if blocking::in_run(concat!("mpsc::", stringify!($name), "::blocking_recv"), "recv().await") {
                    facade::block_on(self.recv_at(site))
                } else {
                    self.real.blocking_recv()
                }
            }

            #[doc = concat!("As [`", stringify!($name), "::recv_many`], blocking the thread.")]
            ///
            /// # Panics
            ///
            /// In an asynchronous task.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                let site = Location::caller();
                if blocking::in_run(concat!("mpsc::", stringify!($name), "::blocking_recv_many"), "recv_many(..).await") {
                    facade::block_on(self.recv_many_at(buffer, limit, site))
                } else {
                    self.real.blocking_recv_many(buffer, limit)
                }
            }

            /// Closes the channel: no more values can be sent. Those that were sent can still be
            /// received.
            #[track_caller]
            pub fn close(&mut self) {
                self.end.switch(Op::CloseSink, Location::caller());
                self.real.inside_mut(real::$name::close);
            }

            /// Whether the channel is closed: by a call of `close`, or because all senders were dropped.
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                self.end.switch(Op::Inspect, Location::caller());
                self.real.inside(real::$name::is_closed)
            }

            /// Whether there is no value to receive.
            #[track_caller]
            pub fn is_empty(&self) -> bool {
                self.end.switch(Op::Inspect, Location::caller());
                self.real.inside(real::$name::is_empty)
            }

            /// The number of values to receive.
            #[track_caller]
            pub fn len(&self) -> usize {
                self.end.switch(Op::Inspect, Location::caller());
                self.real.inside(real::$name::len)
            }

            /// As [`recv`](Self::recv), for hand-written futures and streams.
            #[track_caller]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                let Self { end, polling, real } = self;
                let caller = Location::caller();
                let site = || place::of_poll(caller, end.site());
                let polled = polling.poll_with(cx, end.tag(), Op::Recv, site, |cx| {
                    real.inside_mut(|real| real.poll_recv(cx))
                });
                end.moved_if(matches!(polled, Poll::Ready(Some(_))));
                polled
            }

            /// As [`recv_many`](Self::recv_many), for hand-written futures and streams.
            #[track_caller]
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                let Self { end, polling, real } = self;
                let caller = Location::caller();
                let site = || place::of_poll(caller, end.site());
                let polled = polling.poll_with(cx, end.tag(), Op::Recv, site, |cx| {
                    real.inside_mut(|real| real.poll_recv_many(cx, buffer, limit))
                });
                end.moved_if(matches!(polled, Poll::Ready(received) if received > 0));
                polled
            }

            /// The number of senders.
            #[track_caller]
            pub fn sender_strong_count(&self) -> usize {
                self.end.switch(Op::Inspect, Location::caller());
                self.real.inside(real::$name::sender_strong_count)
            }

            /// The number of weak senders.
            #[track_caller]
            pub fn sender_weak_count(&self) -> usize {
                self.end.switch(Op::Inspect, Location::caller());
                self.real.inside(real::$name::sender_weak_count)
            }
        }

        impl<T> Unpin for $name<T> {}

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    };
}

receiver! {
    /// The receiving end of a bounded channel.
    Receiver
}

receiver! {
    /// The receiving end of an unbounded channel.
    UnboundedReceiver
}

impl<T> Receiver<T> {
    /// How many more values the channel has room for.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::capacity)
    }

    /// How many values the channel has room for when it is empty.
    pub fn max_capacity(&self) -> usize {
        self.real.max_capacity()
    }
}
