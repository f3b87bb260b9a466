//! Runs, one after the other, within one runtime as long as none of them leaves a mark on it.
//!
//! To enter a runtime and to leave it takes as long as a dozen steps.

use std::ops::ControlFlow;

use standstill_model::plan::Plan;
use standstill_model::scenario::Program;
use standstill_rt::current;
use standstill_rt::unmodelled;
use tokio::runtime::RuntimeMetrics;
use tokio::time::Instant;

use crate::explore::executor::Executor;
use crate::explore::run::{Surroundings, conclude, conduct, new_epoch, taken_down};
use crate::explore::state::Setting;
use crate::strategy::{self, Chooser};
use crate::{Care, Run, Runs};

/// What is run one after the other: a plan under a strategy, and what becomes of it.
trait Queue {
    /// The plan of the run that is next, with its strategy and how much care it is given.
    fn next(&mut self) -> Option<(&Plan, Chooser, Care)>;

    /// What that run came to.
    fn done(&mut self, run: Run, strategy: Chooser) -> ControlFlow<()>;
}

/// Runs each of `runs` after the trial that its strategy may want.
pub(super) fn run_all(executor: &Executor, program: &Program, runs: &mut dyn Runs) {
    if !runs.advance() {
        return;
    }
    serve(
        executor,
        program,
        &mut Planned {
            executor,
            program,
            runs,
            trial: None,
        },
    );
}

/// Runs a plan under this strategy instead of its own.
pub(super) fn run_by(
    executor: &Executor,
    program: &Program,
    plan: &Plan,
    care: Care,
    strategy: Chooser,
) -> Run {
    let mut once = Once {
        plan,
        care,
        strategy: Some(strategy),
        run: None,
    };
    serve(executor, program, &mut once);
    match once.run {
        Some(run) => run,
        None => unreachable!("a run that was begun has come to an end"),
    }
}

/// A single run.
struct Once<'a> {
    plan: &'a Plan,
    care: Care,
    strategy: Option<Chooser>,
    run: Option<Run>,
}

impl Queue for Once<'_> {
    fn next(&mut self) -> Option<(&Plan, Chooser, Care)> {
        Some((self.plan, self.strategy.take()?, self.care))
    }

    fn done(&mut self, run: Run, _: Chooser) -> ControlFlow<()> {
        self.run = Some(run);
        ControlFlow::Break(())
    }
}

/// Runs whose strategies follow from their plans, each after the trial that it may want.
struct Planned<'a> {
    executor: &'a Executor,
    program: &'a Program,
    runs: &'a mut dyn Runs,
    /// The run that was named last is a trial of this number.
    trial: Option<u64>,
}

impl Queue for Planned<'_> {
    fn next(&mut self) -> Option<(&Plan, Chooser, Care)> {
        let plan = self.runs.plan();
        let census = match strategy::wanted_trial(&plan.schedule) {
            Some(number) => {
                let known = self.executor.censuses.of(self.program, plan, number);
                if known.is_none() {
                    self.trial = Some(number);
                    return Some((plan, strategy::trial(number), Care::Hunt));
                }
                known
            }
            None => None,
        };
        let strategy = strategy::of(&plan.schedule, census);
        Some(if self.runs.is_scouted() {
            (plan, strategy::observed(strategy), Care::Hunt)
        } else {
            (plan, strategy, self.runs.care())
        })
    }

    fn done(&mut self, run: Run, strategy: Chooser) -> ControlFlow<()> {
        if let Some(number) = self.trial.take() {
            let plan = self.runs.plan();
            let censuses = &self.executor.censuses;
            censuses.note(self.program, plan, number, strategy);
            return ControlFlow::Continue(());
        }
        self.runs.done(run, strategy.orders());
        if self.runs.advance() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

fn serve(executor: &Executor, program: &Program, queue: &mut dyn Queue) {
    let mut goes_on = ControlFlow::Continue(());
    while goes_on.is_continue() {
        let runtime = executor.take_runtime();
        let mut lodging = Lodging {
            executor,
            program,
            metrics: runtime.metrics(),
            clock: None,
        };
        let mut fit = true;
        runtime.block_on(tokio::task::unconstrained(async {
            while fit && goes_on.is_continue() {
                (goes_on, fit) = lodging.run(queue).await;
            }
        }));
        if fit {
            executor.keep_runtime(runtime);
        } else {
            runtime.shutdown_background();
        }
    }
}

/// A runtime that was entered.
struct Lodging<'a> {
    executor: &'a Executor,
    program: &'a Program,
    metrics: RuntimeMetrics,
    /// What its clock says, once somebody has looked: it has not moved since.
    clock: Option<Instant>,
}

impl Lodging<'_> {
    /// Makes the next run. Says whether there is another, and whether this runtime is fit for it.
    async fn run(&mut self, queue: &mut dyn Queue) -> (ControlFlow<()>, bool) {
        let executor = self.executor;
        let Some((plan, strategy, care)) = queue.next() else {
            return (ControlFlow::Break(()), true);
        };
        executor.reset(new_epoch(), Setting::of(plan, strategy, care));
        executor.state.borrow_mut().began = self.clock;
        let entered = current::enter(executor);
        let ending = conduct(executor, self.program, plan, Surroundings::of(care)).await;
        let conducted = taken_down(executor, ending);
        drop(entered);
        let unscheduled = self.metrics.num_alive_tasks();
        let (refused, fit) = unmodelled::take();
        let run = conclude(executor, plan, &conducted, unscheduled, refused);
        let strategy = {
            let mut state = executor.state.borrow_mut();
            self.clock = state.began;
            std::mem::replace(&mut state.strategy, strategy::idle())
        };
        // An advance of the clock leaves a phase behind that later timers would be rounded by; the
        // next run would not be the same run.
        let unmarked = conducted.elapsed.is_zero() && unscheduled == 0;
        (queue.done(run, strategy), fit && unmarked)
    }
}
