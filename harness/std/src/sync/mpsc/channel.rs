//! What the two ends of a channel share.

use standstill_rt::facade::{Shared, Tag};
use standstill_rt::{Op, Site};

use crate::block::{Operation, Waiters};
use crate::sync::mpsc::meeting::Meeting;

/// The tag, those who wait, and where values are handed over if nothing holds them.
pub(super) struct Channel<T> {
    pub(super) tag: Tag,
    pub(super) senders: Waiters,
    pub(super) receivers: Waiters,
    pub(super) meeting: Option<Meeting<T>>,
}

impl<T> Channel<T> {
    pub(super) fn new(tag: Tag, meeting: Option<Meeting<T>>) -> Shared<Self> {
        Shared::new(Self {
            tag,
            senders: Waiters::new(),
            receivers: Waiters::new(),
            meeting,
        })
    }

    pub(super) fn operation(&self, op: Op, site: Site) -> Operation<'_> {
        Operation {
            tag: &self.tag,
            op,
            site,
        }
    }

    /// A value was sent.
    pub(super) fn sent(&self) {
        self.tag.moved();
        self.receivers.wake();
    }

    /// A value was received.
    pub(super) fn received(&self) {
        self.tag.moved();
        self.senders.wake();
    }
}

impl<T> AsRef<Tag> for Channel<T> {
    fn as_ref(&self) -> &Tag {
        &self.tag
    }
}

/// Tells the other end, when dropped, that this one is gone. Make it the last field.
pub(super) struct Gone<T> {
    channel: Shared<Channel<T>>,
    sends: bool,
}

impl<T> Gone<T> {
    pub(super) fn sender(channel: &Shared<Channel<T>>) -> Self {
        if let Some(meeting) = &channel.meeting {
            meeting.sender_comes();
        }
        Self {
            channel: channel.clone(),
            sends: true,
        }
    }

    pub(super) fn receiver(channel: &Shared<Channel<T>>) -> Self {
        Self {
            channel: channel.clone(),
            sends: false,
        }
    }
}

impl<T> Drop for Gone<T> {
    fn drop(&mut self) {
        let Channel {
            senders,
            receivers,
            meeting,
            ..
        } = &*self.channel;
        if self.sends {
            if let Some(meeting) = meeting {
                meeting.sender_leaves();
            }
            receivers.wake();
        } else {
            if let Some(meeting) = meeting {
                meeting.receiver_leaves();
            }
            senders.wake();
        }
    }
}
