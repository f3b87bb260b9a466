//! Cancellation tokens, and channel senders and semaphores for hand-written futures.

pub use ::tokio_util::sync::*;

mod cancellation_token;
mod guard;
mod poll_semaphore;
mod poll_sender;

pub use cancellation_token::{
    CancellationToken, WaitForCancellationFuture, WaitForCancellationFutureOwned,
};
pub use guard::{DropGuard, DropGuardRef};
pub use poll_semaphore::PollSemaphore;
pub use poll_sender::{PollSendError, PollSender};

pub(crate) use cancellation_token::{RunUntilCancelled, RunUntilCancelledOwned};
