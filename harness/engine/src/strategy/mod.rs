//! Strategies: what decides, at each choice of a controlled run, who goes next.

mod bytes;
pub mod census;
mod directed;
mod observed;
mod pct;
mod pos;
mod priorities;
mod random;
pub mod ready;
mod replay;
mod surw;
mod urw;
mod weights;

use std::fmt;
use std::rc::Rc;

use standstill_model::plan::{Schedule, StrategyKind};
use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::Op;

use crate::explore::Slots;
use crate::strategy::census::Census;
use crate::strategy::ready::ReadySet;
use crate::track::Tracker;

pub use bytes::FIRE_FROM;

/// What a strategy sees when it decides.
#[derive(Debug)]
pub struct View<'a> {
    /// The tasks that could run.
    pub ready: &'a ReadySet,
    /// The one that ran last, if it still could.
    pub current: Option<u32>,
    /// Whether the earliest armed timer may fire early.
    pub may_fire: bool,
    /// For the tasks' identities.
    pub tracker: &'a Tracker,
    /// For where they are.
    pub slots: &'a Slots,
}

/// What a ready task does if it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It begins a poll: what it does there is not known yet.
    Poll,
    /// This operation, which it has announced.
    Op(Op, Option<ResourceId>),
}

impl Pending {
    /// The resource it is on.
    pub fn resource(self) -> Option<ResourceId> {
        match self {
            Pending::Poll => None,
            Pending::Op(_, resource) => resource,
        }
    }

    /// Whether their order can matter, as far as is known beforehand.
    pub fn races_with(self, other: Pending) -> bool {
        match (self, other) {
            (Pending::Op(one, Some(here)), Pending::Op(two, Some(there))) => {
                here == there && !(one.only_reads() && two.only_reads())
            }
            _ => false,
        }
    }
}

impl View<'_> {
    /// The rule that goes on when a schedule has run out: the current task, else the lowest.
    pub fn fallback(&self) -> Pick {
        let current = self.current.filter(|slot| self.ready.contains(*slot));
        Pick::Task(current.or_else(|| self.ready.nth(0)).unwrap_or(0))
    }

    /// What the task in `slot` does next.
    pub fn pending(&self, slot: u32) -> Pending {
        if !self.slots.in_poll(slot) {
            return Pending::Poll;
        }
        match self.tracker.announced(slot) {
            (Some(op), resource) => Pending::Op(op, resource),
            (None, _) => Pending::Poll,
        }
    }
}

/// A strategy's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The task in this slot runs.
    Task(u32),
    /// The earliest armed timer fires.
    Timer,
    /// The run is of no more use.
    Stop,
}

