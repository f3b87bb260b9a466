//! `shuttle`: AWS Shuttle's engine and schedulers, over the same facade.
//!
//! For each task there is one of Shuttle's, and Shuttle's scheduler decides at each switch point who
//! goes next. Everything else is as under `explore`: the tasks' code runs on the same fibers, the types
//! are tokio's own, the tracker sees the same, and the same rules say when a run is over and what it
//! came to. They run in Shuttle's main task, inside of a tokio runtime with a paused clock. It is kept
//! from the scheduler until it is due: when nobody is ready, and the clock may turn; when a slice of
//! steps is over; when the root has ended. So quiescence is seen before Shuttle could call it a
//! deadlock, and a run that is over is taken down like any other: Shuttle only ever sees executions
//! that end well.

mod host;
mod machine;
mod quiet;
mod run;
mod schedulers;
mod steering;

use std::sync::Arc;

use standstill_engine::pulse::Pulse;
use standstill_engine::threads::Ours;
use standstill_engine::{Engine, RecordLevel, Run};
use standstill_model::plan::{EngineKind, Plan};
use standstill_model::scenario::Program;

/// The shuttle engine. It is bound to the thread that made it.
#[derive(Debug)]
pub struct Shuttle {
    executions: run::Executions,
    _thread: Ours,
}

impl Shuttle {
    /// An engine for the current thread, which beats `pulse`.
    pub fn watched(pulse: Arc<Pulse>) -> Self {
        let thread = Ours::register();
        pulse.set_thread(thread.id);
        Self {
            executions: run::Executions::new(pulse),
            _thread: thread,
        }
    }
}

impl Engine for Shuttle {
    fn kind(&self) -> EngineKind {
        EngineKind::Shuttle
    }

    fn run(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        self.executions.run(program, plan, level)
    }
}

/// Executes one run in the execution of Shuttle's that the caller is in, whose scheduler decides.
///
/// # Panics
///
/// Outside of an execution of Shuttle's.
#[must_use]
pub fn run_in_execution(program: &Program, plan: &Plan) -> Run {
    let machine = machine::Machine::new(Arc::default());
    let run = run::main(&machine, program, plan, RecordLevel::Hunt);
    machine.executor.retire(&machine);
    run
}
