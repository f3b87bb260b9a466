//! Makes runs one after the other within one runtime, as long as none of them leaves a trace in it.
//!
//! Entering and leaving a runtime takes as long as a dozen steps.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Instant;

use standstill_model::finding::Undecided;
use standstill_model::plan::Plan;
use standstill_model::scenario::Program;
use standstill_rt::current::{self, Hosting};
use standstill_rt::unmodelled;

use crate::explore::executor::Executor;
use crate::explore::run::{Surroundings, conclude, conduct, new_epoch, taken_down};
use crate::explore::runtime::RunRuntime;
use crate::explore::state::Setting;
use crate::panic_count;
use crate::strategy::{self, Chooser, Summary};
use crate::{RecordLevel, Run, Runs};

/// A queue of runs: the plan of each with its strategy, and the handling of its result.
trait Queue {
    /// The plan of the next run, with its strategy and the level of recording.
    fn next(&mut self) -> Option<(&Plan, Chooser, RecordLevel)>;

    /// Steps back to before the current run, so that it is repeated. False if that is not possible.
    fn goes_back(&mut self) -> bool;

    /// Takes the result of the current run.
    fn done(&mut self, run: Run, summary: Summary) -> ControlFlow<()>;
}

/// Makes each of `runs`, after the profiling run that its strategy may need.
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
            profiling: None,
        },
    );
}

/// Runs a plan under this strategy instead of the plan's own.
pub(super) fn run_by(
    executor: &Executor,
    program: &Program,
    plan: &Plan,
    level: RecordLevel,
    strategy: Chooser,
) -> Run {
    let mut once = Once {
        plan,
        level,
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
    level: RecordLevel,
    strategy: Option<Chooser>,
    run: Option<Run>,
}

impl Queue for Once<'_> {
    /// Not possible: the given strategy is used up.
    fn goes_back(&mut self) -> bool {
        false
    }

    fn next(&mut self) -> Option<(&Plan, Chooser, RecordLevel)> {
        Some((self.plan, self.strategy.take()?, self.level))
    }

    fn done(&mut self, run: Run, _: Summary) -> ControlFlow<()> {
        self.run = Some(run);
        ControlFlow::Break(())
    }
}

/// Runs whose strategies follow from their plans, each after the profiling run that it may need.
struct Planned<'a> {
    executor: &'a Executor,
    program: &'a Program,
    runs: &'a mut dyn Runs,
    /// The current run is the profiling run of this number.
    profiling: Option<u64>,
}

impl Queue for Planned<'_> {
    fn goes_back(&mut self) -> bool {
        self.profiling = None;
        true
    }

    fn next(&mut self) -> Option<(&Plan, Chooser, RecordLevel)> {
        let plan = self.runs.plan();
        let profile = match strategy::wanted_profile(&plan.schedule) {
            Some(number) => {
                let known = self.executor.profiles.of(self.program, plan, number);
                if known.is_none() {
                    self.profiling = Some(number);
                    return Some((plan, strategy::profiling(number), RecordLevel::Hunt));
                }
                known
            }
            None => None,
        };
        let strategy = strategy::of(&plan.schedule, profile);
        Some(if self.runs.is_sampled() {
            (plan, strategy::observed(strategy), RecordLevel::Hunt)
        } else {
            (plan, strategy, self.runs.level())
        })
    }

    fn done(&mut self, run: Run, summary: Summary) -> ControlFlow<()> {
        if let Some(number) = self.profiling.take() {
            let plan = self.runs.plan();
            let profile = summary.profile.unwrap_or_default();
            let profiles = &self.executor.profiles;
            profiles.note(self.program, plan, number, profile);
            return ControlFlow::Continue(());
        }
        self.runs.done(run, &summary.orders);
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
        // The caller may be a destructor on a panicking thread; no task of the run is panicking.
        let Some(panics) = panic_count::take_all() else {
            goes_on = refuse(queue);
            continue;
        };
        let runtime = executor.take_runtime();
        executor.state.borrow_mut().source = Some(runtime.clock());
        let mut fit = true;
        current::hosting(executor, |hosting| {
            let mut session = RuntimeSession {
                executor,
                hosting,
                program,
                runtime: &runtime,
                began: None,
            };
            runtime.block_on(pin!(async {
                while fit && goes_on.is_continue() {
                    (goes_on, fit) = session.run(queue).await;
                }
            }));
        });
        panics.put_back();
        if fit {
            executor.keep_runtime(runtime);
        } else {
            runtime.shut_down();
        }
    }
}

/// The thread counts as panicking, and this cannot be changed. A run on it would differ from a run on
/// another thread.
#[cold]
fn refuse(queue: &mut dyn Queue) -> ControlFlow<()> {
    match queue.next() {
        Some(_) => queue.done(Run::undecided(Undecided::ThreadPanics), Summary::default()),
        None => ControlFlow::Break(()),
    }
}

/// A session within a runtime that was entered.
struct RuntimeSession<'a> {
    executor: &'a Executor,
    hosting: &'a Hosting<'a>,
    program: &'a Program,
    runtime: &'a RunRuntime,
    /// The reading of its clock, once it was read: the clock has not moved since.
    began: Option<Instant>,
}

impl RuntimeSession<'_> {
    /// Makes the next run. Returns whether there is another, and whether this runtime can be used for
    /// it.
    async fn run(&mut self, queue: &mut dyn Queue) -> (ControlFlow<()>, bool) {
        let executor = self.executor;
        let Some((plan, strategy, level)) = queue.next() else {
            return (ControlFlow::Break(()), true);
        };
        executor.reset(new_epoch(), Setting::of(plan, strategy, level));
        executor.state.borrow_mut().run.began = self.began;
        self.hosting.begin();
        let end = conduct(executor, self.program, plan, Surroundings::of(level)).await;
        let conducted = taken_down(executor, end);
        self.hosting.end();
        let unscheduled = self.runtime.unscheduled();
        let restarts = unmodelled::take_restart();
        let (refused, fit) = unmodelled::take();
        let refused = refused.or_else(|| restarts.clone());
        let (run, summary) = conclude(executor, plan, &conducted, unscheduled, refused);
        if restarts.is_some() && queue.goes_back() {
            return (ControlFlow::Continue(()), false);
        }
        self.began = executor.state.borrow().run.began;
        let unmarked = conducted.leaves_no_mark() && unscheduled == 0;
        (queue.done(run, summary), fit && unmarked)
    }
}
