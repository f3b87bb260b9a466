//! The end of a run: everything goes, in an order that is not optional.
//!
//! Tasks suspended inside a poll are resumed, with switch points that do nothing, until that poll
//! returns; only then are futures dropped, in task order and still inside of the run. A poll that
//! cannot return is unwound before its future is freed: the future lives on the very stack that
//! is unwound, so it cannot be otherwise.

use crate::engine::explore::executor::{Executor, State};
use crate::engine::explore::fiber::{Fiber, Job, Pause};

/// How often a task that catches its own unwinding is unwound again.
const UNWINDINGS: u32 = 100;

impl Executor {
    /// Takes the run down. Returns how many tasks could not be.
    pub(super) fn close(&self) -> u32 {
        self.closing.set(true);
        self.tracker.borrow_mut().closing = true;
        self.fire.set(false);
        self.chosen.set(None);
        let count = self.slots.borrow().len();
        let mut given_up = 0;
        for index in 0..count {
            given_up += self.end_poll(index);
        }
        for index in 0..count {
            given_up += self.drop_body(index);
        }
        given_up
    }

    fn end_poll(&self, index: usize) -> u32 {
        let (fiber, state) = {
            let mut slots = self.slots.borrow_mut();
            let slot = &mut slots[index];
            (slot.fiber.take(), slot.state)
        };
        let Some(fiber) = fiber else { return 0 };
        let job = if state == State::Parked {
            Job::Unwind
        } else {
            Job::Continue
        };
        self.scopes_resumed(u32::try_from(index).unwrap_or(u32::MAX));
        self.finish(index, fiber, job)
    }

    fn drop_body(&self, index: usize) -> u32 {
        let body = self.slots.borrow_mut()[index].body.take();
        let Some(body) = body else { return 0 };
        let fiber = self.pool.borrow_mut().take();
        self.finish(index, fiber, Job::Drop(body))
    }

    /// Runs `job` to its end, unwinding it where it waits. Returns 1 if it had to be given up.
    fn finish(&self, index: usize, mut fiber: Fiber, job: Job) -> u32 {
        let task = self.slots.borrow()[index].task;
        let slot = task.slot;
        let mut job = job;
        for _ in 0..UNWINDINGS {
            self.closing_switches.set(0);
            self.current.set(Some(task));
            let pause = fiber.resume(job);
            self.current.set(None);
            match pause {
                Pause::Pending(body) => {
                    let mut slots = self.slots.borrow_mut();
                    slots[index].state = State::Idle;
                    slots[index].body = Some(body);
                    drop(slots);
                    self.pool.borrow_mut().give(fiber);
                    return 0;
                }
                Pause::Ended | Pause::Unwound | Pause::Panicked => {
                    self.pool.borrow_mut().give(fiber);
                    self.retire(slot);
                    return 0;
                }
                Pause::Preempted => job = Job::Continue,
                Pause::Parked | Pause::Stuck => job = Job::Unwind,
            }
        }
        fiber.abandon();
        self.retire(slot);
        1
    }
}
