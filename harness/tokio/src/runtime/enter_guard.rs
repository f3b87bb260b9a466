//! `EnterGuard`.

use ::tokio::runtime as real;
use standstill_rt::host;

/// The time during which a runtime is the current one.
///
/// In a controlled run the engine's is, whatever was entered. tokio keeps it in a thread-local of the
/// thread that all tasks of the run share, and has it left in the reverse order.
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
