//! Decides when a controlled run is checked for partial hangs: see [`crate::track::partial`]. While
//! there is a candidate, every ready task runs in turn.

#[cfg(test)]
mod tests;

use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::explore::state::RunState;
use crate::timers::in_a_year;
use crate::track::Tracker;
use crate::track::partial::{Candidate, Horizon, Look, Standing};

/// In virtual time.
const HORIZON: Horizon = Horizon {
    time: Duration::from_secs(60),
    polls: 4_000,
    long: Duration::from_secs(3600),
};

/// The first check comes after this many advances of the clock or slices of steps, each further one
/// after twice as many.
const FIRST_LOOK: u32 = 16;

/// Checks for partial hangs at intervals, and watches a candidate.
#[derive(Debug)]
pub(super) struct PartialHangs {
    turns: u32,
    next_look: u32,
    candidate: Option<Candidate>,
}

impl PartialHangs {
    pub(super) fn new() -> Self {
        Self {
            turns: 0,
            next_look: FIRST_LOOK,
            candidate: None,
        }
    }

    /// The clock has advanced, or a slice is over. Returns the tasks of a confirmed candidate.
    #[inline]
    pub(super) fn turn(&mut self, state: &mut RunState) -> Option<Vec<TaskRef>> {
        self.turns += 1;
        let Some(candidate) = &self.candidate else {
            if self.turns >= self.next_look {
                self.look(state);
            }
            return None;
        };
        match candidate.look(state) {
            Standing::Still => None,
            Standing::Confirmed => Some(candidate.dead().to_vec()),
            Standing::Moved => {
                self.candidate = None;
                state.run.fair = false;
                None
            }
        }
    }

    /// Those that are dead by what is known now, without the wait for what is not.
    pub(super) fn among(state: &RunState) -> Vec<TaskRef> {
        Candidate::find(state, HORIZON).map_or_else(Vec::new, |found| found.dead().to_vec())
    }

    /// Checks now. True if there is a candidate: then the run is worth continuing.
    pub(super) fn look(&mut self, state: &mut RunState) -> bool {
        if self.candidate.is_none() {
            self.next_look = self.turns.saturating_mul(2);
            self.candidate = Candidate::find(state, HORIZON);
            if self.candidate.is_some() {
                state.run.fair = true;
            }
        }
        self.candidate.is_some()
    }
}

impl Look for RunState {
    fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    fn alive(&self) -> Vec<TaskRef> {
        self.slots.living()
    }

    fn is_ready(&self, task: TaskRef) -> bool {
        self.ready.contains(task.slot)
    }

    fn now(&self) -> Duration {
        self.elapsed()
    }

    fn last_timer(&self) -> Option<Duration> {
        self.timers.latest(in_a_year(self.elapsed()))
    }
}
