//! What is kept from one input to the next: the engine's thread, and how it has to preempt.

use standstill_engine::RecordLevel;
use standstill_model::finding::{Undecided, Verdict};
use standstill_model::plan::{Plan, Preempt, Variant};
use standstill_model::scenario::{Program, Scenario};
use standstill_model::slack::Slack;
use standstill_report::Report;

use crate::fuzz::direct::{self, Direct};
use crate::fuzz::{complain, wedged};
use crate::runner::{Runner, confirm};

#[derive(Debug)]
pub(super) struct Session {
    /// Makes the runs on the calling thread, unless they need a thread of their own.
    direct: Option<Direct>,
    runner: Runner,
    /// The engine's thread was stuck on a lock whose owner was preempted inside a poll. From then on
    /// tasks are preempted only between polls.
    no_preempt: bool,
    /// The slack that was asked for.
    slack: Option<Slack>,
}

impl Session {
    /// If `direct`, makes runs on the calling thread for as long as nothing blocks it.
    pub(super) fn new(direct: bool, slack: Option<Slack>) -> Self {
        let again = std::env::var(direct::AGAIN).ok();
        Self {
            direct: (direct && again.is_none()).then(Direct::start),
            runner: Runner::new(),
            slack,
            no_preempt: again.is_some_and(|preempt| preempt == Preempt::Await.name()),
        }
    }

    /// Runs a plan of a variant that the scenario has. Returns a report if there is a finding that a
    /// second run confirms.
    pub(super) fn judge(
        &mut self,
        plan: Plan,
        scenario: &Scenario,
        variant: Variant,
    ) -> Result<Option<Box<Report>>, Undecided> {
        let Some(program) = scenario.program(variant) else {
            panic!(
                "internal error: {} has no {variant} variant",
                scenario.name()
            );
        };
        let mut plan = placed(plan, scenario, variant);
        if let Some(slack) = self.slack {
            plan.slack = slack;
        }
        match self.run(program, &mut plan) {
            Verdict::Clean => Ok(None),
            Verdict::Undecided(reason) => Err(reason),
            Verdict::Found(finding) => match confirm(&mut self.runner, program, plan, *finding) {
                Ok(again) => Ok(Some(Box::new(Report::new(again.finding, again.plan)))),
                Err(reason) => {
                    complain(&format!("warning: undecided: {reason}"));
                    Err(reason)
                }
            },
        }
    }

    fn run(&mut self, program: &Program, plan: &mut Plan) -> Verdict {
        if let Some(direct) = &mut self.direct {
            return direct.run(program, plan).verdict;
        }
        if self.no_preempt {
            plan.preempt = Preempt::Await;
        }
        let verdict = self.runner.run(program, plan, RecordLevel::Hunt).verdict;
        match &verdict {
            Verdict::Undecided(Undecided::Wedged { operation }) if !self.no_preempt => {
                complain(&wedged(operation));
                self.no_preempt = true;
                plan.preempt = Preempt::Await;
                self.runner.run(program, plan, RecordLevel::Hunt).verdict
            }
            _ => verdict,
        }
    }
}

/// The plan, assigned to this scenario and variant, with its load within the ranges.
pub(super) fn placed(mut plan: Plan, scenario: &Scenario, variant: Variant) -> Plan {
    scenario.name().clone_into(&mut plan.scenario);
    plan.variant = variant;
    plan.load = scenario.ranges().fit(&plan.load);
    plan
}

#[cfg(test)]
mod tests {
    use arbitrary::{Arbitrary, Unstructured};

    use super::{Plan, Variant, placed};
    use standstill_model::load::{Knob, LoadRanges};
    use standstill_model::scenario::Scenario;

    #[test]
    fn an_arbitrary_plan_is_the_one_that_its_bytes_stand_for() {
        let ranges = LoadRanges::default()
            .with(Knob::Workers, 1..=4)
            .with(Knob::Rounds, 0..=255);
        let scenario = Scenario::new("x", "").workers(1..=4).rounds(0..=255);
        for bytes in [
            &[][..],
            &[9],
            &[1, 2, 3, 4, 5],
            &[255; 40],
            &[3, 0, 0, 7, 0, 200, 1, 0],
        ] {
            let plan = Plan::arbitrary_take_rest(Unstructured::new(bytes)).unwrap();
            assert_eq!(
                placed(plan, &scenario, Variant::Fixed),
                Plan::from_bytes("x", Variant::Fixed, &ranges, bytes)
            );
        }
    }
}
