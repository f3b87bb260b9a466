//! A strategy of any kind, in the form that the engine uses.

use std::ops::ControlFlow;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::random::RandomWalk;
use crate::strategy::{Event, Observer, Pick, Probe, Scheduler, Summary, View};
use crate::track::Tracker;

/// A scheduler that is notified of what happens.
pub trait Observing: Scheduler + Observer {}

impl<S: Scheduler + Observer> Observing for S {}

/// A scheduler that is notified of what happens, and that decides more than which task runs next.
pub trait Probing: Scheduler + Observer + Probe {}

impl<S: Scheduler + Observer + Probe> Probing for S {}

/// The strategy of a run. The one that every hunt begins with is called directly, the others through a
/// trait object.
#[derive(Debug)]
pub enum Chooser {
    /// `random`.
    Random(RandomWalk),
    /// A strategy that only makes choices.
    Plain(Box<dyn Scheduler>),
    /// A strategy that is also notified of what happens.
    Observing(Box<dyn Observing>),
    /// A strategy that also makes further decisions.
    Probing(Box<dyn Probing>),
}

/// A strategy's scheduler.
#[derive(Debug)]
pub enum AsScheduler<'a> {
    Random(&'a mut RandomWalk),
    Other(&'a mut dyn Scheduler),
}

impl Chooser {
    /// Notifies the strategy of an event, if it observes events. If it does not, this costs one
    /// comparison: the event is not even constructed.
    #[inline]
    pub fn observe<'a>(&mut self, event: impl FnOnce() -> Event<'a>) {
        if let Some(observer) = self.observer() {
            observer.on(&event());
        }
    }

    /// The strategy's observer, if it has one.
    #[inline]
    pub fn observer(&mut self) -> Option<&mut dyn Observer> {
        match self {
            Chooser::Random(_) | Chooser::Plain(_) => None,
            Chooser::Observing(strategy) => Some(strategy.as_mut()),
            Chooser::Probing(strategy) => Some(strategy.as_mut()),
        }
    }

    /// No task but the one in `slot` could run next. Asks the strategy whether the run is still useful,
    /// and notifies it that the task runs.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn forced_step(&mut self, view: &View<'_>, slot: u32) -> ControlFlow<()> {
        match self {
            Chooser::Random(_) | Chooser::Plain(_) => {}
            Chooser::Observing(strategy) => strategy.on(&Event::Forced { view, slot }),
            Chooser::Probing(strategy) => {
                strategy.forced(view, slot)?;
                strategy.on(&Event::Forced { view, slot });
            }
        }
        ControlFlow::Continue(())
    }

    /// The strategy's scheduler. For the processor all strategies but `random` look the same, because
    /// each of their vtables begins with that of [`Scheduler`].
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn as_scheduler(&mut self) -> AsScheduler<'_> {
        match self {
            Chooser::Random(random) => AsScheduler::Random(random),
            Chooser::Plain(strategy) => AsScheduler::Other(strategy.as_mut()),
            Chooser::Observing(strategy) => AsScheduler::Other(strategy.as_mut()),
            Chooser::Probing(strategy) => AsScheduler::Other(strategy.as_mut()),
        }
    }
}

impl Scheduler for Chooser {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        match self.as_scheduler() {
            AsScheduler::Random(random) => random.walk(view.ready, view.may_fire),
            AsScheduler::Other(scheduler) => scheduler.pick(view),
        }
    }

    fn number(&mut self, bound: u32) -> u32 {
        match self.as_scheduler() {
            AsScheduler::Random(random) => random.number(bound),
            AsScheduler::Other(scheduler) => scheduler.number(bound),
        }
    }

    fn yielded(&mut self, slot: u32) {
        if let AsScheduler::Other(scheduler) = self.as_scheduler() {
            scheduler.yielded(slot);
        }
    }

    fn end(&mut self) -> Summary {
        match self.as_scheduler() {
            AsScheduler::Random(_) => Summary::default(),
            AsScheduler::Other(scheduler) => scheduler.end(),
        }
    }
}

impl Observer for Chooser {
    fn on(&mut self, event: &Event<'_>) {
        if let Some(observer) = self.observer() {
            observer.on(event);
        }
    }

    fn wants_touches(&self) -> bool {
        match self {
            Chooser::Random(_) | Chooser::Plain(_) => false,
            Chooser::Observing(strategy) => strategy.wants_touches(),
            Chooser::Probing(strategy) => strategy.wants_touches(),
        }
    }
}

impl Probe for Chooser {
    fn probes(&self) -> bool {
        match self {
            Chooser::Probing(strategy) => strategy.probes(),
            _ => false,
        }
    }

    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        match self {
            Chooser::Probing(strategy) => strategy.probe(slot, op, resource, tracker),
            _ => false,
        }
    }

    fn probe_done(&mut self, slot: u32) {
        if let Chooser::Probing(strategy) = self {
            strategy.probe_done(slot);
        }
    }

    fn forced(&mut self, view: &View<'_>, slot: u32) -> ControlFlow<()> {
        match self {
            Chooser::Probing(strategy) => strategy.forced(view, slot),
            _ => ControlFlow::Continue(()),
        }
    }

    fn outlasts_root(&self) -> bool {
        match self {
            Chooser::Probing(strategy) => strategy.outlasts_root(),
            _ => false,
        }
    }
}
