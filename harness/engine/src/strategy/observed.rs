//! Records the orders of operations that a strategy leads to.

use std::ops::ControlFlow;

use standstill_model::random::mix;
use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::{Chooser, Event, Observer, Pending, Pick, Probe, Scheduler, Summary, View};
use crate::track::Tracker;

/// Chooses as the inner strategy does, and records the order of operations on each resource.
#[derive(Debug)]
pub(super) struct Observed {
    inner: Chooser,
    /// By resource: a hash of which task did what, in order.
    orders: Vec<u64>,
}

impl Observed {
    pub(super) fn new(inner: Chooser) -> Self {
        Self {
            inner,
            orders: Vec::new(),
        }
    }

    fn note(&mut self, view: &View<'_>, slot: u32) {
        let Pending::Op(op, Some(resource)) = view.pending(slot) else {
            return;
        };
        let index = resource.0 as usize;
        if index >= self.orders.len() {
            self.orders.resize(index + 1, 0);
        }
        let site = view.tracker.info(resource).site;
        let who = u64::from(view.tracker.serial(slot)) << 8 | op as u64;
        let order = &mut self.orders[index];
        if *order == 0 {
            *order = u64::from(site.line()) << 32 | u64::from(site.column());
        }
        *order = mix(*order ^ who);
    }
}

impl Scheduler for Observed {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        let pick = self.inner.pick(view);
        if let Pick::Task(slot) = pick {
            self.note(view, slot);
        }
        pick
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.inner.number(bound)
    }

    fn yielded(&mut self, slot: u32) {
        self.inner.yielded(slot);
    }

    fn end(&mut self) -> Summary {
        Summary {
            orders: std::mem::take(&mut self.orders),
            ..self.inner.end()
        }
    }
}

impl Observer for Observed {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::Forced { view, slot } = *event {
            self.note(view, slot);
        }
        self.inner.on(event);
    }

    fn wants_touches(&self) -> bool {
        self.inner.wants_touches()
    }
}

impl Probe for Observed {
    fn probes(&self) -> bool {
        self.inner.probes()
    }

    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        self.inner.probe(slot, op, resource, tracker)
    }

    fn probe_done(&mut self, slot: u32) {
        self.inner.probe_done(slot);
    }

    fn forced(&mut self, view: &View<'_>, slot: u32) -> ControlFlow<()> {
        self.inner.forced(view, slot)
    }

    fn outlasts_root(&self) -> bool {
        self.inner.outlasts_root()
    }
}
