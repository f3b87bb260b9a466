//! Decisions that most strategies leave to the engine's own rules.

use std::ops::ControlFlow;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::View;
use crate::track::Tracker;

/// Decides what the engine otherwise decides by itself. By default as the engine does.
pub trait Probe {
    /// Whether it wants to be asked, by [`Probe::probe`]. Asked once, as the run begins.
    fn probes(&self) -> bool {
        false
    }

    /// Whether to hold back `op`, which the task in `slot` is about to attempt for the first time: the
    /// task comes back pending, without waiting for anything, and is polled again at once. So it
    /// shows whether it awaits nothing else.
    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        let _ = (slot, op, resource, tracker);
        false
    }

    /// The task in `slot` attempts the operation that was held back.
    fn probe_done(&mut self, slot: u32) {
        let _ = slot;
    }

    /// No task but the one in `slot` could run next. `Break` if the run is of no more use.
    fn forced(&mut self, view: &View<'_>, slot: u32) -> ControlFlow<()> {
        let _ = (view, slot);
        ControlFlow::Continue(())
    }

    /// Whether it chooses on once the root has ended, until nobody is ready for the first time.
    /// Otherwise every ready task has its turn from then on.
    fn outlasts_root(&self) -> bool {
        false
    }
}
