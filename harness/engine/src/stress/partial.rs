//! Partial hangs: tasks that can never run again while others go on.
//!
//! As in the controlled engines a set of tasks that only each other could wake is a candidate, and
//! becomes a finding only if nothing about it moves: past every timer that was armed, for ten times
//! the patience, and while each task that runs at all is polled again and again.

use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::stress::shared::Book;
use crate::stress::watch::NEVER;
use crate::track::Tracker;

/// So often the slowest of the others must have been polled: it may be the one that counts its
/// ticks until it lets go of a guard.
const HORIZON_POLLS: u64 = 20;

/// Or else so many times the horizon must have passed.
const LONG_HORIZON: u32 = 6;

#[derive(Debug, Default)]
pub(super) struct PartialHangs {
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    dead: Vec<TaskRef>,
    stillness: (u64, u64),
    live: Vec<(TaskRef, u64)>,
    confirm_at: Duration,
    confirm_late_at: Duration,
}

impl PartialHangs {
    /// Looks at the run. Returns the tasks of a confirmed candidate.
    pub(super) fn look(
        &mut self,
        book: &Book,
        now: Duration,
        horizon: Duration,
    ) -> Option<Vec<TaskRef>> {
        let is_ready = |task: TaskRef| {
            let member = book.living().find(|member| member.task == task);
            member.is_none_or(|member| !member.is_idle())
        };
        match &self.candidate {
            None => {
                self.candidate = Candidate::find(book, now, horizon, is_ready);
                None
            }
            Some(candidate) => {
                let woken = candidate.dead.iter().any(|task| is_ready(*task));
                if woken || book.tracker.stillness(&candidate.dead) != candidate.stillness {
                    self.candidate = None;
                    return None;
                }
                candidate
                    .is_confirmed(&book.tracker, now)
                    .then(|| candidate.dead.clone())
            }
        }
    }
}

impl Candidate {
    fn find(
        book: &Book,
        now: Duration,
        horizon: Duration,
        is_ready: impl Fn(TaskRef) -> bool,
    ) -> Option<Self> {
        let alive: Vec<TaskRef> = book.living().map(|member| member.task).collect();
        let dead = book.tracker.dead(&alive, is_ready);
        if dead.is_empty() || !book.tracker.is_credible(&alive, &dead) {
            return None;
        }
        let last = book.timers.latest(NEVER).unwrap_or_default().max(now);
        let live = alive.iter().filter(|task| !dead.contains(task));
        Some(Self {
            stillness: book.tracker.stillness(&dead),
            live: live
                .filter_map(|task| Some((*task, book.tracker.polls(*task)?)))
                .collect(),
            dead,
            confirm_at: last + horizon,
            confirm_late_at: last + horizon * LONG_HORIZON,
        })
    }

    fn is_confirmed(&self, tracker: &Tracker, now: Duration) -> bool {
        let ran = |(task, before): &(TaskRef, u64)| {
            let polls = tracker.polls(*task).map(|polls| polls - before);
            polls.is_none_or(|polls| polls == 0 || polls >= HORIZON_POLLS)
        };
        now > self.confirm_late_at || now > self.confirm_at && self.live.iter().all(ran)
    }
}
