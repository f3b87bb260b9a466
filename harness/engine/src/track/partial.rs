//! Partial hangs: tasks that can never run again while others go on.
//!
//! A set of tasks that only each other could wake is a *candidate*. Guards may have been handed on, and
//! a sender may be stored where the tracker cannot see it. So a candidate becomes a finding only if none
//! of its tasks moves until a horizon that lies beyond every armed one-shot timer, while each of the
//! other tasks that runs at all is polled many times.

use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::track::Tracker;

/// A run, as far as the search for partial hangs needs it.
pub trait Look {
    fn tracker(&self) -> &Tracker;

    /// The tasks that have not ended, in slot order.
    fn alive(&self) -> Vec<TaskRef>;

    /// Whether the task is running, or could run.
    fn is_ready(&self, task: TaskRef) -> bool;

    /// Time since the run began.
    fn now(&self) -> Duration;

    /// When the last armed timer fires.
    fn last_timer(&self) -> Option<Duration>;
}

/// How long a candidate is watched.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// A candidate is confirmed after this time if each of the other tasks that runs at all has also
    /// been polled [`Horizon::polls`] times: the slowest of them may be counting its ticks until it
    /// releases a guard ...
    pub time: Duration,
    pub polls: u64,
    /// ... or after this time in any case.
    pub long: Duration,
}

/// The state of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One of its tasks has moved: it was not a partial hang.
    Moved,
    /// None has moved yet.
    Still,
    /// None will ever move.
    Confirmed,
}

/// Tasks that may never run again.
#[derive(Debug)]
pub struct Candidate {
    dead: Vec<TaskRef>,
    stillness: (u64, u64),
    /// The other tasks, and how often each had been polled.
    live: Vec<(TaskRef, u64)>,
    confirm_at: Duration,
    confirm_late_at: Duration,
    polls: u64,
}

impl Candidate {
    /// Looks for a candidate.
    pub fn find(run: &impl Look, horizon: Horizon) -> Option<Self> {
        let (tracker, alive) = (run.tracker(), run.alive());
        let dead = tracker.dead(&alive, |task| run.is_ready(task));
        if dead.is_empty() || !tracker.is_credible(&alive, &dead) {
            return None;
        }
        let now = run.now();
        let last = run.last_timer().unwrap_or_default().max(now);
        let live = alive.iter().filter(|task| !dead.contains(task));
        Some(Self {
            stillness: tracker.stillness(&dead),
            live: live
                .filter_map(|task| Some((*task, tracker.polls(*task)?)))
                .collect(),
            dead,
            confirm_at: last + horizon.time,
            confirm_late_at: last + horizon.long,
            polls: horizon.polls,
        })
    }

    /// The tasks that may never run again.
    pub fn dead(&self) -> &[TaskRef] {
        &self.dead
    }

    /// Checks the candidate again.
    pub fn look(&self, run: &impl Look) -> Standing {
        let woken = self.dead.iter().any(|task| run.is_ready(*task));
        if woken || run.tracker().stillness(&self.dead) != self.stillness {
            return Standing::Moved;
        }
        let now = run.now();
        // A task that was never polled waits for the others, and one that has ended has released
        // everything.
        let ran = |(task, before): &(TaskRef, u64)| {
            let polls = run.tracker().polls(*task).map(|polls| polls - before);
            polls.is_none_or(|polls| polls == 0 || polls >= self.polls)
        };
        if now > self.confirm_late_at || now > self.confirm_at && self.live.iter().all(ran) {
            Standing::Confirmed
        } else {
            Standing::Still
        }
    }
}
