//! Receivers, intervals and sets of tasks as streams.

pub use ::tokio_stream::wrappers::*;

mod broadcast;
mod polled;
mod watch;

pub use broadcast::BroadcastStream;
pub use polled::{IntervalStream, JoinSetStream, ReceiverStream, UnboundedReceiverStream};
pub use watch::WatchStream;
