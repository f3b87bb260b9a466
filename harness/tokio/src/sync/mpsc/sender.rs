//! The sending end of a bounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use ::tokio::sync::mpsc as real;
use standstill_rt::facade::{self, Hold, Tag, Wait};
use standstill_rt::{Op, Site};

use crate::blocking;
use crate::guard::{End, Release};
use crate::sync::mpsc::error::{SendError, SendTimeoutError, TrySendError};
use crate::sync::mpsc::{OwnedPermit, Permit, PermitIterator};
use crate::sync::semaphore::clamp;

/// A sending end of a bounded channel. The channel closes when the last is dropped.
pub struct Sender<T> {
    pub(super) end: End,
    pub(super) real: real::Sender<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(end: End, real: real::Sender<T>) -> Self {
        Self { end, real }
    }

    async fn send_at(&self, value: T, site: Site) -> Result<(), SendError<T>> {
        let value = if self.end.tag().begin(Op::Send, site) {
            // Where there is room both send the same way; this one makes no future.
            match self.real.try_send(value) {
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
                permit.send(value);
                self.end.moved_if(true);
                Ok(())
            }
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }

    async fn closed_at(&self, site: Site) {
        Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
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
        let real = Wait::new(real.reserve_owned(), &end, Op::Reserve, site).await?;
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

    /// Waits for room and sends.
    ///
    /// # Errors
    ///
    /// The value, if nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.send_at(value, Location::caller())
    }

    /// Waits until nobody receives any more.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.closed_at(Location::caller())
    }

    /// Sends, if there is room.
    ///
    /// # Errors
    ///
    /// The value, if there is no room or nobody will receive it.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.end.switch(Op::Send, Location::caller());
        self.real.try_send(value)?;
        self.end.moved_if(true);
        Ok(())
    }

    /// Waits for room, but not for ever, and sends.
    ///
    /// # Errors
    ///
    /// The value, if there was no room in time or nobody will receive it.
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
    /// The value, if nobody will receive it.
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

    /// Whether nobody receives any more.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller());
        self.real.is_closed()
    }

    /// Waits for room and keeps it, to send later without waiting.
    ///
    /// # Errors
    ///
    /// If nobody receives any more.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        self.reserve_at(Location::caller())
    }

    /// As [`Sender::reserve`], for `n` values.
    ///
    /// # Errors
    ///
    /// If nobody receives any more, or the channel never has room for so many.
    #[track_caller]
    pub fn reserve_many(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        self.reserve_many_at(n, Location::caller())
    }

    /// As [`Sender::reserve`], with the sender in the permit.
    ///
    /// # Errors
    ///
    /// If nobody receives any more.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        self.reserve_owned_at(Location::caller())
    }

    /// As [`Sender::reserve`], without waiting.
    ///
    /// # Errors
    ///
    /// If there is no room or nobody receives any more.
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        Ok(self.permit(self.real.try_reserve()?, site))
    }

    /// As [`Sender::reserve_many`], without waiting.
    ///
    /// # Errors
    ///
    /// If there is no room or nobody receives any more.
    #[track_caller]
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        Ok(self.permits(self.real.try_reserve_many(n)?, site))
    }

    /// As [`Sender::reserve_owned`], without waiting.
    ///
    /// # Errors
    ///
    /// The sender, if there is no room or nobody receives any more.
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let site = Location::caller();
        self.end.switch(Op::Reserve, site);
        let Self { end, real } = self;
        match real.try_reserve_owned() {
            Ok(real) => {
                let hold = Hold::take(end.tag(), Op::Reserve, 1, site);
                Ok(OwnedPermit::new(end, real, hold, site))
            }
            Err(TrySendError::Full(real)) => Err(TrySendError::Full(Self { end, real })),
            Err(TrySendError::Closed(real)) => Err(TrySendError::Closed(Self { end, real })),
        }
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }

    /// How many more values the channel has room for.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.look(Location::caller());
        self.real.capacity()
    }

    /// How many values the channel has room for when it is empty.
    pub fn max_capacity(&self) -> usize {
        self.real.max_capacity()
    }

    /// A sender that does not keep the channel open.
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
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

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: End::source(Arc::clone(self.end.tag()), Location::caller()),
            real: self.real.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A sender of a bounded channel that does not keep it open.
pub struct WeakSender<T> {
    tag: Arc<Tag>,
    real: real::WeakSender<T>,
}

impl<T> WeakSender<T> {
    /// A sender that does keep the channel open, unless it is closed already.
    #[track_caller]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let site = Location::caller();
        self.tag.switch(Op::Atomic, site);
        let real = self.real.upgrade()?;
        Some(Sender {
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

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            tag: Arc::clone(&self.tag),
            real: self.real.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
