//! What profiling runs counted, so that the next run of the same program and load need not count
//! again.

use std::cell::RefCell;
use std::rc::Rc;

use standstill_model::plan::{Plan, Schedule};
use standstill_model::scenario::Program;

use crate::strategy::profile::Profile;

/// Profiles kept, at the most: a scenario's loads and profiling runs.
const MOST: usize = 4096;

/// A memory of a function: what it holds follows from program and plan alone.
#[derive(Default)]
pub(super) struct Profiles {
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Whose they are. Kept alive, so that it cannot be mistaken for another.
    program: Option<Program>,
    profiles: Vec<((Plan, u64), Rc<Profile>)>,
}

impl Profiles {
    /// What the profiling run of this number has counted in `program` as `plan` runs it, if it was
    /// made.
    pub(super) fn of(&self, program: &Program, plan: &Plan, number: u64) -> Option<Rc<Profile>> {
        let key = key(plan, number);
        let kept = self.kept.borrow();
        let same = kept.program.as_ref().is_some_and(|known| known.is(program));
        let mut known = kept.profiles.iter().filter(|_| same);
        known
            .find(|(known, _)| *known == key)
            .map(|(_, profile)| Rc::clone(profile))
    }

    /// Keeps what the profiling run of this number, which was just made, has counted.
    pub(super) fn note(&self, program: &Program, plan: &Plan, number: u64, profile: Profile) {
        let kept = &mut *self.kept.borrow_mut();
        let same = kept.program.as_ref().is_some_and(|known| known.is(program));
        if !same || kept.profiles.len() >= MOST {
            kept.program = Some(program.clone());
            kept.profiles.clear();
        }
        kept.profiles.push((key(plan, number), Rc::new(profile)));
    }
}

/// All that a profiling run depends on: the plan, but for its schedule, and the run's number.
fn key(plan: &Plan, number: u64) -> (Plan, u64) {
    let mut key = plan.clone();
    key.schedule = Schedule::Choices(Vec::new());
    (key, number)
}
