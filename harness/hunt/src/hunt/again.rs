//! Runs an old plan again: the program may have changed since the plan was recorded.

use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::plan::{EngineKind, Plan, Preempt, Schedule};
use standstill_model::scenario::Program;

use crate::runner::Runner;
use crate::runner::confirm;

/// How often an old plan of the stress engine is run, at the most. Such a plan fixes no schedule, so for
/// a program that was fixed all further runs would be wasted.
pub const STRESS_AGAIN: u32 = 5;

/// The result of running an old plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Again {
    /// No finding: the bug that the plan was kept for is fixed.
    Clean,
    /// A finding, and the plan that shows it in the current program.
    Found {
        /// The finding, as its second run showed it.
        finding: Box<Finding>,
        /// The plan with its current digest or choices.
        plan: Box<Plan>,
    },
    /// The plan could not be run, or its run could not be decided.
    Undecided(Undecided),
}

impl Runner {
    /// Runs a plan that was recorded earlier. Unlike [`Runner::replay`], it skips choices that no longer
    /// fit: a program that was fixed makes other choices, and must come out clean all the same. A
    /// finding is run a second time to confirm it, as every finding is.
    ///
    /// A plan of the stress engine is run up to [`STRESS_AGAIN`] times.
    ///
    /// # Panics
    ///
    /// If the engine itself does: that is a bug of Standstill.
    pub fn again(&mut self, program: &Program, plan: &Plan) -> Again {
        let mut plan = plan.clone();
        let tries = match plan.engine {
            EngineKind::Stress => STRESS_AGAIN,
            EngineKind::Explore | EngineKind::Shuttle => 1,
        };
        let mut run = self.record(program, &plan);
        for _ in 1..tries {
            if run.verdict != Verdict::Clean {
                break;
            }
            run = self.record(program, &plan);
        }
        // A lock that the facade does not know was held across a switch point. Between polls, no task
        // can be preempted while it holds such a lock.
        if plan.preempt == Preempt::Op
            && matches!(run.verdict, Verdict::Undecided(Undecided::Wedged { .. }))
        {
            plan.preempt = Preempt::Await;
            run = self.record(program, &plan);
        }
        let finding = match run.verdict {
            Verdict::Clean => return Again::Clean,
            Verdict::Undecided(reason) => return Again::Undecided(reason),
            Verdict::Found(finding) => finding,
        };
        if plan.engine == EngineKind::Stress {
            let plan = Box::new(plan);
            return Again::Found { finding, plan };
        }
        if let Schedule::Choices(choices) = &mut plan.schedule
            && run.divergence.is_some()
        {
            *choices = run.choices;
        }
        match confirm(self, program, plan, *finding) {
            Ok(again) => Again::Found {
                finding: Box::new(again.finding),
                plan: Box::new(again.plan),
            },
            Err(reason) => Again::Undecided(reason),
        }
    }
}
