//! What trials counted, so that the next run of the same program and load need not count again.

use std::cell::RefCell;
use std::rc::Rc;

use crate::plan::Plan;
use crate::scenario::Program;
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
    /// What the trial of this number counts in `program` as `plan` runs it; `make` makes it.
    pub(super) fn of(
        &self,
        program: &Program,
        plan: &Plan,
        number: u64,
        make: impl FnOnce() -> Chooser,
    ) -> Rc<Census> {
        let mut key = plan.clone();
        key.schedule = crate::plan::Schedule::Bytes(number.to_le_bytes().to_vec());
        {
            let kept = &mut *self.kept.borrow_mut();
            let same = kept.program.as_ref().is_some_and(|known| known.is(program));
            if !same || kept.censuses.len() >= MOST {
                kept.program = Some(program.clone());
                kept.censuses.clear();
            }
            let known = kept.censuses.iter().find(|(known, _)| *known == key);
            if let Some((_, census)) = known {
                return Rc::clone(census);
            }
        }
        let census = match make() {
            Chooser::Other(trial) => Rc::new(trial.census().unwrap_or_default()),
            Chooser::Random(_) => Rc::default(),
        };
        let censuses = &mut self.kept.borrow_mut().censuses;
        censuses.push((key, Rc::clone(&census)));
        census
    }
}
