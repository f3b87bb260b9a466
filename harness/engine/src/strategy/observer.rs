//! The events of a run beside its choices, for strategies that keep track of them.

use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::Op;

use crate::strategy::View;

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A task was put into this slot.
    Spawned(u32),
    /// The task in this slot became ready.
    Woken(u32),
    /// The task in this slot was woken while it was not idle: it is polled once more.
    WokenAgain(u32),
    /// The task in this slot has ended.
    Ended(u32),
    /// The task in `slot` runs next. No other task could, so nothing was chosen.
    Forced { view: &'a View<'a>, slot: u32 },
    /// The running step touches a resource by this operation, beyond the operation that it announced.
    /// This event and the next two are sent only to observers that ask for them:
    /// [`Observer::wants_touches`].
    Touched(Op, ResourceId, &'a ResourceInfo),
    /// The same, because a wait for this operation ended.
    Granted(Op, ResourceId, &'a ResourceInfo),
    /// The running step may touch anything.
    Opaque,
    /// A task is cancelled.
    Abort,
    /// The next task in turn got a step: the run is fair, and nothing was chosen.
    FairStep,
    /// The runtime gets a turn, in the middle of the run.
    RuntimeTurn,
    /// No task is ready: the clock moves to the next timer.
    Idle,
    /// The root has ended, and the run ends with it although other tasks are left.
    Truncated,
}

/// Is notified of the events of a run. It decides nothing.
pub trait Observer {
    /// Handles an event.
    fn on(&mut self, event: &Event<'_>);

    /// Whether it wants the events about what steps touch. Asked once, when the run begins.
    fn wants_touches(&self) -> bool {
        false
    }
}
