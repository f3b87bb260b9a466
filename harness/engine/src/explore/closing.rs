//! Takes a run down at its end. The order in which tasks are ended is essential. It is the same under
//! every engine whose tasks run on fibers.
//!
//! Tasks that are suspended inside a poll are resumed, with switch points that do nothing, until that
//! poll returns. Only then are futures dropped, in task order and still inside the run. If a poll cannot
//! return, its stack is unwound before its future is freed. The order cannot be reversed: the future is
//! owned by a frame of that stack.
//!
//! While a task is being unwound, a destructor may wait for another task: for a lock, or for the end of
//! a thread. Its stack cannot be left then, so the other tasks are ended on top of it. They must not
//! notice the unwinding. So, until the first task goes on, its panics are taken out of the thread's
//! count, and its scopes out of the thread-locals.
//!
//! A task that cannot be ended is abandoned. Its stack is never freed, since there may be pointers to
//! it. Nothing else of it remains: its scopes are taken out of the thread-locals at once.

#[cfg(test)]
mod tests;

use std::cell::Cell;

use standstill_rt::facade::locals;
use standstill_rt::host::Schedule;
use standstill_rt::task::TaskRef;

use crate::explore::executor::Executor;
use crate::explore::fiber::{self, Fiber, Job, Pause};
use crate::explore::per_run::Stage;
use crate::explore::slots::Phase;
use crate::panic_count;

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

/// How many switch points one poll may pass while its run is being closed, before it is unwound.
const PATIENCE: u32 = 10_000;

/// How many switch points the destructors of a task that is being unwound may pass, before they count as
/// waiting.
const UNWINDING_PATIENCE: u32 = 1_000_000;

/// The progress of closing a run.
#[derive(Debug, Default)]
pub struct Closing {
    begun: Cell<bool>,
    /// Switch points that the current task has passed since it was last resumed.
    switches: Cell<u32>,
    /// The number of tasks that could not be ended.
    abandoned: Cell<u32>,
    /// How many tasks are being ended on top of another one that waits in a destructor.
    nested: Cell<u32>,
    /// The current task is being ended on top of another, which is panicking. It runs as if nothing were
    /// panicking. Where it would wait, it ends further tasks.
    masks_outer_panic: Cell<bool>,
    /// A task was abandoned whose panics are still counted: no code of the run may go on.
    count_is_lost: Cell<bool>,
    /// A task was abandoned, in this run or an earlier one.
    ever_abandoned: Cell<bool>,
}

impl Closing {
    /// Whether the run is over and being taken down.
    #[inline]
    pub fn begun(&self) -> bool {
        self.begun.get()
    }

    /// Whether stacks were abandoned that may refer to the executor.
    pub fn ever_abandoned(&self) -> bool {
        self.ever_abandoned.get()
    }

    /// Prepares for a run.
    pub(super) fn reset(&self) {
        self.begun.set(false);
        self.switches.set(0);
        self.abandoned.set(0);
        self.nested.set(0);
        self.masks_outer_panic.set(false);
        self.count_is_lost.set(false);
    }
}

/// The order in which other tasks are ended while one waits in a destructor: the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CloseOrder {
    /// The task can go on.
    GoesOn,
    /// The task is a thread that has not begun: it may do what is waited for.
    NotBegun,
    /// The task waits, and has to be unwound.
    Waits,
    /// The task is between two polls: its future is dropped.
    Idle,
}

impl Executor {
    /// Takes the run down. Returns how many tasks could not be ended.
    pub fn close(&self) -> u32 {
        self.begin_closing();
        let count = u32::try_from(self.state.borrow().slots.count()).unwrap_or(u32::MAX);
        for slot in 0..count {
            self.end_poll(slot);
        }
        for slot in 0..count {
            self.end_body(slot, Job::Drop);
        }
        if self.closing.count_is_lost.get() {
            (0..count).for_each(|slot| self.leave_alone(slot));
        }
        self.end_run_scopes();
        locals::forget_run(self.epoch());
        self.closing.abandoned.take()
    }

    pub(super) fn begin_closing(&self) {
        self.closing.begun.set(true);
        let state = &mut *self.state.borrow_mut();
        state.tracker.close();
        state.run.due = None;
    }

