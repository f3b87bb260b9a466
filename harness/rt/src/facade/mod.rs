//! The toolkit that every facade is made of: a resource's tag, a tracked wait, a tracked hold,
//! a joinable task.
//!
//! Everything here works outside of runs too, and then does nothing but call what it wraps.

mod blocking;
mod deadline;
mod hold;
mod join;
pub mod locals;
mod poll_wait;
mod tag;
mod wait;

pub use blocking::{Calm, MayBlock, block_on, may_block, park_in_poll};
pub use deadline::Deadline;
pub use hold::Hold;
pub use join::{EndedWithRun, JoinCell, Joined, spawn_blocking, spawn_future, spawn_thread};
pub use poll_wait::{PollWait, switch};
pub use tag::Tag;
pub use wait::Wait;

use crate::host;

/// Where `select!` starts to poll its branches: as the strategy chooses, or None outside of a run.
pub fn select_start(branches: u32) -> Option<u32> {
    host::with(|host| host.choose(branches))
}
