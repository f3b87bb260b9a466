//! Shuttle's `Scheduler`, as this engine hands it to Shuttle: it keeps the main task back until it
//! is due, writes the choices down, and leaves the rest to the scheduler of the plan.

use std::rc::Rc;

use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use standstill_engine::explore::state::{Next, RunState};
use standstill_engine::strategy::Scheduler as _;
use standstill_model::random::Random;

use crate::machine::Machine;
use crate::schedulers::Theirs;

/// Who chooses.
#[derive(Debug)]
pub(crate) enum Chooser {
    /// One of Standstill's strategies: the run's state has it.
    Own,
    /// One of Shuttle's schedulers.
    Theirs(Theirs),
}

/// Where a timer may fire although tasks are ready, one of Shuttle's schedulers is offered that at
/// one choice in this many, by the plan's seed. To a scheduler a timer is a task as good as any, and
/// so no task would ever be faster than one.
const OFFER_ONE_IN: u32 = 8;

/// Between Shuttle and a scheduler.
#[derive(Debug)]
pub(crate) struct Steering {
    machine: Rc<Machine>,
    chooser: Chooser,
    /// Where timers are offered. Drawn apart from the scheduler's own numbers.
    offers: Random,
    seed: u64,
}

impl Steering {
    /// `seed` decides where timers are offered.
    pub(crate) fn new(machine: &Rc<Machine>, chooser: Chooser, seed: u64) -> Self {
        Self {
            machine: Rc::clone(machine),
            chooser,
            offers: Random::new(seed),
            seed,
        }
    }

    /// Begins an execution. None if the scheduler has no more.
    pub(crate) fn begin(&mut self) -> Option<Schedule> {
        self.offers = Random::new(self.seed);
        match &mut self.chooser {
            Chooser::Own => Some(Schedule::new(0)),
            Chooser::Theirs(theirs) => theirs.begin(),
        }
    }

    /// The last execution is over.
    pub(crate) fn finish(&mut self) {
        if let Chooser::Theirs(theirs) = &mut self.chooser {
            theirs.finish();
        }
    }

    fn choose(
        &mut self,
        state: &mut RunState,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let [main, tasks @ ..] = runnable else {
            return None;
        };
        let theirs = match &mut self.chooser {
            Chooser::Own => return Some(self.machine.ours(state).unwrap_or_else(|| main.id())),
            Chooser::Theirs(theirs) => theirs,
        };
        let may_fire = state.may_fire() && !state.run.fair;
        let offered = may_fire && self.offers.below(OFFER_ONE_IN) == 0;
        // Asked even where its answer does not count: some keep books on every task they see.
        let candidates = if offered { runnable } else { tasks };
        let chosen = theirs.next_task(candidates, current, is_yielding)?;
        if state.run.fair {
            return Some(self.machine.ours(state).unwrap_or_else(|| main.id()));
        }
        if chosen == main.id() {
            self.machine.chosen.set(Some(Next::Fire));
        }
        if tasks.len() > 1 || may_fire {
            self.machine.record(state, chosen);
        }
        Some(chosen)
    }
}

impl Machine {
    /// Whom the run's own strategy chooses. None if the main task is to see to something first.
    fn ours(&self, state: &mut RunState) -> Option<TaskId> {
        match state.choose_task(self.switching.get()) {
            Ok(slot) => self.id_of(slot),
            Err(next) => {
                self.chosen.set(Some(next));
                None
            }
        }
    }

    /// Writes down that this one of Shuttle's tasks was chosen. The main task is a timer.
    fn record(&self, state: &mut RunState, chosen: TaskId) {
        let Some(recorder) = &mut state.run.recorder else {
            return;
        };
        match self.task_of(chosen) {
            Some(task) => recorder.task(state.tracker.path(task.slot)),
            None => recorder.timer(),
        }
    }
}

impl Scheduler for Steering {
    /// Not called: executions are begun one by one.
    fn new_execution(&mut self) -> Option<Schedule> {
        self.begin()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let first = runnable.first().map(|task| task.id());
        if current.is_none() {
            // The machine is made ready for the run in the main task.
            if let Chooser::Theirs(theirs) = &mut self.chooser {
                theirs.first_task(runnable);
            }
            return first;
        }
        let machine = Rc::clone(&self.machine);
        if let Some(target) = machine.target.get() {
            return Some(target);
        }
        if machine.stay.get() > 0 {
            return current;
        }
        let main = TaskId::from(0);
        if machine.executor.closing.begun() {
            return first.filter(|first| *first == main);
        }
        let state = &mut *machine.executor.state.borrow_mut();
        if machine.due(state).is_some() {
            return Some(main);
        }
        self.choose(state, runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        match &mut self.chooser {
            Chooser::Own => {
                let machine = &self.machine;
                machine.untold.set(true);
                let mut state = machine.executor.state.borrow_mut();
                u64::from(state.run.strategy.number(machine.bound.get()))
            }
            Chooser::Theirs(theirs) => theirs.next_u64(),
        }
    }
}
