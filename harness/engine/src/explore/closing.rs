//! The end of a run: everything goes, in an order that is not optional.
//!
//! Tasks suspended inside a poll are resumed, with switch points that do nothing, until that poll
//! returns; only then are futures dropped, in task order and still inside of the run. A poll that
//! cannot return is unwound before its future is freed: the future lives on the very stack that
//! is unwound, so it cannot be otherwise.
//!
//! A destructor may wait for another task while its own is being unwound: for a lock, or for the
//! end of a thread. Its stack cannot be left then, so the others are ended on top of it.

use standstill_rt::panics;
use standstill_rt::task::TaskRef;

use crate::explore::executor::Executor;
use crate::explore::fiber::{self, Fiber, Job, Pause};
use crate::explore::per_run::Stage;
use crate::explore::slots::Phase;

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

/// How much a task resists being ended while another waits for that: the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resistance {
    /// It can go on.
    None,
    /// A thread that has not begun: it may do what it is waited for.
    NotBegun,
    /// It waits, and has to be unwound.
    Waits,
    /// It is between two polls: its future is dropped.
    Idle,
}

impl Executor {
    /// Takes the run down. Returns how many tasks could not be.
    pub(super) fn close(&self) -> u32 {
        self.begin_closing();
        let count = u32::try_from(self.state.borrow().slots.count()).unwrap_or(u32::MAX);
        for slot in 0..count {
            self.end_poll(slot);
        }
        for slot in 0..count {
            self.drop_body(slot);
        }
        self.given_up.take()
    }

    pub fn begin_closing(&self) {
        self.closing.set(true);
        let state = &mut *self.state.borrow_mut();
        state.tracker.close();
        state.run.due = None;
    }

    fn end_poll(&self, slot: u32) {
        let (fiber, stuck, scoped) = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(slot);
            let stuck = slot.phase == Phase::Parked && !std::mem::take(&mut slot.woken);
            (slot.fiber.take(), stuck, !slot.put_aside.is_empty())
        };
        let Some(fiber) = fiber else { return };
        if scoped {
            self.resume_scopes(slot);
        }
        self.finish(slot, fiber, stuck);
    }

    fn drop_body(&self, slot: u32) {
        self.end_body(slot, Job::Drop);
    }

    fn end_body(&self, slot: u32, job: Job) {
        let fiber = {
            let state = &mut *self.state.borrow_mut();
            let Some(body) = state.slots.at(slot).body.take() else {
                return;
            };
            state.pool.employ(job, body)
        };
        self.finish(slot, fiber, false);
    }

    /// Runs a fiber to the end of its job, unwinding it where it waits. One that resists is given up.
    fn finish(&self, slot: u32, mut fiber: Fiber, mut stuck: bool) {
        let task = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(slot);
            slot.phase = Phase::Running;
            slot.task
        };
        let mut unwound = false;
        for _ in 0..UNWINDINGS {
            self.closing_switches.set(0);
            self.current.set(Some(task));
            unwound |= stuck;
            self.goes_on(self.nested.get() > 0 && !unwound);
            let pause;
            (fiber, pause) = self.go_on(fiber, stuck);
            self.current.set(None);
            let state = &mut *self.state.borrow_mut();
            match pause {
                Pause::Pending => {
                    let slot = state.slots.at(slot);
                    slot.phase = Phase::Idle;
                    slot.body = fiber.shared().body.take();
                    state.pool.give(fiber);
                    return;
                }
                Pause::Ended | Pause::Unwound | Pause::Panicked => {
                    state.pool.give(fiber);
                    state.retire(slot, true);
                    return;
                }
                Pause::Preempted => stuck = false,
                Pause::Parked => stuck = !std::mem::take(&mut state.slots.at(slot).woken),
                Pause::Stuck => stuck = true,
                Pause::Lost => break,
            }
        }
        drop(fiber);
        self.state.borrow_mut().retire(slot, true);
        self.given_up.set(self.given_up.get() + 1);
    }

    /// A destructor of `me`, which is being unwound, waits: ends another task that may have to go
    /// first. A run that was going on ends here; what `me` panicked with is what it has shown.
    #[cold]
    pub(super) fn resolve(&self, me: TaskRef) {
        if !self.closing.get() {
            self.begin_closing();
            self.state.borrow_mut().run.stage = Stage::CutShort;
        }
        let (slot, resistance) = self.least_resistance(me).unwrap_or_else(|| {
            if self.is_upright(0) {
                self.upright.set(None);
                fiber::unwind();
            }
            // What it joins may have been given up.
            self.lose(1);
            panic!("a destructor blocks while its task unwinds, which nothing can resolve")
        });
        let (switches, upright) = (self.closing_switches.get(), self.upright.take());
        self.nested.set(self.nested.get() + 1);
        match resistance {
            Resistance::None | Resistance::Waits => self.end_poll(slot),
            Resistance::NotBegun => {
                let word = {
                    let mut state = self.state.borrow_mut();
                    self.waker_word(state.slots.at(slot))
                };
                self.end_body(slot, Job::Poll(word));
            }
            Resistance::Idle => self.drop_body(slot),
        }
        self.nested.set(self.nested.get() - 1);
        self.closing_switches.set(switches);
        self.upright.set(upright);
        self.current.set(Some(me));
    }

    /// The task that is being ended is let go on. If it is on top of another, that one's panic makes
    /// the whole thread panic; it is `upright` itself unless it is unwound.
    pub fn goes_on(&self, upright: bool) {
        self.upright.set(upright.then(panics::begun));
    }

    /// Whether the current task only looks as if it were panicking, but for its own latest `panics`.
    pub fn is_upright(&self, panics: u32) -> bool {
        self.upright
            .get()
            .is_some_and(|before| panics::begun().wrapping_sub(before) == panics)
    }

    /// A destructor panics, or is about to, while its task is being unwound, since what it joined was
    /// ended together with the run. That would abort the process, and is our doing. So the task is
    /// given up in the middle of its unwinding, of which `panics` are the cause. Returns if that
    /// cannot be.
    #[cold]
    pub(super) fn lose(&self, panics: u32) {
        if !self.closing.get() || self.current.get().is_none() {
            return;
        }
        // Whoever is resumed next must not look as if it were panicking, unless it is: a task in
        // whose destructor this one was ended.
        let forgotten = match self.nested.get() {
            0 => panics::forget_all(),
            _ => {
                panics::forget(panics);
                true
            }
        };
        if forgotten {
            self.give_up();
        }
    }

    fn least_resistance(&self, me: TaskRef) -> Option<(u32, Resistance)> {
        let mut state = self.state.borrow_mut();
        let count = u32::try_from(state.slots.count()).unwrap_or(u32::MAX);
        let others = (0..count).filter(|slot| *slot != me.slot);
        let resisting = others.filter_map(|index| {
            let slot = state.slots.at(index);
            let resistance = match (&slot.fiber, &slot.body) {
                (Some(_), _) if slot.phase == Phase::Parked && !slot.woken => Resistance::Waits,
                (Some(_), _) => Resistance::None,
                (None, Some(_)) if slot.kind.may_block() && !slot.begun => Resistance::NotBegun,
                (None, Some(_)) => Resistance::Idle,
                (None, None) => return None,
            };
            Some((index, resistance))
        });
        resisting.min_by_key(|(index, resistance)| (*resistance, *index))
    }
}
