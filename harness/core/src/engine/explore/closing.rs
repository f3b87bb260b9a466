//! The end of a run: everything goes, in an order that is not optional.
//!
//! Tasks suspended inside a poll are resumed, with switch points that do nothing, until that poll
//! returns; only then are futures dropped, in task order and still inside of the run. A poll that
//! cannot return is unwound before its future is freed: the future lives on the very stack that
//! is unwound, so it cannot be otherwise.

use crate::engine::explore::executor::Executor;
use crate::engine::explore::fiber::{Fiber, Job, Pause};
use crate::engine::explore::slots::Phase;

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

impl Executor {
    /// Takes the run down. Returns how many tasks could not be.
    pub(super) fn close(&self) -> u32 {
        self.closing.set(true);
        let count = {
            let state = &mut *self.state.borrow_mut();
            state.tracker.closing = true;
            state.fire = false;
            state.chosen = None;
            u32::try_from(state.slots.count()).unwrap_or(u32::MAX)
        };
        let ended: u32 = (0..count).map(|slot| self.end_poll(slot)).sum();
        let dropped: u32 = (0..count).map(|slot| self.drop_body(slot)).sum();
        ended + dropped
    }

    fn end_poll(&self, slot: u32) -> u32 {
        let (fiber, phase, scoped) = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(slot);
            (slot.fiber.take(), slot.phase, !slot.put_aside.is_empty())
        };
        let Some(fiber) = fiber else { return 0 };
        if scoped {
            self.resume_scopes(slot);
        }
        self.finish(slot, fiber, phase == Phase::Parked)
    }

    fn drop_body(&self, slot: u32) -> u32 {
        let fiber = {
            let state = &mut *self.state.borrow_mut();
            let Some(body) = state.slots.at(slot).body.take() else {
                return 0;
            };
            let fiber = state.pool.take();
            fiber.give(Job::Drop, body);
            fiber
        };
        self.finish(slot, fiber, false)
    }

    /// Runs a fiber to the end of its job, unwinding it where it waits. Returns 1 if it had to be given up.
    fn finish(&self, slot: u32, mut fiber: Fiber, mut stuck: bool) -> u32 {
        let task = self.state.borrow_mut().slots.at(slot).task;
        for _ in 0..UNWINDINGS {
            self.closing_switches.set(0);
            self.current.set(Some(task));
            let pause = if stuck {
                fiber.unwind()
            } else {
                fiber.resume()
            };
            self.current.set(None);
            let state = &mut *self.state.borrow_mut();
            match pause {
                Pause::Pending => {
                    let slot = state.slots.at(slot);
                    slot.phase = Phase::Idle;
                    slot.body = fiber.take_body();
                    state.pool.give(fiber);
                    return 0;
                }
                Pause::Ended | Pause::Unwound | Pause::Panicked => {
                    state.pool.give(fiber);
                    state.retire(slot, true);
                    return 0;
                }
                Pause::Preempted => stuck = false,
                Pause::Parked | Pause::Stuck => stuck = true,
            }
        }
        fiber.abandon();
        self.state.borrow_mut().retire(slot, true);
        1
    }
}
