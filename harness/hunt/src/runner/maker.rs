//! Makes stress runs, in this process or in a child process.

use standstill_engine::isolation::{Isolated, Launcher, Made};
use standstill_engine::{Stress, StressSettings};
use standstill_model::plan::Plan;
use standstill_model::scenario::Program;

use crate::runner::prepare;

/// Makes stress runs, in this process or in another.
pub(crate) enum Maker {
    Here(Stress),
    Elsewhere(Isolated),
}

impl Maker {
    pub(crate) fn new(launcher: Option<&Launcher>, settings: StressSettings) -> Self {
        prepare();
        match launcher {
            Some(launcher) => Maker::Elsewhere(Isolated::new(launcher.clone(), settings)),
            None => Maker::Here(Stress::new(settings)),
        }
    }

    /// Makes one run. None if `stop` interrupted it: such a run proves nothing.
    pub(crate) fn run(
        &mut self,
        program: &Program,
        plan: &Plan,
        stop: &mut dyn FnMut() -> bool,
    ) -> Option<Made> {
        match self {
            Maker::Elsewhere(isolated) => isolated.run(plan, stop),
            Maker::Here(stress) => {
                let mut stopped = false;
                let mut looks = || {
                    stopped = stop();
                    stopped
                };
                let (run, _) = stress.run_once(program, plan, &mut looks);
                let made = Made {
                    verdict: run.verdict,
                    steps: run.steps,
                };
                (!stopped || made.verdict.finding().is_some()).then_some(made)
            }
        }
    }
}
