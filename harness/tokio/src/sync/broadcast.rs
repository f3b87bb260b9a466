//! A channel in which every receiver sees every value.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use ::tokio::sync::broadcast as real;
use standstill_rt::facade::{self, End, Inside, Shared, Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};

use crate::blocking;

pub use ::tokio::sync::broadcast::*;

use error::{RecvError, SendError, TryRecvError};

/// A channel that keeps at least the last `capacity` values for receivers that are behind.
///
/// # Panics
///
/// If `capacity` is 0 or more than `usize::MAX / 2`.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = {
        // Not in a closure, so that a panic names the caller's position.
        let _inside = Inside::enter();
        real::channel(capacity)
    };
    let (source, sink) = End::pair(Tag::of::<T>(ResourceKind::Broadcast, u32::MAX));
    (
        Sender {
            end: source,
            real: Wrapped::new(sender),
        },
        Receiver {
            end: sink,
            real: Wrapped::new(receiver),
        },
    )
}

/// A sending end. The channel closes when the last one is dropped.
pub struct Sender<T> {
    end: End,
    real: Wrapped<real::Sender<T>>,
}

impl<T> Sender<T> {
    /// A sender without any receiver yet.
    ///
    /// # Panics
    ///
    /// As [`channel`].
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        let tag = Tag::of::<T>(ResourceKind::Broadcast, u32::MAX);
        let site = tag.site();
        Self {
            end: End::source(Shared::new(tag), site),
            real: Wrapped::new(real::Sender::new(capacity)),
        }
    }

    async fn closed_at(&self, site: Site) {
        Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
    }

    /// Sends to all receivers, and returns how many there are.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.end.switch(Op::Send, Location::caller());
        let receivers = self.real.inside(|real| real.send(value))?;
        self.end.moved_if(true);
        Ok(receivers)
    }

    /// A receiver of the values that are sent from now on.
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let site = Location::caller();
        self.end.look(site);
        Receiver {
            end: End::sink(self.end.channel().clone(), site),
            real: Wrapped::new(self.real.inside(real::Sender::subscribe)),
        }
    }

    /// A sender that does not keep the channel open.
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            tag: self.end.channel().clone(),
            real: Wrapped::new(self.real.inside(real::Sender::downgrade)),
        }
    }

    /// The number of values that at least one receiver has not received.
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::len)
    }

    /// Whether all receivers have received all values.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::is_empty)
    }

    /// The number of receivers.
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::receiver_count)
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }

    /// Waits until there is no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.closed_at(Location::caller())
    }

    /// The number of senders.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::strong_count)
    }

    /// The number of weak senders.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::weak_count)
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: End::source(self.end.channel().clone(), Location::caller()),
            real: Wrapped::new(self.real.inside(Clone::clone)),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A sender that does not keep the channel open.
pub struct WeakSender<T> {
    tag: Shared<Tag>,
    real: Wrapped<real::WeakSender<T>>,
}

impl<T> WeakSender<T> {
    /// A sender that keeps the channel open. None if all senders were dropped.
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let site = Location::caller();
        self.tag.switch(Op::Atomic, site);
        let real = self.real.inside(real::WeakSender::upgrade)?;
        Some(Sender {
            end: End::source(self.tag.clone(), site),
            real: Wrapped::new(real),
        })
    }

    /// The number of senders.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.inside(real::WeakSender::strong_count)
    }

    /// The number of weak senders.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.inside(real::WeakSender::weak_count)
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            tag: self.tag.clone(),
            real: Wrapped::new(self.real.inside(Clone::clone)),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A receiving end, with its own position in the sequence of values.
pub struct Receiver<T> {
    end: End,
    real: Wrapped<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    /// The number of values that this receiver has not received.
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::len)
    }

    /// Whether this receiver has received all values.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::is_empty)
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }

    /// The number of senders.
    #[track_caller]
    pub fn sender_strong_count(&self) -> usize {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::sender_strong_count)
    }

    /// The number of weak senders.
    #[track_caller]
    pub fn sender_weak_count(&self) -> usize {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::sender_weak_count)
    }

    /// Whether all senders were dropped.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::is_closed)
    }
}

impl<T: Clone> Receiver<T> {
    async fn recv_at(&mut self, site: Site) -> Result<T, RecvError> {
        let received = Wait::new(self.real.recv(), &self.end, Op::Recv, site).await;
        self.end
            .moved_if(!matches!(received, Err(RecvError::Closed)));
        received
    }

    /// A receiver of the values that are sent from now on.
    #[track_caller]
    pub fn resubscribe(&self) -> Self {
        let site = Location::caller();
        self.end.switch(Op::Inspect, site);
        Self {
            end: End::sink(self.end.channel().clone(), site),
            real: Wrapped::new(self.real.inside(real::Receiver::resubscribe)),
        }
    }

    /// Waits for the next value.
    ///
    /// # Errors
    ///
    /// If values were overwritten before this receiver received them, or if the channel is closed and
    /// all values were received.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> {
        self.recv_at(Location::caller())
    }

    /// The next value, if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`Receiver::recv`], and if there is no value.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.end.switch(Op::Recv, Location::caller());
        let received = self.real.inside_mut(real::Receiver::try_recv);
        let moved = matches!(received, Ok(_) | Err(TryRecvError::Lagged(_)));
        self.end.moved_if(moved);
        received
    }

    /// As [`Receiver::recv`], blocking the thread.
    ///
    /// # Errors
    ///
    /// Those of [`Receiver::recv`].
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        let site = Location::caller();
        if blocking::in_run("broadcast::Receiver::blocking_recv", "recv().await") {
            facade::block_on(self.recv_at(site))
        } else {
            self.real.blocking_recv()
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
