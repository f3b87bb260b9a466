//! The sending ends. They are mostly the same for bounded and unbounded channels, but a sender of a
//! bounded channel may have to wait for room.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use ::tokio::sync::mpsc as real;
use standstill_rt::facade::{self, End, Hold, Inside, Release, Shared, Tag, Wait, Wrapped};
use standstill_rt::{Op, Site};

use crate::blocking;
use crate::sync::mpsc::error::{SendError, SendTimeoutError, TrySendError};
use crate::sync::mpsc::{OwnedPermit, Permit, PermitIterator};
use crate::sync::semaphore::clamp;

macro_rules! sender {
    (
        $(#[$doc:meta])* $name:ident
        $(#[$weak_doc:meta])* $weak:ident
    ) => {
        $(#[$doc])*
        pub struct $name<T> {
            pub(super) end: End,
            pub(super) real: Wrapped<real::$name<T>>,
        }

        impl<T> $name<T> {
            pub(super) fn new(end: End, real: real::$name<T>) -> Self {
                Self {
                    end,
                    real: Wrapped::new(real),
                }
            }

            async fn closed_at(&self, site: Site) {
                Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
            }

            /// Waits until the receiver is closed or dropped.
            #[track_caller]
            pub fn closed(&self) -> impl Future<Output = ()> {
                self.closed_at(Location::caller())
            }

            /// Whether the receiver was closed or dropped.
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                self.end.look(Location::caller());
                self.real.inside(real::$name::is_closed)
            }

            /// Whether both send into the same channel.
            pub fn same_channel(&self, other: &Self) -> bool {
                self.real.same_channel(&other.real)
            }

            /// A sender that does not keep the channel open.
            #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
            pub fn downgrade(&self) -> $weak<T> {
                $weak {
                    tag: self.end.channel().clone(),
                    real: Wrapped::new(self.real.inside(real::$name::downgrade)),
                }
            }

            /// The number of senders.
            #[track_caller]
            pub fn strong_count(&self) -> usize {
                self.end.look(Location::caller());
                self.real.inside(real::$name::strong_count)
            }

            /// The number of weak senders.
            #[track_caller]
            pub fn weak_count(&self) -> usize {
                self.end.look(Location::caller());
                self.real.inside(real::$name::weak_count)
            }
        }

        impl<T> Clone for $name<T> {
            #[track_caller]
            fn clone(&self) -> Self {
                let end = End::source(self.end.channel().clone(), Location::caller());
                Self::new(end, self.real.inside(Clone::clone))
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }

        $(#[$weak_doc])*
        pub struct $weak<T> {
            tag: Shared<Tag>,
            real: Wrapped<real::$weak<T>>,
        }

        impl<T> $weak<T> {
            /// A sender that keeps the channel open. None if all senders were dropped.
            #[track_caller]
            pub fn upgrade(&self) -> Option<$name<T>> {
                let site = Location::caller();
                self.tag.switch(Op::Atomic, site);
                let real = self.real.inside(real::$weak::upgrade)?;
                Some($name::new(End::source(self.tag.clone(), site), real))
            }

            /// The number of senders.
            #[track_caller]
            pub fn strong_count(&self) -> usize {
                self.tag.switch(Op::Atomic, Location::caller());
                self.real.inside(real::$weak::strong_count)
            }

            /// The number of weak senders.
            #[track_caller]
            pub fn weak_count(&self) -> usize {
                self.tag.switch(Op::Atomic, Location::caller());
                self.real.inside(real::$weak::weak_count)
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self {
                    tag: self.tag.clone(),
                    real: Wrapped::new(self.real.inside(Clone::clone)),
                }
            }
        }

        impl<T> fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    };
}

sender! {
    /// A sending end of a bounded channel. The channel closes when the last one is dropped.
    Sender
    /// A sender of a bounded channel that does not keep it open.
    WeakSender
}

sender! {
    /// A sending end of an unbounded channel. The channel closes when the last one is dropped.
    UnboundedSender
    /// A sender of an unbounded channel that does not keep it open.
    WeakUnboundedSender
}

impl<T> Sender<T> {
    async fn send_at(&self, value: T, site: Site) -> Result<(), SendError<T>> {
        let value = if self.end.tag().begin(Op::Send, site) {
            // If there is room, this sends as `send` does, but without creating a future.
            match self.real.inside(|real| real.try_send(value)) {
                Ok(()) => {
                    self.end.moved_if(true);
                    return Ok(());
                }
                Err(TrySendError::Full(value)) => value,
                Err(TrySendError::Closed(value)) => return Err(SendError(value)),
            }
        } else {
            value
        };
        Wait::new(self.real.send(value), &self.end, Op::Send, site)
            .begun()
            .await?;
        self.end.moved_if(true);
        Ok(())
    }

    async fn send_timeout_at(
        &self,
        value: T,
        timeout: Duration,
        site: Site,
    ) -> Result<(), SendTimeoutError<T>> {
        let reserve = Wait::new(self.real.reserve(), &self.end, Op::Send, site);
        match crate::time::timeout_from(timeout, reserve, site).await {
            Ok(Ok(permit)) => {
                Inside::run(|| permit.send(value));
                self.end.moved_if(true);
                Ok(())
            }
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }

    async fn reserve_at(&self, site: Site) -> Result<Permit<'_, T>, SendError<()>> {
        let real = Wait::new(self.real.reserve(), &self.end, Op::Reserve, site).await?;
        Ok(self.permit(real, site))
    }

    async fn reserve_many_at(
        &self,
        n: usize,
        site: Site,
    ) -> Result<PermitIterator<'_, T>, SendError<()>> {
        let reserve = self.real.reserve_many(n);
        let real = Wait::many(reserve, &self.end, Op::Reserve, clamp(n), site).await?;
        Ok(self.permits(real, site))
    }

    async fn reserve_owned_at(self, site: Site) -> Result<OwnedPermit<T>, SendError<()>> {
        let Self { end, real } = self;
        let reserve = real.into_inner().reserve_owned();
        let real = Wait::new(reserve, &end, Op::Reserve, site).await?;
        let hold = Hold::take(end.tag(), Op::Reserve, 1, site);
        Ok(OwnedPermit::new(end, real, hold, site))
    }

    fn permit<'a>(&'a self, real: real::Permit<'a, T>, site: Site) -> Permit<'a, T> {
        let hold = Hold::take(self.end.tag(), Op::Reserve, 1, site);
        Permit::new(Release::new(self.end.tag(), site), real, hold)
    }

    fn permits<'a>(
        &'a self,
        real: real::PermitIterator<'a, T>,
        site: Site,
    ) -> PermitIterator<'a, T> {
        let hold = Hold::take(self.end.tag(), Op::Reserve, clamp(real.len()), site);
        PermitIterator::new(Release::new(self.end.tag(), site), real, hold)
    }

    /// Waits for room, then sends `value`.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was closed or dropped.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.send_at(value, Location::caller())
    }

    /// Sends `value`, if there is room.
    ///
    /// # Errors
    ///
    /// The value, if there is no room or the receiver was closed or dropped.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.end.switch(Op::Send, Location::caller());
        self.real.inside(|real| real.try_send(value))?;
        self.end.moved_if(true);
        Ok(())
    }

    /// Waits for room for at most `timeout`, then sends `value`.
    ///
    /// # Errors
    ///
    /// The value, if there was no room in time or the receiver was closed or dropped.
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> {
        self.send_timeout_at(value, timeout, Location::caller())
    }

    /// As [`Sender::send`], blocking the thread.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was closed or dropped.
    ///
    /// # Panics
    ///
    /// In an asynchronous task.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        if blocking::in_run("mpsc::Sender::blocking_send", "send(..).await") {
            facade::block_on(self.send_at(value, site))
        } else {
            self.real.blocking_send(value)
        }
    }

    /// Waits for room and reserves it, to send later without waiting.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        self.reserve_at(Location::caller())
    }

    /// As [`Sender::reserve`], for `n` values.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped, or `n` is more than the channel's maximum capacity.
    #[track_caller]
    pub fn reserve_many(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        self.reserve_many_at(n, Location::caller())
    }

    /// As [`Sender::reserve`], with a permit that owns the sender.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        self.reserve_owned_at(Location::caller())
    }

    /// As [`Sender::reserve`], without waiting.
    ///
    /// # Errors
    ///
    /// If there is no room, or the receiver was closed or dropped.
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        let real = self.real.inside(real::Sender::try_reserve)?;
        Ok(self.permit(real, site))
    }

    /// As [`Sender::reserve_many`], without waiting.
    ///
    /// # Errors
    ///
    /// If there is no room, or the receiver was closed or dropped.
    #[track_caller]
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        let real = self.real.inside(|real| real.try_reserve_many(n))?;
        Ok(self.permits(real, site))
    }

    /// As [`Sender::reserve_owned`], without waiting.
    ///
    /// # Errors
    ///
    /// The sender, if there is no room, or the receiver was closed or dropped.
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        let Self { end, real } = self;
        match real.inside_once(real::Sender::try_reserve_owned) {
            Ok(real) => {
                let hold = Hold::take(end.tag(), Op::Reserve, 1, site);
                Ok(OwnedPermit::new(end, real, hold, site))
            }
            Err(TrySendError::Full(real)) => Err(TrySendError::Full(Self::new(end, real))),
            Err(TrySendError::Closed(real)) => Err(TrySendError::Closed(Self::new(end, real))),
        }
    }

    /// How many more values the channel has room for.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::capacity)
    }

    /// How many values the channel has room for when it is empty.
    pub fn max_capacity(&self) -> usize {
        self.real.max_capacity()
    }
}

impl<T> UnboundedSender<T> {
    /// Sends `value`. There is always room.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was closed or dropped.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.end.switch(Op::Send, Location::caller());
        self.real.inside(|real| real.send(value))?;
        self.end.moved_if(true);
        Ok(())
    }
}
