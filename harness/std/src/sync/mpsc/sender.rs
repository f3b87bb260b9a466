//! The sending ends.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc as real;

use standstill_rt::facade::{End, Shared, Wrapped};
use standstill_rt::{Op, Site};

use crate::sync::mpsc::channel::{Channel, Gone};
use crate::sync::mpsc::{SendError, TrySendError};

/// A sending end of a channel without a limit.
pub struct Sender<T> {
    end: End<Channel<T>>,
    real: Wrapped<real::Sender<T>>,
    _gone: Gone<T>,
}

impl<T> Sender<T> {
    #[track_caller]
    pub(super) fn new(channel: &Shared<Channel<T>>, real: real::Sender<T>) -> Self {
        Self {
            end: End::source(channel.clone(), Location::caller()),
            real: Wrapped::new(real),
            _gone: Gone::sender(channel),
        }
    }

    /// Sends, which never blocks.
    ///
    /// # Errors
    ///
    /// The value, if nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let channel = self.end.channel();
        channel.tag.switch(Op::Send, Location::caller());
        self.real.inside(|real| real.send(value))?;
        channel.sent();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::new(self.end.channel(), self.real.inside(Clone::clone))
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// A sending end of a channel with a limit.
pub struct SyncSender<T> {
    end: End<Channel<T>>,
    /// None where values are handed over.
    real: Option<Wrapped<real::SyncSender<T>>>,
    _gone: Gone<T>,
}

/// How far a `send` is that hands its value over.
enum Handing<T> {
    Has(T),
    Offered(u64),
    Done,
}

impl<T> SyncSender<T> {
    #[track_caller]
    pub(super) fn new(channel: &Shared<Channel<T>>, real: Option<real::SyncSender<T>>) -> Self {
        Self {
            end: End::source(channel.clone(), Location::caller()),
            real: real.map(Wrapped::new),
            _gone: Gone::sender(channel),
        }
    }

    /// Waits for room and sends.
    ///
    /// # Errors
    ///
    /// The value, if nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        let Some(real) = &self.real else {
            return self.hand_over(value, site);
        };
        let channel = self.end.channel();
        let mut value = Some(value);
        let sent = channel
            .operation(Op::Send, site)
            .wait(&channel.senders, || match real.try_send(value.take()?) {
                Ok(()) => Some(Ok(())),
                Err(TrySendError::Disconnected(value)) => Some(Err(SendError(value))),
                Err(TrySendError::Full(back)) => {
                    value = Some(back);
                    None
                }
            });
        match (sent, value) {
            (Some(sent), _) => sent?,
            (None, Some(value)) => real.send(value)?,
            (None, None) => unreachable!("a value was lost on its way"),
        }
        channel.sent();
        Ok(())
    }

    fn hand_over(&self, value: T, site: Site) -> Result<(), SendError<T>> {
        let channel = self.end.channel();
        let Some(meeting) = &channel.meeting else {
            return Err(SendError(value));
        };
        let mut handing = Handing::Has(value);
        let handed = channel
            .operation(Op::Send, site)
            .wait(&channel.senders, || {
                if let Handing::Offered(number) = handing {
                    return meeting.outcome(number);
                }
                if let Handing::Has(value) = std::mem::replace(&mut handing, Handing::Done) {
                    match meeting.offer(value) {
                        Ok(number) => {
                            handing = Handing::Offered(number);
                            channel.receivers.wake();
                        }
                        Err(TrySendError::Full(value)) => handing = Handing::Has(value),
                        Err(TrySendError::Disconnected(value)) => return Some(Err(value)),
                    }
                }
                None
            });
        match (handed, handing) {
            (Some(handed), _) => handed.map_err(SendError)?,
            // Its run is over: there is nobody to hand it to.
            (None, Handing::Has(value)) => return Err(SendError(value)),
            (None, Handing::Offered(_) | Handing::Done) => {}
        }
        channel.sent();
        // The next sender may make its offer.
        channel.senders.wake();
        Ok(())
    }

    /// Sends, if there is room; if there never is, only if the receiver waits.
    ///
    /// # Errors
    ///
    /// The value, if there is no room or nobody will receive it.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let channel = self.end.channel();
        channel.tag.switch(Op::Send, Location::caller());
        match (&self.real, &channel.meeting) {
            (Some(real), _) => real.inside(|real| real.try_send(value))?,
            (None, Some(meeting)) => meeting.offer_if_awaited(value)?,
            (None, None) => return Err(TrySendError::Disconnected(value)),
        }
        channel.sent();
        Ok(())
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let real = self.real.as_ref();
        Self::new(
            self.end.channel(),
            real.map(|real| real.inside(Clone::clone)),
        )
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
