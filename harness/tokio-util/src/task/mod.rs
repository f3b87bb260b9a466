//! Tracking of tasks that are awaited together, and handles that abort their task when they are
//! dropped.

pub use ::tokio_util::task::*;

mod abort_on_drop;
pub mod task_tracker;

pub use abort_on_drop::{AbortOnDrop, AbortOnDropHandle};
pub use task_tracker::TaskTracker;
