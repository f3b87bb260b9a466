//! A channel that holds nothing: values are handed over.

use std::sync::mpsc::{TryRecvError, TrySendError};

use standstill_rt::facade::Locked;

/// Where one sender at a time offers a value, and the receiver takes it.
pub(super) struct Meeting<T> {
    state: Locked<State<T>>,
}

struct State<T> {
    /// The value on offer, and its number.
    offer: Option<(u64, T)>,
    offers: u64,
    senders: usize,
    receiver_left: bool,
    /// The receiver waits.
    awaited: bool,
}

impl<T> Meeting<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Locked::new(State {
                offer: None,
                offers: 0,
                senders: 0,
                receiver_left: false,
                awaited: false,
            }),
        }
    }

    pub(super) fn sender_comes(&self) {
        self.state.with(|state| state.senders += 1);
    }

    pub(super) fn sender_leaves(&self) {
        self.state.with(|state| state.senders -= 1);
    }

    pub(super) fn receiver_leaves(&self) {
        self.state.with(|state| state.receiver_left = true);
    }

    /// The receiver waits from now on, or no longer.
    pub(super) fn await_offer(&self, awaited: bool) {
        self.state.with(|state| state.awaited = awaited);
    }

    /// Offers a value, if none is on offer. Returns its number.
    pub(super) fn offer(&self, value: T) -> Result<u64, TrySendError<T>> {
        self.state.with(|state| state.offer(value))
    }

    /// Offers a value if the receiver waits for one.
    pub(super) fn offer_if_awaited(&self, value: T) -> Result<(), TrySendError<T>> {
        self.state.with(|state| match state.awaited {
            true => state.offer(value).map(|_| ()),
            false if state.receiver_left => Err(TrySendError::Disconnected(value)),
            false => Err(TrySendError::Full(value)),
        })
    }

    /// How an offer went: None if it still stands, the value if nobody will take it.
    pub(super) fn outcome(&self, number: u64) -> Option<Result<(), T>> {
        self.state.with(|state| {
            let stands = state.offer.as_ref().is_some_and(|(at, _)| *at == number);
            if !stands {
                return Some(Ok(()));
            }
            if !state.receiver_left {
                return None;
            }
            state.offer.take().map(|(_, value)| Err(value))
        })
    }

    /// Takes what is on offer.
    pub(super) fn take(&self) -> Result<T, TryRecvError> {
        self.state.with(|state| match state.offer.take() {
            Some((_, value)) => Ok(value),
            None if state.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        })
    }
}

impl<T> State<T> {
    fn offer(&mut self, value: T) -> Result<u64, TrySendError<T>> {
        if self.receiver_left {
            return Err(TrySendError::Disconnected(value));
        }
        if self.offer.is_some() {
            return Err(TrySendError::Full(value));
        }
        self.offers += 1;
        self.offer = Some((self.offers, value));
        Ok(self.offers)
    }
}
