//! What trials counted, so that the next run of the same program and load need not count again.

use std::cell::RefCell;
use std::rc::Rc;

use standstill_model::plan::{Plan, Schedule};
use standstill_model::scenario::Program;

use crate::strategy::Chooser;
use crate::strategy::census::Census;

/// Censuses kept, at the most: a scenario's loads and trials.
const MOST: usize = 4096;

/// A memory of a function: what it holds follows from program and plan alone.
#[derive(Default)]
pub(super) struct Censuses {
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Whose they are. Kept alive, so that it cannot be mistaken for another.
    program: Option<Program>,
    censuses: Vec<(Plan, Rc<Census>)>,
}

impl Censuses {
    /// What the trial of this number has counted in `program` as `plan` runs it, if it was made.
    pub(super) fn of(&self, program: &Program, plan: &Plan, number: u64) -> Option<Rc<Census>> {
        let key = key(plan, number);
        let kept = self.kept.borrow();
        let same = kept.program.as_ref().is_some_and(|known| known.is(program));
        let mut known = kept.censuses.iter().filter(|_| same);
        known
            .find(|(known, _)| *known == key)
            .map(|(_, census)| Rc::clone(census))
    }

    /// Keeps what `trial`, which was just made, has counted.
    pub(super) fn note(&self, program: &Program, plan: &Plan, number: u64, trial: Chooser) {
        let census = match trial {
            Chooser::Other(trial) => Rc::new(trial.census().unwrap_or_default()),
            Chooser::Random(_) => Rc::default(),
        };
        let kept = &mut *self.kept.borrow_mut();
        let same = kept.program.as_ref().is_some_and(|known| known.is(program));
        if !same || kept.censuses.len() >= MOST {
            kept.program = Some(program.clone());
            kept.censuses.clear();
        }
        kept.censuses.push((key(plan, number), census));
    }
}

/// All that a trial depends on.
fn key(plan: &Plan, number: u64) -> Plan {
    let mut key = plan.clone();
    key.schedule = Schedule::Bytes(number.to_le_bytes().to_vec());
    key
}
