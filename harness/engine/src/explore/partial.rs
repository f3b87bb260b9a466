//! Partial hangs: tasks that can never run again while others go on.
//!
//! A set of tasks that only each other could wake is a *candidate*. Guards may have been handed on,
//! and a sender may sit in somebody's pocket unseen, so it becomes a finding only if nothing about
//! it moved through a horizon that outlasts every armed one-shot timer, with every ready task
//! running in turn.

#[cfg(test)]
mod tests;

use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::explore::run::in_a_year;
use crate::explore::state::RunState;

/// A candidate is confirmed after so much virtual time, if every other task that runs at all has
/// been polled so often as well: the slowest of them may be the one that counts its ticks until it
/// lets go of a guard ...
const HORIZON: Duration = Duration::from_secs(60);
const HORIZON_POLLS: u64 = 4_000;

/// ... or after so much virtual time.
const LONG_HORIZON: Duration = Duration::from_secs(3600);

/// The first look is taken after so many turns of the clock or slices of steps; each further one
/// after twice as many.
const FIRST_LOOK: u32 = 16;

/// Looks for partial hangs now and then, and watches a candidate.
#[derive(Debug)]
pub(super) struct PartialHangs {
    turns: u32,
    next_look: u32,
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    dead: Vec<TaskRef>,
    stillness: (u64, u64),
    /// The others, and how often each had been polled.
    live: Vec<(TaskRef, u64)>,
    confirm_at: Duration,
    confirm_late_at: Duration,
}

impl PartialHangs {
    pub(super) fn new() -> Self {
        Self {
            turns: 0,
            next_look: FIRST_LOOK,
            candidate: None,
        }
    }

    /// The clock has turned, or a slice is over. Returns the tasks of a confirmed candidate.
    #[inline]
    pub(super) fn turn(&mut self, state: &mut RunState) -> Option<Vec<TaskRef>> {
        self.turns += 1;
        match &self.candidate {
            None => {
                if self.turns >= self.next_look {
                    self.look(state);
                }
                None
            }
            Some(candidate) => {
                if !candidate.is_still(state) {
                    self.candidate = None;
                    state.run.fair = false;
                    return None;
                }
                candidate
                    .is_confirmed(state)
                    .then(|| candidate.dead.clone())
            }
        }
    }
}

impl PartialHangs {
    /// Those that are dead by what is known now, without the wait for what is not.
    pub(super) fn among(state: &RunState) -> Vec<TaskRef> {
        Candidate::find(state).map_or_else(Vec::new, |candidate| candidate.dead)
    }

    /// Looks now. True if there is a candidate: the run is worth going on with.
    pub(super) fn look(&mut self, state: &mut RunState) -> bool {
        if self.candidate.is_none() {
            self.next_look = self.turns.saturating_mul(2);
            self.candidate = Candidate::find(state);
            if self.candidate.is_some() {
                state.run.fair = true;
            }
        }
        self.candidate.is_some()
    }
}

impl Candidate {
    fn find(state: &RunState) -> Option<Self> {
        let alive = state.slots.living();
        let dead = state
            .tracker
            .dead(&alive, |task| state.ready.contains(task.slot));
        if dead.is_empty() || !state.tracker.is_credible(&alive, &dead) {
            return None;
        }
        let now = state.elapsed();
        let last = state
            .timers
            .latest(in_a_year(now))
            .unwrap_or_default()
            .max(now);
        let live = alive.iter().filter(|task| !dead.contains(task));
        Some(Self {
            stillness: state.tracker.stillness(&dead),
            live: live
                .filter_map(|task| Some((*task, state.tracker.polls(*task)?)))
                .collect(),
            dead,
            confirm_at: last + HORIZON,
            confirm_late_at: last + LONG_HORIZON,
        })
    }

    fn is_still(&self, state: &RunState) -> bool {
        let woken = self.dead.iter().any(|task| state.ready.contains(task.slot));
        !woken && state.tracker.stillness(&self.dead) == self.stillness
    }

    fn is_confirmed(&self, state: &RunState) -> bool {
        let now = state.elapsed();
        // One that was never polled waits for the others, and one that has ended let go of all.
        let ran = |(task, before): &(TaskRef, u64)| {
            let polls = state.tracker.polls(*task).map(|polls| polls - before);
            polls.is_none_or(|polls| polls == 0 || polls >= HORIZON_POLLS)
        };
        now > self.confirm_late_at || now > self.confirm_at && self.live.iter().all(ran)
    }
}
