//! Spawned tasks: their handles, errors and sets, and task-local values.

pub use ::tokio::task::*;

mod error;
mod id;
mod join_handle;
mod join_set;
mod local_context;
mod local_set;
mod spawn;
mod task_local;
mod yield_now;

pub use error::JoinError;
pub use id::{Id, id, try_id};
pub use join_handle::{AbortHandle, JoinHandle};
pub use join_set::JoinSet;
pub use local_context::LocalEnterGuard;
pub use local_set::{LocalSet, spawn_local};
#[cfg(feature = "rt-multi-thread")]
pub use spawn::block_in_place;
pub use spawn::{spawn, spawn_blocking};
pub use task_local::LocalKey;
pub use yield_now::yield_now;

pub(crate) use spawn::{spawn_at, spawn_blocking_at};

/// Named future types.
pub mod futures {
    pub use super::task_local::TaskLocalFuture;
}
