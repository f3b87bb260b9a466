//! Channels with one receiver.

pub use std::sync::mpsc::*;

mod channel;
mod meeting;
mod receiver;
mod sender;

pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::{Sender, SyncSender};

use std::sync::mpsc as real;

use standstill_rt::ResourceKind;
use standstill_rt::facade::{Inside, Tag};

use crate::block;
use channel::Channel;

/// A channel without a limit.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = Inside::run(real::channel);
    let channel = Channel::new(Tag::of::<T>(ResourceKind::StdChannel, u32::MAX), None);
    (
        Sender::new(&channel, sender),
        Receiver::new(channel, Some(receiver)),
    )
}

/// A channel that holds `bound` values. With a bound of 0 each value is handed over: whoever sends
/// waits for whoever receives.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let tag = Tag::of::<T>(ResourceKind::StdSyncChannel, u32::MAX);
    if bound == 0 && block::in_task() {
        // The real one never hands over without blocking on one side or the other.
        let channel = Channel::new(tag, Some(meeting::Meeting::new()));
        return (
            SyncSender::new(&channel, None),
            Receiver::new(channel, None),
        );
    }
    let (sender, receiver) = Inside::run(|| real::sync_channel(bound));
    let channel = Channel::new(tag, None);
    (
        SyncSender::new(&channel, Some(sender)),
        Receiver::new(channel, Some(receiver)),
    )
}
