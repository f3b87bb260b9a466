//! Tasks that are waited for together, or aborted with their handles.

pub use ::tokio_util::task::*;

mod abort_on_drop;
pub mod task_tracker;

pub use abort_on_drop::{AbortOnDrop, AbortOnDropHandle};
pub use task_tracker::TaskTracker;
