//! Decisions that most strategies leave to the engine's default rules.

use std::ops::ControlFlow;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::View;
use crate::track::Tracker;

/// Makes decisions that the engine otherwise makes by itself. The defaults are the engine's rules.
pub trait Probe {
    /// Whether [`Probe::probe`] is to be called. Asked once, when the run begins.
    fn probes(&self) -> bool {
        false
    }

    /// Whether to hold back `op`, which the task in `slot` is about to attempt for the first time. The
    /// task then returns pending, without waiting for anything, and is polled again at once. That shows
    /// whether it awaits anything else.
    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        let _ = (slot, op, resource, tracker);
        false
    }

    /// The task in `slot` now attempts the operation that was held back.
    fn probe_done(&mut self, slot: u32) {
        let _ = slot;
    }

    /// No task but the one in `slot` could run next. `Break` if the run is no longer useful.
    fn forced(&mut self, view: &View<'_>, slot: u32) -> ControlFlow<()> {
        let _ = (view, slot);
        ControlFlow::Continue(())
    }

    /// Whether the strategy goes on choosing after the root has ended, until no task is ready for the
    /// first time. Otherwise every ready task gets its turn from then on.
    fn outlasts_root(&self) -> bool {
        false
    }
}
