//! The end of a run, in the same order as under `explore`: see there why.

use shuttle_engine::runtime::thread;

use crate::engine::explore::Pause;
use crate::engine::explore::slots::Phase;
use crate::engine::shuttle::machine::{Machine, Order};
use crate::task::TaskRef;

/// Switch points that one poll may pass while its run is being closed.
const CLOSING_PATIENCE: u32 = 10_000;

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

impl Machine {
    /// Takes the run down, from Shuttle's main task. Returns how many tasks could not be.
    pub(super) fn close(&self) -> u32 {
        self.executor.closing.set(true);
        let count = {
            let state = &mut *self.executor.state.borrow_mut();
            state.tracker.closing = true;
            state.fire = false;
            u32::try_from(state.slots.count()).unwrap_or(u32::MAX)
        };
        let ended: u32 = (0..count).map(|slot| self.end_poll(slot)).sum();
        let dropped: u32 = (0..count).map(|slot| self.drop_body(slot)).sum();
        ended + dropped
    }

    fn end_poll(&self, slot: u32) -> u32 {
        let phase = self.executor.state.borrow_mut().slots.at(slot).phase;
        match phase {
            Phase::Preempted => self.finish(slot, Order::GoOn),
            Phase::Parked => self.finish(slot, Order::Unwind),
            Phase::Vacant | Phase::Idle | Phase::Running => 0,
        }
    }

    fn drop_body(&self, slot: u32) -> u32 {
        let has_body = {
            let mut state = self.executor.state.borrow_mut();
            state.slots.at(slot).body.is_some()
        };
        if has_body {
            self.finish(slot, Order::Drop)
        } else {
            0
        }
    }

    /// Lets a task run until its poll returns, unwinding it where it waits. Returns 1 if it had to
    /// be given up.
    fn finish(&self, slot: u32, order: Order) -> u32 {
        let mut order = order;
        for _ in 0..UNWINDINGS {
            self.executor.closing_switches.set(0);
            self.order.set(order);
            match self.run_alone(slot) {
                Pause::Pending | Pause::Ended | Pause::Unwound | Pause::Panicked => return 0,
                Pause::Preempted => order = Order::GoOn,
                Pause::Parked | Pause::Stuck => order = Order::Unwind,
            }
        }
        // Shuttle stops the execution with this one runnable, and frees its stack.
        self.unblock(slot);
        self.executor.state.borrow_mut().retire(slot, true);
        1
    }

    /// Lets one task run until it comes back, and nobody else.
    fn run_alone(&self, slot: u32) -> Pause {
        self.unblock(slot);
        self.returned.set(None);
        self.target.set(self.id_of(slot));
        loop {
            thread::switch();
            if let Some(pause) = self.returned.take() {
                return pause;
            }
        }
    }

    /// A run that is being closed goes straight on, but not for ever: a poll that spins is unwound.
    pub(super) fn switch_while_closing(&self, me: TaskRef) {
        let passed = self.executor.closing_switches.get() + 1;
        self.executor.closing_switches.set(passed);
        if passed > CLOSING_PATIENCE && !std::thread::panicking() {
            self.leave(me, Pause::Stuck);
        }
    }
}
