//! The end of a run, in the same order as under `explore`: see there why.
//!
//! The main task lets one task after the other go on until it comes back. A destructor that waits
//! while its own stack is being unwound does the same in its task.

use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::thread;
use standstill_engine::explore::Pause;
use standstill_engine::explore::closing::Resistance;
use standstill_engine::explore::executor::note_panic;
use standstill_engine::explore::fiber;
use standstill_engine::explore::per_run::Stage;
use standstill_engine::explore::slots::Phase;
use standstill_rt::panics;
use standstill_rt::task::TaskRef;

use crate::machine::{Machine, Order};

/// Switch points that one poll may pass while its run is being closed.
const CLOSING_PATIENCE: u32 = 10_000;

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

impl Machine {
    /// Takes the run down, from Shuttle's main task. Returns how many tasks could not be.
    pub(crate) fn close(&self) -> u32 {
        self.executor.begin_closing();
        let count = self.count();
        for slot in 0..count {
            self.end_poll(slot);
        }
        for slot in 0..count {
            self.end_body(slot, Order::Drop);
        }
        self.executor.given_up.take()
    }

    fn count(&self) -> u32 {
        u32::try_from(self.executor.state.borrow().slots.count()).unwrap_or(u32::MAX)
    }

    fn end_poll(&self, slot: u32) {
        let order = {
            let mut state = self.executor.state.borrow_mut();
            let slot = state.slots.at(slot);
            match slot.phase {
                Phase::Parked if !std::mem::take(&mut slot.woken) => Order::Unwind,
                Phase::Parked | Phase::Preempted => Order::GoOn,
                Phase::Vacant | Phase::Idle | Phase::Running => return,
            }
        };
        self.finish(slot, order);
    }

    fn end_body(&self, slot: u32, order: Order) {
        let has_body = {
            let mut state = self.executor.state.borrow_mut();
            state.slots.at(slot).body.is_some()
        };
        if has_body {
            self.finish(slot, order);
        }
    }

    /// Lets a task run until its poll returns, unwinding it where it waits. One that resists is
    /// given up.
    fn finish(&self, slot: u32, order: Order) {
        let mut order = order;
        let mut unwound = false;
        for _ in 0..UNWINDINGS {
            self.executor.closing_switches.set(0);
            unwound |= order == Order::Unwind;
            let nested = !self.waiting.borrow().is_empty();
            self.executor.goes_on(nested && !unwound);
            let pause = self.run_alone(slot, order);
            order = match pause {
                Pause::Pending | Pause::Ended | Pause::Unwound | Pause::Panicked => return,
                Pause::Preempted => Order::GoOn,
                Pause::Stuck => Order::Unwind,
                Pause::Lost => break,
                Pause::Parked => {
                    let mut state = self.executor.state.borrow_mut();
                    match std::mem::take(&mut state.slots.at(slot).woken) {
                        true => Order::GoOn,
                        false => Order::Unwind,
                    }
                }
            };
        }
        // Shuttle stops the execution with this one runnable, and frees its stack.
        self.unblock(slot);
        self.executor.state.borrow_mut().retire(slot, true);
        let given_up = &self.executor.given_up;
        given_up.set(given_up.get() + 1);
    }

    /// Runs one task until it comes back, and nobody else.
    fn run_alone(&self, slot: u32, order: Order) -> Pause {
        self.unblock(slot);
        self.order.set(order);
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
    pub(crate) fn switch_while_closing(&self, me: TaskRef) {
        let passed = self.executor.closing_switches.get() + 1;
        self.executor.closing_switches.set(passed);
        if passed > CLOSING_PATIENCE && !std::thread::panicking() {
            self.leave(me, Pause::Stuck);
        }
    }

    /// A destructor of `me`, which is being unwound, waits: ends another task that may have to go
    /// first. A run that was going on ends here; what `me` panicked with is what it has shown.
    #[cold]
    pub(crate) fn resolve(&self, me: TaskRef) {
        if !self.executor.closing.get() {
            self.executor.begin_closing();
            self.executor.state.borrow_mut().run.stage = Stage::CutShort;
        }
        let (slot, resistance) = self.least_resistance(me).unwrap_or_else(|| {
            if self.executor.is_upright(0) {
                self.executor.upright.set(None);
                fiber::unwind();
            }
            // What it joins may have been given up.
            self.lose(1);
            panic!("a destructor blocks while its task unwinds, which nothing can resolve")
        });
        let (switches, alone) = (self.executor.closing_switches.get(), self.alone.get());
        let upright = self.executor.upright.take();
        self.executor.current.set(None);
        self.waiting.borrow_mut().push(ExecutionState::me());
        match resistance {
            Resistance::None | Resistance::Waits => self.end_poll(slot),
            Resistance::NotBegun => self.end_body(slot, Order::GoOn),
            Resistance::Idle => self.end_body(slot, Order::Drop),
        }
        self.waiting.borrow_mut().pop();
        self.executor.closing_switches.set(switches);
        self.alone.set(alone);
        self.executor.upright.set(upright);
        self.executor.current.set(Some(me));
    }

    /// A destructor panics, or is about to, while its task is being unwound: the task is given up, as
    /// under `explore`. Nobody lets it go on again, and Shuttle frees its stack as it is.
    #[cold]
    pub(crate) fn lose(&self, panics: u32) {
        let Some(me) = self.executor.current.get() else {
            return;
        };
        if !self.executor.closing.get() {
            return;
        }
        // Those that wait for it to come back are panicking themselves.
        let forgotten = if self.waiting.borrow().is_empty() {
            panics::forget_all()
        } else {
            panics::forget(panics);
            true
        };
        if !forgotten {
            return;
        }
        if self.alone.get() {
            self.returned.set(Some(Pause::Lost));
        } else {
            // It was its turn: its destructors have begun to take the run down, so it had panicked
            // before that.
            let state = &mut *self.executor.state.borrow_mut();
            note_panic(state, me.slot);
            state.retire(me.slot, true);
        }
        self.executor.current.set(None);
        self.executor.pulse.step_ends();
        let id = ExecutionState::me();
        loop {
            self.switch_away(id);
        }
    }

    fn least_resistance(&self, me: TaskRef) -> Option<(u32, Resistance)> {
        let mut state = self.executor.state.borrow_mut();
        let others = (0..u32::try_from(state.slots.count()).unwrap_or(u32::MAX))
            .filter(|slot| *slot != me.slot);
        let resisting = others.filter_map(|index| {
            let slot = state.slots.at(index);
            let resistance = match slot.phase {
                Phase::Parked if !slot.woken => Resistance::Waits,
                Phase::Parked | Phase::Preempted => Resistance::None,
                Phase::Idle if slot.kind.may_block() && !slot.begun => Resistance::NotBegun,
                Phase::Idle => Resistance::Idle,
                Phase::Running | Phase::Vacant => return None,
            };
            Some((index, resistance))
        });
        resisting.min_by_key(|(index, resistance)| (*resistance, *index))
    }
}
