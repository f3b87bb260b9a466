//! `explore`: a deterministic executor inside a tokio runtime with a paused clock.
//!
//! One OS thread runs the whole program. Tasks are polled on coroutines, so that another task can run at
//! a switch point in the middle of a poll. A strategy makes every choice. When no task is ready, the
//! paused clock jumps to the next timer. A sentinel timer is armed farther away than any real timer:
//! when it fires, nothing can ever happen again.

pub mod closing;
pub mod early;
pub mod executor;
pub mod fiber;
mod host;
pub mod inbox;
pub mod judge;
mod partial;
pub mod per_run;
mod profiles;
mod record;
pub mod run;
pub mod runtime;
mod session;
pub mod slots;
pub mod state;
#[cfg(test)]
pub mod testing;
pub mod unwinding;
mod waker;

use std::rc::Rc;
use std::sync::Arc;

pub use fiber::Pause;
pub use inbox::deliver;
pub use slots::Slots;

use crate::pulse::Pulse;
use crate::run::{Engine, OneRun, RecordLevel, Run, Runs};
use crate::strategy::Chooser;
use crate::threads::Ours;
use standstill_model::plan::{EngineKind, Plan};
use standstill_model::scenario::Program;

/// The explore engine. It is bound to the thread that made it.
#[derive(Debug)]
pub struct Explore {
    /// Its address must not change: suspended stacks refer to it.
    executor: Rc<executor::Executor>,
    _thread: Ours,
}

impl Explore {
    /// An engine for the current thread.
    ///
    /// A program that really blocks the thread, on a raw `std::sync::Mutex` for example, blocks it for
    /// ever. A hunt detects that; this engine alone does not.
    #[must_use]
    pub fn new() -> Self {
        Self::watched(Arc::default())
    }

    pub fn watched(pulse: Arc<Pulse>) -> Self {
        let thread = Ours::register();
        pulse.set_thread(thread.id);
        Self {
            executor: executor::Executor::shared(pulse),
            _thread: thread,
        }
    }

    /// Runs a plan under this strategy instead of the plan's own.
    pub fn run_by(
        &self,
        program: &Program,
        plan: &Plan,
        level: RecordLevel,
        strategy: Chooser,
    ) -> Run {
        session::run_by(&self.executor, program, plan, level, strategy)
    }
}

impl Drop for Explore {
    fn drop(&mut self) {
        self.executor.retire(&self.executor);
    }
}

impl Default for Explore {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Explore {
    fn kind(&self) -> EngineKind {
        EngineKind::Explore
    }

    fn run(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        let mut one = OneRun::new(plan, level);
        self.run_all(program, &mut one);
        match one.run {
            Some(run) => run,
            None => unreachable!("a run that was begun has come to an end"),
        }
    }

    fn run_all(&mut self, program: &Program, runs: &mut dyn Runs) {
        session::run_all(&self.executor, program, runs);
    }
}
