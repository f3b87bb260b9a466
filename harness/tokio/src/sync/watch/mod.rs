//! A channel that keeps the latest value.

pub use ::tokio::sync::watch::*;

mod gate;
mod receiver;
mod sender;

pub use receiver::{Receiver, Ref};
pub use sender::Sender;

use ::tokio::sync::watch as real;
use standstill_rt::ResourceKind;
use standstill_rt::facade::{End, Inside, Shared, Tag};

use gate::Gate;

/// A channel whose first value is `init`.
#[track_caller]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = Inside::run(|| real::channel(init));
    let (source, sink) = End::pair(Tag::of::<T>(ResourceKind::Watch, u32::MAX));
    let gate = Gate::new();
    (
        Sender::around(source, Shared::clone(&gate), sender),
        Receiver::new(sink, gate, receiver),
    )
}
