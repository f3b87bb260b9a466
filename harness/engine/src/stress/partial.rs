//! Checks a stress run for partial hangs: see [`crate::track::partial`].

use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::stress::shared::Book;
use crate::timers::NEVER;
use crate::track::Tracker;
use crate::track::partial::{Candidate, Horizon, Look, Standing};

/// How often the slowest of the other tasks must have been polled.
const POLLS: u64 = 20;

/// Otherwise, this many times the horizon must have passed.
const LONG: u32 = 6;

/// Watches for partial hangs.
#[derive(Debug, Default)]
pub(super) struct PartialHangs {
    candidate: Option<Candidate>,
}

impl PartialHangs {
    /// Checks the run. Returns the tasks of a confirmed candidate.
    pub(super) fn look(
        &mut self,
        book: &Book,
        now: Duration,
        horizon: Duration,
    ) -> Option<Vec<TaskRef>> {
        let run = At { book, now };
        let Some(candidate) = &self.candidate else {
            let horizon = Horizon {
                time: horizon,
                polls: POLLS,
                long: horizon * LONG,
            };
            self.candidate = Candidate::find(&run, horizon);
            return None;
        };
        match candidate.look(&run) {
            Standing::Still => None,
            Standing::Confirmed => Some(candidate.dead().to_vec()),
            Standing::Moved => {
                self.candidate = None;
                None
            }
        }
    }
}

/// The books at one moment.
struct At<'a> {
    book: &'a Book,
    now: Duration,
}

impl Look for At<'_> {
    fn tracker(&self) -> &Tracker {
        &self.book.tracker
    }

    fn alive(&self) -> Vec<TaskRef> {
        self.book.living().map(|member| member.task).collect()
    }

    fn is_ready(&self, task: TaskRef) -> bool {
        let member = self.book.living().find(|member| member.task == task);
        member.is_none_or(|member| !member.is_idle())
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn last_timer(&self) -> Option<Duration> {
        self.book.timers.latest(NEVER)
    }
}
