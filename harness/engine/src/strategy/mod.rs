//! Strategies: they decide, at each choice of a controlled run, which task runs next.
//!
//! A strategy is a [`Scheduler`]. One that keeps track of events is also an [`Observer`], and one that
//! decides more than which task runs next is also a [`Probe`]. [`Chooser`] is a strategy of any of these
//! kinds.

mod bytes;
mod chooser;
mod directed;
#[cfg(test)]
pub mod logged;
mod observed;
mod observer;
mod pct;
mod pos;
mod priorities;
mod probe;
pub mod profile;
mod random;
pub mod ready;
mod replay;
mod scheduler;
mod surw;
#[cfg(test)]
mod tests;
mod urw;
mod weights;

use std::fmt;
use std::rc::Rc;

use standstill_model::plan::{Schedule, StrategyKind};
use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::profile::{Profile, ProfilingRun};
use crate::strategy::ready::ReadySet;
use crate::track::Tracker;

pub use bytes::FIRE_FROM;
pub use chooser::{AsScheduler, Chooser};
pub use observer::{Event, Observer};
pub use probe::Probe;
pub use scheduler::{Pick, Scheduler, Summary};

/// What a strategy sees when it decides.
#[derive(Debug)]
pub struct View<'a> {
    /// The tasks that could run.
    pub ready: &'a ReadySet,
    /// The task that ran last, if it could still go on.
    pub current: Option<u32>,
    /// Whether the earliest armed timer may fire early.
    pub may_fire: bool,
    /// Gives the tasks' identities.
    pub tracker: &'a Tracker,
    /// Tells whether a task is in the middle of a poll.
    pub polls: &'a dyn Polls,
}

/// Tells which tasks are in the middle of a poll.
pub trait Polls: fmt::Debug {
    /// Whether the task in `slot` is in the middle of a poll.
    fn in_poll(&self, slot: u32) -> bool;

    /// Whether there is a task in `slot` that is not in the middle of a poll.
    fn rests(&self, slot: u32) -> bool;
}

/// What a ready task does if it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It begins a poll: what it will do there is not known yet.
    Poll,
    /// This operation, which it has announced.
    Op(Op, Option<ResourceId>),
}

impl Pending {
    /// The resource of the operation.
    pub fn resource(self) -> Option<ResourceId> {
        match self {
            Pending::Poll => None,
            Pending::Op(_, resource) => resource,
        }
    }

    /// Whether the order of the two can matter, as far as is known beforehand.
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
    /// The rule that applies when a schedule has run out: the current task, else the lowest.
    pub fn fallback(&self) -> Pick {
        let current = self.current.filter(|slot| self.ready.contains(*slot));
        Pick::Task(current.or_else(|| self.ready.nth(0)).unwrap_or(0))
    }

    /// What the task in `slot` does next.
    pub fn pending(&self, slot: u32) -> Pending {
        if !self.polls.in_poll(slot) {
            return Pending::Poll;
        }
        match self.tracker.announced(slot) {
            (Some(op), resource) => Pending::Op(op, resource),
            (None, _) => Pending::Poll,
        }
    }
}

/// The profiling run that a schedule's strategy needs first.
pub fn wanted_profile(schedule: &Schedule) -> Option<u64> {
    match schedule {
        Schedule::Seeded {
            strategy: StrategyKind::Urw | StrategyKind::Surw,
            seed,
            ..
        } => Some(profile::run_of(*seed)),
        _ => None,
    }
}

/// The profiling run of this number.
pub fn profiling(number: u64) -> Chooser {
    Chooser::Observing(Box::new(ProfilingRun::new(number)))
}

/// Wraps the strategy so that the orders of operations in its runs are recorded.
pub fn observed(strategy: Chooser) -> Chooser {
    Chooser::Probing(Box::new(observed::Observed::new(strategy)))
}

/// The strategy that a schedule names, with the counts of the profiling run that it may need. A strategy
/// of another engine is replaced by an idle one, which that engine does not call.
pub fn of(schedule: &Schedule, profile: Option<Rc<Profile>>) -> Chooser {
    match schedule {
        Schedule::Seeded { strategy, seed, .. } => seeded(*strategy, *seed, profile),
        Schedule::Choices(choices) => {
            Chooser::Probing(Box::new(replay::Replay::new(choices.clone())))
        }
        Schedule::Bytes(bytes) => Chooser::Plain(Box::new(bytes::Bytes::new(bytes.clone()))),
    }
}

fn seeded(strategy: StrategyKind, seed: u64, profile: Option<Rc<Profile>>) -> Chooser {
    Chooser::Observing(match strategy {
        StrategyKind::Random | StrategyKind::OwnRandom => {
            return Chooser::Random(random::RandomWalk::new(seed));
        }
        StrategyKind::Dfs | StrategyKind::RoundRobin => return idle(),
        StrategyKind::Pct { depth } | StrategyKind::OwnPct { depth } => {
            Box::new(pct::Pct::new(seed, depth))
        }
        StrategyKind::Pos => Box::new(pos::Pos::new(seed)),
        StrategyKind::Urw => Box::new(urw::Urw::new(seed, profile.unwrap_or_default())),
        StrategyKind::Surw => Box::new(surw::Surw::new(seed, profile.unwrap_or_default())),
        StrategyKind::Directed => Box::new(directed::Directed::new(seed)),
    })
}

/// The strategy of an engine that has had no run yet.
pub fn idle() -> Chooser {
    Chooser::Random(random::RandomWalk::new(0))
}
