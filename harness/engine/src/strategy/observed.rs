//! A strategy under observation: which orders of operations it leads to.

use standstill_model::random::mix;

use crate::strategy::{Chooser, Pending, Pick, Strategy, View};

/// Chooses as the strategy inside, and notes the order of operations on each resource.
#[derive(Debug)]
pub(super) struct Observed {
    inner: Chooser,
    /// By resource: a hash of who did what, in order.
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

impl Strategy for Observed {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        let pick = match &mut self.inner {
            Chooser::Random(random) => random.walk(view.ready, view.may_fire),
            Chooser::Other(other) => other.pick(view),
        };
        if let Pick::Task(slot) = pick {
            self.note(view, slot);
        }
        pick
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.inner.number(bound)
    }

    fn forced(&mut self, view: &View<'_>, slot: u32) -> Pick {
        self.note(view, slot);
        match &mut self.inner {
            Chooser::Random(_) => Pick::Task(slot),
            Chooser::Other(other) => other.forced(view, slot),
        }
    }

    fn spawned(&mut self, slot: u32) {
        self.inner.spawned(slot);
    }

    fn woken(&mut self, slot: u32) {
        self.inner.woken(slot);
    }

    fn yielded(&mut self, slot: u32) {
        self.inner.yielded(slot);
    }

    fn orders(&self) -> &[u64] {
        &self.orders
    }
}
