//! Plans as executions of Shuttle's.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use shuttle_engine::runtime::execution::{CurrentSchedule, Execution};
use shuttle_engine::runtime::thread::continuation::{CONTINUATION_POOL, ContinuationPool};
use shuttle_engine::scheduler::serialization::serialize_schedule;
use shuttle_engine::thread_support::LocalKey;
use shuttle_engine::{Config, FailurePersistence, MaxSteps};
use standstill_engine::explore::run::{Surroundings, conclude, conduct, new_epoch, taken_down};
use standstill_engine::explore::state::Setting;
use standstill_engine::panic_count;
use standstill_engine::pulse::Pulse;
use standstill_engine::strategy;
use standstill_engine::{RecordLevel, Run};
use standstill_model::finding::{Undecided, Verdict};
use standstill_model::plan::{Plan, Preempt, Schedule};
use standstill_model::scenario::Program;
use standstill_rt::current::{self, LevelNumber};
use standstill_rt::unmodelled;

use crate::machine::{Machine, STACK_BYTES};
use crate::quiet;
use crate::schedulers;
use crate::steering::Steering;

/// What makes executions on one thread. Shuttle's stacks are kept from one to the next.
#[derive(Debug)]
pub(crate) struct Executions {
    machine: Rc<Machine>,
    pool: ContinuationPool,
    config: Config,
    search: Option<Search>,
}

/// A depth-first search that can be gone on with.
#[derive(Debug)]
struct Search {
    program: Program,
    plan: Plan,
    /// The number of its next schedule.
    next: u64,
    steering: Rc<RefCell<Steering>>,
}

impl Search {
    /// Whether `plan` is one of the search's, but for its number.
    fn is_of(&self, plan: &Plan) -> bool {
        let mut plan = plan.clone();
        plan.schedule = self.plan.schedule.clone();
        plan == self.plan
    }
}

