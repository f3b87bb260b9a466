//! The sending end of an unbounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use ::tokio::sync::mpsc as real;
use standstill_rt::facade::{Tag, Wait};
use standstill_rt::{Op, Site};

use crate::guard::End;
use crate::sync::mpsc::error::SendError;

/// A sending end of an unbounded channel. The channel closes when the last is dropped.
pub struct UnboundedSender<T> {
    end: End,
    real: real::UnboundedSender<T>,
}

impl<T> UnboundedSender<T> {
    pub(super) fn new(end: End, real: real::UnboundedSender<T>) -> Self {
        Self { end, real }
    }

    async fn closed_at(&self, site: Site) {
        Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
    }

    /// Sends; there is always room.
    ///
    /// # Errors
    ///
    /// The value, if nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.end.switch(Op::Send, Location::caller());
        self.real.send(value)?;
        self.end.moved_if(true);
        Ok(())
    }

    /// Waits until nobody receives any more.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.closed_at(Location::caller())
    }

    /// Whether nobody receives any more.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller());
        self.real.is_closed()
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }

    /// A sender that does not keep the channel open.
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            tag: Arc::clone(self.end.tag()),
            real: self.real.downgrade(),
        }
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.strong_count()
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: End::source(Arc::clone(self.end.tag()), Location::caller()),
            real: self.real.clone(),
        }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A sender of an unbounded channel that does not keep it open.
pub struct WeakUnboundedSender<T> {
    tag: Arc<Tag>,
    real: real::WeakUnboundedSender<T>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender that does keep the channel open, unless it is closed already.
    #[track_caller]
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        let site = Location::caller();
        self.tag.switch(Op::Atomic, site);
        let real = self.real.upgrade()?;
        Some(UnboundedSender {
            end: End::source(Arc::clone(&self.tag), site),
            real,
        })
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.strong_count()
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.tag.switch(Op::Atomic, Location::caller());
        self.real.weak_count()
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            tag: Arc::clone(&self.tag),
            real: self.real.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