    fn end_poll(&self, slot: u32) {
        if self.closing.count_is_lost.get() {
            return;
        }
        let (fiber, stuck, scoped) = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(slot);
            let waits = slot.phase == Phase::Parked && !std::mem::take(&mut slot.woken);
            // A stack that is being unwound already looks again, and ends others if it has to.
            let stuck = waits && slot.unwinding.is_none();
            (slot.fiber.take(), stuck, !slot.put_aside.is_empty())
        };
        let Some(fiber) = fiber else { return };
        if scoped {
            self.resume_scopes(slot);
        }
        self.finish(slot, fiber, stuck);
    }

    fn end_body(&self, slot: u32, job: Job) {
        if self.closing.count_is_lost.get() {
            return;
        }
        let fiber = {
            let state = &mut *self.state.borrow_mut();
            let Some(body) = state.slots.at(slot).body.take() else {
                return;
            };
            state.pool.employ(job, body)
        };
        self.finish(slot, fiber, false);
    }

    /// Runs a fiber to the end of its job, and unwinds it where it waits. One that cannot be ended is
    /// abandoned.
    fn finish(&self, slot: u32, mut fiber: Fiber, mut stuck: bool) {
        let task = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(slot);
            slot.phase = Phase::Running;
            slot.task
        };
        let mut unwound = false;
        for _ in 0..UNWINDINGS {
            self.closing.switches.set(0);
            self.current.set(Some(task));
            unwound |= stuck;
            let masks = self.closing.nested.get() > 0 && !unwound;
            self.closing.masks_outer_panic.set(masks);
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
                Pause::Abandoned => break,
            }
        }
        // The fiber was suspended in the middle of its work: its stack is never freed.
        drop(fiber);
        self.forget_scopes(slot);
        self.state.borrow_mut().retire(slot, true);
        let abandoned = &self.closing.abandoned;
        abandoned.set(abandoned.get() + 1);
    }

    /// Abandons the rest of the task in `slot` without running any of its code.
    fn leave_alone(&self, slot: u32) {
        let state = &mut *self.state.borrow_mut();
        let entry = state.slots.at(slot);
        let (fiber, body) = (entry.fiber.take(), entry.body.take());
        if fiber.is_none() && body.is_none() {
            return;
        }
        // A suspended fiber is never freed. Neither is a body that was not suspended: it is never
        // dropped.
        drop(fiber);
        std::mem::forget(body);
        state.retire(slot, true);
        let abandoned = &self.closing.abandoned;
        abandoned.set(abandoned.get() + 1);
    }

    /// A destructor of `me`, which is being unwound, waits: ends another task that may have to end
    /// first. If the run was still going on, it ends here, and its finding is the panic of `me`.
    #[cold]
    pub fn close_blocker(&self, me: TaskRef) {
        if !self.closing.begun() {
            self.begin_closing();
            self.state.borrow_mut().run.stage = Stage::CutShort;
        }
        let masks = self.closing.masks_outer_panic.take();
        let Some((slot, order)) = self.first_to_close(me) else {
            if masks && !std::thread::panicking() {
                fiber::unwind();
            }
            // What it waits for may have been abandoned.
            self.abandon();
        };
        let Some(panics) = panic_count::take_all() else {
            self.abandon();
        };
        let switches = self.closing.switches.get();
        self.suspend_scopes(me.slot);
        self.closing.nested.set(self.closing.nested.get() + 1);
        match order {
            CloseOrder::GoesOn | CloseOrder::Waits => self.end_poll(slot),
            CloseOrder::NotBegun => {
                let word = {
                    let mut state = self.state.borrow_mut();
                    self.waker_word(state.slots.at(slot))
                };
                self.end_body(slot, Job::Poll(word));
            }
            CloseOrder::Idle => self.end_body(slot, Job::Drop),
        }
        self.closing.nested.set(self.closing.nested.get() - 1);
        self.resume_scopes(me.slot);
        self.closing.switches.set(switches);
        self.closing.masks_outer_panic.set(masks);
        self.current.set(Some(me));
        panics.put_back();
        if self.closing.count_is_lost.get() {
            self.abandon();
        }
    }

    /// A destructor panics, perhaps while its task is being unwound, because the task it joined was
    /// ended together with the run. The process would then abort, because of the engine and not of the
    /// program. So the task is abandoned in the middle of its unwinding. Returns if the process would
    /// not abort.
    #[cold]
    pub fn before_abort(&self) {
        if !self.closing.begun() || self.current.get().is_none() {
            return;
        }
        match panic_count::take_all() {
            // The task was not panicking before.
            Some(panics) if panics.count() < 2 => panics.put_back(),
            Some(panics) => {
                panics.forget();
                self.abandon();
            }
            None => self.abandon(),
        }
    }

    /// Abandons the current task, whatever it is doing, together with the panics that unwind it.
    #[cold]
    fn abandon(&self) -> ! {
        self.closing.ever_abandoned.set(true);
        match panic_count::take_all() {
            Some(panics) => panics.forget(),
            // From now on every task on this thread appears to be panicking.
            None => self.closing.count_is_lost.set(true),
        }
        self.suspend(Pause::Abandoned);
        unreachable!("a fiber that was abandoned was resumed");
    }

    fn first_to_close(&self, me: TaskRef) -> Option<(u32, CloseOrder)> {
        let mut state = self.state.borrow_mut();
        let count = u32::try_from(state.slots.count()).unwrap_or(u32::MAX);
        let others = (0..count).filter(|slot| *slot != me.slot);
        let ordered = others.filter_map(|index| {
            let slot = state.slots.at(index);
            let order = match (&slot.fiber, &slot.body) {
                (Some(_), _) if slot.phase == Phase::Parked && !slot.woken => CloseOrder::Waits,
                (Some(_), _) => CloseOrder::GoesOn,
                (None, Some(_)) if slot.kind.may_block() && !slot.begun => CloseOrder::NotBegun,
                (None, Some(_)) => CloseOrder::Idle,
                (None, None) => return None,
            };
            Some((index, order))
        });
        ordered.min_by_key(|(index, order)| (*order, *index))
    }

    // ---- on the task's side -----------------------------------------------------------------

    /// A run that is being closed passes switch points without switching, but not for ever: a poll that
    /// spins is unwound, and a destructor that spins counts as waiting.
    #[cold]
    pub fn switch_while_closing(&self, me: TaskRef) {
        let passed = self.closing.switches.get() + 1;
        self.closing.switches.set(passed);
        if !std::thread::panicking() {
            if passed > PATIENCE {
                self.suspend(Pause::Stuck);
            }
        } else if passed > UNWINDING_PATIENCE {
            self.close_blocker(me);
        }
    }

    /// Suspends the current task while the run is being closed, unless it has been woken.
    #[cold]
    pub(super) fn park_while_closing(&self, me: TaskRef) {
        if std::thread::panicking() || self.closing.masks_outer_panic.get() {
            return self.close_blocker(me);
        }
        self.switch_while_closing(me);
        let woken = std::mem::take(&mut self.state.borrow_mut().slots.at(me.slot).woken);
        if !woken {
            self.suspend(Pause::Parked);
            self.state.borrow_mut().tracker.parked(me, false);
        }
    }
}
