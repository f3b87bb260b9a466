//! The receiving end.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc as real;
use std::time::Duration;

use standstill_rt::facade::{End, Inside, Shared, Wrapped};
use standstill_rt::{Op, Site};

use crate::sync::mpsc::channel::{Channel, Gone};
use crate::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};

/// The receiving end of a channel.
pub struct Receiver<T> {
    end: End<Channel<T>>,
    /// None where values are handed over.
    real: Option<Wrapped<real::Receiver<T>>>,
    _gone: Gone<T>,
}

/// Says that the receiver waits, until dropped.
struct Awaits<'a, T>(&'a Channel<T>);

impl<'a, T> Awaits<'a, T> {
    fn new(channel: &'a Channel<T>) -> Option<Self> {
        channel.meeting.as_ref()?.await_offer(true);
        Some(Self(channel))
    }
}

impl<T> Drop for Awaits<'_, T> {
    fn drop(&mut self) {
        if let Some(meeting) = &self.0.meeting {
            meeting.await_offer(false);
        }
    }
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn new(channel: Shared<Channel<T>>, real: Option<real::Receiver<T>>) -> Self {
        let gone = Gone::receiver(&channel);
        Self {
            end: End::sink(channel, Location::caller()),
            real: real.map(Wrapped::new),
            _gone: gone,
        }
    }

    /// To be called inside.
    fn take(&self) -> Result<T, TryRecvError> {
        let channel = self.end.channel();
        let value = match (&self.real, &channel.meeting) {
            (Some(real), _) => real.try_recv()?,
            (None, Some(meeting)) => meeting.take()?,
            (None, None) => return Err(TryRecvError::Disconnected),
        };
        channel.received();
        Ok(value)
    }

    fn recv_at(&self, limit: Option<Duration>, site: Site) -> Result<T, RecvTimeoutError> {
        let channel = self.end.channel();
        let mut awaits = None;
        let received =
            channel
                .operation(Op::Recv, site)
                .wait_for(&channel.receivers, limit, || match self.take() {
                    Ok(value) => Some(Ok(value)),
                    Err(TryRecvError::Disconnected) => Some(Err(RecvTimeoutError::Disconnected)),
                    Err(TryRecvError::Empty) => {
                        awaits = awaits.take().or_else(|| Awaits::new(channel));
                        None
                    }
                });
        drop(awaits);
        match (received, &self.real, limit) {
            (Some(Ok(received)), _, _) => received,
            // What came in the last moment was taken as received by whoever sent it.
            (Some(Err(_)), _, _) => Inside::run(|| self.take()).map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            }),
            (None, Some(real), None) => real.recv().map_err(|_| RecvTimeoutError::Disconnected),
            (None, Some(real), Some(limit)) => real.recv_timeout(limit),
            // Its run is over: nobody hands anything over any more.
            (None, None, _) => Err(RecvTimeoutError::Disconnected),
        }
    }

    fn next_at(&self, site: Site) -> Option<T> {
        self.recv_at(None, site).ok()
    }

    /// Waits for a value.
    ///
    /// # Errors
    ///
    /// If there is none, and nobody will send one.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_at(None, Location::caller())
            .map_err(|_| RecvError)
    }

    /// As [`Receiver::recv`], but no longer than `limit`.
    ///
    /// # Errors
    ///
    /// If none came in time, or nobody will send one.
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_at(Some(limit), Location::caller())
    }

    /// Takes a value, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.end.channel().tag.switch(Op::Recv, Location::caller());
        Inside::run(|| self.take())
    }

    /// Every value until nobody sends any more.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: self,
            site: Location::caller(),
        }
    }

    /// Every value that is there.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// Every value until nobody sends any more: what [`Receiver::iter`] returns.
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
    site: Site,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.next_at(self.site)
    }
}

/// Every value that is there: what [`Receiver::try_iter`] returns.
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

/// Every value until nobody sends any more, with the receiver inside.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
    site: Site,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.next_at(self.site)
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            receiver: self,
            site: Location::caller(),
        }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
