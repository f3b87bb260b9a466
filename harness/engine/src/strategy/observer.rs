//! What happens in a run beside its choices, for strategies that keep track of it.

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
    /// The task in this slot was woken while it was not at rest: it is polled once more.
    WokenAgain(u32),
    /// The task in this slot has ended.
    Ended(u32),
    /// The task in `slot` runs next: no other could, so nothing was chosen.
    Forced { view: &'a View<'a>, slot: u32 },
    /// The step that runs touches a resource by this operation, beside what was announced for it. This
    /// and the next two are told only to who wants them: [`Observer::wants_touches`].
    Touched(Op, ResourceId, &'a ResourceInfo),
    /// The same, because a wait for this operation came to its end.
    Granted(Op, ResourceId, &'a ResourceInfo),
    /// The step that runs touches something that cannot be told from the rest.
    Opaque,
    /// A task is cancelled.
    Abort,
    /// A step was given to the next task in turn: the run is fair, and nothing was chosen.
    FairStep,
    /// The runtime has a turn, in the middle of the run.
    RuntimeTurn,
    /// Nobody is ready: the clock moves to the next timer.
    Idle,
    /// The root has ended, and the run ends with it although others are left.
    Truncated,
}

/// Is told what happens in a run. It decides nothing.
pub trait Observer {
    /// This has happened.
    fn on(&mut self, event: &Event<'_>);

    /// Whether it wants to be told what steps touch. Asked once, as the run begins.
    fn wants_touches(&self) -> bool {
        false
    }
}
