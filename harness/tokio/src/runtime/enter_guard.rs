//! `EnterGuard`.

use ::tokio::runtime as real;
use standstill_rt::host;

/// Makes a runtime the current one until it is dropped.
///
/// In a controlled run it has no effect: the current runtime is always the engine's. tokio stores the
/// current runtime in a thread-local and requires that guards are dropped in reverse order, but all
/// tasks of a run share one thread.
#[derive(Debug)]
#[must_use = "Creating and dropping a runtime guard does nothing"]
pub struct EnterGuard<'a> {
    _real: Option<real::EnterGuard<'a>>,
}

impl<'a> EnterGuard<'a> {
    pub(super) fn enter(handle: &'a real::Handle) -> Self {
        Self {
            _real: (!host::in_controlled_run()).then(|| handle.enter()),
        }
    }
}
