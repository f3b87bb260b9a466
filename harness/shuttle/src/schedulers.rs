//! Shuttle's schedulers, each made so that a plan's seed means one run, whatever ran before.

use shuttle_engine::scheduler::{DataSource, RandomDataSource, Schedule, Scheduler, Task, TaskId};
use shuttle_schedulers::{
    DfsScheduler, PctScheduler, RandomScheduler, RoundRobinScheduler, UrwRandomScheduler,
};
use standstill_model::plan::{Plan, Schedule as Planned, StrategyKind};
use standstill_model::random::Random;

use crate::steering::Chooser;

/// PCT's k is two to the power of one of these.
const LENGTH_EXPONENTS: std::ops::Range<u32> = 4..12;

/// One of Shuttle's schedulers.
pub(crate) struct Theirs {
    scheduler: Box<dyn Scheduler>,
    /// So many choices are shown to it, before the first execution, as if they were one.
    prime: Option<(u32, u64)>,
    /// It says something on its end unless it was told that there is no more.
    wants_end: bool,
}

/// How many executions a plan takes: some begin with one in which they only count.
pub(crate) fn executions(plan: &Plan) -> u32 {
    match plan.schedule {
        Planned::Seeded {
            strategy: StrategyKind::Urw,
            ..
        } => 2,
        _ => 1,
    }
}

/// Who chooses in a run of `plan`.
pub(crate) fn of(plan: &Plan) -> Chooser {
    let Planned::Seeded { strategy, seed, .. } = &plan.schedule else {
        return Chooser::Own;
    };
    let seed = *seed;
    let plain = |scheduler| Theirs {
        scheduler,
        prime: None,
        wants_end: false,
    };
    Chooser::Theirs(match strategy {
        StrategyKind::OwnRandom
        | StrategyKind::OwnPct { .. }
        | StrategyKind::Pos
        | StrategyKind::Surw
        | StrategyKind::Directed => return Chooser::Own,
        StrategyKind::Random => Theirs {
            wants_end: true,
            ..plain(Box::new(RandomScheduler::new_from_seed(seed, 1)))
        },
        StrategyKind::Pct { depth } => pct(seed, *depth),
        StrategyKind::Urw => plain(Box::new(UrwRandomScheduler::new_from_seed(seed, 2))),
        StrategyKind::Dfs => plain(Box::new(DfsScheduler::new(None, true))),
        StrategyKind::RoundRobin => plain(Box::new(RoundRobinScheduler::new(1))),
    })
}

/// Shuttle's PCT draws its change points from the length of the longest execution it has seen. It
/// is shown one whose length follows from the seed, a power of two.
fn pct(seed: u64, depth: u8) -> Theirs {
    let exponent = LENGTH_EXPONENTS.start
        + Random::new(seed).below(LENGTH_EXPONENTS.end - LENGTH_EXPONENTS.start);
    let scheduler = PctScheduler::new_from_seed(seed, usize::from(depth), 2);
    // The seed of its second execution, in which the plan runs.
    let mut seeds = RandomDataSource::initialize(seed);
    seeds.reinitialize();
    Theirs {
        scheduler: Box::new(scheduler),
        prime: Some((1 << exponent, seeds.reinitialize())),
        wants_end: false,
    }
}

impl Theirs {
    /// Begins an execution. None if there is no more.
    pub(crate) fn begin(&mut self) -> Option<Schedule> {
        let schedule = self.scheduler.new_execution()?;
        Some(match self.prime {
            Some((_, seed)) => Schedule::new(seed),
            None => schedule,
        })
    }

    /// The first choice of an execution, of which there is one.
    pub(crate) fn first_task(&mut self, runnable: &[&Task]) {
        if let (Some((length, seed)), Some(main)) = (self.prime.take(), runnable.first()) {
            for _ in 0..length {
                self.scheduler
                    .next_task(&[main, main], Some(main.id()), false);
            }
            let second = self.scheduler.new_execution();
            debug_assert_eq!(second.map(|schedule| schedule.seed), Some(seed));
        }
        self.scheduler.next_task(runnable, None, false);
    }

    pub(crate) fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.scheduler.next_task(runnable, current, is_yielding)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }

    pub(crate) fn finish(&mut self) {
        if self.wants_end {
            self.scheduler.new_execution();
        }
    }
}

impl std::fmt::Debug for Theirs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Theirs")
            .field("prime", &self.prime)
            .finish_non_exhaustive()
    }
}
