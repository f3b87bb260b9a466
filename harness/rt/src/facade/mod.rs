//! The toolkit that every facade is made of: a resource's tag, a tracked wait, a tracked hold,
//! a joinable task.
//!
//! Everything here works outside of runs too, and then does nothing but call what it wraps.
//!
//! The generic code of a facade is compiled in the crate of its user, with that crate's flags, which may
//! instrument each atomic so that it calls the engine. So nothing that is generic or inlined here or in
//! a facade has an atomic or a lock of ours in it: it is a thin shell of functions that are neither
//! (`#[inline(never)]`; without it rustc inlines small functions across crates, too) and of what it
//! wraps, which is at work [`Inside`]. `ci/thin.sh` counts.

mod blocking;
mod deadline;
mod guard;
mod hold;
pub mod inside;
mod join;
pub mod locals;
mod poll_wait;
mod tag;
mod wait;

pub use blocking::{MayBlock, NoPreempt, block_on, may_block, park, park_in_poll};
pub use deadline::Deadline;
pub use guard::{End, Release};
pub use hold::Hold;
pub use inside::{Inside, Outside, is_inside};
pub use join::{
    EndedWithRun, JoinCell, Joined, Output, Spawned, spawn_blocking, spawn_future, spawn_thread,
};
pub use poll_wait::{PollWait, switch};
pub use tag::Tag;
pub use wait::Wait;

pub use crate::raw::{Locked, Shared, Wrapped};

use crate::host;

/// Where `select!` starts to poll its branches: as the strategy chooses, or None outside of a run.
#[inline(never)]
pub fn select_start(branches: u32) -> Option<u32> {
    host::with(|host| host.choose(branches))
}
