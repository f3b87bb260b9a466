//! A task whose destructor waits while the task is being unwound.
//!
//! Its stack is left as any other, and goes on when it is woken. What unwinds it is taken along: the
//! panics out of the thread's count, and what the last of them said.

use standstill_rt::panics;
use standstill_rt::task::TaskRef;

use crate::explore::executor::Executor;
use crate::explore::state::RunState;
use crate::panic_count::{self, Taken};
use crate::verdict::Panicked;

/// The panics that unwind a stack which is left.
#[derive(Debug)]
pub struct Unwinding(Taken);

impl Executor {
    /// Takes along what unwinds the current task, before its stack is left. None if that cannot be
    /// done here.
    #[cold]
    pub fn take_unwinding(&self, me: TaskRef) -> Option<Unwinding> {
        let taken = panic_count::take_all()?;
        let said = panics::put_aside();
        self.state.borrow_mut().slots.at(me.slot).unwinding = Some(said);
        Some(Unwinding(taken))
    }

    /// The stack goes on.
    #[cold]
    pub fn go_on_unwinding(&self, me: TaskRef, unwinding: Unwinding) {
        let said = self.state.borrow_mut().slots.at(me.slot).unwinding.take();
        panics::put_back(said.flatten());
        unwinding.0.put_back();
    }
}

impl RunState {
    /// These tasks never run again. Nobody will ever handle the panics that unwind them.
    pub fn unwind_for_ever(&mut self, tasks: &[TaskRef]) {
        for task in tasks {
            let slot = self.slots.at(task.slot);
            let Some(said) = slot.unwinding.clone() else {
                continue;
            };
            let panicked = Panicked {
                task: *task,
                path: self.tracker.path(task.slot).to_string(),
                identity: slot.identity,
                said: said.unwrap_or_else(panics::take),
                seen: false,
                preempted: true,
            };
            self.panics.push(panicked);
        }
    }
}