thread_local! {
    /// The way in: Shuttle wants code that may be sent to another thread, and never sends it.
    static ENTRANCE: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// What Shuttle's main task has to leave should it never return: Shuttle drops this at the end of each
/// execution, whatever it does with the task.
static LEVEL: LocalKey<Level> = LocalKey {
    init: || Level(Cell::new(None)),
    _p: PhantomData,
};

struct Level(Cell<Option<LevelNumber>>);

impl Drop for Level {
    fn drop(&mut self) {
        if let Some(level) = self.0.take() {
            current::leave_level(level);
        }
    }
}

impl Drop for Executions {
    fn drop(&mut self) {
        self.machine.executor.retire(&self.machine);
    }
}

impl Executions {
    pub(crate) fn new(pulse: Arc<Pulse>) -> Self {
        quiet::install_hook();
        let mut config = Config::new();
        config.stack_size = STACK_BYTES;
        config.failure_persistence = FailurePersistence::None;
        config.max_steps = MaxSteps::None;
        Self {
            machine: Machine::new(pulse),
            pool: ContinuationPool::new(),
            config,
            search: None,
        }
    }

    pub(crate) fn run(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        if let Some(number) = plan.schedule.number_in_search() {
            return self.search(program, plan, number, level);
        }
        let steering = self.steering(plan);
        let mut steps = 0;
        let mut last = None;
        for _ in 0..schedulers::executions(plan) {
            let Some(mut run) = self.execute(&steering, program, plan, level) else {
                break;
            };
            steps += run.steps;
            run.steps = steps;
            let settled = run.verdict != Verdict::Clean;
            last = Some(run);
            if settled {
                break;
            }
        }
        steering.borrow_mut().finish();
        last.unwrap_or_else(Run::past_the_last)
    }

    fn steering(&self, plan: &Plan) -> Rc<RefCell<Steering>> {
        let chooser = schedulers::of(plan);
        Rc::new(RefCell::new(Steering::new(
            &self.machine,
            chooser,
            seed_of(plan),
        )))
    }

    /// Schedule `number` of the depth-first search, which makes all before it as well, unless they
    /// were the last ones made.
    fn search(&mut self, program: &Program, plan: &Plan, number: u64, level: RecordLevel) -> Run {
        let going_on = self.search.take().filter(|search| {
            search.next <= number && search.program.is(program) && search.is_of(plan)
        });
        let mut search = going_on.unwrap_or_else(|| Search {
            program: program.clone(),
            plan: plan.clone(),
            next: 0,
            steering: self.steering(plan),
        });
        let mut last = None;
        while search.next <= number {
            let level = if search.next == number {
                level
            } else {
                RecordLevel::Hunt
            };
            last = self.execute(&search.steering, program, plan, level);
            if last.is_none() {
                break;
            }
            search.next += 1;
        }
        self.search = Some(search);
        last.unwrap_or_else(Run::past_the_last)
    }

    /// One execution. None if the scheduler has no more.
    fn execute(
        &self,
        steering: &Rc<RefCell<Steering>>,
        program: &Program,
        plan: &Plan,
        level: RecordLevel,
    ) -> Option<Run> {
        // The caller may be a destructor of a thread that panics; no task of the run is.
        let Some(panics) = panic_count::take_all() else {
            return Some(Run::undecided(Undecided::ThreadPanics));
        };
        let run = self.execute_here(steering, program, plan, level);
        panics.put_back();
        run
    }

    fn execute_here(
        &self,
        steering: &Rc<RefCell<Steering>>,
        program: &Program,
        plan: &Plan,
        level: RecordLevel,
    ) -> Option<Run> {
        let schedule = steering.borrow_mut().begin()?;
        let result = Rc::new(Cell::new(None));
        ENTRANCE.set(Some(Box::new({
            let (machine, result) = (Rc::clone(&self.machine), Rc::clone(&result));
            let (program, plan) = (program.clone(), plan.clone());
            move || result.set(Some(main(&machine, &program, &plan, level)))
        })));
        let scheduler = Rc::clone(steering);
        let executed = catch_unwind(AssertUnwindSafe(|| {
            CONTINUATION_POOL.set(&self.pool, || {
                Execution::new(scheduler, schedule).run(
                    &self.config,
                    || {
                        if let Some(enter) = ENTRANCE.take() {
                            enter();
                        }
                    },
                    Location::caller(),
                );
            });
        }));
        match executed {
            // Shuttle takes a thread that counts as panicking for a failure of its own. What the run
            // came to was known before that.
            Err(_) if std::thread::panicking() => {}
            Err(panic) => resume_unwind(panic),
            Ok(()) => {}
        }
        result.take()
    }
}

/// What the engine's own draws follow from. What it draws must be the same in all schedules of a
/// depth-first search.
fn seed_of(plan: &Plan) -> u64 {
    match plan.schedule {
        Schedule::Seeded { seed, .. } if plan.schedule.number_in_search().is_none() => seed,
        Schedule::Seeded { .. } | Schedule::Choices(_) | Schedule::Bytes(_) => 0,
    }
}

/// Shuttle's main task: the runtime, the clock, and the rules that say when the run is over.
pub(crate) fn main(machine: &Machine, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
    machine.reset(
        new_epoch(),
        plan.preempt == Preempt::Op,
        Setting::of(plan, strategy::of(&plan.schedule, None), level),
    );
    let surroundings = Surroundings::of(level);
    let runtime = machine.executor.take_runtime();
    machine.executor.state.borrow_mut().source = Some(runtime.clock());
    let mut conducted = None;
    current::hosting(machine, |hosting| {
        hosting.begin();
        LEVEL.with(|level| level.0.set(hosting.level()));
        runtime.block_on(pin!(async {
            let end = conduct(machine, program, plan, surroundings).await;
            conducted = Some(taken_down(machine, end));
        }));
    });
    let Some(conducted) = conducted else {
        unreachable!("a runtime has polled its future to its end");
    };
    let unscheduled = runtime.unscheduled();
    let told = level >= RecordLevel::Record && !machine.untold.get();
    let schedule = told.then(|| {
        let lines = serialize_schedule(&CurrentSchedule::get_schedule());
        lines.split_whitespace().collect::<String>()
    });
    let restarts = unmodelled::take_restart();
    let (refused, fit) = unmodelled::take();
    let fit = fit && restarts.is_none();
    let refused = refused.or(restarts);
    if fit && conducted.leaves_no_mark() && unscheduled == 0 {
        machine.executor.keep_runtime(runtime);
    } else {
        runtime.shut_down();
    }
    let (mut run, _) = conclude(&machine.executor, plan, &conducted, unscheduled, refused);
    run.shuttle_schedule = schedule;
    run
}