/// What a step touches.
#[derive(Clone, Copy, Debug)]
pub enum Touch<'a> {
    /// A resource, by this operation.
    Resource(Op, ResourceId, &'a ResourceInfo),
    /// A resource, because a wait for this operation came to its end.
    Granted(Op, ResourceId, &'a ResourceInfo),
    /// Something that cannot be told from the rest.
    Everything,
}

/// Decides the choices of one run. It is asked only where there is something to choose.
pub trait Strategy: fmt::Debug {
    /// Who runs next.
    fn pick(&mut self, view: &View<'_>) -> Pick;

    /// A number below `bound`, which is at least 2.
    fn number(&mut self, bound: u32) -> u32;

    /// The task in `slot` runs next: no other could.
    fn forced(&mut self, view: &View<'_>, slot: u32) -> Pick {
        let _ = view;
        Pick::Task(slot)
    }

    /// The step that runs touches something beside what was announced for it.
    fn touched(&mut self, touch: Touch<'_>) {
        let _ = touch;
    }

    /// The task in `slot` was woken while it was not at rest: it is polled once more.
    fn woken_again(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The task in `slot` has ended.
    fn ended(&mut self, slot: u32) {
        let _ = slot;
    }

    /// Nobody is ready: the clock moves to the next timer.
    fn idles(&mut self) {}

    /// The runtime has a turn, in the middle of the run.
    fn turns(&mut self) {}

    /// A step was given to the next task in turn, without asking.
    fn fairly(&mut self) {}

    /// Whether it chooses on once the root has ended, until nobody is ready for the first time.
    /// Otherwise every ready task has its turn from then on.
    fn outlasts_root(&self) -> bool {
        false
    }

    /// The root has ended, and the run ends with it although others are left.
    fn cut(&mut self) {}

    /// Whether it wants to be asked what to hold back.
    fn asks_what_to_hold_back(&self) -> bool {
        false
    }

    /// Whether the task in `slot` comes back pending before it attempts `op` for the first time. It
    /// waits for nothing yet.
    fn holds_back(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        let _ = (slot, op, resource, tracker);
        false
    }

    /// The task in `slot` attempts what it held back.
    fn attempts(&mut self, slot: u32) {
        let _ = slot;
    }

    /// A task is cancelled.
    fn aborts(&mut self) {}

    /// The orders of operations that were noted.
    fn orders(&self) -> &[u64] {
        &[]
    }

    /// What was counted, after a trial.
    fn census(self: Box<Self>) -> Option<Census> {
        None
    }

    /// A task was put into `slot`.
    fn spawned(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The task in `slot` became ready.
    fn woken(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The task in `slot`, which is running, lets others go first.
    fn yielded(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The first choice that did not fit the program, if there was one.
    fn divergence(&self) -> Option<&str> {
        None
    }
}

/// How often the earliest timer may fire early in one run.
pub const EARLY_TIMERS: u32 = 4;

/// The strategy of a run. The one that every hunt begins with is called directly, the others
/// through a pointer.
#[derive(Debug)]
pub enum Chooser {
    /// `random`.
    Random(random::RandomWalk),
    /// Any other.
    Other(Box<dyn Strategy>),
}

impl Chooser {
    pub fn number(&mut self, bound: u32) -> u32 {
        match self {
            Chooser::Random(random) => random.number(bound),
            Chooser::Other(other) => other.number(bound),
        }
    }

    #[inline]
    pub fn spawned(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.spawned(slot);
        }
    }

    #[inline]
    pub fn woken(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.woken(slot);
        }
    }

    #[inline]
    pub fn woken_again(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.woken_again(slot);
        }
    }

    #[inline]
    pub fn ended(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.ended(slot);
        }
    }

    /// The strategy that wants to know more than that.
    #[inline]
    pub fn other(&mut self) -> Option<&mut dyn Strategy> {
        match self {
            Chooser::Random(_) => None,
            Chooser::Other(other) => Some(other.as_mut()),
        }
    }

    pub fn yielded(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.yielded(slot);
        }
    }

    /// The orders of operations that were noted.
    pub fn orders(&self) -> &[u64] {
        match self {
            Chooser::Random(_) => &[],
            Chooser::Other(other) => other.orders(),
        }
    }

    pub fn divergence(&self) -> Option<&str> {
        match self {
            Chooser::Random(_) => None,
            Chooser::Other(other) => other.divergence(),
        }
    }
}

/// The trial that a schedule's strategy wants to be made first.
pub fn wanted_trial(schedule: &Schedule) -> Option<u64> {
    match schedule {
        Schedule::Seeded {
            strategy: StrategyKind::Urw | StrategyKind::Surw,
            seed,
            ..
        } => Some(census::trial_of(*seed)),
        _ => None,
    }
}

/// A trial, counting.
pub fn trial(number: u64) -> Chooser {
    Chooser::Other(Box::new(census::Trial::new(number)))
}

/// The strategy, observed.
pub fn observed(strategy: Chooser) -> Chooser {
    Chooser::Other(Box::new(observed::Observed::new(strategy)))
}

/// The strategy that a schedule names, and what the trial it may want has counted. One that is not
/// Standstill's own is replaced by an idle one: the engine that has it does not ask.
pub fn of(schedule: &Schedule, census: Option<Rc<Census>>) -> Chooser {
    let other: Box<dyn Strategy> = match schedule {
        Schedule::Seeded { strategy, seed, .. } => match strategy {
            StrategyKind::Random | StrategyKind::OwnRandom => {
                return Chooser::Random(random::RandomWalk::new(*seed));
            }
            StrategyKind::Pct { depth } | StrategyKind::OwnPct { depth } => {
                Box::new(pct::Pct::new(*seed, *depth))
            }
            StrategyKind::Pos => Box::new(pos::Pos::new(*seed)),
            StrategyKind::Urw => Box::new(urw::Urw::new(*seed, census.unwrap_or_default())),
            StrategyKind::Surw => Box::new(surw::Surw::new(*seed, census.unwrap_or_default())),
            StrategyKind::Directed => Box::new(directed::Directed::new(*seed)),
            StrategyKind::Dfs | StrategyKind::RoundRobin => return idle(),
        },
        Schedule::Choices(choices) => Box::new(replay::Replay::new(choices.clone())),
        Schedule::Bytes(bytes) => Box::new(bytes::Bytes::new(bytes.clone())),
    };
    Chooser::Other(other)
}

/// For an engine that has no run yet.
pub fn idle() -> Chooser {
    Chooser::Random(random::RandomWalk::new(0))
}
