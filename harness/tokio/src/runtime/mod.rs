//! Runtimes and handles to them. In a run there is one runtime, the engine's, and tasks that are
//! spawned through a handle belong to the run.

pub use ::tokio::runtime::*;

mod builder;
mod handle;
#[expect(clippy::module_inception, reason = "named after its type, as in tokio")]
mod runtime;

pub use builder::Builder;
pub use handle::Handle;
pub use runtime::Runtime;

/// Refuses what only works outside of runs.
#[track_caller]
fn outside_of_runs(what: &str) {
    assert!(
        !standstill_core::host::is_controlled(),
        "standstill does not model `{what}` in a controlled run, which has a runtime of its own: \
         use `tokio::spawn` and `.await`, or run this with the stress engine"
    );
}
