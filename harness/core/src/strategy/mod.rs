//! Strategies: what decides, at each choice of a controlled run, who goes next.

mod bytes;
mod pct;
mod random;
mod replay;

use std::fmt;

use crate::engine::explore::ReadySet;
use crate::plan::{Schedule, StrategyKind};
use crate::track::Tracker;

pub(crate) use bytes::FIRE_FROM;

/// What a strategy sees when it decides.
pub(crate) struct View<'a> {
    /// The tasks that could run.
    pub(crate) ready: &'a ReadySet,
    /// The one that ran last, if it still could.
    pub(crate) current: Option<u32>,
    /// Whether the earliest armed timer may fire early.
    pub(crate) may_fire: bool,
    /// For the tasks' identities.
    pub(crate) tracker: &'a Tracker,
}

impl View<'_> {
    /// The rule that goes on when a schedule has run out: the current task, else the lowest.
    pub(crate) fn fallback(&self) -> Pick {
        let current = self.current.filter(|slot| self.ready.contains(*slot));
        Pick::Task(current.or_else(|| self.ready.nth(0)).unwrap_or(0))
    }
}

/// A strategy's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The task in this slot runs.
    Task(u32),
    /// The earliest armed timer fires.
    Timer,
}

/// Decides the choices of one run. It is asked only where there is something to choose.
pub(crate) trait Strategy: fmt::Debug {
    /// Who runs next.
    fn pick(&mut self, view: &View<'_>) -> Pick;

    /// A number below `bound`, which is at least 2.
    fn number(&mut self, bound: u32) -> u32;

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
pub(crate) const EARLY_TIMERS: u32 = 4;

/// The strategy of a run. The one that every hunt begins with is called directly, the others
/// through a pointer.
#[derive(Debug)]
pub(crate) enum Chooser {
    /// `random`.
    Random(random::RandomWalk),
    /// Any other.
    Other(Box<dyn Strategy>),
}

impl Chooser {
    pub(crate) fn number(&mut self, bound: u32) -> u32 {
        match self {
            Chooser::Random(random) => random.number(bound),
            Chooser::Other(other) => other.number(bound),
        }
    }

    #[inline]
    pub(crate) fn spawned(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.spawned(slot);
        }
    }

    #[inline]
    pub(crate) fn woken(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.woken(slot);
        }
    }

    pub(crate) fn yielded(&mut self, slot: u32) {
        if let Chooser::Other(other) = self {
            other.yielded(slot);
        }
    }

    pub(crate) fn divergence(&self) -> Option<&str> {
        match self {
            Chooser::Random(_) => None,
            Chooser::Other(other) => other.divergence(),
        }
    }
}

/// The strategy that a schedule names. One that is not Standstill's own is replaced by an idle one:
/// the engine that has it does not ask.
pub(crate) fn of(schedule: &Schedule) -> Chooser {
    let other: Box<dyn Strategy> = match schedule {
        Schedule::Seeded { strategy, seed, .. } => match strategy {
            StrategyKind::Random | StrategyKind::OwnRandom => {
                return Chooser::Random(random::RandomWalk::new(*seed));
            }
            StrategyKind::Pct { depth } | StrategyKind::OwnPct { depth } => {
                Box::new(pct::Pct::new(*seed, *depth))
            }
            StrategyKind::Urw | StrategyKind::Dfs | StrategyKind::RoundRobin => return idle(),
        },
        Schedule::Choices(choices) => Box::new(replay::Replay::new(choices.clone())),
        Schedule::Bytes(bytes) => Box::new(bytes::Bytes::new(bytes.clone())),
    };
    Chooser::Other(other)
}

/// For an engine that has no run yet.
pub(crate) fn idle() -> Chooser {
    Chooser::Random(random::RandomWalk::new(0))
}
