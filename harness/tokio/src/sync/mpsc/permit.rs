//! Reserved room in a bounded channel.

use std::fmt;

use ::tokio::sync::mpsc as real;
use standstill_rt::facade::{End, Hold, Release, Wrapped};
use standstill_rt::{Op, Site};

use crate::sync::mpsc::Sender;
use crate::sync::semaphore::clamp;

/// Reserved room for one value.
pub struct Permit<'a, T> {
    release: Release<'a>,
    real: Wrapped<real::Permit<'a, T>>,
    hold: Hold,
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(release: Release<'a>, real: real::Permit<'a, T>, hold: Hold) -> Self {
        Self {
            release,
            real: Wrapped::new(real),
            hold,
        }
    }

    /// Sends `value` into the reserved room.
    #[track_caller]
    pub fn send(self, value: T) {
        let tag = self.release.tag();
        self.release.done();
        tag.switch(Op::Send, std::panic::Location::caller());
        self.real.inside_once(|real| real.send(value));
        drop(self.hold);
        tag.moved();
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// Reserved room for several values: one [`Permit`] for each.
pub struct PermitIterator<'a, T> {
    release: Release<'a>,
    real: Wrapped<real::PermitIterator<'a, T>>,
    hold: Hold,
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(release: Release<'a>, real: real::PermitIterator<'a, T>, hold: Hold) -> Self {
        Self {
            release,
            real: Wrapped::new(real),
            hold,
        }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        let real = self.real.next()?;
        match self.real.len() {
            0 => self.hold = Hold::default(),
            left => self.hold.resize(clamp(left), Op::Reserve),
        }
        let (tag, site) = (self.release.tag(), self.release.site());
        let hold = Hold::take(tag, Op::Reserve, 1, site);
        Some(Permit::new(Release::new(tag, site), real, hold))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.real.size_hint()
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> std::iter::FusedIterator for PermitIterator<'_, T> {}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// Reserved room for one value, together with the sender that reserved it.
pub struct OwnedPermit<T> {
    end: End,
    real: Wrapped<real::OwnedPermit<T>>,
    hold: Hold,
    site: Site,
}

impl<T> OwnedPermit<T> {
    pub(super) fn new(end: End, real: real::OwnedPermit<T>, hold: Hold, site: Site) -> Self {
        Self {
            end,
            real: Wrapped::new(real),
            hold,
            site,
        }
    }

    /// Sends `value` into the reserved room and returns the sender.
    #[track_caller]
    pub fn send(self, value: T) -> Sender<T> {
        self.end.switch(Op::Send, std::panic::Location::caller());
        let real = self.real.inside_once(|real| real.send(value));
        drop(self.hold);
        self.end.moved_if(true);
        Sender::new(self.end, real)
    }

    /// Releases the room and returns the sender.
    pub fn release(self) -> Sender<T> {
        self.end.switch(Op::Release, self.site);
        let real = self.real.inside_once(real::OwnedPermit::release);
        drop(self.hold);
        Sender::new(self.end, real)
    }

    /// Whether both belong to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }

    /// Whether this belongs to the channel of `sender`.
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.real.same_channel_as_sender(&sender.real)
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
