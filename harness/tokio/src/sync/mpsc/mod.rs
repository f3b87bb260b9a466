//! Channels with many senders and one receiver.

pub use ::tokio::sync::mpsc::*;

mod permit;
mod receiver;
mod sender;

pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use receiver::{Receiver, UnboundedReceiver};
pub use sender::{Sender, UnboundedSender, WeakSender, WeakUnboundedSender};

use ::tokio::sync::mpsc as real;
use standstill_rt::ResourceKind;
use standstill_rt::facade::{End, Inside, Tag};

use crate::sync::semaphore::clamp;

/// A channel with room for `buffer` values that have not been received.
///
/// # Panics
///
/// If `buffer` is 0 or more than the maximum number of permits of a semaphore.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = {
        // Not in a closure, so that a panic names the caller's position.
        let _inside = Inside::enter();
        real::channel(buffer)
    };
    let tag = Tag::of::<T>(ResourceKind::Channel, clamp(buffer));
    let (source, sink) = End::pair(tag);
    (Sender::new(source, sender), Receiver::new(sink, receiver))
}

/// A channel without a limit on the number of values.
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = Inside::run(real::unbounded_channel);
    let tag = Tag::of::<T>(ResourceKind::UnboundedChannel, u32::MAX);
    let (source, sink) = End::pair(tag);
    (
        UnboundedSender::new(source, sender),
        UnboundedReceiver::new(sink, receiver),
    )
}
