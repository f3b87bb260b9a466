//! A cache for the results of profiling runs, so that the next run of the same program and load need not
//! repeat them.

use std::cell::RefCell;
use std::rc::Rc;

use standstill_model::plan::{Plan, Schedule};
use standstill_model::scenario::Program;

use crate::strategy::profile::Profile;

/// The most profiles that are kept: for a scenario's loads and profiling runs.
const MOST: usize = 4096;

/// A cache of a pure function: its entries depend on the program and the plan alone.
#[derive(Default)]
pub(super) struct Profiles {
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The program of the entries. It is kept alive, so that no other program can have its address.
    program: Option<Program>,
    profiles: Vec<((Plan, u64), Rc<Profile>)>,
}

impl Profiles {
    /// The counts of the profiling run of this number, for `program` run as `plan` says, if that run was
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

    /// Stores the counts of the profiling run of this number, which was just made.
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

/// Everything that a profiling run depends on: the plan without its schedule, and the run's number.
fn key(plan: &Plan, number: u64) -> (Plan, u64) {
    let mut key = plan.clone();
    key.schedule = Schedule::Choices(Vec::new());
    (key, number)
}
