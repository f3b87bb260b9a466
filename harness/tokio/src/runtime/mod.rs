//! Runtimes and their handles. In a controlled run there is only one runtime, the engine's. Tasks that
//! are spawned through a handle belong to the run.

pub use ::tokio::runtime::*;

mod builder;
mod enter_guard;
mod handle;
#[expect(clippy::module_inception, reason = "named after its type, as in tokio")]
mod runtime;

pub use builder::Builder;
pub use enter_guard::EnterGuard;
pub use handle::Handle;
pub use runtime::Runtime;

use standstill_rt::host;

/// Refuses an operation that works only outside runs.
#[track_caller]
pub(crate) fn outside_of_runs(what: &str) {
    if host::in_controlled_run() {
        host::refuse(
            what,
            "it has a runtime of its own, so use `tokio::spawn` and `.await`, or run this with the \
             stress engine",
        );
    }
}
